"""A Sphinx extension: formulas become MathML when the site is built, and need no script."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

# The name of an operator in several words, which the converter spells letter by letter.
OPERATOR = re.compile(r"\\operatorname\*?\{(\w+)\\,(\w+)\}")
# What stands before or after the name of a function, without a space.
BEFORE = re.compile(r"(</m(?:i|n|sub|sup|row|frac)>)((?:<msub>)?<mi>(?:log|ln|exp)</mi>)")
AFTER = re.compile(r"(<mi>(?:log|ln|exp)</mi>(?:<mn>\d+</mn></msub>)?)(<m[in]>)")
THIN = '<mspace width="0.167em" />'
MOVABLE, AFTER_IT = '<mo movablelimits="true"', 'rspace="0.167em"'
# In a display, what an operator ranges over stands below it.
LIMIT = re.compile(r"<msub>(<mo movablelimits.*?)</msub>")


def formula(tex: str, display: str = "inline") -> str:
    r"""Return a formula as MathML, with what the converter does not know.

    Examples
    --------
    >>> "arg\u2009min</mo>" in formula(r"\operatorname{arg\,min} f")
    True
    >>> formula(r"b \log_2 n").count(THIN)
    2
    """
    written = convert(OPERATOR.sub(r"\\operatorname*{\1QQ\2}", tex), display=display)
    written = written.replace("QQ", "\u2009").replace(MOVABLE, f'{MOVABLE} lspace="0" {AFTER_IT}')
    if display == "block":
        written = LIMIT.sub(r"<munder>\1</munder>", written)
    return AFTER.sub(rf"\1{THIN}\2", BEFORE.sub(rf"\1{THIN}\2", written))


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(formula(node.astext()))
    raise nodes.SkipNode


def visit_display(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(formula(node.astext(), "block"))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
