"""The built site: where it lies, what its contents are, and a server for it.

``HPO_BOOK_SITE`` names another folder, to prove or print a site that was built elsewhere.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("HPO_BOOK_SITE", ROOT / "_build" / "html")).resolve()


def parts() -> list[tuple[str, list[str]]]:
    """Return the parts of the book: caption and files, as the table of contents names them."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    front = ("", [contents["root"]])
    return [
        front,
        *((p["caption"], [c["file"] for c in p["chapters"]]) for p in contents["parts"]),
    ]


def contents() -> list[str]:
    """Return the files of all parts, in the order of the book."""
    return [file for _, files in parts() for file in files]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *arguments: Any) -> None:
        """Keep it."""

    def copyfile(self, *files: Any) -> None:
        """Send a file; a page that is closed breaks off what it was still loading."""
        with suppress(ConnectionError):
            super().copyfile(*files)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
