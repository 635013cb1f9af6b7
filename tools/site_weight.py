"""A Sphinx extension: the site goes without what the theme loads on every page for nothing.

The theme draws its icons twice: by a web font, and by a script of 1.5 MB that carries two
thousand of them. The font is enough, and of its files that of the brands is used by no page.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ICON_SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")


def drop_icon_script(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "<main" not in text:  # not a page of the theme
            continue
        text, dropped = ICON_SCRIPT.subn("", text)
        if not dropped:
            raise ExtensionError(
                f"{page} has no icon script; has the theme dropped it? See {__file__}"
            )
        if 'class="fa-brands' in text:
            raise ExtensionError(f"{page} shows a brand, whose font is dropped. See {__file__}")
        page.write_text(text, encoding="utf-8")
    for pattern in ("fontawesome.js*", "*.map", "fa-*.ttf", "fa-brands*"):
        for left_over in site.rglob(pattern):
            left_over.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
