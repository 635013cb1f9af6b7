"""The files of a recording: what stands in them beside the numbers, and what is unfinished."""

import datetime
import importlib.metadata
import json
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNFINISHED = Path(__file__).parents[1] / "_build" / "recordings"


def described(name: str, *packages: str, **settings: Any) -> dict[str, Any]:
    """Return what a recording is stored with: its command, its settings, date and versions.

    Parameters
    ----------
    name : str
        Of the recording.
    *packages : str
        By the names under which they are imported.
    **settings
        Whatever else decides what it holds.

    Returns
    -------
    dict

    Examples
    --------
    >>> about = described("mlp", "numpy", epochs=27)
    >>> list(about), about["command"]
    (['command', 'epochs', 'date', 'versions'], 'python -m recorder mlp')
    """
    return {"command": f"python -m recorder {name}", **settings, **provenance(*packages)}


def provenance(*packages: str) -> dict[str, Any]:
    """Return the date, and the versions of Python and of some packages.

    Parameters
    ----------
    *packages : str
        By the names under which they are imported.

    Returns
    -------
    dict

    Examples
    --------
    >>> sorted(provenance("numpy")["versions"])
    ['numpy', 'python']
    """
    # A package may come from a distribution of another name: tensorflow from tensorflow-cpu.
    distributions = importlib.metadata.packages_distributions()
    versions = {name: importlib.metadata.version(distributions[name][0]) for name in packages}
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), **versions},
    }


def write_json(path: Path, recording: dict[str, Any], rows: str | None = None) -> Path:
    """Write a recording so that a difference can be read: each of its rows on a line.

    Parameters
    ----------
    path : Path
    recording : dict
    rows : str, optional
        The name of its list of rows.

    Returns
    -------
    Path
        Where it was written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "few.json"
    >>> path = write_json(path, {"seed": 0, "trials": [{"x": 1}, {"x": 2}]}, "trials")
    >>> print(path.read_text(encoding="utf-8"), end="")
    {
      "seed": 0,
      "trials": [
        {"x": 1},
        {"x": 2}
      ]
    }
    """
    text = json.dumps({**recording, rows: []} if rows else recording, indent=2)
    if rows:
        lines = ",\n".join("    " + json.dumps(row) for row in recording[rows])
        text = text.replace(f'"{rows}": []', f'"{rows}": [\n{lines}\n  ]')
    path.write_text(text + "\n", encoding="utf-8")
    return path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write a file that is there as a whole, or not at all if the writing is interrupted.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.

    Yields
    ------
    Path
        Where to write; it becomes `path` at the end.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp()) / "deep" / "few.txt"
    >>> with written_whole(path) as part:
    ...     _ = part.write_text("all of it", encoding="utf-8")
    ...     path.exists()
    False
    >>> path.exists()
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        yield part
        part.rename(path)
