"""A Sphinx extension: the site gets what it trains with, in a script that a page loads when asked.

A script, for a page that was opened from a folder may fetch nothing.
"""

import base64
import json
from pathlib import Path

from sphinx.application import Sphinx

from hpo_helpers.explorers.engine import training_parts


def write_parts(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    about, parts = training_parts()
    texts = {name: base64.b64encode(content).decode() for name, content in parts.items()}
    script = f"globalThis.trainingParts = {json.dumps(about | texts)};\n"
    Path(app.outdir, "_static", "training_parts.js").write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write_parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
