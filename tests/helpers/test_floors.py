"""The package is a house: a file imports only from the floors below it."""

import ast
import math
import re
from pathlib import Path

import pytest

import hpo_helpers
from tools.built_site import ROOT

REFERENCE = ROOT / "book" / "back" / "reference.md"
PACKAGE = Path(hpo_helpers.__file__).parent
# From the ground up; the one place where the floors stand by name.
FLOORS = [
    {"arguments", "distributions", "gaussian", "optimizers"},
    {"axes", "data", "networks", "plots", "trials"},
    {"spaces"},
    {"training", "recordings", "loaders", "jobs", "searchers", "schedulers"},
    {"objectives", "problems", "learning", "workers", "search"},
    {"bayesian", "tpe", "tuner", "simulator"},
    {"explorers"},
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = sorted(
    [path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    + [path.parent for path in PACKAGE.glob("*/__init__.py")]
)


def imported_modules(path: Path) -> set[str]:
    """What a file imports from the package, or the files of a folder from outside of it."""
    files = path.rglob("*.py") if path.is_dir() else [path]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_bytes()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    found = {name.split(".")[1] for name in names if name.startswith("hpo_helpers.")}
    return found - {path.name} if path.is_dir() else found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_go_down(path):
    floor = FLOOR[path.stem]
    upwards = {name for name in imported_modules(path) if FLOOR.get(name, math.inf) >= floor}
    assert not upwards, f"{path.stem} (floor {floor}) imports {sorted(upwards)}"


def test_every_file_has_its_floor():
    assert sorted(path.stem for path in MODULES) == sorted(FLOOR)


def test_reference_goes_up_floor_by_floor():
    described = re.findall(r"automodule:: hpo_helpers\.(\w+)", REFERENCE.read_text("utf-8"))
    assert sorted(described) == sorted(FLOOR)
    assert described == sorted(described, key=FLOOR.get)


def code_lines(path: Path) -> int:
    """Lines that do something: without blank lines, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
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
    assert sum(map(code_lines, PACKAGE.glob("*.py"))) < 3050
