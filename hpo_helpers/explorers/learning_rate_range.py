"""The learning-rate range: what a random search finds depends on where it draws."""

import itertools
from typing import Any

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import RecordedExplorer
from hpo_helpers.explorers.training import TrainingExplorer
from hpo_helpers.plots import log_ticks
from hpo_helpers.recordings import load_recording

LOWEST, HIGHEST = 1e-6, 10.0
BATCH_SIZES = [8, 16, 32, 64, 128, 256]
KNOBS = ["learning_rate_range", "trials", "epochs", "batch_size", "scale"]


class LearningRateRange(TrainingExplorer, RecordedExplorer):
    """Draw learning rates from a range, and see what recorded trainings gave at them.

    The trials are those of the recording ``softmax_full``: softmax regression on the full
    Fashion-MNIST, 141 learning rates by six batch sizes, 16 epochs. A draw is answered by the
    nearest recorded rate. Where a reader asks for it, the page trains the drawn rates itself, on
    2,000 images.

    Parameters
    ----------
    learning_rate_range : tuple of float
        Lowest and highest learning rate, from 1e-6 to 10.
    scale : {"log", "linear"}
        Of the draw.
    trials : int
        From 1 to 100.
    seed : int
        Of the draw.
    epochs : int
        From 1 to 16.
    batch_size : int
        8, 16, 32, 64, 128 or 256.
    source : {"recorded", "here"}
        Whether trials are recorded, or trained in the page.
    knobs : list of str
        Which of these settings can be moved; by default all but the seed, which a button changes.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = LearningRateRange(learning_rate_range=(0.01, 1), trials=20)
    >>> rates, errors = explorer.drawn()
    >>> len(rates), round(float(errors.min()), 1)
    (20, 0.2)
    """

    settings = ("learning_rate_range", "scale", "trials", "seed", "epochs", "batch_size", "source")
    learning_rate_range = traitlets.Tuple(
        traitlets.Float(), traitlets.Float(), default_value=(1e-4, 1.0)
    ).tag(sync=True, limits={"min": LOWEST, "max": HIGHEST})
    scale = traitlets.Enum(["log", "linear"], default_value="log").tag(sync=True)
    trials = traitlets.Int(10, min=1, max=100).tag(sync=True)
    epochs = traitlets.Int(8, min=1, max=16).tag(sync=True)
    batch_size = traitlets.Enum(BATCH_SIZES, default_value=16).tag(sync=True)
    knobs = traitlets.List(traitlets.Enum(KNOBS), default_value=KNOBS).tag(sync=True)
    # Those that were recorded; what is wrong is stored by batch size, epoch and rate.
    rates = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("softmax_full").where(seed=0)
        wrong = np.stack([recording.where(batch_size=b).wrong("validation").T for b in BATCH_SIZES])
        super().__init__(
            rates=sorted(set(recording.table["learning_rate"].tolist())),
            images=recording.images("validation"),
            wrong=wrong.astype("<u2").tobytes(),
            **settings,
        )

    @traitlets.validate("learning_rate_range")
    def _check_range(self, proposal: Any) -> tuple[float, float]:
        low, high = proposal["value"]
        if not LOWEST * 0.999 <= low <= high <= HIGHEST * 1.001:
            raise traitlets.TraitError(
                f"learning_rate_range is {(low, high)}; expected two rates from 1e-6 to 10, "
                "the lowest first"
            )
        return low, high

    def response(self) -> np.ndarray:
        """Return the recorded validation error at each rate, for the epochs and batch size."""
        wrong = self.counts(len(BATCH_SIZES), -1, len(self.rates))
        return wrong[BATCH_SIZES.index(self.batch_size), self.epochs - 1] / self.images

    def good(self) -> np.ndarray:
        """Return which of the recorded rates are the best twentieth."""
        errors = self.response()
        return errors <= np.sort(errors)[round(len(errors) / 20) - 1]

    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the learning rates of the trials, and their recorded validation errors."""
        low, high = self.learning_rate_range
        shares = np.array(list(itertools.islice(self.draws(), self.trials)))
        logarithmic = self.scale == "log"
        drawn = low * (high / low) ** shares if logarithmic else low + (high - low) * shares
        first, last = np.log(self.rates[0]), np.log(self.rates[-1])
        places = (np.log(drawn) - first) / (last - first) * (len(self.rates) - 1)
        rows = np.clip(np.floor(places + 0.5), 0, len(self.rates) - 1).astype(int)
        return drawn, self.response()[rows]

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        drawn, errors = self.drawn()
        best = errors.argmin()
        _, ax = plt.subplots()
        ax.axvspan(*self.learning_rate_range, color="#cccccc", alpha=0.5, lw=0)
        ax.semilogx(self.rates, self.response(), color="#444444", label="recorded")
        ax.plot(drawn, errors, "o", label="trials")
        ax.plot(drawn[best], errors[best], "o", ms=12, mfc="none", mew=2.5, label="incumbent")
        good = np.array(self.rates)[self.good()]
        label = "best 5 % of all recorded rates"
        ax.plot(good, np.full(len(good), 0.143), "s", color="C2", ms=4, label=label)
        ax.set(xlabel="learning rate", ylabel="validation error", yscale="log", ylim=(0.14, 1))
        log_ticks(ax, y=[0.15, 0.2, 0.3, 0.5, 0.9])
        ax.legend()
        plt.show()
