"""Bayesian optimization: a Gaussian process predicts errors, expected improvement chooses."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.special import ndtr

from hpo_helpers.arguments import finite
from hpo_helpers.axes import reflected
from hpo_helpers.gaussian import GaussianProcess
from hpo_helpers.learning import ModelSearch
from hpo_helpers.spaces import ConfigSpace, conditional

# As many candidates are drawn from the prior as are varied from the best few trials.
_DRAWN = 256
_VARIED = 5
# Then, at each of these scales in turn, some are varied from the best few candidates.
_CLIMB = (0.1, 0.03, 0.01)
_CLIMBING = 128
_BEST = 8
# Quantiles that differ by less are the same: a value comes back from the unit cube rounded.
_ROUNDING = 1e-9


def expected_improvement(
    mean: ArrayLike, deviation: ArrayLike, best: float, exploration: float = 0.0
) -> np.ndarray:
    """Return by how much an uncertain error is expected to fall below the best one.

    For a normally distributed error ``y`` this is the mean of ``max(best - exploration - y, 0)``.
    With ``gain = best - exploration - mean`` and ``z = gain / deviation`` it is
    ``gain * cdf(z) + deviation * pdf(z)``: the first term is large where the prediction is good,
    the second where it is uncertain.

    Parameters
    ----------
    mean, deviation : array-like of float
        Mean and standard deviation of ``y``, of shapes that broadcast.
    best : float
        The error to improve on.
    exploration : float
        What an improvement has to exceed; the larger it is, the more uncertainty counts.

    Returns
    -------
    ndarray of float, of the broadcast shape
        Never negative. Where the deviation is 0: the gain, or 0 if there is none.

    Raises
    ------
    ValueError
        If a deviation is negative.

    References
    ----------
    D. R. Jones, M. Schonlau, W. J. Welch, "Efficient Global Optimization of Expensive Black-Box
    Functions", Journal of Global Optimization 13, 1998, pages 455-492.

    Examples
    --------
    >>> expected_improvement(mean=[0.2, 0.3, 0.3], deviation=[0, 0, 0.1], best=0.25).round(3)
    array([0.05, 0.  , 0.02])
    """
    deviation = np.asarray(deviation, float)
    if (deviation < 0).any():
        raise ValueError(f"deviation is {deviation.min():g}; expected standard deviations from 0")
    gain = best - exploration - np.asarray(mean, float)
    # z is infinite where the deviation is 0, and NaN where there is no gain either.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = gain / deviation
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        uncertain = gain * ndtr(z) + deviation * density
    return np.maximum(np.where(deviation > 0, uncertain, gain), 0.0)


class BayesianSearch(ModelSearch):
    """Learn from the trials so far where a lower error is to be expected, and try that.

    Each `ask` fits a Gaussian process to the trials: it predicts the error of every
    configuration, with a standard deviation that is small near trials and large far from them.
    What is tried is the configuration of largest `expected_improvement` that can be found: among
    candidates, half of them drawn from the prior and half varied from the best trials, and then
    among smaller and smaller variations of the best candidates. Nothing is tried twice while there
    is something new.

    Parameters
    ----------
    space : ConfigSpace
        Where to search.
    seed : int
        With the number of a trial it decides every draw for it.
    initial_trials : int
        Trials that are told before the first fit.
    exploration : float
        As in `expected_improvement`, but in units of the `standardized` errors.

    Raises
    ------
    ValueError
        As `ModelSearch`, or if `exploration` is negative.

    Notes
    -----
    The process sees errors as `standardized` has them, which tells good ones from the best.

    The lowest measured error was lucky, too; the one to improve on is the lowest that the process
    predicts for a trial. A trial asked for and not told yet, or not promoted to the rung that is
    learned from, is believed to end as predicted, so that the next one goes elsewhere.

    The time of a fit grows with the cube of the trials: this is for hundreds, not thousands.

    References
    ----------
    J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization of Machine Learning
    Algorithms", NeurIPS 2012. D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging Is Well-Suited to
    Parallelize Optimization", 2010, for trials in parallel.

    Examples
    --------
    >>> from scipy import stats
    >>> from hpo_helpers.trials import Trial
    >>> searcher = BayesianSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 0.8)}))
    >>> for number in range(15):
    ...     config = searcher.ask(number)
    ...     searcher.tell(Trial(number, config, errors=[(config["dropout_rate"] - 0.3) ** 2]))
    >>> round(config["dropout_rate"], 1)
    0.3
    """

    def __init__(
        self,
        space: ConfigSpace,
        seed: int = 0,
        initial_trials: int = 8,
        exploration: float = 0.0,
    ) -> None:
        super().__init__(space, seed, initial_trials)
        if finite("exploration", exploration) < 0:
            raise ValueError(f"exploration is {exploration!r}; expected a number from 0, say 0.2")
        self.exploration = exploration

    def choose(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the point to try next; see `ModelSearch.choose`."""
        ended = len(errors)
        places, groups = coordinates(self.space, points)
        scores = standardized(errors)
        process = GaussianProcess(places[:ended], scores, groups)
        predicted, _ = process.predict(places)
        if len(places) > ended:
            believed = np.concatenate([scores, predicted[ended:]])
            process = GaussianProcess(places, believed, groups, process.theta)
        lowest = predicted[:ended].min()

        def gains(candidates: np.ndarray) -> np.ndarray:
            there, _ = coordinates(self.space, candidates)
            improvement = expected_improvement(*process.predict(there), lowest, self.exploration)
            repeats = cdist(there, places).min(axis=1) < _ROUNDING
            return np.where(repeats, -1, improvement)

        best = points[np.argsort(predicted[:ended], kind="stable")[:_VARIED]]
        drawn = self.space.settled(rng.random((_DRAWN, len(self.space))))
        candidates = np.vstack([drawn, self._varied(best, _DRAWN, 0.3, rng)])
        found = gains(candidates)
        for scale in _CLIMB:
            best = candidates[np.argsort(-found, kind="stable")[:_BEST]]
            candidates = np.vstack([best, self._varied(best, _CLIMBING, scale, rng)])
            found = gains(candidates)
        return candidates[found.argmax()]

    def _varied(
        self, points: np.ndarray, n: int, scale: float, rng: np.random.Generator
    ) -> np.ndarray:
        prior = rng.random((n, len(self.space)))
        centers = np.resize(points, prior.shape)
        scales = scale * 10 ** rng.uniform(-1.5, 0, (n, 1))
        moved = reflected(centers + scales * rng.standard_normal(prior.shape))
        # Half of the coordinates stay, a quarter moves, a quarter is drawn anew.
        fate = rng.integers(4, size=prior.shape)
        varied = np.select([fate < 2, fate == 2], [centers, moved], prior)
        # What did not exist may do so now.
        varied = np.where(np.isnan(varied), prior, varied)
        # At 0 and 1 a distribution without bounds is infinite.
        return self.space.settled(varied.clip(_ROUNDING, 1 - _ROUNDING))


def standardized(errors: np.ndarray) -> np.ndarray:
    """Return errors of mean 0 and deviation 1, in which only differences among good ones count.

    Parameters
    ----------
    errors : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        What lies above the median by more than the better half lies below it, in the root mean
        square, is cut off there: a network that has diverged is no further from the rest than one
        that is merely bad.

    Examples
    --------
    >>> standardized(np.array([0.1, 0.2, 0.3, 0.4, 0.9])).round(2)
    array([-1.51, -0.7 ,  0.12,  0.93,  1.16])
    """
    middle = np.median(errors)
    spread = np.sqrt(np.mean((errors[errors <= middle] - middle) ** 2))
    cut = np.minimum(errors, middle + spread) if spread > 0 else errors
    return (cut - cut.mean()) / (cut.std() or 1)


def coordinates(space: ConfigSpace, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points as a kernel sees them, which knows distances alone.

    A number lies at its quantile, the options of a category at a distance of 1 from each other.
    A number that exists under a condition lies on an arc of radius and length 1, and what lacks
    it in the centre: at a distance of 1 from every value, and of 0 from all else that lacks it.

    Parameters
    ----------
    space : ConfigSpace
    points : ndarray of float, shape (n, number of hyperparameters)
        As `ConfigSpace.settled` has them.

    Returns
    -------
    coordinates : ndarray of float, shape (n, columns)
    groups : ndarray of int, shape (columns,)
        The place in the space of each column's hyperparameter.

    References
    ----------
    K. Swersky, D. Duvenaud, J. Snoek, F. Hutter, M. A. Osborne, "Raiders of the Lost
    Architecture: Kernels for Bayesian Optimization in Conditional Parameter Spaces",
    arXiv:1409.4011, 2014.

    Examples
    --------
    >>> from scipy import stats
    >>> from hpo_helpers.spaces import choice
    >>> momentum = conditional(stats.uniform(0, 1), "optimizer", "sgd")
    >>> space = ConfigSpace({"optimizer": choice(["sgd", "adam"]), "momentum": momentum})
    >>> found, groups = coordinates(space, np.array([[0.25, 0.0], [0.25, 0.5], [0.75, np.nan]]))
    >>> found.round(2)
    array([[0.71, 0.  , 1.  , 0.  ],
           [0.71, 0.  , 0.88, 0.48],
           [0.  , 0.71, 0.  , 0.  ]])
    >>> groups
    array([0, 0, 1, 1])
    """
    columns = []
    for (name, axis), quantiles in zip(space.axes.items(), points.T, strict=True):
        exists = ~np.isnan(quantiles)
        there = np.where(exists, quantiles, 0)
        if axis.options:
            places = np.eye(axis.options)[(there * axis.options).astype(int)] / np.sqrt(2)
        elif isinstance(space[name], conditional):
            places = np.column_stack([np.cos(there), np.sin(there)])
        else:
            places = there[:, None]
        columns.append(places * exists[:, None])
    return np.hstack(columns), np.repeat(np.arange(len(columns)), [c.shape[1] for c in columns])
