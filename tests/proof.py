"""A pytest plugin: ``--proof FILE`` writes down what a whole run of the tests has proved.

The page on verification shows the file. Nothing is written if a test fails or was left out.
"""

import csv
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.tolerance import ATOL, cell_tolerance

ROOT = Path(__file__).parents[1]
SHOWN = ("numpy", "scipy", "tensorflow", "tensorflow-cpu", "keras", "scikit-learn", "optuna")
STARTED = pytest.StashKey[float]()


def pytest_addoption(parser):
    parser.addoption("--proof", type=Path, help="write to this file what a whole run has proved")


def pytest_configure(config):
    config.stash[STARTED] = time.monotonic()
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    selected = config.getoption("keyword") or config.getoption("markexpr")
    if config.getoption("proof") and (selected or not whole):
        raise pytest.UsageError("--proof needs all tests; leave out the names, -k and -m")


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    path = config.getoption("proof")
    # A worker knows of its own tests alone.
    if path is None or exitstatus != 0 or hasattr(config, "workerinput"):
        return
    counts = {kind: len(terminalreporter.getreports(kind)) for kind in ("passed", "skipped")}
    seconds = time.monotonic() - config.stash[STARTED]
    # Before the file is opened, for that changes the clone.
    rows = proof(counts, seconds)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    terminalreporter.write_line(f"written: {path}")


def proof(counts: dict[str, int], seconds: float) -> list[tuple[str, str]]:
    """Return what was proved, where and when, as rows of two."""
    cells = [
        cell
        for notebook in (ROOT / "book").rglob("*.ipynb")
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.cell_type == "code"
    ]
    tolerances = [cell_tolerance(cell.metadata).atol for cell in cells]
    wider = [tolerance for tolerance in tolerances if tolerance > ATOL]
    return [
        ("finished", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("of the commit", commit()),
        ("tests passed", f"{counts['passed']:,}, {counts['skipped']} left out"),
        ("cells run and compared", f"{len(cells):,}"),
        ("their numbers", f"to the last digits; in {len(wider)} cells within {max(wider)} or less"),
        ("time", f"{seconds / 60:.0f} minutes on {os.cpu_count()} cores"),
        ("machine", f"{platform.system()}, {platform.machine()}"),
        ("versions", f"Python {platform.python_version()}, " + ", ".join(versions())),
    ]


def commit() -> str:
    """Return the commit whose files were tested, and whether they were changed since."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=, changed since", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    return told.stdout.strip() or "unknown: not a clone"


def versions() -> list[str]:
    """Return name and version of the packages that the numbers come from."""
    found = []
    for name in SHOWN:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found
