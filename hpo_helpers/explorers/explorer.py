"""What all explorers have in common: their text, and the numbers that they draw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anywidget
import traitlets

FOLDER = Path(__file__).parent
# Searches that an explorer compares, under as many seeds from 0.
SEARCHES = 200


class Explorer(anywidget.AnyWidget):
    """An AnyWidget whose module lies beside its Python file, under the same name."""

    # Names of the traits that a reader sets.
    settings: tuple[str, ...] = ()
    # Code that stands in front of the module: a Blob has nothing beside it to import.
    parts: tuple[str, ...] = ("shared.js",)
    # Of the draws; a button of every explorer changes it.
    seed = traitlets.Int(0, min=0, max=2**32 - 1).tag(sync=True)

    def __init_subclass__(cls) -> None:
        """Put the module together from its parts."""
        # anywidget makes a subclass of its own for each object, with the texts in it.
        if cls.settings and "_esm" not in vars(cls):
            module = cls.__module__.rpartition(".")[2]
            texts = [(FOLDER / name).read_text() for name in (*cls.parts, f"{module}.js")]
            cls._esm = "\n".join(texts)
            cls._css = (FOLDER / "explorers.css").read_text()
        super().__init_subclass__()

    def __init__(self, **traits: Any) -> None:
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"{unknown[0]} is no setting; expected one of {list(self.settings)}")
        super().__init__(**traits)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({settings})"


def draws(seed: int) -> Iterator[float]:
    """Yield the numbers in [0, 1) that ``generator`` draws in JavaScript: mulberry32.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Examples
    --------
    >>> numbers = draws(0)
    >>> [round(next(numbers), 6) for _ in range(3)]
    [0.266429, 0.00033, 0.223272]
    """
    state = seed
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61) & 0xFFFFFFFF)) & 0xFFFFFFFF
        yield (t ^ (t >> 14)) / 2**32


def drawn_without_repetition(numbers: Iterator[float], size: int, count: int) -> list[int]:
    """Draw `count` of the first `size` whole numbers, as ``drawnWithoutRepetition`` does.

    Parameters
    ----------
    numbers : iterator of float
        In [0, 1), such as `draws`.
    size, count : int

    References
    ----------
    R. A. Fisher, F. Yates, *Statistical Tables for Biological, Agricultural and Medical
    Research*, 1938.
    """
    rows = list(range(size))
    for place in range(count):
        other = place + int(next(numbers) * (size - place))
        rows[place], rows[other] = rows[other], rows[place]
    return rows[:count]
