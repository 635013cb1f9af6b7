"""Text is read and written as UTF-8 on every machine, whatever its locale says."""

import ast
import os
import subprocess
import sys

import pytest

from tools.built_site import ROOT

FOLDERS = ("hpo_helpers", "recorder", "bench", "tests", "tools")
SOURCES = sorted(
    [ROOT / "conftest.py", *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]
)
# By name: how many arguments, without a keyword, stand before and including the encoding.
TEXT = {"read_text": 1, "write_text": 2, "fdopen": 4, "TextIOWrapper": 2}
OPENS = {"open", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"}
# Their `open` opens no text.
BINARY = {"os", "tarfile", "zipfile", "Image", "webbrowser", "lzma", "bz2"}
PROCESSES = {"run", "Popen", "check_output"}

UNDER_ASCII = r"""
import doctest
import importlib
import locale
import pkgutil
import sys
import warnings
from pathlib import Path

import hpo_helpers
from hpo_helpers import explorers
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace, choice
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import tune

assert locale.getencoding() != "utf-8"
# Others may do as they like.
warnings.filterwarnings("error", category=EncodingWarning, module="hpo_helpers|__main__")
for module in pkgutil.walk_packages(hpo_helpers.__path__, "hpo_helpers."):
    importlib.import_module(module.name)
for name in explorers.__all__:
    getattr(explorers, name)()
log = TrialLog(Path(sys.argv[1]) / "log.jsonl")
space = ConfigSpace({"\N{GREEK SMALL LETTER ETA}": choice(["\N{PLUS-MINUS SIGN}1"])})
tune(lambda config: 0.5, RandomSearch(space), 3, log=log, progress=False)
assert [trial.config for trial in TrialLog(log.path)] == [trial.config for trial in log]
for name in ("trials", "recordings", "explorers.learning_rate_range", "explorers.five_picks"):
    found = doctest.testmod(sys.modules[f"hpo_helpers.{name}"])
    assert found.attempted and not found.failed, name
"""


def name_of(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def opens_text(call):
    """Whether `open` and its like are called for text, by a mode that can be read."""
    if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in BINARY:
        return False
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args
    modes = [m.value for m in modes if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    is_text = not any(set(mode) <= set("rwaxb+U") and "b" in mode for mode in modes)
    # Those of tempfile and gzip are binary unless they are told otherwise.
    is_plain = name_of(call.func) == "open" and name_of(getattr(call.func, "value", None)) != "gzip"
    return is_text if is_plain else any("t" in mode or mode == "w" for mode in modes)


def guesses_the_encoding(call):
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    name = name_of(call.func)
    if "encoding" in keywords:
        return False
    if name in TEXT:
        return len(call.args) < TEXT[name]
    if name in OPENS:
        return opens_text(call)
    return name in PROCESSES and bool({"text", "universal_newlines"} & keywords.keys())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_encoding_is_named(path):
    guessed = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and guesses_the_encoding(node)
    ]
    assert not guessed


@pytest.mark.parametrize(
    ("code", "guesses"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("path.open('w', newline='')", True),
        ("path.open('ab', buffering=0)", False),
        ("gzip.open(path)", False),
        ("gzip.open(path, 'rt')", True),
        ("tarfile.open(path)", False),
        ("NamedTemporaryFile()", False),
        ("NamedTemporaryFile('w')", True),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command, encoding='utf-8')", False),
        ("subprocess.run(command)", False),
    ],
)
def test_guessed_encoding_is_seen(code, guesses):
    assert guesses_the_encoding(ast.parse(code).body[0].value) == guesses


def test_package_runs_under_an_ascii_locale_and_asks_for_no_default(tmp_path):
    """So it does under every other: what asks for no default does not depend on it."""
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", UNDER_ASCII, tmp_path],
        env={**os.environ, **ascii_locale},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
