"""Searchers: which configuration is tried next, by ask and tell."""

import math
from typing import Protocol

import numpy as np

from hpo_helpers.spaces import Config, ConfigSpace
from hpo_helpers.trials import Trial

# SciPy takes as long for one quantile as for a few dozen.
DRAWN_AT_ONCE = 32


class Searcher(Protocol):
    """What a tuner needs of a searcher."""

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""

    def tell(self, trial: Trial) -> None:
        """Take note of a trial that has ended, completed or failed."""


class RandomSearch:
    """Draw every configuration from the prior, whatever came before.

    Parameters
    ----------
    space : ConfigSpace
        Where to draw.
    seed : int
        With the number of a trial it decides its configuration, so that an interrupted search
        goes on with the draws that it would have made.

    References
    ----------
    J. Bergstra, Y. Bengio, "Random Search for Hyper-Parameter Optimization", Journal of
    Machine Learning Research 13, 2012, pages 281-305.

    Examples
    --------
    >>> from scipy import stats
    >>> searcher = RandomSearch(ConfigSpace({"layers": stats.randint(1, 4)}), seed=0)
    >>> [searcher.ask(number)["layers"] for number in range(5)]
    [2, 3, 1, 3, 3]
    """

    def __init__(self, space: ConfigSpace, seed: int = 0) -> None:
        self.space = space
        self.seed = seed
        self._block = -1

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        block, place = divmod(number, DRAWN_AT_ONCE)
        if block != self._block:
            numbers = range(block * DRAWN_AT_ONCE, (block + 1) * DRAWN_AT_ONCE)
            points = [
                np.random.default_rng([self.seed, n]).random(len(self.space)) for n in numbers
            ]
            self._block, self._drawn = block, self.space.from_units(points)
        return dict(self._drawn[place])

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the next draw does not depend on what came before."""


class GridSearch:
    """Try every point of a grid, in order.

    Parameters
    ----------
    space : ConfigSpace
        Where the grid lies.
    n : int
        Values a float or an integer takes; see `ConfigSpace.grid`.

    Attributes
    ----------
    configs : list of dict
        The grid, in the order in which it is tried.

    Raises
    ------
    ValueError
        When a trial beyond the last point is asked for.

    Examples
    --------
    >>> from scipy import stats
    >>> searcher = GridSearch(ConfigSpace({"learning_rate": stats.loguniform(0.01, 1)}), n=3)
    >>> [round(searcher.ask(number)["learning_rate"], 2) for number in range(3)]
    [0.01, 0.1, 1.0]
    """

    def __init__(self, space: ConfigSpace, n: int) -> None:
        self.configs = space.grid(n)

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        if number >= len(self.configs):
            raise ValueError(
                f"the grid has {len(self.configs)} points; expected no trial {number}: ask for "
                f"{len(self.configs)} trials, or make the grid finer"
            )
        return dict(self.configs[number])

    def tell(self, trial: Trial) -> None:
        """Learn nothing: a grid is fixed before the first trial."""


class CoarseToFine:
    """Draw at random in rounds, each in a smaller box around the best trial so far.

    Parameters
    ----------
    space : ConfigSpace
        The first round draws from all of it.
    trials : int
        Trials of a round.
    shrink : float
        Side of a round's box, as a share of the side before, in (0, 1]; measured in the unit
        cube, so that a log-uniform hyperparameter narrows on its log scale.
    seed : int
        With the number of a trial it decides where in its box it lies.

    Raises
    ------
    ValueError
        If `trials` or `shrink` is not as stated.

    Notes
    -----
    A box that would leave the cube is pushed back inside, at its full size. What `ask` returns
    depends on the trials of earlier rounds alone, in whatever order they were told.

    References
    ----------
    F.-F. Li, A. Karpathy, J. Johnson, *CS231n: Convolutional Neural Networks for Visual
    Recognition*, course notes "Neural Networks Part 3", section "Hyperparameter optimization".
    """

    def __init__(self, space: ConfigSpace, trials: int, shrink: float = 0.5, seed: int = 0) -> None:
        if trials < 1:
            raise ValueError(f"trials is {trials!r}; expected at least one a round")
        if not 0 < shrink <= 1:
            raise ValueError(f"shrink is {shrink!r}; expected a share in (0, 1], such as 0.5")
        self.space = space
        self.trials = trials
        self.shrink = shrink
        self.seed = seed
        self._told: list[Trial] = []

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        low, high = self.box(number // self.trials)
        point = np.random.default_rng([self.seed, number]).random(len(self.space))
        return self.space.from_unit(low + (high - low) * point)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial that has ended."""
        self._told.append(trial)

    def box(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the corners of the box of round `number`, counted from 0, in the unit cube."""
        earlier = [
            trial
            for trial in self._told
            if trial.number < number * self.trials and math.isfinite(trial.error)
        ]
        if not earlier:
            return np.zeros(len(self.space)), np.ones(len(self.space))
        best = min(earlier, key=lambda trial: (trial.error, trial.number))
        side = self.shrink**number
        low = np.clip(self.space.to_unit(best.config) - side / 2, 0, 1 - side)
        return low, low + side
