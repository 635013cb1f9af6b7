"""Execute the chapters afresh and write them back normalised.

``python tools/execute_notebooks.py [NOTEBOOK ...]``: all chapters, or those named. A chapter
that fails is left as it was. What is written holds nothing that changes from run to run
without need: no times, no progress, no versions.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams

BOOK = Path(__file__).parents[1] / "book"
KEPT_CELL_METADATA = {"tags", "mystnb", "jupyter", "tolerance_reason"}


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Drop what a run leaves behind that is not a result."""
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in KEPT_CELL_METADATA}
        )
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in coalesce_streams(cell.outputs)
                if output.get("name") != "stderr"
            ]
            for output in cell.outputs:
                if output.output_type == "error":
                    # The frames name the folders of whoever ran it.
                    output.traceback = [f"{output.ename}: {output.evalue}"]
    return notebook


def execute(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    start = time.perf_counter()

    def report(cell: NotebookNode, cell_index: int, **_: object) -> None:
        if cell.cell_type == "code":
            seconds = time.perf_counter() - start
            print(f"\r{path}: cell {cell.execution_count} of {cells}, {seconds:.0f} s", end="")

    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=report,
    ).execute()
    print()
    warn_of_stderr(path, notebook)
    nbformat.write(normalise(notebook), path)


def warn_of_stderr(path: Path, notebook: NotebookNode) -> None:
    """Show the warnings that the reader of the site will not see, so that they are mended."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" and "Warning" in output.text:
                print(f"{path}, cell {cell.execution_count} warns:\n{output.text}", file=sys.stderr)


def main() -> int:
    paths = [Path(name) for name in sys.argv[1:]] or sorted(BOOK.rglob("*.ipynb"))
    failed = []
    for path in paths:
        try:
            execute(path)
        except CellExecutionError as error:
            print(f"\n{error}", file=sys.stderr)
            failed.append(path)
    if failed:
        print(f"failed, and left as they were: {[str(path) for path in failed]}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
