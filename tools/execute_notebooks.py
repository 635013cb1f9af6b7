"""Execute the chapters afresh and write them back normalised.

``python tools/execute_notebooks.py [NOTEBOOK ...]``: all chapters, or those named, one on each
core. A chapter that fails is left as it was. What is written holds nothing that changes from
run to run without need: no times, no progress, no versions.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams
from tqdm import tqdm

# A chapter on each core, so one thread each: more would wait for one another, and would add
# numbers up in an order that changes from run to run.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1"}

BOOK = Path(__file__).parents[1] / "book"
KEPT_CELL_METADATA = {"tags", "mystnb", "jupyter", "tolerance_reason"}


STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def name_explorers(notebook: NotebookNode) -> dict:
    """Return the state of the explorers, under names that are the same in every run."""
    stored = notebook.metadata.get("widgets", {}).get(STATE, {"state": {}})
    names: dict[str, str] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if view := output.get("data", {}).get(VIEW):
                view["model_id"] = names.setdefault(view["model_id"], f"explorer-{len(names) + 1}")
    models = {names[id]: model for id, model in stored["state"].items() if id in names}
    for model in models.values():
        # Refers to a model that only a running kernel needs.
        model["state"].pop("layout", None)
    ordered = {name: models[name] for name in names.values()}
    return {"widgets": {STATE: {**stored, "state": ordered}}} if ordered else {}


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Drop what a run leaves behind that is not a result."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in KEPT_CELL_METADATA}
        )
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in coalesce_streams(cell.outputs) if is_stored(output)
            ]
            for output in cell.outputs:
                if output.output_type == "error":
                    # The frames name the folders of whoever ran it.
                    output.traceback = [f"{output.ename}: {output.evalue}"]
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
        **name_explorers(notebook),
    )
    return notebook


def is_stored(output: NotebookNode) -> bool:
    """Whether a chapter keeps it: progress and the controls of a live twin are only shown."""
    return output.get("name") != "stderr" and not output.get("metadata", {}).get("live")


def execute(path: Path, bar: tqdm) -> float:
    """Execute one notebook, write it back normalised, and return how many seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=lambda cell, **_: bar.update(cell.cell_type == "code"),
    ).execute()
    warn_of_stderr(path, notebook)
    nbformat.write(normalise(notebook), path)
    return time.perf_counter() - start


def warn_of_stderr(path: Path, notebook: NotebookNode) -> None:
    """Show the warnings that the reader of the site will not see, so that they are mended."""
    for cell in notebook.cells:
        for text in warnings_in(cell.get("outputs", [])):
            print(f"{path}, cell {cell.execution_count} warns:\n{text}", file=sys.stderr)


def warnings_in(outputs: list[NotebookNode]) -> list[str]:
    """Return what went to stderr and is more than progress."""
    return [
        output.text
        for output in outputs
        if output.get("name") == "stderr" and "Warning" in output.text
    ]


def count_cells(path: Path) -> int:
    return sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)


def main() -> int:
    os.environ.update(ONE_THREAD)
    paths = [Path(name) for name in sys.argv[1:]] or sorted(BOOK.rglob("*.ipynb"))
    failed = []
    with (
        tqdm(total=sum(map(count_cells, paths)), unit="cell") as bar,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        running = {pool.submit(execute, path, bar): path for path in paths}
        for future in as_completed(running):
            path = running[future]
            try:
                bar.write(f"{path}: {future.result():.0f} s")
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                bar.write(f"{path} failed, and is left as it was:\n{error}", file=sys.stderr)
                failed.append(path)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
