"""The engine for the page: real networks, trained on real images in the reader's browser.

``networks.c`` is `hpo_helpers.networks` once more, compiled to WebAssembly by ``make kernel``;
``trainer.js`` is what an explorer calls. Neither the engine nor the images are part of a page or
a notebook: they come when a reader first asks, on the site from a script, in JupyterLab from the
kernel, which is the part of this file.
"""

import functools
import gzip
from pathlib import Path
from typing import Any

import anywidget
import numpy as np

from hpo_helpers.data import Split, load_fashion_mnist
from hpo_helpers.explorers.modules import script

FOLDER = Path(__file__).parent
# What an explorer imports, and what runs in a worker.
TRAINER, WORKER = "engine/trainer.js", "engine/worker.js"
# Images to train on, and to measure on.
COUNTS = {"training": 2000, "held_out": 1000}
# ``networks.c``, compiled for all browsers, and for those that multiply and add in one.
ENGINES = ("networks.wasm", "networks_relaxed.wasm")


@functools.cache
def packed_images() -> bytes:
    """Return the first images of the bundled sample, with their labels behind them, by gzip."""
    train, validation, _ = load_fashion_mnist(full=False)
    parts = zip((train, validation), COUNTS.values(), strict=True)
    content = b"".join(_bytes(part, count) for part, count in parts)
    # mtime=0: the same images make the same bytes, whenever they are packed.
    return gzip.compress(content, compresslevel=9, mtime=0)


def _bytes(part: Split, count: int) -> bytes:
    grey = np.rint(part.images[:count] * 255).astype(np.uint8)
    return grey.tobytes() + part.labels[:count].astype(np.uint8).tobytes()


def training_parts() -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return all that a page needs to train: what goes as JSON, and what goes as bytes."""
    engine, relaxed_engine = ((FOLDER / name).read_bytes() for name in ENGINES)
    return {"counts": COUNTS, "worker": script(WORKER)}, {
        "engine": engine,
        "relaxed_engine": relaxed_engine,
        "images": packed_images(),
    }


def send_parts(explorer: anywidget.AnyWidget) -> None:
    """Let a widget send the parts when its front end asks for them; they are no trait of it.

    Parameters
    ----------
    explorer : AnyWidget
    """
    explorer.on_msg(_answer)


def _answer(explorer: anywidget.AnyWidget, content: Any, _: list[memoryview]) -> None:
    if isinstance(content, dict) and content.get("kind") == "training_parts":
        about, parts = training_parts()
        explorer.send({"kind": "training_parts", **about}, [*parts.values()])
