"""What the searchers that learn have in common: what they have heard, and who begins."""

from collections.abc import Iterable

import numpy as np

from hpo_helpers.arguments import whole
from hpo_helpers.searchers import SobolSearch
from hpo_helpers.spaces import Config, ConfigSpace, require_space
from hpo_helpers.trials import FAILED, Trial

RANDOM_EVERY = 10


class LearningSearch:
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
        trials, errors = highest_rung(told, self.initial_trials)
        # A search that was interrupted asks again for what is pending under the same number.
        others = [trial.config for trial in told if trial not in trials]
        others += [self._pending[n] for n in sorted(self._pending) if n != number]
        tried = [*(trial.config for trial in trials), *others]
        rng = np.random.default_rng([self.seed, number])
        explore = RANDOM_EVERY and number % RANDOM_EVERY == RANDOM_EVERY - 1
        if len(trials) < self.initial_trials or np.isnan(errors).all() or explore:
            config = self._initial(number, tried, rng)
        else:
            errors = np.where(np.isnan(errors), np.nanmax(errors), errors)
            points = self.space.settled(self.space.to_units(tried))
            chosen = self._chosen(points, errors, rng)
            config = self.space.from_unit(np.nan_to_num(chosen, nan=0.5))
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

    def _chosen(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        raise NotImplementedError


def highest_rung(told: Iterable[Trial], enough: int) -> tuple[list[Trial], np.ndarray]:
    """Return the trials that have reached the highest rung with enough of them, and their errors.

    """
    told = [*told]
    for epochs in sorted({len(t.errors) for t in told if t.status != FAILED}, reverse=True):
        reached = [t for t in told if len(t.errors) >= epochs or t.status == FAILED]
        if len(reached) >= enough:
            errors = [
                t.errors[epochs - 1] if len(t.errors) >= epochs and t.status != FAILED else np.nan
                for t in reached
            ]
            return reached, np.array(errors)
    return told, np.array([trial.error for trial in told])
