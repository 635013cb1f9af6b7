"""What the searchers that learn have in common: how they begin, and from what they learn."""

import itertools
from collections.abc import Sequence

import numpy as np

from hpo_helpers.arguments import whole
from hpo_helpers.searchers import SobolSearch
from hpo_helpers.spaces import Config, ConfigSpace, require_space
from hpo_helpers.trials import FAILED, Trial

# One trial in so many is not chosen by the model, which may be wrong.
_OPEN = 10
_DRAWN = 255


class ModelSearch:
    """Choose by what the trials so far have shown; the base of the searchers that do.

    The first trials lie on a Sobol' sequence, as every tenth does later: the model may be wrong.
    All the others are chosen by `choose`, which a subclass defines.

    Parameters
    ----------
    space : ConfigSpace
        Where to search.
    seed : int
        With the number of a trial it decides every draw for it.
    initial_trials : int
        Trials that are told before the model chooses.

    Raises
    ------
    ValueError
        If `initial_trials` is below 1; when another space's trial is told.

    Notes
    -----
    What `ask` returns depends on the trials that were told, in whatever order, and on those that
    were asked for and not told yet. A failed trial counts as the worst error seen. With a
    scheduler the errors are those of one rung; see `highest_rung`.

    References
    ----------
    S. Falkner, A. Klein, F. Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at
    Scale", ICML 2018, for the choice of the rung and for the trials that no model chooses.

    Examples
    --------
    >>> from scipy import stats
    >>> class Near(ModelSearch):
    ...     def choose(self, points, errors, rng):
    ...         return (points[errors.argmin()] + 0.1 * rng.random()) % 1
    >>> searcher = Near(ConfigSpace({"dropout_rate": stats.uniform(0, 1)}), initial_trials=2)
    >>> for number, rate in enumerate([0.4, 0.7]):
    ...     searcher.tell(Trial(number, {"dropout_rate": rate}, errors=[rate]))
    >>> 0.4 < searcher.ask(2)["dropout_rate"] < 0.5
    True
    """

    def __init__(self, space: ConfigSpace, seed: int = 0, initial_trials: int = 8) -> None:
        self.space = require_space(space)
        self.seed = whole("seed", seed, least=0)
        self.initial_trials = whole("initial_trials", initial_trials)
        self._first = SobolSearch(space, seed)
        self._told: dict[int, Trial] = {}
        self._pending: dict[int, Config] = {}

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        told = [self._told[n] for n in sorted(self._told)]
        # A search that was interrupted asks again for what is pending under the same number.
        pending = [self._pending[n] for n in sorted(self._pending) if n != number]
        rng = np.random.default_rng([self.seed, number])
        ranked, others, errors = highest_rung(told, self.initial_trials)
        tried = [*(trial.config for trial in [*ranked, *others]), *pending]
        config = None
        known = len(ranked) >= self.initial_trials and not np.isnan(errors).all()
        if known and number % _OPEN < _OPEN - 1:
            errors = np.where(np.isnan(errors), np.nanmax(errors), errors)
            chosen = self.choose(self.space.settled(self.space.to_units(tried)), errors, rng)
            config = self.space.from_unit(np.nan_to_num(chosen))
        if config is None or config in tried:
            config = self._open(number, tried, rng)
        self._pending[number] = config
        return dict(config)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial, in place of an earlier report of it; see `Searcher.tell`."""
        self.space.check(trial.config)
        self._told[trial.number] = trial
        self._pending.pop(trial.number, None)

    def choose(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the point to try next.

        Parameters
        ----------
        points : ndarray of float, shape (n, number of hyperparameters)
            All that were tried, as `ConfigSpace.settled` has them.
        errors : ndarray of float, shape (m,)
            Of the first m of them. The errors of the rest are not known, or not at this rung.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of float, shape (number of hyperparameters,)
        """
        raise NotImplementedError

    def _open(self, number: int, tried: list[Config], rng: np.random.Generator) -> Config:
        first = self._first.ask(number)
        # For a small space, where the first may have been tried.
        drawn = (self.space.sample(rng) for _ in range(_DRAWN))
        return next((c for c in itertools.chain([first], drawn) if c not in tried), first)


def highest_rung(
    trials: Sequence[Trial], enough: int
) -> tuple[list[Trial], list[Trial], np.ndarray]:
    """Return what has reached the highest rung with enough trials, what has not, and the errors.

    Errors after different numbers of epochs do not compare. Those after most epochs say most, but
    few trials have them; so what is learned from is the largest number of epochs that enough
    trials have reached.

    Parameters
    ----------
    trials : sequence of Trial
    enough : int
        Trials that a rung needs; if none has so many, it is the lowest.

    Returns
    -------
    reached, others : list of Trial
        A failed trial is among the first.
    errors : ndarray of float, shape (len(reached),)
        After the epochs of that rung, whatever a trial had later; NaN where it failed.

    Examples
    --------
    >>> curves = [[0.5, 0.4, 0.3], [0.6], [0.4, 0.5, 0.2]]
    >>> trials = [Trial(number, {}, errors) for number, errors in enumerate(curves)]
    >>> highest_rung(trials, enough=2)[2], highest_rung(trials, enough=3)[2]
    (array([0.3, 0.2]), array([0.5, 0.6, 0.4]))
    """
    lengths = sorted({len(t.errors) for t in trials if t.status != FAILED}, reverse=True)
    for epochs in lengths:
        reached = [t for t in trials if len(t.errors) >= epochs or t.status == FAILED]
        if len(reached) >= enough or epochs == lengths[-1]:
            others = [t for t in trials if len(t.errors) < epochs and t.status != FAILED]
            errors = [
                np.nan if trial.status == FAILED else trial.errors[epochs - 1] for trial in reached
            ]
            return reached, others, np.array(errors)
    return [*trials], [], np.full(len(trials), np.nan)
