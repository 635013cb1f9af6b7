"""The built site, and a browser to read it with."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tools.browser import NoBrowserError, open_browser
from tools.built_site import SITE, served


def pages() -> list[str]:
    """The pages of the book, as paths below the site."""
    return sorted(str(page.relative_to(SITE)) for page in (SITE / "book").rglob("*.html"))


def all_pages() -> list[str]:
    """The pages of the book, and those that Sphinx adds."""
    return [*pages(), *sorted(page.name for page in SITE.glob("*.html"))]


def settled(page: Page) -> None:
    """Wait until all that fades or slides has come to its end; what is not drawn stands still."""
    page.evaluate(
        "Promise.all(document.getAnimations()"
        ".filter((each) => each.effect.target.checkVisibility())"
        ".map((each) => each.finished))"
    )


def in_scheme(page: Page, scheme: str) -> None:
    """Show a page in light or in dark, in its last colours."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    settled(page)


def violations(page: Page, inside: str, **options) -> list[dict]:
    """What axe finds wrong inside an element."""
    # It need not load anew what no rule of these needs, nor list all that is well.
    options = {"preload": False, "resultTypes": ["violations"], **options}
    found = Axe().run(page, context={"include": [[inside]]}, options=options)
    return found.response["violations"]


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail(f"{SITE} is not there: run make book first")
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """The address of the site, served on this machine."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    try:
        with open_browser() as browser:
            yield browser
    except NoBrowserError as reason:
        pytest.skip(f"{reason}; .ci/run installs one")


@pytest.fixture(scope="module")
def reader(browser):
    """One reader of many pages, whose browser keeps what it has loaded."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context
