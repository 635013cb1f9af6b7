"""Pages on a phone: nothing is cut at the edge without a sign of it, and formulas are whole."""

import pytest

from tests.site.test_pages import parse
from tools.built_site import SITE
from tools.site_formulas import formula
from tools.site_lines import in_columns, line

# What each is for: code and a wide table; a graph in letters; an error and a table of trials.
PAGES = ["search/broken_objective", "foundations/what_is_hpo", "foundations/configuration_spaces"]
BOXES = """() => [...document.querySelectorAll("main pre, main .pst-scrollable-table-container")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => [box.className, box.tabIndex, box.getAttribute("aria-label")])"""


def test_long_line_goes_on_below_its_start_and_a_short_one_is_left():
    assert line("    x = 1") == "    x = 1"
    assert line("    " + 20 * "word ").startswith('<span class="line" style="--in:6ch">')
    # A string over several lines has no end in its first.
    assert line('<span class="s2">' + 50 * "a") == '<span class="s2">' + 50 * "a"


def test_columns_are_told_from_sentences():
    assert in_columns("rate   error\n0.1    0.25\n")
    assert not in_columns("the best of all:  0.123\nfound by trial 3")
    assert not in_columns("one line   alone")


def test_operator_of_two_words_is_one_name_with_its_range_below_it():
    written = formula(r"\operatorname{arg\,min}_{x} f(x)", "block")
    assert ">arg\u2009min</mo>" in written
    assert "<munder>" in written
    assert "<munder>" not in formula(r"\operatorname{arg\,min}_{x} f(x)")


def test_no_page_spells_an_operator_letter_by_letter():
    for page in ("foundations/what_is_hpo", "foundations/objective"):
        formulas = "".join(map(str, parse(SITE / f"book/{page}.html").find_all("math")))
        assert "arg\u2009min" in formulas
        assert "<mi>a</mi><mi>r</mi>" not in formulas


@pytest.fixture(scope="module")
def phone(browser):
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield context.new_page()


@pytest.mark.parametrize("name", PAGES)
def test_what_is_printed_fits_a_phone_and_what_scrolls_has_a_name(phone, address, name):
    phone.goto(f"{address}/book/{name}.html")
    phone.evaluate(
        "document.querySelectorAll('main details').forEach((each) => (each.open = true))"
    )
    phone.wait_for_function("document.readyState === 'complete'")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    for kind, place, label in phone.evaluate(BOXES):
        assert "columns" in kind or "table" in kind, "code and sentences go on below"
        assert place == 0
        assert label in ("Table, scrolls sideways", "Code, scrolls sideways")


def test_copied_code_is_as_it_was_written(phone, address):
    phone.goto(f"{address}/book/search/broken_objective.html")
    block = phone.locator(".cell_input pre", has=phone.locator(".line")).first
    assert block.inner_text().rstrip() == block.text_content().rstrip()
