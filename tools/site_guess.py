"""A Sphinx extension: a page asks for a guess before it shows what a cell has found.

``{guess}`` stands before the cell. Its answer is read from what the cell has printed, so that the
two cannot drift apart. With the cell waits what speaks of it: the rest of the section, or of what
comes before an explorer. ``{guesses}`` is the place where all guesses of a visit are shown.
"""

import json
import re
from itertools import takewhile
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

FORMULA = re.compile(r"\$([^$]+)\$")
POWER = re.compile(r"\^(\d)")


class guess(nodes.Element):
    """What is asked, and what the cell after it answers."""


class Guess(SphinxDirective):
    """Ask for a number by a slider, for a curve to be drawn, or for one of some options.

    The options of a choice stand in a list, each behind what the cell prints for it. A curve is
    asked for at the places that the cell prints, each with its value, in two groups.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        # What the cell prints, with the answer in a group.
        "answer": directives.unchanged_required,
        # What the guess is about, and what one below the answer shows, and one above it.
        "about": directives.unchanged_required,
        "below": directives.unchanged,
        "above": directives.unchanged,
        # Of the slider: lowest, highest, step; of a curve: lowest, highest.
        "range": directives.unchanged,
        # Of a curve: what its axes are called, which values are marked on the upright one, and
        # which axes are logarithmic.
        "axes": directives.unchanged,
        "ticks": directives.unchanged,
        "logarithmic": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Return the question."""
        try:
            question = in_letters(self.arguments[0].replace("\n", " "))
        except ValueError as error:
            raise self.error(str(error)) from None
        about = {"question": question, **self.options}
        about["pattern"] = about.pop("answer")
        if "range" in about:
            about["range"] = [float(part) for part in about["range"].split()]
            if "axes" in about:
                about["axes"] = about["axes"].split(" | ")
                for name in ("ticks", "logarithmic"):
                    about[name] = about.get(name, "").split()
        else:
            pairs = [line.removeprefix("- ").split(": ", 1) for line in self.content if line]
            about["options"] = [list(pair) for pair in pairs]
        return [guess(about=about)]


class Guesses(SphinxDirective):
    """The place of all guesses."""

    def run(self) -> list[nodes.Node]:
        """Return the place."""
        return [nodes.container(classes=["guesses"])]


def in_letters(text: str) -> str:
    """Return a text with its formulas in plain letters, as a label has them.

    Examples
    --------
    >>> in_letters("By $1 - 0.5^9$: how often?")
    'By 1 \u2212 0.5\u2079: how often?'

    Raises
    ------
    ValueError
        If a formula needs more than signs and powers of one digit.
    """

    def plain(found: re.Match) -> str:
        raised = POWER.sub(lambda power: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(power[1])], found[1])
        if re.search(r"[\\^_{]", raised):
            raise ValueError(f"{found[0]} in {text!r}; expected plain signs: say it in words")
        return raised.replace("-", "\u2212")

    return FORMULA.sub(plain, text)


def answer_in(text: str, about: dict) -> str | list[list[str]]:
    """Return what a printed text answers, or raise a ValueError if it does not."""
    found = re.findall(about["pattern"], text, re.MULTILINE)
    if "axes" in about:
        return curve_in(found, about)
    if len(found) != 1:
        raise ValueError(f"{about['pattern']!r} is found {len(found)} times in {text!r}")
    allowed = [printed for printed, _ in about.get("options", [])]
    if allowed and found[0] not in allowed:
        raise ValueError(f"the answer is {found[0]!r}; expected one of {allowed}")
    if not allowed:
        low, high, _ = about["range"]
        if not low < float(found[0]) < high:
            raise ValueError(f"the answer is {found[0]}; expected it between {low:g} and {high:g}")
    return str(found[0])


def curve_in(found: list[tuple[str, str]], about: dict) -> list[list[str]]:
    """Return the points of a curve, each as it is printed."""
    low, high = about["range"]
    places = [float(x) for x, _ in found]
    if len(found) < 3 or places != sorted(set(places)):
        raise ValueError(f"the curve is at {places}; expected three places or more, in order")
    for x, y in found:
        if not low <= float(y) <= high:
            raise ValueError(f"at {x} the curve is {y}; expected from {low:g} to {high:g}")
    return [list(point) for point in found]


def answer_all(app: Sphinx, doctree: nodes.document) -> None:
    for node in list(doctree.findall(guess)):
        try:
            cell = node.next_node(siblings=True, descend=False)
            if not isinstance(cell, nodes.Element) or "cell" not in cell.get("classes", []):
                raise ValueError("no cell comes after it")
            printed = "\n".join(
                block.astext()
                for output in cell.findall(nodes.container)
                if "cell_output" in output["classes"]
                for block in output.findall(nodes.literal_block)
            )
            node["about"]["answer"] = answer_in(printed, node["about"])
            let_wait(node)
        except ValueError as error:
            raise ExtensionError(
                f"{app.env.docname}, {node['about']['question']}: {error}"
            ) from None


def is_explorer(node: nodes.Node) -> bool:
    """Return whether a cell shows the picture of an explorer, whose own cell comes next."""
    return any(
        name.startswith("fig-explorer")
        for figure in node.findall(nodes.figure)
        for name in figure["ids"]
    )


def let_wait(node: guess) -> None:
    """Put what waits for a guess into a box: the cell, and what speaks of it."""
    rest = node.parent.children[node.parent.index(node) + 1 :]
    speaking = list(takewhile(lambda n: not isinstance(n, nodes.section), rest))
    waiting = [speaking[0], *takewhile(lambda n: not is_explorer(n), speaking[1:])]
    for each in waiting:
        node.parent.remove(each)
    node.parent.insert(
        node.parent.index(node) + 1, nodes.container("", *waiting, classes=["waiting"])
    )


def visit(translator: HTML5Translator, node: guess) -> None:
    about = {
        **node["about"],
        "page": translator.builder.env.titles[translator.docnames[0]].astext(),
    }
    translator.body.append(
        translator.starttag(node, "div", CLASS="guess", **{"data-guess": json.dumps(about)})
    )


def depart(translator: HTML5Translator, _: guess) -> None:
    translator.body.append("</div>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(guess, html=(visit, depart))
    app.add_directive("guess", Guess)
    app.add_directive("guesses", Guesses)
    app.connect("doctree-read", answer_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
