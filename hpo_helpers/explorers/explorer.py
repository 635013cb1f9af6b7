"""What all explorers have in common: their text, and the numbers that they draw."""

import math
from collections.abc import Iterator
from typing import Any

import anywidget
import numpy as np
import traitlets

from hpo_helpers.explorers.modules import FOLDER, modules

# Searches that an explorer compares, under as many seeds from 0.
SEARCHES = 200


def constant(value: Any) -> traitlets.Any:
    """Return a trait that tells the module a constant of the model."""
    return traitlets.Any(value, read_only=True).tag(sync=True)


class Number(traitlets.Float):
    """A float within its bounds; NaN, which compares with neither, is refused as well."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value, or raise a `traitlets.TraitError`."""
        if math.isnan(number := super().validate(obj, value)):
            self.error(obj, value)
        return number


def limits_of(trait: traitlets.TraitType) -> dict[str, Any]:
    """Return what a trait may be set to: its options, its bounds, or what it is tagged with.

    Several numbers within bounds are two, the lowest first, or with a ``length`` at most so many,
    none of them twice.
    """
    if isinstance(trait, traitlets.Enum):
        return {"options": list(trait.values or ())}
    if isinstance(trait, traitlets.Int):
        return {"min": trait.min, "max": trait.max, "whole": True}
    if isinstance(trait, traitlets.Float):
        return {"min": trait.min, "max": trait.max}
    return trait.metadata["limits"]


class Explorer(anywidget.AnyWidget):
    """An AnyWidget whose module lies beside its Python file, under the same name.

    What limits a setting, and the constants of the model, stand in its traits alone: the module
    reads them there.
    """

    # Names of the traits that a reader sets.
    settings: tuple[str, ...] = ()
    # Of the draws; a button of every explorer changes it.
    seed = traitlets.Int(0, min=0, max=2**32 - 1).tag(sync=True)
    searches = constant(SEARCHES)
    # Of each setting, from its trait.
    limits = traitlets.Dict(read_only=True).tag(sync=True)

    def __init_subclass__(cls) -> None:
        """Join the module with what it imports, and its style sheet with the common one."""
        # anywidget makes a subclass of its own for each object, with the texts in it.
        if cls.settings and "_esm" not in vars(cls):
            module = cls.__module__.rpartition(".")[2]
            cls._esm = "\n".join(modules(f"{module}.js").values())
            styles = [FOLDER / "explorers.css", FOLDER / f"{module}.css"]
            cls._css = "".join(each.read_text("utf-8") for each in styles if each.exists())
        super().__init_subclass__()

    def __init__(self, **traits: Any) -> None:
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"{unknown[0]} is no setting; expected one of {list(self.settings)}")
        super().__init__(**traits)

    @traitlets.default("limits")
    def _limits_of_settings(self) -> dict[str, dict[str, Any]]:
        return {name: limits_of(self.traits()[name]) for name in self.settings}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({settings})"

    def draws(self, seed: int | None = None) -> Iterator[float]:
        """Yield the numbers that a seed draws, by default the present one."""
        return draws(self.seed if seed is None else seed)


class RecordedExplorer(Explorer):
    """An explorer of recorded trials, by the images that each of them has classified wrongly."""

    # How many were classified.
    images = traitlets.Int().tag(sync=True)
    # How many of them wrongly, by what an explorer says; as little-endian uint16.
    wrong = traitlets.Bytes().tag(sync=True)

    def counts(self, *shape: int) -> np.ndarray:
        """Return how many images were classified wrongly, in this shape."""
        return np.frombuffer(self.wrong, "<u2").reshape(shape)


def draws(seed: int) -> Iterator[float]:
    """Yield the numbers in [0, 1) that ``draws`` yields in JavaScript: mulberry32.

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
