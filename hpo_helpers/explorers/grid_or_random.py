"""Grid or random: two designs with the same number of trials, on recorded errors."""

import itertools

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import SEARCHES
from hpo_helpers.explorers.surfaces import SurfaceExplorer
from hpo_helpers.plots import plot_coverage


class GridOrRandom(SurfaceExplorer):
    """Lay a grid and random trials on a recorded surface, and compare what they find.

    Parameters
    ----------
    trials_per_axis : int
        From 2 to 8; either design has its square.
    surface : {"one axis matters", "both axes matter"}
        Six hidden layers by learning rate and weight decay (``digits_grid``, mean of three
        seeds), or softmax regression by learning rate and batch size (``softmax_full``).
    seed : int
        Shifts the grid by a part of its spacing, and draws the random trials.
    source : {"recorded", "here"}
        Whether trials are recorded, or networks that the page trains, with one hidden layer, by
        learning rate and weight decay.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = GridOrRandom(trials_per_axis=3)
    >>> [points.shape for points in explorer.designs()]
    [(9, 2), (9, 2)]
    """

    settings = ("trials_per_axis", "surface", "seed", "source")
    trials_per_axis = traitlets.Int(3, min=2, max=8).tag(sync=True)

    def designs(self, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the grid and the random trials: points of the unit square, shape (n, 2)."""
        n = self.trials_per_axis
        numbers = self.draws(seed)
        x, y = (
            [(place + shift) / n for place in range(n)] for shift in (next(numbers), next(numbers))
        )
        drawn = list(itertools.islice(numbers, 2 * n * n))
        return np.array(list(itertools.product(x, y))), np.reshape(drawn, (-1, 2))

    def found(self) -> np.ndarray:
        """Return the best errors of either design over many seeds, shape (2, searches)."""
        pairs = [[self.look_up(d).min() for d in self.designs(seed)] for seed in range(SEARCHES)]
        return np.array(pairs).T

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        _, axes = plt.subplots(1, 2, figsize=(8, 4))
        for ax, name, points in zip(axes, ("grid", "random"), self.designs(), strict=True):
            plot_coverage(ax, points)
            self.show_surface(ax, points)
            ax.set_title(f"{name}: best error {self.look_up(points).min():.2f}", pad=22)
        plt.show()
