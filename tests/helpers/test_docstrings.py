"""What is public explains itself: its arguments, and an example that the doctests run."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import hpo_helpers
from hpo_helpers import explorers
from hpo_helpers.explorers.live import Live

MODULES = [
    importlib.import_module(f"hpo_helpers.{module.name}")
    for module in pkgutil.iter_modules(hpo_helpers.__path__)
    if module.name != "explorers"
]
EXPLORERS = {name: getattr(explorers, name) for name in explorers.__all__}


def public(holder):
    """Functions and classes that a module or a class defines itself, without an underscore."""
    module = getattr(holder, "__module__", holder.__name__)
    for name, value in vars(holder).items():
        value = value.fget if isinstance(value, property) else value
        defined = inspect.isfunction(value) or inspect.isclass(value)
        if defined and not name.startswith("_") and value.__module__ == module:
            yield name, value


THINGS = {
    f"{module.__name__}.{name}": thing for module in MODULES for name, thing in public(module)
}
METHODS = {
    f"{name}.{method}": function
    for name, thing in THINGS.items()
    if inspect.isclass(thing)
    for method, function in public(thing)
}
ALL = {**THINGS, **METHODS, **EXPLORERS, "Live": Live}


def sections(thing):
    """The text below each underlined heading of a docstring, and that above the first one."""
    parts = re.split(r"\n(\w+)\n-{4,}\n", inspect.getdoc(thing))
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def described(thing):
    """Names that stand among the parameters and attributes of a docstring."""
    found = sections(thing)
    text = found.get("Parameters", "") + "\n" + found.get("Attributes", "")
    entries = re.findall(r"^(\S.*?)(?: : .*)?$", text, re.MULTILINE)
    return [name for entry in entries for name in entry.split(", ")]


def accepted(thing):
    """Names of the arguments, as a docstring writes them."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(thing).parameters.values()
    return [stars.get(p.kind, "") + p.name for p in parameters if p.name != "self"]


def referred(method):
    """The method whose docstring speaks for this one too, or the method itself."""
    see = re.search(r"[Ss]ee `(\w+)\.(\w+)`", inspect.getdoc(method))
    return next(m for name, m in METHODS.items() if name.endswith(see[0][5:-1])) if see else method


def test_helper_modules_are_found():
    assert {"Networks", "tune", "ConfigSpace", "Hyperband"} <= {t.__name__ for t in THINGS.values()}


@pytest.mark.parametrize("name", ALL)
def test_docstring_begins_with_a_sentence_in_one_line(name):
    lines = inspect.getdoc(ALL[name]).splitlines()
    assert lines[0].endswith(".")
    assert lines[1:2] in ([], [""])


@pytest.mark.parametrize("name", [*THINGS, *EXPLORERS, "Live"])
def test_example_is_there_to_be_run(name):
    assert doctest.DocTestParser().get_examples(sections(ALL[name]).get("Examples", ""))


@pytest.mark.parametrize("name", [*THINGS, "Live"])
def test_arguments_are_described_in_their_order(name):
    thing = ALL[name]
    names = described(thing)
    assert inspect.isclass(thing) or names == accepted(thing)
    # A class may also describe attributes that are no arguments; a protocol takes none.
    arguments = [] if getattr(thing, "_is_protocol", False) else accepted(thing)
    assert [entry for entry in names if entry in arguments] == arguments


@pytest.mark.parametrize("name", EXPLORERS)
def test_settings_are_described(name):
    explorer = EXPLORERS[name]
    possible = {*explorer.class_trait_names(), *inspect.signature(explorer.__init__).parameters}
    assert set(explorer.settings) <= set(described(explorer)) <= possible


@pytest.mark.parametrize("name", METHODS)
def test_arguments_of_methods_are_described_there_or_where_they_refer_to(name):
    method = METHODS[name]
    assert described(referred(method)) == accepted(referred(method)) == accepted(method)


@pytest.mark.parametrize("name", [*THINGS, *METHODS])
def test_what_is_returned_is_described(name):
    thing = referred(ALL[name])
    returned = not inspect.isclass(thing) and inspect.signature(thing).return_annotation is not None
    if returned and accepted(thing):
        assert {"Returns", "Yields"} & set(sections(thing))
