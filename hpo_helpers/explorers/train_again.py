"""Train again: the winner of a search and a calmer configuration, run after run."""

from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt
from scipy import stats

from hpo_helpers.explorers.explorer import RecordedExplorer, constant, drawn_without_repetition
from hpo_helpers.recordings import load_recording

# By their places among the 4,000 trials of the search.
TRIALS = {"A": 2983, "B": 1706}
SOURCES = {
    "weights": "weights",
    "order of batches": "batches",
    "split": "split",
    "all three": "together",
}
RUNS = 100


class Again(NamedTuple):
    """What came of some runs of A and B, in images that are classified wrongly.

    Attributes
    ----------
    gap : float
        By how much the mean of A lies above that of B.
    margin : float
        Of its 95 % interval; of one run of each there is none, and it is infinite.
    lower : int
        Runs in which A was lower than the run of B beside it.
    """

    gap: float
    margin: float
    lower: int


class TrainAgain(RecordedExplorer):
    """Train the winner of a search again, beside another configuration, and compare.

    The runs are those of the recording ``variance``: two of 4,000 configurations, each trained
    a hundred times with new weights, with a new order of the batches, with a new split, and with
    all three.

    Parameters
    ----------
    new : {"weights", "order of batches", "split", "all three"}
        What differs from run to run.
    runs : int
        From 0 to 100: how often each was trained again.
    seed : int
        Of the order in which the recorded runs come.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> again = TrainAgain(runs=5)
    >>> again.errors().shape
    (2, 5)
    """

    settings = ("new", "runs", "seed")
    new = traitlets.Enum(list(SOURCES), default_value="all three").tag(sync=True)
    runs = traitlets.Int(0, min=0, max=RUNS).tag(sync=True)
    # Images wrong in the search, of A and of B.
    promised = traitlets.List(traitlets.Int()).tag(sync=True)
    # Of Student's t, by its degrees of freedom from 1.
    quantiles = constant([round(float(stats.t.ppf(0.975, k)), 6) for k in range(1, 2 * RUNS)])

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("variance")
        wrong = [
            recording.where(varied=source, mlp_trial=trial).wrong("validation")[:, -1]
            for source in SOURCES.values()
            for trial in TRIALS.values()
        ]
        search = load_recording("mlp").where(seed=0).wrong("validation")[:, -1]
        super().__init__(
            images=recording.images("validation"),
            wrong=np.array(wrong).astype("<u2").tobytes(),
            promised=[int(search[trial]) for trial in TRIALS.values()],
            **settings,
        )

    def again(self) -> np.ndarray:
        """Return images wrong in the runs so far, shape (2, runs)."""
        orders = [drawn_without_repetition(n, RUNS, RUNS) for n in [self.draws()] for _ in TRIALS]
        recorded = self.counts(len(SOURCES), len(TRIALS), RUNS)[list(SOURCES).index(self.new)]
        runs = zip(recorded, orders, strict=True)
        return np.array([wrong[order[: self.runs]] for wrong, order in runs]).astype(int)

    def errors(self) -> np.ndarray:
        """Return the validation errors of the runs so far, shape (2, runs)."""
        return self.again() / self.images

    def compared(self) -> Again:
        """Return how A and B compare after at least one run of each, by Welch's t."""
        a, b = self.again()
        gap, lower = float(a.mean() - b.mean()), int(np.sum(a < b))
        if self.runs == 1:
            return Again(gap, np.inf, lower)
        # The freedom of the larger variance alone, which is never too much.
        margin = self.quantiles[self.runs - 2] * np.sqrt(
            (a.var(ddof=1) + b.var(ddof=1)) / self.runs
        )
        return Again(gap, float(margin), lower)

    def picture(self) -> None:
        """Draw all recorded runs, for where nothing moves: in print, or without JavaScript."""
        recorded = self.counts(len(SOURCES), len(TRIALS), RUNS) / self.images
        spread = 0.12 * ((np.arange(RUNS) * 0.6180339887) % 1 - 0.5)
        _, ax = plt.subplots(figsize=(6.4, 4.2))
        for row, pair in enumerate(recorded):
            for place, (errors, color) in enumerate(zip(pair, ["C1", "C0"], strict=True)):
                height = row + 0.36 * place - 0.18
                ax.plot(errors, height + 2 * spread, "o", ms=3, alpha=0.6, color=color)
                ax.plot(errors.mean(), height, "k|", ms=14, mew=2.5)
        for wrong, color, label in zip(self.promised, ["C1", "C0"], TRIALS, strict=True):
            ax.axvline(wrong / self.images, color=color, lw=1.2, ls="--", label=label)
        ax.set_yticks(range(len(SOURCES)), [f"new:\n{source}" for source in SOURCES])
        ax.set(xlabel="validation error", xscale="log", xlim=(0.148, 0.33))
        ax.set_xticks([0.15, 0.2, 0.25, 0.3], ["0.15", "0.2", "0.25", "0.3"])
        ax.minorticks_off()
        ax.invert_yaxis()
        ax.legend(title="in the search", loc="upper right")
        plt.show()
