"""Validation noise: what a search picks, and believes of it, by the size of its validation set."""

from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import SEARCHES, Explorer, drawn_without_repetition
from hpo_helpers.recordings import load_recording


class Measured(NamedTuple):
    """The trials of a search, as it saw them and as they are.

    Attributes
    ----------
    rates : ndarray, shape (trials,)
    measured, true : ndarray, shape (trials,)
        Errors on the validation set, and on all held-out images.
    """

    rates: np.ndarray
    measured: np.ndarray
    true: np.ndarray

    @property
    def optimism(self) -> float:
        """How far the winner's true error lies above what the search saw."""
        return float(self.true[self.winner] - self.measured[self.winner])

    @property
    def winner(self) -> int:
        """The trial that the search picks."""
        return int(self.measured.argmin())

    @property
    def is_best(self) -> bool:
        """Whether no other trial is truly better than the winner."""
        return bool(self.true[self.winner] <= self.true.min())


class ValidationNoise(Explorer):
    """Pick the best of some trials by a validation set that was drawn anew.

    The trials are those of the recording ``softmax_blocks``: softmax regression on the full
    Fashion-MNIST with 41 learning rates. All 22,000 held-out images stand for all images that
    there are; a validation set is drawn from their blocks of 100, with replacement.

    Parameters
    ----------
    size : int
        Images of the validation set: 100, 200, 500, 1000, 2000, 5000 or 10000.
    trials : int
        From 2 to 30, drawn without repetition.
    seed : int
        Of the draws.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = ValidationNoise(size=500, trials=8)
    >>> search = explorer.search()
    >>> len(search.rates), search.winner in range(8)
    (8, True)
    """

    settings = ("size", "trials", "seed")
    sizes = (100, 200, 500, 1000, 2000, 5000, 10_000)
    size = traitlets.Enum(sizes, default_value=200).tag(sync=True)
    trials = traitlets.Int(10, min=2, max=30).tag(sync=True)
    rates = traitlets.List(traitlets.Float()).tag(sync=True)
    block = traitlets.Int().tag(sync=True)
    # Images of each block classified wrongly, by rate and block.
    wrong = traitlets.Bytes().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("softmax_blocks")
        super().__init__(
            rates=recording.table["learning_rate"].tolist(),
            block=recording.images("held_out"),
            wrong=recording.wrong("held_out")[:, :, -1].astype(np.uint8).tobytes(),
            **settings,
        )

    def search(self, seed: int | None = None, size: int | None = None) -> Measured:
        """Return what a search sees and what is true, by default for the present state."""
        wrong = np.frombuffer(self.wrong, np.uint8).reshape(len(self.rates), -1)
        numbers = self.draws(seed)
        chosen = drawn_without_repetition(numbers, len(self.rates), self.trials)
        blocks = [
            int(next(numbers) * wrong.shape[1])
            for _ in range((self.size if size is None else size) // self.block)
        ]
        true = wrong.sum(axis=1) / (wrong.shape[1] * self.block)
        measured = wrong[np.ix_(chosen, blocks)].sum(axis=1) / (len(blocks) * self.block)
        return Measured(np.array(self.rates)[chosen], measured, true[chosen])

    def found(self, size: int | None = None) -> tuple[float, float]:
        """Return how often the best trial is picked, and the winner's mean optimism."""
        searches = [self.search(seed, size) for seed in range(SEARCHES)]
        return (
            float(np.mean([search.is_best for search in searches])),
            float(np.mean([search.optimism for search in searches])),
        )

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        rates, measured, true = seen = self.search()
        margin = np.sqrt(measured * (1 - measured) / self.size)
        _, ax = plt.subplots()
        ax.errorbar(rates, measured, margin, fmt="o", label="measured ± standard error")
        ax.plot(rates, true, "_", color="black", ms=14, mew=2, label="true")
        best, winner = true.argmin(), seen.winner
        label = "true, of the best trial"
        ax.plot(rates[best], true[best], "_", color="C2", ms=16, mew=4, label=label)
        ax.plot(rates[winner], measured[winner], "o", ms=13, mfc="none", mew=2.5, label="picked")
        ax.set(xscale="log", xlabel="learning rate", ylabel="error")
        ax.legend(fontsize=10, loc="upper center")
        plt.show()
