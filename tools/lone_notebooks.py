"""Give every notebook a first cell that fetches what it needs, for who opens it alone.

``python -m tools.lone_notebooks``: Colab opens a notebook without the rest of the repository.
Where `_config.yml` names an address, each notebook begins with the cell; where it names none, no
notebook has it. On the page the cell is not shown, and beside the package it does nothing.
"""

import sys

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.built_site import ROOT
from tools.execute_notebooks import BOOK

CELL = "opened-alone"
# From the last of these folders a chapter finds what it reads by a path of its own. The running
# kernel does not see what was installed for it to edit, so it is told.
SOURCE = """\
# Opened alone, as in Colab, this notebook first fetches what it needs.
from importlib.util import find_spec

if not find_spec("hpo_helpers"):
    import sys
    from pathlib import Path

    !git clone --quiet --depth 1 --branch {branch} {url} knobs
    %pip install --quiet --editable ./knobs distributed loky myst-nb optuna
    sys.path.insert(0, str(Path("knobs").resolve()))
    %cd -q knobs/book/back"""


def source() -> str | None:
    """Return what the cell says, or None if the book has no address."""
    repository = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return SOURCE.format(**repository) if repository["url"] else None


def equipped(notebook: NotebookNode, source: str | None) -> NotebookNode:
    """Return a notebook with the cell in the first place, or without it.

    Parameters
    ----------
    notebook : NotebookNode
        As it is stored: its code cells were executed in their order.
    source : str or None
        What the cell says; None for no cell.
    """
    cells = [cell for cell in notebook.cells if cell.id != CELL]
    if source:
        metadata = {"jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}
        # Below the title, which a chapter is known by.
        cells.insert(1, new_code_cell(source, id=CELL, metadata=metadata))
    code = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return NotebookNode({**notebook, "cells": cells})


def main() -> int:
    said = source()
    for path in sorted(BOOK.rglob("*.ipynb")):
        nbformat.write(equipped(nbformat.read(path, as_version=4), said), path)
    print("every notebook has the cell" if said else "no address in _config.yml, and no cell")
    return 0


if __name__ == "__main__":
    sys.exit(main())
