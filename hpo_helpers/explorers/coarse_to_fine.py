"""Coarse to fine: rounds of trials in ever smaller boxes, on recorded errors."""

import numpy as np
import traitlets
from matplotlib import pyplot as plt
from scipy import stats

from hpo_helpers.explorers.explorer import SEARCHES, Number
from hpo_helpers.explorers.surfaces import SurfaceExplorer
from hpo_helpers.searchers import CoarseToFine
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.trials import Trial

# In which the places on a recorded surface are told to the searcher.
SQUARE = ConfigSpace({"x": stats.uniform(0, 1), "y": stats.uniform(0, 1)})


class CoarseToFineRounds(SurfaceExplorer):
    """Search a recorded surface in rounds, beside a random search of the same budget.

    Parameters
    ----------
    rounds : int
        From 1 to 6.
    trials : int
        Of a round, from 2 to 20.
    shrink : float
        Side of a box as a share of the side before, from 0.1 to 1.
    surface : {"one axis matters", "both axes matter"}
        As for `GridOrRandom`.
    seed : int
        Of the draws.
    source : {"recorded", "here"}
        As for `GridOrRandom`.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = CoarseToFineRounds(rounds=3, trials=4, shrink=0.5)
    >>> points, boxes = explorer.search()
    >>> len(points), [round(side, 2) for _, side in boxes]
    (12, [1.0, 0.5, 0.25])
    """

    settings = ("rounds", "trials", "shrink", "surface", "seed", "source")
    rounds = traitlets.Int(4, min=1, max=6).tag(sync=True)
    trials = traitlets.Int(6, min=2, max=20).tag(sync=True)
    shrink = Number(0.5, min=0.1, max=1).tag(sync=True)

    def search(self, seed: int | None = None) -> tuple[np.ndarray, list[tuple[np.ndarray, float]]]:
        """Search by the package's searcher, with the draws of the explorer in its boxes.

        Returns the trials as points of the unit square, and the corner and side of each round.
        """
        numbers = self.draws(seed)
        searcher = CoarseToFine(SQUARE, self.trials, self.shrink)
        points: list[list[float]] = []
        boxes: list[tuple] = []
        for number in range(self.rounds):
            low, high = searcher.box(number)
            drawn = [
                low + (high - low) * np.array([next(numbers), next(numbers)])
                for _ in range(self.trials)
            ]
            for point, error in zip(drawn, self.look_up(np.array(drawn)), strict=True):
                config = dict(zip(SQUARE, point.tolist(), strict=True))
                searcher.tell(Trial(len(points), config, [float(error)]))
                points.append(point)
            boxes.append((low, float((high - low).max())))
        return np.array(points), boxes

    def random(self, seed: int | None = None) -> np.ndarray:
        """Return as many random trials, from the same numbers."""
        numbers = self.draws(seed)
        return np.array([[next(numbers), next(numbers)] for _ in range(self.rounds * self.trials)])

    def found(self) -> np.ndarray:
        """Return the best errors of either search over many seeds, shape (2, searches)."""
        pairs = [(self.search(seed)[0], self.random(seed)) for seed in range(SEARCHES)]
        return np.array([[self.look_up(points).min() for points in pair] for pair in pairs]).T

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        points, boxes = self.search()
        _, ax = plt.subplots()
        self.show_surface(ax, points)
        for (left, bottom), side in boxes:
            ax.add_patch(plt.Rectangle((left, bottom), side, side, fill=False, ec="white", lw=2))
        ax.set_title(f"best error {self.look_up(points).min():.3f}")
        plt.show()
