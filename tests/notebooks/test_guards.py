"""Each guard over the notebooks is shown failing, on real notebooks with real kernels."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.execute_notebooks import normalise

ROOT = Path(__file__).parents[2]
REASON = "another processor"


def sound_cells():
    """A few cells, executed and normalised as those of the chapters are."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A chapter"),
            new_code_cell("import sys\nx = 0.25\nprint(f'error {x}')"),
            new_code_cell("print('50%|#####', file=sys.stderr)\nx"),
            new_code_cell("print('seen')\nx"),
        ]
    )
    NotebookClient(notebook, kernel_name="python3").execute()
    return normalise(notebook).cells


def nothing(cells):
    """The notebook as it is: its progress does not count."""


def number_changed_within_its_tag(cells):
    cells[1].metadata = {"tags": ["atol=0.01"], "tolerance_reason": REASON}
    cells[1].outputs[0].text = "error 0.2599\n"


def never_executed(cells):
    cells[1].execution_count = None
    cells[1].outputs = []


def output_removed(cells):
    cells[1].outputs = []


def one_of_two_outputs_removed(cells):
    del cells[3].outputs[0]


def error_stored(cells):
    cells[1].outputs.append(new_output("error", ename="ValueError", evalue="no", traceback=[]))


def order_changed(cells):
    cells[1].execution_count, cells[2].execution_count = 2, 1


def count_skipped(cells):
    cells[3].execution_count = 7


def number_changed(cells):
    cells[1].outputs[0].text = "error 0.2501\n"


def number_changed_beyond_its_tag(cells):
    cells[1].metadata = {"tags": ["atol=0.01"], "tolerance_reason": REASON}
    cells[1].outputs[0].text = "error 0.2701\n"


def text_changed(cells):
    cells[1].outputs[0].text = "Error 0.25\n"


def tag_too_loose(cells):
    cells[1].metadata = {"tags": ["atol=0.05"], "tolerance_reason": REASON}


def tag_without_reason(cells):
    cells[1].metadata = {"tags": ["atol=0.01"]}


def comparison_switched_off(cells):
    cells[1].metadata = {"tags": ["nbval-ignore-output"]}


def comparison_switched_off_in_a_comment(cells):
    cells[1].source = "# NBVAL_SKIP\n" + cells[1].source


def progress_stored(cells):
    cells[2].outputs.append(new_output("stream", name="stderr", text="50%"))


def warning_raised(cells):
    cells[3].source = "import warnings; warnings.warn('look out')\n" + cells[3].source


def error_raised(cells):
    cells[3].source = "1 / 0"


SPOILT = {
    never_executed: "it was never executed",
    output_removed: "the outputs are of other kinds",
    one_of_two_outputs_removed: "the outputs are of other kinds",
    error_stored: "an error is stored",
    order_changed: "the cells were not run in order",
    count_skipped: "the cells were not run in order",
    number_changed: "number 1 differs by 0.0001: stored 0.2501, now 0.25,",
    number_changed_beyond_its_tag: "number 1 differs by 0.0201: stored 0.2701, now 0.25,",
    text_changed: "the text differs",
    tag_too_loose: "looser than 0.02",
    tag_without_reason: "no 'tolerance_reason'",
    comparison_switched_off: "hides its output",
    comparison_switched_off_in_a_comment: "hides its output",
    progress_stored: "is stored in its output",
    warning_raised: "look out",
    error_raised: "ZeroDivisionError",
}


VARIANTS = [nothing, number_changed_within_its_tag, *SPOILT]


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """One run of the plugin, as over the chapters, over all variants of the cells in a row."""
    folder = tmp_path_factory.mktemp("book")
    sound = sound_cells()
    book = new_notebook()
    for number, spoil in enumerate(VARIANTS):
        cells = copy.deepcopy(sound)
        for cell in cells:
            cell.id = f"{number}-{cell.id}"
        for cell in cells[1:]:
            cell.execution_count += 3 * number
        spoil(cells)
        book.cells += cells
    nbformat.write(book, folder / "book.ipynb")
    options = ["--nbval", "--nbval-current-env", "--junitxml=report.xml"]
    plugins = ["-p", "tests.notebooks.plugin", "-p", "no:cacheprovider"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugins],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    found = ["".join(failure.text for failure in case.iter("failure")) for case in cases]
    assert len(found) == 3 * len(VARIANTS)
    return {
        spoil.__name__: [text for text in found[3 * number : 3 * number + 3] if text]
        for number, spoil in enumerate(VARIANTS)
    }


@pytest.mark.parametrize("variant", [nothing, number_changed_within_its_tag])
def test_sound_notebook_passes(failures, variant):
    assert failures[variant.__name__] == []


@pytest.mark.parametrize(("spoil", "message"), SPOILT.items())
def test_guard_fails_and_names_the_cell(failures, spoil, message):
    text = "\n".join(failures[spoil.__name__])
    assert message in text
    assert re.search(r"Cell \d+:", text)
