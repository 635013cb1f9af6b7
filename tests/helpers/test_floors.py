"""The package is a house: a file imports only from the floors below it."""

import ast
from pathlib import Path

import pytest

import hpo_helpers

PACKAGE = Path(hpo_helpers.__file__).parent
FLOORS = {
    "data": 0,
    "spaces": 0,
    "trials": 0,
    "optimizers": -1,
    "networks": 0,
    "loaders": 1,
    "recordings": 1,
    "training": 1,
    "executors": 1,
    "bayesian": 3,
    "objectives": 2,
    "schedulers": 2,
    "searchers": 2,
    "experiments": 3,
    "simulator": 4,
    "tuner": 3,
    "plots": 4,
    "record": 4,
}


def imported_modules(path: Path) -> set[str]:
    return {
        node.module.split(".")[1]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hpo_helpers.")
    }


@pytest.mark.parametrize("module", sorted(p.stem for p in PACKAGE.glob("[!_]*.py")))
def test_imports_go_down(module):
    upwards = {
        other
        for other in imported_modules(PACKAGE / f"{module}.py")
        if FLOORS[other] >= FLOORS[module]
    }
    assert not upwards, f"{module} (floor {FLOORS[module]}) imports {sorted(upwards)}"


def test_every_floor_has_its_file():
    assert {path.stem for path in PACKAGE.glob("[!_]*.py")} == set(FLOORS)


def code_lines(path: Path) -> int:
    """Lines that do something: without blank lines, comments and docstrings."""
    text = path.read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    return sum(
        number not in docstrings and line.strip() != "" and not line.strip().startswith("#")
        for number, line in enumerate(text.splitlines(), start=1)
    )


def test_package_stays_small():
    # The command that makes the recordings is a tool of the book; no chapter calls it.
    read = [path for path in PACKAGE.glob("*.py") if path.stem != "record"]
    assert sum(map(code_lines, read)) < 2500
