"""The built site, and a browser to read it with."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.browser import NoBrowserError, open_browser

SITE = Path(__file__).parents[2] / "_build" / "html"


def pages() -> list[str]:
    """The pages of the book, as paths below the site."""
    return sorted(str(page.relative_to(SITE)) for page in (SITE / "book").rglob("*.html"))


def all_pages() -> list[str]:
    """The pages of the book, and those that Sphinx adds."""
    return [*pages(), *sorted(page.name for page in SITE.glob("*.html"))]


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail(f"{SITE} is not there: run make book first")
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """The address of the site, served on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    try:
        with open_browser() as browser:
            yield browser
    except NoBrowserError as reason:
        pytest.skip(f"{reason}; .ci/run installs one")
