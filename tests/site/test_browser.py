"""The built pages in headless Chromium, as a reader meets them."""

import re

import pytest

from tests.site.conftest import all_pages, in_scheme, pages, violations

WIDE, NARROW = 1280, 390
# Sphinx wraps citations in a list whose children are no list items.
THEIRS = [".citation-list"]
# Code has the same colours on every page, and many pieces: that with most kinds stands for all.
CODE, ITS_PAGE = [".highlight pre"], "book/smarter/tuner.html"
# Likewise one entry of the reference for those that follow it, and one module of a floor.
ENTRIES = ["dl.py ~ dl.py", "section:has(> dl.py) ~ section:has(> dl.py)"]
# These have tests of their own, which forgive less.
EXPLORERS = [".explorer", ".room"]
REMOVE = "(all) => document.querySelectorAll(all).forEach((each) => each.remove())"
# What axe says of colours.
COLOURS = ["color-contrast", "link-in-text-block"]


def noting(opened):
    """The page, which notes what goes wrong, and what it asks for."""
    opened.problems, opened.requested = [], []
    opened.on("console", lambda message: note(opened, message.type, message.text))
    opened.on("pageerror", lambda error: opened.problems.append(f"page error: {error}"))
    opened.on("requestfailed", lambda request: opened.problems.append(f"failed {request.url}"))
    opened.on("request", lambda request: opened.requested.append(request.url))
    return opened


@pytest.fixture(scope="module")
def tab(reader):
    """The one tab of a reader, for a new one takes as long as the page that it loads."""
    return noting(reader.new_page())


@pytest.fixture
def open_page(tab, address):
    """Open a page, and gather what goes wrong on the way."""

    def open_(page, width=WIDE, scheme="light", base=address, context=None):
        opened = noting(context.new_page()) if context else tab
        # What the page before was still loading fails here, and is none of this page's problems.
        opened.goto("about:blank")
        opened.problems, opened.requested = [], []
        opened.set_viewport_size({"width": width, "height": 900})
        opened.emulate_media(color_scheme=scheme)
        opened.goto(f"{base}/{page}", wait_until="networkidle")
        return opened

    return open_


def note(opened, kind, text):
    if kind in ("error", "warning"):
        opened.problems.append(f"console {kind}: {text}")


def assert_fits_and_is_quiet(opened, base, width):
    """In light and in dark, which is how it is left."""
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, scheme
    assert not opened.problems
    elsewhere = [u for u in opened.requested if not u.startswith((base, "data:", "blob:"))]
    assert not elsewhere


@pytest.mark.parametrize("page", all_pages() or ["none"])
def test_narrow_page_from_a_folder_loads_quietly_and_fits(open_page, site, page):
    base = site.as_uri()
    assert_fits_and_is_quiet(open_page(page, NARROW, base=base), base, NARROW)


@pytest.mark.parametrize("page", all_pages() or ["none"])
def test_wide_page_from_a_server_loads_quietly_and_fits_and_axe_finds_nothing_serious(
    open_page, address, page
):
    opened = open_page(page, WIDE)
    assert_fits_and_is_quiet(opened, address, WIDE)
    if page not in pages():  # Sphinx has made it.
        return
    opened.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    # What axe is told to leave out it still walks through.
    left_out = THEIRS + ENTRIES + EXPLORERS + ([] if page == ITS_PAGE else CODE)
    opened.evaluate(REMOVE, ", ".join(left_out))
    # Nothing is shown in one scheme alone, so that in the other only the colours need a look.
    assert not opened.locator("main :is(.only-light, .only-dark)").count()
    for scheme, options in [("light", {}), ("dark", {"runOnly": COLOURS})]:
        in_scheme(opened, scheme)
        serious = {
            f"{violation['id']}: {node['html'][:200]}"
            for violation in violations(opened, "main", **options)
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        }
        assert not serious, scheme


def test_front_page_is_reached_from_the_index(open_page):
    opened = open_page("index.html")
    opened.wait_for_url("**/book/intro.html")
    assert "Turning the Knobs" in opened.title()


def test_icons_are_drawn(open_page):
    """The theme's icon script is gone; its font must draw every icon that is seen."""
    opened = open_page("book/foundations/objective.html")
    icons = opened.locator("i[class*=fa-]:visible, .fa-solid:visible")
    assert icons.count() >= 4
    for index in range(icons.count()):
        content = icons.nth(index).evaluate("e => getComputedStyle(e, '::before').content")
        assert content not in ("none", "normal", '""')
    assert opened.evaluate("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")


def test_solution_opens_by_keyboard(open_page):
    opened = open_page("book/foundations/what_is_hpo.html")
    summary = opened.locator("main summary", has_text=re.compile("Solution")).first
    details = summary.locator("xpath=..")
    assert details.get_attribute("open") is None
    summary.focus()
    opened.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_theme_can_be_switched(open_page, browser):
    # By another reader, for the choice is kept.
    opened = open_page("book/intro.html", context=browser.new_context())
    button = opened.locator("button.theme-switch-button:visible").first
    seen = set()
    for _ in range(4):
        seen.add(opened.evaluate("document.documentElement.dataset.theme"))
        button.click()
    assert seen == {"light", "dark"}


def test_search_finds_a_chapter(open_page):
    opened = open_page("search.html?q=loguniform")
    opened.locator("#search-results li").first.wait_for()
    assert "Configuration spaces" in opened.locator("#search-results").inner_text()


def test_formula_is_drawn_without_a_script(open_page, browser):
    without = browser.new_context(java_script_enabled=False)
    opened = open_page("book/foundations/what_is_hpo.html", context=without)
    box = opened.locator("div.math math").first.bounding_box()
    assert box["height"] > 15
    assert box["width"] > 60
