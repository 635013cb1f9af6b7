"""A pytest plugin on top of nbval: outputs compared with tolerance, and stored cells guarded."""

from nbval.plugin import IPyNbCell

from tests.notebooks.guards import stored_problem
from tests.notebooks.tolerance import cell_tolerance, differences
from tools.execute_notebooks import VIEW, is_stored, warnings_in


def pytest_itemcollected(item):
    """Take over the cells that nbval has collected."""
    if type(item) is IPyNbCell:
        item.__class__ = GuardedCell


class GuardedCell(IPyNbCell):
    """A code cell, executed and held against what is stored."""

    def runtest(self):
        if problem := stored_problem(self.cell, self.cell_num + 1):
            self.raise_cell_error(problem)
        super().runtest()

    def compare_outputs(self, test, ref, skip_compare=None):
        fresh = [_comparable(out) for out in test if is_stored(out)]
        stored = [_comparable(out) for out in ref]
        self.comparison_traceback = [f"the cell warns: {text}" for text in warnings_in(test)]
        if [sorted(out) for out in stored] != [sorted(out) for out in fresh]:
            self.comparison_traceback.append(
                f"the outputs are of other kinds\n  stored: {stored}\n  now:    {fresh}"
            )
            return False
        tolerance = cell_tolerance(self.cell.metadata)
        for before, now in zip(stored, fresh, strict=True):
            for kind in before:
                for difference in differences(before[kind], now[kind], tolerance):
                    self.comparison_traceback.append(f"{kind}: {difference}")
        return not self.comparison_traceback


def _comparable(output):
    """Map each kind of what an output holds to its text.

    Of a picture or of an explorer, only that it is there: the state of an explorer is held
    against its recording elsewhere.
    """
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    pictures = {kind for kind in output.data if kind.startswith("image/")}
    return {
        kind: "" if kind in pictures or kind == VIEW else str(content)
        for kind, content in output.data.items()
        # The text that stands for a figure is its size in pixels.
        if not (pictures and kind == "text/plain")
    }
