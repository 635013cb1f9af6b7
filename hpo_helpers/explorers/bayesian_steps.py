"""Bayesian optimization, step by step: what a Gaussian process believes, and tries next."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.bayesian import expected_improvement
from hpo_helpers.explorers.explorer import Number, RecordedExplorer, constant
from hpo_helpers.gaussian import JITTER, GaussianProcess
from hpo_helpers.plots import log_ticks
from hpo_helpers.recordings import load_recording

FIRST = 2


class Belief(NamedTuple):
    """What is believed after some trials, in standardised logarithms of the error.

    Attributes
    ----------
    tried : list of int
        Places of the trials among the recorded rates, in order.
    center, scale : float
        Mean and standard deviation of the logarithms of their errors.
    mean, deviation, improvement : ndarray, shape (rates,)
        Of the posterior, and the expected improvement.
    next : int
        Place of the rate that is tried next.
    """

    tried: list[int]
    center: float
    scale: float
    mean: np.ndarray
    deviation: np.ndarray
    improvement: np.ndarray
    next: int


class BayesianSteps(RecordedExplorer):
    """Search a recorded response by expected improvement, one trial after another.

    The trials are those of the recording ``softmax_full`` at batches of 16 after eight epochs.
    The Gaussian process models the logarithm of the error over the logarithm of the rate, with a
    Matern 5/2 kernel and the length scale and noise that are set.

    Parameters
    ----------
    trials : int
        From 2, which are drawn at random, to 15.
    length_scale : float
        From 0.02 to 1, as a share of the whole range of rates.
    noise : float
        Standard deviation of a trial, from 0 to 1, where 1 is that of the trials so far.
    exploration : float
        What a trial has to improve on the incumbent before it counts, from 0 to 2, in the same
        unit.
    seed : int
        Of the first two trials.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = BayesianSteps(trials=4)
    >>> [len(belief.tried) for belief in explorer.beliefs()]
    [2, 3, 4]
    """

    settings = ("trials", "length_scale", "noise", "exploration", "seed")
    trials = traitlets.Int(3, min=FIRST, max=15).tag(sync=True)
    length_scale = Number(0.15, min=0.02, max=1).tag(sync=True)
    noise = Number(0.05, min=0, max=1).tag(sync=True)
    exploration = Number(0.0, min=0, max=2).tag(sync=True)
    # Those that were recorded; what is wrong is stored by rate.
    rates = traitlets.List(traitlets.Float()).tag(sync=True)
    # Trials that are drawn at random.
    first = constant(FIRST)

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("softmax_full").where(batch_size=16, seed=0)
        super().__init__(
            rates=recording.table["learning_rate"].tolist(),
            images=recording.images("validation"),
            wrong=recording.wrong("validation")[:, 7].astype("<u2").tobytes(),
            **settings,
        )

    def response(self) -> np.ndarray:
        """Return the recorded validation error at each rate."""
        return self.counts(-1) / self.images

    def beliefs(self) -> list[Belief]:
        """Return what is believed after the first trials, and after each that follows."""
        size = len(self.rates)
        numbers = itertools.islice(self.draws(), FIRST)
        tried = [min(size - 1, int(number * size)) for number in numbers]
        found = [self.belief(tried)]
        while len(tried) < self.trials:
            tried = [*tried, found[-1].next]
            found.append(self.belief(tried))
        return found

    def belief(self, tried: list[int]) -> Belief:
        """Return what is believed after these trials, and which comes next."""
        logs = np.log(self.response())
        places = np.linspace(0, 1, len(self.rates))[:, None]
        seen = logs[tried]
        center, scale = seen.mean(), max(seen.std(), 1e-6)
        # On the diagonal as much as in the JavaScript.
        theta = np.log([self.length_scale, 1, self.noise**2 + 1e-6 - JITTER])
        values, one_scale = (seen - center) / scale, np.array([0])
        process = GaussianProcess(places[tried], values, one_scale, theta)
        mean, deviation = process.predict(places)
        best = (seen.min() - center) / scale
        improvement = expected_improvement(mean, deviation, best, self.exploration)
        # What is recorded gives the same error again, so that a second look teaches nothing.
        candidates = np.where(np.isin(np.arange(len(logs)), tried), -np.inf, improvement)
        return Belief(tried, center, scale, mean, deviation, improvement, int(candidates.argmax()))

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        belief = self.beliefs()[-1]
        errors, rates = self.response(), np.array(self.rates)
        low, middle, high = (
            np.exp(belief.center + belief.scale * (belief.mean + k * belief.deviation))
            for k in (-2, 0, 2)
        )
        _, (upper, lower) = plt.subplots(2, sharex=True, height_ratios=[3, 1], figsize=(6, 4.6))
        upper.loglog(rates, errors, color="#888888", lw=1, label="recorded")
        upper.plot(rates, middle, color="C0", label="posterior mean")
        upper.fill_between(rates, low, high, color="C0", alpha=0.2, lw=0)
        upper.plot(rates[belief.tried], errors[belief.tried], "o", color="C1", label="trials")
        upper.set(ylabel="validation error", ylim=(0.1, 1.5))
        log_ticks(upper, y=[0.1, 0.2, 0.5, 1])
        upper.legend(fontsize=10)
        lower.plot(rates, belief.improvement, color="C2")
        for ax in (upper, lower):
            ax.axvline(rates[belief.next], color="C2", ls="--")
        lower.set(xlabel="learning rate", ylabel="expected\nimprovement")
        plt.show()
