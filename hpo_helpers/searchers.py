"""Searchers: which configuration is tried next, by ask and tell."""

from typing import Protocol

import numpy as np

from hpo_helpers.spaces import Config, ConfigSpace
from hpo_helpers.trials import Trial


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

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        return self.space.sample(np.random.default_rng([self.seed, number]))

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the next draw does not depend on what came before."""
