"""A Sphinx extension: the reference of the package, without what its docstrings already say."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autodoc import ClassDocumenter


def skip_field(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the fields of a named tuple, which its own docstring describes."""
    return True if type(member).__name__ == "_tuplegetter" else None


class WithoutOverloads(ClassDocumenter):
    """Nothing here is overloaded, and to look for it in the classes above imports TensorFlow."""

    def get_overloaded_signatures(self) -> list:
        """Find none."""
        return []


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    app.add_autodocumenter(WithoutOverloads, override=True)
    app.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
