"""A Sphinx extension: which buttons the bar above a page has.

Once `_config.yml` names a repository, they lead there. Without one they would lead nowhere, and
there are none.
"""

from sphinx.application import Sphinx
from sphinx.config import Config

BUTTONS = {
    "use_repository_button": True,
    "use_issues_button": True,
    "use_edit_page_button": True,
}
LAUNCH = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


def add_buttons(_: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    # The sidebar has a search field; the bar would repeat it.
    options["navbar_persistent"] = []
    if options.get("repository_url"):
        options |= BUTTONS
        options["launch_buttons"] = {**options.get("launch_buttons", {}), **LAUNCH}


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", add_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
