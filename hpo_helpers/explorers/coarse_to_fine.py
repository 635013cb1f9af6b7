"""Coarse to fine: rounds of trials in ever smaller boxes, on recorded errors."""

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import SEARCHES
from hpo_helpers.explorers.surfaces import SurfaceExplorer


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

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = CoarseToFineRounds(rounds=3, trials=4, shrink=0.5)
    >>> points, boxes = explorer.search()
    >>> len(points), [side for _, side in boxes]
    (12, [1.0, 0.5, 0.25])
    """

    settings = ("rounds", "trials", "shrink", "surface", "seed")
    rounds = traitlets.Int(4, min=1, max=6).tag(sync=True)
    trials = traitlets.Int(6, min=2, max=20).tag(sync=True)
    shrink = traitlets.Float(0.5, min=0.1, max=1).tag(sync=True)

    def search(self, seed: int | None = None) -> tuple[np.ndarray, list[tuple[np.ndarray, float]]]:
        """Return the trials as points of the unit square, and each round's corner and side."""
        numbers = self.draws(seed)
        low, side = np.zeros(2), 1.0
        points, errors, boxes = [], [], []
        for _ in range(self.rounds):
            boxes.append((low, side))
            drawn = [
                low + side * np.array([next(numbers), next(numbers)]) for _ in range(self.trials)
            ]
            points += drawn
            errors += self.look_up(np.array(drawn)).tolist()
            side *= self.shrink
            low = np.clip(points[int(np.argmin(errors))] - side / 2, 0, 1 - side)
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
