"""Firefox, where this machine has it, driven without a window: by its own protocol, WebDriver BiDi.

Playwright drives no Firefox but its own build, which is not to be had everywhere.
"""

import itertools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websocket import create_connection

NAMES = ("firefox-esr", "firefox")
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def find_firefox() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class FirefoxPage:
    """A page in Firefox: what a test needs of it."""

    def __init__(self, address: str) -> None:
        self._socket = create_connection(f"{address}/session", timeout=120, suppress_origin=True)
        self._numbers = itertools.count()
        session = self._call("session.new", capabilities={})
        self.version: str = session["capabilities"]["browserVersion"]
        self._page: str = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def goto(self, address: str) -> None:
        """Go to an address, and wait until the page is loaded."""
        self._call("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a function of JavaScript, as Playwright's page does; it may return a promise."""
        call = f"(async () => JSON.stringify(await ({function})({json.dumps(argument)})))()"
        answer = self._call(
            "script.evaluate", expression=call, target={"context": self._page}, awaitPromise=True
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))


@contextmanager
def open_firefox() -> Iterator[FirefoxPage]:
    """Start Firefox with a profile of its own; yield its page."""
    with tempfile.TemporaryDirectory() as profile:
        command = [find_firefox(), "--headless", "--remote-debugging-port=0", "--profile", profile]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, encoding="utf-8"
        )
        try:
            heard = map(LISTENING.search, process.stderr)
            yield FirefoxPage(next(filter(None, heard))[1])
        finally:
            process.terminate()
            process.wait()
