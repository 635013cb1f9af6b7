"""Each guard over the notebooks is shown failing, on a real notebook with a real kernel."""

import copy
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.execute_notebooks import normalise

ROOT = Path(__file__).parents[2]
REASON = "another processor"


@pytest.fixture(scope="module")
def sound():
    """A small notebook, executed and normalised as the chapters are."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A chapter"),
            new_code_cell("import sys\nx = 0.25\nprint(f'error {x}')"),
            new_code_cell("print('50%|#####', file=sys.stderr)\nx"),
            new_code_cell("print('seen')\nx"),
        ]
    )
    NotebookClient(notebook, kernel_name="python3").execute()
    return normalise(notebook)


@pytest.fixture
def check(pytester, monkeypatch):
    """Run the plugin over a notebook, as it runs over the chapters."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))

    def run(notebook):
        nbformat.write(notebook, pytester.path / "chapter.ipynb")
        return pytester.runpytest_subprocess(
            "--nbval", "--nbval-current-env", "-p", "tests.notebooks.plugin", "chapter.ipynb"
        )

    return run


def test_sound_notebook_passes_and_progress_does_not_count(check, sound):
    check(sound).assert_outcomes(passed=3)


def never_executed(cells):
    cells[1].execution_count = None
    cells[1].outputs = []


def output_removed(cells):
    cells[1].outputs = []


def one_of_two_outputs_removed(cells):
    del cells[3].outputs[0]


def error_stored(cells):
    cells[1].outputs.append(
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    )


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
    cells[2].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="50%"))


def warning_raised(cells):
    cells[3].source = "import warnings; warnings.warn('look out')\n" + cells[3].source


def error_raised(cells):
    cells[3].source = "1 / 0"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (never_executed, "*it was never executed*"),
        (output_removed, "*the outputs are of other kinds*"),
        (one_of_two_outputs_removed, "*the outputs are of other kinds*"),
        (error_stored, "*an error is stored*"),
        (order_changed, "*the cells were not run in order*"),
        (count_skipped, "*the cells were not run in order*"),
        (number_changed, "*number 1 differs by 0.0001: stored 0.2501, now 0.25,*"),
        (number_changed_beyond_its_tag, "*number 1 differs by 0.0201: stored 0.2701, now 0.25,*"),
        (text_changed, "*the text differs*"),
        (tag_too_loose, "*looser than 0.02*"),
        (tag_without_reason, "*no 'tolerance_reason'*"),
        (comparison_switched_off, "*hides its output*"),
        (comparison_switched_off_in_a_comment, "*hides its output*"),
        (progress_stored, "*is stored in its output*"),
        (warning_raised, "*the cell warns*look out*"),
        (error_raised, "*ZeroDivisionError*"),
    ],
)
def test_guard_fails(check, sound, spoil, message):
    notebook = copy.deepcopy(sound)
    spoil(notebook.cells)
    result = check(notebook)
    assert result.parseoutcomes().get("failed", 0) >= 1
    result.stdout.fnmatch_lines([message])
    # The message names the cell.
    result.stdout.fnmatch_lines(["*Cell [0-2]*"])


def test_number_within_its_tag_passes(check, sound):
    notebook = copy.deepcopy(sound)
    notebook.cells[1].metadata = {"tags": ["atol=0.01"], "tolerance_reason": REASON}
    notebook.cells[1].outputs[0].text = "error 0.2599\n"
    check(notebook).assert_outcomes(passed=3)
