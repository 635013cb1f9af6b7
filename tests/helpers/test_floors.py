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
    "loaders": 1,
    "networks": 1,
    "objectives": 2,
    "searchers": 2,
    "tuner": 3,
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


def test_package_stays_small():
    lines = sum(len(path.read_text().splitlines()) for path in PACKAGE.glob("*.py"))
    assert lines < 2000
