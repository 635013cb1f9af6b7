"""The price of time: which trial wins when a multiplication costs something, too."""

from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import (
    Number,
    RecordedExplorer,
    constant,
    drawn_without_repetition,
)
from hpo_helpers.plots import log_ticks
from hpo_helpers.recordings import load_mlp_seconds, load_recording

CONFIGS = 300
# Each configuration is a trial at any of these lengths: with constant rates a short training
# is the beginning of a long one.
EPOCHS = (1, 3, 9, 27)
LEARNED = 2000


class Drawn(NamedTuple):
    """The trials of a draw.

    Attributes
    ----------
    rows : list of int
        Of the recorded trials: four lengths a configuration.
    wrong : ndarray of int, shape (trials,)
        Validation images classified wrongly.
    costs : ndarray, shape (trials,)
        Billions of multiplications of a training.
    """

    rows: list[int]
    wrong: np.ndarray
    costs: np.ndarray


class PriceOfTime(RecordedExplorer):
    """Set the price of a multiplication and a limit, and see which trial wins.

    The trials are those of the recording ``mlp`` that were trained first, under seed 0, each
    after 1, 3, 9 and 27 epochs. A training costs three multiplications a weight, image and epoch.

    Parameters
    ----------
    price : float
        Percentage points of error that a billion multiplications are worth, from 0.001 to 100.
    limit : float
        Billions of multiplications that a training may cost, from 0.1 to 25.
    trials : int
        From 10 to 300, drawn without repetition.
    seed : int
        Of the draws.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> cheap, dear = PriceOfTime(price=100.0), PriceOfTime(price=0.001)
    >>> costs = cheap.drawn().costs
    >>> bool(costs[cheap.winner()] < costs[dear.winner()])
    True
    """

    settings = ("price", "limit", "trials", "seed")
    price = Number(1.0, min=0.001, max=100).tag(sync=True)
    limit = Number(25.0, min=0.1, max=25).tag(sync=True)
    trials = traitlets.Int(100, min=10, max=300).tag(sync=True)
    lengths = constant(list(EPOCHS))
    learned = constant(LEARNED)
    # Of each configuration.
    weights = traitlets.List(traitlets.Int()).tag(sync=True)
    seconds = traitlets.List(traitlets.Float()).tag(sync=True)
    about = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recording = load_recording("mlp").where(seed=0)
        rows = recording.table[:CONFIGS].to_dict("records")
        seconds_of = load_mlp_seconds()
        wrong = recording.wrong("validation")[:CONFIGS, [epochs - 1 for epochs in EPOCHS]]
        super().__init__(
            images=recording.images("validation"),
            wrong=wrong.astype("<u2").tobytes(),
            weights=[weights_of(row["layers"], row["units"]) for row in rows],
            seconds=[seconds_of(row, 1) for row in rows],
            about=[shape_of(row["layers"], row["units"]) for row in rows],
            **settings,
        )

    def drawn(self) -> Drawn:
        """Return the trials that the present seed draws."""
        size = len(self.weights) * len(EPOCHS)
        rows = drawn_without_repetition(self.draws(), size, self.trials)
        costs = [
            3 * self.weights[row // len(EPOCHS)] * LEARNED * EPOCHS[row % len(EPOCHS)] / 1e9
            for row in rows
        ]
        return Drawn(rows, self.counts(size)[rows].astype(int), np.array(costs))

    def front(self) -> list[int]:
        """Return the places of the trials that no other dominates, the cheapest first."""
        _, wrong, costs = self.drawn()
        return nondominated(wrong, costs)

    def winner(self) -> int | None:
        """Return the place of the trial with the lowest error and price; None within no limit."""
        _, wrong, costs = self.drawn()
        paid = 100 * wrong / self.images + self.price * costs
        paid[costs > self.limit] = np.inf
        return int(paid.argmin()) if np.isfinite(paid).any() else None

    def priced(self) -> list[int]:
        """Return the places of the trials of the front that win at some price."""
        _, wrong, costs = self.drawn()
        return hull(nondominated(wrong, costs), wrong, costs)

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        _, wrong, costs = self.drawn()
        errors, front, winner = wrong / self.images, self.front(), self.winner()
        _, ax = plt.subplots()
        ax.plot(costs, errors, "o", ms=5, alpha=0.6, label="trial")
        ax.step(costs[front], errors[front], "C2", where="post", label="front")
        if winner is not None:
            paid = 100 * errors[winner] + self.price * costs[winner]
            across = np.geomspace(0.06, 25, 121)
            ax.plot(
                across, (paid - self.price * across) / 100, "k--", label="as good as the winner"
            )
            ax.plot(
                costs[winner], errors[winner], "C1o", ms=13, mfc="none", mew=2.5, label="winner"
            )
        ax.set(xlabel="billions of multiplications", ylabel="validation error")
        ax.set(xscale="log", yscale="log", xlim=(0.06, 25), ylim=(0.14, 0.62))
        log_ticks(ax, x=[0.1, 0.3, 1, 3, 10], y=[0.15, 0.2, 0.3, 0.4, 0.6])
        ax.legend(fontsize=10, loc="upper right")
        plt.show()


def shape_of(layers: int, units: int) -> str:
    """Say what a network looks like."""
    return f"{layers} layer{'' if layers == 1 else 's'} of {units} units"


def weights_of(layers: int, units: int) -> int:
    """Return how many weights a network of the recording ``mlp`` has, without the biases."""
    return 784 * units + (layers - 1) * units**2 + 10 * units


def nondominated(wrong: np.ndarray, costs: np.ndarray) -> list[int]:
    """Return the places of the trials that no other dominates, the cheapest first.

    Of trials that are alike in both, the first stands for all.

    Examples
    --------
    >>> nondominated(np.array([9, 5, 7, 4]), np.array([1.0, 2.0, 3.0, 4.0]))
    [0, 1, 3]
    """
    front: list[int] = []
    for place in np.lexsort((wrong, costs)):
        if not front or wrong[place] < wrong[front[-1]]:
            front.append(int(place))
    return front


def hull(front: list[int], wrong: np.ndarray, costs: np.ndarray) -> list[int]:
    """Return those of a front that a straight line touches from below: its lower convex hull.

    References
    ----------
    A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions", 1979.

    Examples
    --------
    >>> hull([0, 1, 2], np.array([10, 8, 0]), np.array([0.0, 1.0, 2.0]))
    [0, 2]
    """
    kept: list[int] = []
    for place in front:
        while len(kept) > 1:
            first, last = kept[-2:]
            fall = (wrong[last] - wrong[first]) * (costs[place] - costs[first])
            if fall < (wrong[place] - wrong[first]) * (costs[last] - costs[first]):
                break
            kept.pop()
        kept.append(place)
    return kept
