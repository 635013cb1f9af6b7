"""The tool behind ``make notebooks``."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

TOOL = Path(__file__).parents[2] / "tools" / "execute_notebooks.py"


@pytest.fixture
def chapter(tmp_path):
    def write(*sources):
        path = tmp_path / "chapter.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
        return path

    return write


def run(path):
    return subprocess.run([sys.executable, TOOL, path], capture_output=True, encoding="utf-8")


def test_what_is_written_does_not_change_from_run_to_run(chapter):
    path = chapter(
        "import sys, time", "print(time.time(), file=sys.stderr)\nprint('seen')", "1 + 1"
    )
    assert run(path).returncode == 0
    first = path.read_bytes()
    assert run(path).returncode == 0
    assert path.read_bytes() == first
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert [output.name for output in cells[1].outputs] == ["stdout"]
    assert cells[2].outputs[0].data["text/plain"] == "2"


def test_stored_error_names_no_folder(chapter):
    path = chapter("open('/nowhere/at/all')")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    assert run(path).returncode == 0
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    assert output.ename == "FileNotFoundError"
    assert len(output.traceback) == 1


def test_failing_chapter_is_named_and_left_as_it_was(chapter):
    path = chapter("1 + 1", "1 / 0")
    before = path.read_bytes()
    done = run(path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "chapter.ipynb" in done.stderr
    assert path.read_bytes() == before


def test_warning_is_shown_to_the_author(chapter):
    done = run(chapter("import warnings\nwarnings.warn('look out')"))
    assert done.returncode == 0
    assert "cell 1 warns" in done.stderr
    assert "look out" in done.stderr
