"""Bayesian optimization: a Gaussian process predicts errors, expected improvement chooses."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.spatial.distance import cdist

from hpo_helpers.arguments import finite
from hpo_helpers.axes import reflected
from hpo_helpers.gaussian import GaussianProcess
from hpo_helpers.learning import LearningSearch
from hpo_helpers.spaces import ConfigSpace, conditional

CLIMB = (0.1, 0.03, 0.01)
# As many candidates are drawn from the prior as are variations of the best few trials.
_CANDIDATES = 512
_VARIED = 5
# Of the likelihood in a fit; they are most of the time that `ask` takes.
_EVALUATIONS = 25
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
        uncertain = gain * stats.norm.cdf(z) + deviation * stats.norm.pdf(z)
    return np.maximum(np.where(deviation > 0, uncertain, gain), 0.0)


class BayesianSearch(LearningSearch):
    """Learn from the trials so far where a lower error is to be expected, and try that.

    The first trials lie on a Sobol' sequence. From then on, each `ask` fits a Gaussian process to
    the trials: it predicts the error of every configuration, with a standard deviation that is
    small near trials and large far from them. Among candidates, half of them drawn from the prior
    and half varied from the best trials, it returns the one of largest `expected_improvement`
    that was not tried yet.

    Parameters
    ----------
    space : ConfigSpace
        Where to search.
    seed : int
        With the number of a trial it decides every draw for it.
    initial_trials : int
        Trials that are told before the first fit.
    exploration : float
        As in `expected_improvement`, but in standard deviations of the errors' normal scores.

    Raises
    ------
    ValueError
        If `initial_trials` is below 1 or `exploration` negative; when another space's trial is
        told.

    Notes
    -----
    The coordinate of a number is its quantile (an integer's is the middle of its interval), and
    that of a category one column of 0 and 1 an option; what does not exist is constant.

    Errors are replaced by their normal scores, the normal quantiles of their ranks, so that what
    diverged is no further from the rest than what is merely bad. A failed trial counts as the
    worst error seen. Of a trial told again the last error counts, after however many epochs.

    The kernel is Matérn 5/2 with a length scale a coordinate, plus white noise. Few trials do not
    determine so many hyperparameters, so the logarithm of each has a normal prior of deviation 1.
    The lowest measured error was lucky, too; the one to improve on is the lowest that the process
    predicts for a trial. A trial asked for and not told yet is believed to end as predicted, so
    that one that runs in parallel goes elsewhere.

    Trials told in another order lead to the same configuration. The time of a fit grows with the
    cube of their number: this is for hundreds, not thousands.

    References
    ----------
    J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization of Machine Learning
    Algorithms", NeurIPS 2012. D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging Is Well-Suited to
    Parallelize Optimization", 2010, for trials in parallel.

    Examples
    --------
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

    def _chosen(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        places, groups = coordinates(self.space, points)
        ended = len(errors)
        scores = stats.norm.ppf((stats.rankdata(errors) - 0.5) / ended)
        process = GaussianProcess(places[:ended], scores, groups)
        predicted, _ = process.predict(places)
        if len(places) > ended:
            scores = np.concatenate([scores, predicted[ended:]])
            process = GaussianProcess(places, scores, groups, process.theta)
        lowest = predicted[:ended].min()

        def gains(candidates: np.ndarray) -> np.ndarray:
            there, _ = coordinates(self.space, candidates)
            found = expected_improvement(*process.predict(there), lowest, self.exploration)
            # Never what was tried, as long as there is something else.
            return np.where(cdist(there, places).min(axis=1) < _ROUNDING, -1.0, found)

        best = points[np.argsort(predicted[:ended], kind="stable")[:_VARIED]]
        drawn = rng.random((_CANDIDATES, len(self.space)))
        candidates = self.space.settled(np.vstack([drawn, self._varied(best, _CANDIDATES, 0.3, rng)]))
        found = gains(candidates)
        for scale in CLIMB:
            top = candidates[np.argsort(-found, kind="stable")[:8]]
            closer = self.space.settled(self._varied(top, 128, scale, rng))
            candidates, found = np.vstack([candidates, closer]), np.hstack([found, gains(closer)])
        return candidates[np.argmax(found)]

    def _varied(self, points: np.ndarray, n: int, scale: float, rng: np.random.Generator) -> np.ndarray:
        shape = (n, len(self.space))
        centers = np.resize(points, shape)
        random = rng.random(shape)
        centers = np.where(np.isnan(centers), random, centers)
        scales = scale * 10 ** rng.uniform(-1.5, 0, (n, 1))
        moved = reflected(centers + scales * rng.standard_normal(shape))
        # Half of the coordinates stay, a quarter moves, a quarter is drawn anew.
        fate = rng.integers(4, size=shape)
        varied = np.select([fate < 2, fate == 2], [centers, moved], random)
        # At 0 and 1 a distribution without bounds is infinite.
        return varied.clip(_ROUNDING, 1 - _ROUNDING)


def coordinates(space: ConfigSpace, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    columns, groups = [], []
    for group, ((name, axis), quantiles) in enumerate(zip(space.axes.items(), points.T, strict=True)):
        exists = ~np.isnan(quantiles)
        q = np.where(exists, quantiles, 0.0)
        if axis.options:
            block = np.eye(axis.options)[(q * axis.options).astype(int)] / np.sqrt(2)
        elif isinstance(space[name], conditional):
            block = np.column_stack([np.cos(q), np.sin(q)])
        else:
            block = q[:, None]
        columns.append(block * exists[:, None])
        groups += [group] * block.shape[1]
    return np.hstack(columns), np.array(groups)
