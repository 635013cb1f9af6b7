"""Successive halving: recorded learning curves, and what is found if most of them are cut."""

from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import (
    SEARCHES,
    RecordedExplorer,
    drawn_without_repetition,
)
from hpo_helpers.explorers.training import TrainingExplorer
from hpo_helpers.plots import log_ticks
from hpo_helpers.recordings import load_recording
from hpo_helpers.schedulers import Rung, halving_rungs

R_MINS = (1, 2, 3, 5, 9, 27)
# Recorded configurations that are drawn from.
CONFIGS = 300


class Cut(NamedTuple):
    """A draw of configurations after successive halving.

    Attributes
    ----------
    curves : ndarray of int, shape (trials, epochs)
        Validation images classified wrongly after each epoch, trained for or not.
    trained : ndarray of int, shape (trials,)
        Epochs that each trial was given.
    last : list of int
        The trials of the last rung, the best first.
    """

    curves: np.ndarray
    trained: np.ndarray
    last: list[int]

    @property
    def is_kept(self) -> bool:
        """Whether a trial of the lowest last error, under this seed, is in the last rung."""
        final = self.curves[:, -1]
        return bool(final[self.last].min() == final.min())

    @property
    def shortfall(self) -> int:
        """Images that the winner of the last rung has wrong above the lowest, at the end."""
        final = self.curves[:, -1]
        return int(final[self.last[0]] - final.min())


class Halving(TrainingExplorer, RecordedExplorer):
    """Cut the recorded learning curves of some configurations by successive halving.

    The curves are those of the first 300 configurations of the recording ``mlp``, seed 0, over
    27 epochs. A network that diverged counts as wrong on all images. Where a reader asks for it,
    the page trains networks of its own, and those that are cut no further.

    Parameters
    ----------
    trials : int
        Of the first rung, from 3 to 81, drawn without repetition.
    eta : int
        One trial in so many goes on, from 2 to 4.
    r_min : int
        Epochs of the first rung: 1, 2, 3, 5, 9 or 27.
    seed : int
        Of the draw.
    source : {"recorded", "here"}
        Whether trials are recorded, or trained in the page.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = Halving(trials=9, eta=3, r_min=3)
    >>> explorer.rungs
    [Rung(trials=9, epochs=3), Rung(trials=3, epochs=9), Rung(trials=1, epochs=27)]
    >>> int(explorer.search().trained.sum())
    63
    """

    settings = ("trials", "eta", "r_min", "seed", "source")
    trials = traitlets.Int(27, min=3, max=81).tag(sync=True)
    eta = traitlets.Int(3, min=2, max=4).tag(sync=True)
    r_min = traitlets.Enum(R_MINS, default_value=1).tag(sync=True)
    # Those that were recorded; what is wrong is stored by configuration and epoch.
    epochs = traitlets.Int().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("mlp").where(seed=0)
        wrong = recording.wrong("validation")[:CONFIGS]
        super().__init__(
            images=recording.images("validation"),
            epochs=wrong.shape[1],
            wrong=wrong.astype("<u2").tobytes(),
            **settings,
        )

    @property
    def rungs(self) -> list[Rung]:
        """The rungs, as the package's scheduler has them."""
        return halving_rungs(
            self.trials, min_epochs=self.r_min, max_epochs=self.epochs, eta=self.eta
        )

    def rows(self, seed: int | None = None) -> list[int]:
        """Return which of the recorded configurations are drawn."""
        numbers = self.draws(seed)
        return drawn_without_repetition(numbers, len(self.counts(-1, self.epochs)), self.trials)

    def search(self, seed: int | None = None) -> Cut:
        """Return what is drawn and cut, by default for the present seed."""
        curves = self.counts(-1, self.epochs).astype(int)[self.rows(seed)]
        trained = np.zeros(self.trials, int)
        ranked = list(range(self.trials))
        for trials, epochs in self.rungs:
            last = ranked[:trials]
            trained[last] = epochs
            ranked = sorted(last, key=lambda number: (curves[number, epochs - 1], number))
        return Cut(curves, trained, ranked)

    def found(self) -> tuple[int, int]:
        """Return, over many draws, how often the lowest last error is kept, and the shortfalls."""
        cuts = [self.search(seed) for seed in range(SEARCHES)]
        return sum(cut.is_kept for cut in cuts), sum(cut.shortfall for cut in cuts)

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        curves, trained, last = self.search()
        errors, after = curves / self.images, np.arange(1, self.epochs + 1)
        lowest = curves[:, -1].argmin()
        _, ax = plt.subplots()
        for rung in self.rungs:
            ax.axvline(rung.epochs, color="#888888", lw=1, ls="--")
        ax.plot(after, errors[lowest], color="C2", lw=6, alpha=0.4, label="lowest last error")
        for number, epochs in enumerate(trained):
            color, width = ("C1", 2.5) if number in last else ("C0", 1)
            ax.plot(after, errors[number], color="#d5d5d5", lw=0.8, zorder=1)
            ax.plot(after[:epochs], errors[number, :epochs], color=color, lw=width, marker=".")
        ax.plot([], [], color="C0", lw=1, marker=".", label="cut")
        ax.plot([], [], color="C1", lw=2.5, label="in the last rung")
        ax.set(xlabel="epochs", ylabel="validation error", xscale="log", yscale="log")
        log_ticks(ax, y=[0.2, 0.3, 0.5, 0.9], x=[1, 3, 9, 27])
        ax.legend(fontsize=10)
        plt.show()
