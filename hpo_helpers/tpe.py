"""TPE: a density of the good trials, one of the others, and the candidate of largest ratio."""

import math

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from hpo_helpers.learning import ModelSearch
from hpo_helpers.spaces import ConfigSpace

# Of the trials this share is good, and no more than so many.
_GOOD, _MOST = 0.15, 25
_CANDIDATES = 32
# Of a kernel around one of n trials; its width goes down with n.
_WIDTH = 0.2
# Quantiles that differ by less are the same: a value comes back from the unit cube rounded.
_ROUNDING = 1e-9


class TPESearch(ModelSearch):
    """Ask where good trials are dense and others are not: a tree-structured Parzen estimator.

    The best 15 % of the trials are the good ones. One density is spread around them, another
    around the rest. Candidates are drawn from the first; the one for which it exceeds the second
    by the largest factor is tried, unless it was tried before.

    Parameters
    ----------
    space : ConfigSpace
        Where to search.
    seed : int
        With the number of a trial it decides every draw for it.
    initial_trials : int
        Trials that are told before densities are formed.

    Raises
    ------
    ValueError
        As `ModelSearch`.

    Notes
    -----
    The ratio of the two densities grows with the expected improvement on the worst of the good
    trials. Only the order of the errors counts. A trial that is running, or was not promoted to
    the rung that is learned from, is one of the others: so trials in parallel keep apart.

    References
    ----------
    J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for Hyper-Parameter Optimization",
    NeurIPS 2011. S. Watanabe, "Tree-Structured Parzen Estimator: Understanding Its Algorithm
    Components and Their Roles for Better Empirical Performance", arXiv:2304.11127, 2023, for the
    share of good trials and kernels over all hyperparameters together.

    Examples
    --------
    >>> from scipy import stats
    >>> from hpo_helpers.trials import Trial
    >>> searcher, tried = TPESearch(ConfigSpace({"dropout_rate": stats.uniform(0, 0.8)})), []
    >>> for number in range(30):
    ...     tried.append(searcher.ask(number))
    ...     error = (tried[-1]["dropout_rate"] - 0.3) ** 2
    ...     searcher.tell(Trial(number, tried[-1], errors=[error]))
    >>> bool(np.mean([abs(config["dropout_rate"] - 0.3) < 0.2 for config in tried[8:]]) > 0.6)
    True
    """

    def choose(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the point to try next; see `ModelSearch.choose`."""
        order = np.argsort(errors, kind="stable")
        best = order[: min(_MOST, math.ceil(_GOOD * len(errors)))]
        good = Density(self.space, points[best])
        others = Density(self.space, np.delete(points, best, axis=0))
        candidates = good.sample(_CANDIDATES, rng)
        gains = good.log(candidates) - others.log(candidates)
        gaps = np.nan_to_num(abs(candidates[:, None] - points)).max(axis=2)
        repeats = gaps.min(axis=1) < _ROUNDING
        return candidates[np.lexsort((-gains, repeats))[0]]


class Density:
    """A density over a configuration space: a mean of kernels, one a trial, and of the prior.

    A number's kernel is a normal distribution in the quantile, cut off at 0 and 1; a category's
    gives most of its weight to the trial's option, and the rest to all alike. The kernel of a
    trial is the product over its hyperparameters. What the trial does not have, its kernel leaves
    to the prior, so that each is learned about from those trials alone that have it.

    Parameters
    ----------
    space : ConfigSpace
    points : ndarray of float, shape (n, number of hyperparameters)
        As `ConfigSpace.settled` has them.

    Examples
    --------
    >>> from scipy import stats
    >>> space = ConfigSpace({"dropout_rate": stats.uniform(0, 1)})
    >>> density = Density(space, np.array([[0.3], [0.35], [0.9]]))
    >>> np.exp(density.log(np.array([[0.32], [0.6]]))).round(2)
    array([1.51, 0.7 ])
    >>> density.sample(5, np.random.default_rng(0)).round(2).ravel()
    array([0.02, 0.94, 0.97, 0.4 , 0.45])
    """

    def __init__(self, space: ConfigSpace, points: np.ndarray) -> None:
        self._space = space
        # The prior is a kernel of a trial that has nothing.
        self._centers = np.vstack([points, np.full(len(space), np.nan)])
        self._width = _WIDTH * max(len(points), 1) ** (-1 / (len(space) + 4))
        # By hyperparameter, 0 for a number; and the share of its kernel that is spread evenly.
        self._options = np.array([axis.options for axis in space.axes.values()])
        self._spread = self._options / (self._options + max(len(points), 1))

    def log(self, points: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density at points.

        Parameters
        ----------
        points : ndarray of float, shape (m, number of hyperparameters)

        Returns
        -------
        ndarray of float, shape (m,)
            Relative to the prior, whose density is 1.
        """
        centers, width = self._centers, self._width
        gaps = points[:, None] - centers
        inside = ndtr((1 - centers) / width) - ndtr(-centers / width)
        number = np.exp(-((gaps / width) ** 2) / 2) / (math.sqrt(2 * math.pi) * width * inside)
        same = abs(gaps) < _ROUNDING
        category = same * (1 - self._spread) * self._options + self._spread
        kernels = np.where(self._options > 0, category, number)
        with np.errstate(divide="ignore"):
            logs = np.log(np.where(np.isnan(gaps), 1, kernels)).sum(axis=2)
        return logsumexp(logs, axis=1) - math.log(len(centers))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw points.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of float, shape (n, number of hyperparameters)
            As `ConfigSpace.settled` has them.
        """
        centers, width = self._centers[rng.integers(len(self._centers), size=n)], self._width
        prior = rng.random(centers.shape)
        low, high = ndtr(-centers / width), ndtr((1 - centers) / width)
        number = centers + width * ndtri(low + prior * (high - low))
        category = np.where(rng.random(centers.shape) < self._spread, prior, centers)
        drawn = np.where(self._options > 0, category, number)
        drawn = np.where(np.isnan(centers), prior, drawn)
        # At 0 and 1 a distribution without bounds is infinite.
        return self._space.settled(drawn.clip(_ROUNDING, 1 - _ROUNDING))
