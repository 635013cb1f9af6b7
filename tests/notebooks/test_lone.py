"""The first cell of a notebook that is opened alone, as in Colab."""

import copy

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.notebooks.guards import stored_problem
from tests.notebooks.test_chapters import CHAPTERS, read
from tools.lone_notebooks import CELL, SOURCE, equipped, source
from tools.site_buttons import add_buttons

SAID = SOURCE.format(url="https://example.org/somebody/knobs", branch="main")


def test_notebooks_have_the_cell_if_the_book_has_an_address():
    for path in CHAPTERS:
        stored = path.read_text(encoding="utf-8")
        expected = nbformat.writes(equipped(read(path), source()))
        assert stored.rstrip() == expected.rstrip(), f"{path}: run python -m tools.lone_notebooks"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_cell_comes_and_goes_and_leaves_nothing_behind(path):
    without = equipped(read(path), None)
    given = equipped(copy.deepcopy(without), SAID)
    nbformat.validate(given)
    assert [cell.id for cell in given.cells if cell.id == CELL] == [CELL]
    code = [cell for cell in given.cells if cell.cell_type == "code"]
    assert code[0].id == CELL
    assert not [p for place, cell in enumerate(code, 1) if (p := stored_problem(cell, place))]
    assert equipped(copy.deepcopy(given), SAID) == given
    assert equipped(given, None) == without


def test_cell_does_nothing_beside_the_package(capfd):
    told = {}
    exec(TransformerManager().transform_cell(SAID), told)
    # Neither git nor pip was called: here is no IPython to call them with.
    assert "sys" not in told
    assert capfd.readouterr() == ("", "")


class Config:
    def __init__(self, address):
        self.html_theme_options = {"repository_url": address}


@pytest.mark.parametrize("address", ["", "https://example.org/somebody/knobs"])
def test_buttons_lead_to_an_address_or_are_not_there(address):
    config = Config(address)
    add_buttons(None, config)
    launch = config.html_theme_options.get("launch_buttons", {})
    assert ("colab_url" in launch) == ("binderhub_url" in launch) == bool(address)
