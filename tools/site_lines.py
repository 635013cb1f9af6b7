"""A Sphinx extension: code and what it prints can be laid anew on a narrow screen.

Each long line becomes an element of its own, which the style sheet wraps below its own indent. What
is printed says how long its lines are, so that its type shrinks first; columns that fit then are
left as they are.
"""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx

BLOCK = re.compile(
    r'(highlight-([\w-]+) notranslate"><div class="highlight"><pre)>(<span></span>)?(.*?)</pre>',
    re.DOTALL,
)
# What a phone shows of a line, at the size of the type there.
SHORT = 40
# And what it shows of columns, in the smallest type that can be read.
FITS = 59
# A line that goes on falls this far below its start.
INDENT = 2
CODE = {"python", "default", "sh"}
GAP = re.compile(r"\S {2,}\S")


def plain(marked: str) -> str:
    """Return the text of marked lines."""
    return html.unescape(re.sub(r"<[^>]*>", "", marked))


def in_columns(text: str) -> bool:
    r"""Return whether most lines of a text have gaps inside: then they stand below one another.

    Examples
    --------
    >>> in_columns("rate    error\n0.01    0.123\n")
    True
    >>> in_columns("the best of all:  0.123\nfound by trial 3")
    False
    """
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and 2 * sum(bool(GAP.search(line)) for line in lines) > len(lines)


def line(marked: str) -> str:
    """Return a marked line, which is an element of its own if it is long.

    Examples
    --------
    >>> line("short")
    'short'
    >>> line("    " + 20 * "long ")[:38]
    '<span class="line" style="--in:6ch">  '
    """
    text = plain(marked)
    # What spans lines is left alone.
    if len(text) <= SHORT or marked.count("<span") != marked.count("</span>"):
        return marked
    indent = len(text) - len(text.lstrip()) + INDENT
    return f'<span class="line" style="--in:{indent}ch">{marked}</span>'


def laid(block: re.Match) -> str:
    """Return a block of code, or of what it prints, ready for a narrow screen."""
    start, language, first, marked = block.groups()
    text, first = plain(marked), first or ""
    wrapped = first + "\n".join(map(line, marked.split("\n")))
    if language in CODE:
        return f"{start}>{wrapped}</pre>"
    longest = max(map(len, text.split("\n")))
    size = f'style="--letters:{longest}"'
    if language == "text" or (longest <= FITS and in_columns(text)):
        return f'{start} class="columns" {size}>{first}{marked}</pre>'
    return f"{start} {size}>{wrapped}</pre>"


def lay_lines(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    if "body" in context:
        context["body"] = BLOCK.sub(laid, context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", lay_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
