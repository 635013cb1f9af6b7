"""A Sphinx extension: the site goes without what the theme loads on every page for nothing.

The theme draws its icons twice: by a web font, and by a script of 1.5 MB that carries two
thousand of them. The font is enough, and of its three files the one with the icons that are there:
those of companies are only for the buttons of a repository.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

IDLE_FONT = re.compile(r'\s*<link rel="preload" as="font"[^>]*/fa-(?:brands|regular)[^>]*>')
ICON_SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")


def drop_icon_script(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    has_buttons = bool(app.config.html_theme_options.get("repository_url"))
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "<main" not in text:  # not a page of the theme
            continue
        text, dropped = ICON_SCRIPT.subn("", text)
        if not dropped:
            raise ExtensionError(
                f"{page} has no icon script; has the theme dropped it? See {__file__}"
            )
        page.write_text(text if has_buttons else IDLE_FONT.sub("", text), encoding="utf-8")
    idle = [] if has_buttons else ["fa-brands*", "fa-regular*"]
    for pattern in ("fontawesome.js*", "*.map", "fa-*.ttf", *idle):
        for left_over in site.rglob(pattern):
            left_over.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
