"""Bayesian optimization: a Gaussian process predicts errors, expected improvement chooses."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from hpo_helpers.arguments import finite, whole
from hpo_helpers.axes import reflected
from hpo_helpers.searchers import SobolSearch
from hpo_helpers.spaces import Config, ConfigSpace, require_space
from hpo_helpers.trials import Trial

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


class BayesianSearch:
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
        exploration: float = 0.2,
    ) -> None:
        if finite("exploration", exploration) < 0:
            raise ValueError(f"exploration is {exploration!r}; expected a number from 0, say 0.2")
        self.space = require_space(space)
        self.seed = whole("seed", seed, least=0)
        self.initial_trials = whole("initial_trials", initial_trials)
        self.exploration = exploration
        self._first = SobolSearch(space, seed)
        self._told: dict[int, Trial] = {}
        self._pending: dict[int, Config] = {}

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        # A search that was interrupted asks again for what is pending under the same number.
        pending = [self._pending[n] for n in sorted(self._pending) if n != number]
        told = [self._told[n] for n in sorted(self._told)]
        tried = [*(trial.config for trial in told), *pending]
        errors = np.array([trial.error for trial in told])
        rng = np.random.default_rng([self.seed, number])
        if len(told) < self.initial_trials or np.isnan(errors).all():
            config = self._initial(number, tried, rng)
        else:
            config = self._most_promising(tried, errors, rng)
        self._pending[number] = config
        return dict(config)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial, in place of an earlier report of it; see `Searcher.tell`."""
        self.space.check(trial.config)
        self._told[trial.number] = trial
        self._pending.pop(trial.number, None)

    def _initial(self, number: int, tried: list[Config], rng: np.random.Generator) -> Config:
        # The random ones are for a small space, where the first may have been tried.
        drawn = self.space.from_units(rng.random((31, len(self.space))))
        first = self._first.ask(number)
        return next((config for config in (first, *drawn) if config not in tried), first)

    def _most_promising(
        self, tried: list[Config], errors: np.ndarray, rng: np.random.Generator
    ) -> Config:
        points, ended = _coordinates(self.space, tried), len(errors)
        ranks = stats.rankdata(np.where(np.isnan(errors), np.nanmax(errors), errors))
        scores = stats.norm.ppf((ranks - 0.5) / ended)
        process = _fit(points[:ended], scores)
        predicted = process.predict(points)
        if len(tried) > ended:
            scores = np.concatenate([scores, predicted[ended:]])
            process = GaussianProcessRegressor(process.kernel_, optimizer=None).fit(points, scores)
        best = [tried[place] for place in np.argsort(predicted[:ended])[:_VARIED]]
        drawn = rng.random((_CANDIDATES, len(self.space)))
        candidates = self.space.from_units([*drawn, *self._varied(best, rng)])
        there = _coordinates(self.space, candidates)
        mean, deviation = process.predict(there, return_std=True)
        # Of the error itself, without the noise of measuring it once more.
        deviation = np.sqrt(np.maximum(deviation**2 - process.kernel_.k2.noise_level, 0))
        gains = expected_improvement(mean, deviation, predicted.min(), self.exploration)
        repeats = cdist(there, points).min(axis=1) < _ROUNDING
        return candidates[np.lexsort((-gains, repeats))[0]]

    def _varied(self, configs: list[Config], rng: np.random.Generator) -> np.ndarray:
        shape = (_CANDIDATES, len(self.space))
        centers = np.resize(self.space.to_units(configs), shape)
        scales = 10 ** rng.uniform(-2, -0.5, (_CANDIDATES, 1))
        moved = reflected(centers + scales * rng.standard_normal(shape))
        # Half of the coordinates stay, a quarter moves, a quarter is drawn anew.
        fate = rng.integers(4, size=shape)
        varied = np.select([fate < 2, fate == 2], [centers, moved], rng.random(shape))
        # At 0 and 1 a distribution without bounds is infinite.
        return varied.clip(_ROUNDING, 1 - _ROUNDING)


def _coordinates(space: ConfigSpace, configs: Sequence[Config]) -> np.ndarray:
    columns = []
    for (name, axis), quantiles in zip(space.axes.items(), space.to_units(configs).T, strict=True):
        columns.append(axis.columns(quantiles, np.array([name in config for config in configs])))
    return np.hstack(columns)


def _fit(points: np.ndarray, scores: np.ndarray) -> GaussianProcessRegressor:
    scales = np.full(points.shape[1], 0.5)
    kernel = ConstantKernel(1.0, (0.01, 100)) * Matern(scales, (0.02, 50), nu=2.5)
    kernel += WhiteKernel(0.05, (1e-4, 2))
    process = GaussianProcessRegressor(kernel, optimizer=_most_probable)
    with warnings.catch_warnings():
        # A hyperparameter of the kernel ends at its bound when all errors are equal, for example.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return process.fit(points, scores)


def _most_probable(
    negative_log_likelihood: Callable, start: np.ndarray, bounds: np.ndarray
) -> tuple[np.ndarray, float]:
    def negative_log_posterior(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = negative_log_likelihood(theta)
        return value + ((theta - start) ** 2).sum() / 2, gradient + theta - start

    options = {"maxfun": _EVALUATIONS}
    found = optimize.minimize(
        negative_log_posterior, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return found.x, found.fun
