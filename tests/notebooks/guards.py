"""What a stored cell must be before its outputs are worth comparing."""

from nbformat import NotebookNode
from nbval.plugin import find_comment_markers

from tests.notebooks.tolerance import cell_tolerance

BLINDFOLDS = {"nbval-skip", "nbval-ignore-output"}


def stored_problem(cell: NotebookNode, position: int) -> str | None:
    """Say what is wrong with a code cell as it is stored, or None.

    Parameters
    ----------
    cell : NotebookNode
        A code cell with its outputs.
    position : int
        Its place among the code cells of its notebook, from 1.
    """
    tags = set(cell.metadata.get("tags", []))
    if tags & BLINDFOLDS or dict(find_comment_markers(cell.source)):
        return "a tag or a comment for nbval hides its output from the comparison"
    if cell.execution_count is None:
        return "it was never executed: run make notebooks"
    if cell.execution_count != position:
        return (
            f"it was executed as number {cell.execution_count}, but is code cell {position}: "
            "the cells were not run in order; run make notebooks"
        )
    if "raises-exception" not in tags and any(o.output_type == "error" for o in cell.outputs):
        return "an error is stored as its output"
    if any(output.get("name") == "stderr" for output in cell.outputs):
        return "progress or a warning is stored in its output: run make notebooks"
    try:
        cell_tolerance(cell.metadata)
    except ValueError as error:
        return str(error)
    return None
