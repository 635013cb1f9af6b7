"""A Sphinx extension: the reference of the package, without what its docstrings already say."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer, PycodeError


def skip_field(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the fields of a named tuple, which its own docstring describes."""
    return True if type(member).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> dict[str, bool]:
    # Sphinx reads the source of every base class, and imports TensorFlow to find this one.
    ModuleAnalyzer.cache["module", "d2l.tensorflow"] = PycodeError("left alone")
    app.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
