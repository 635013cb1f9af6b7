"""The JavaScript of the explorers: modules, and the one text that they are joined to."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import [^;]* from "(\.\.?/(?:\w+/)?\w+\.js)";\n', re.MULTILINE)


def modules(name: str) -> dict[str, str]:
    """Return the texts of a module and, before it, of those that it imports, without imports.

    Joined they are one module: a Blob has nothing beside it to import. Names are paths below the
    folder of the explorers.
    """
    path = FOLDER / name
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for other in IMPORT.findall(text):
        beside = (path.parent / other).resolve()
        found |= modules(beside.relative_to(FOLDER.resolve()).as_posix())
    return found | {name: IMPORT.sub("", text)}


def script(*names: str) -> str:
    """Return modules and what they import as one classic script, which exports nothing."""
    texts = {name: text for each in names for name, text in modules(each).items()}
    return re.sub(r"^export (?=\w)", "", "\n".join(texts.values()), flags=re.MULTILINE)
