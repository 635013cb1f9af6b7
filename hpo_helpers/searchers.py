"""Searchers: which configuration is tried next, by ask and tell."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.stats import qmc

from hpo_helpers.spaces import Config, ConfigSpace, choice, reflected
from hpo_helpers.trials import Trial

# SciPy takes as long for one quantile as for a few dozen; a power of 2, for Sobol' points.
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


class SobolSearch:
    """Draw from the prior along a Sobol' sequence, which leaves smaller gaps than chance does.

    Random points crowd here and leave a hole there. A Sobol' sequence places each next point
    where the earlier ones left room: of the first 2^k points, every interval of quantiles
    [i / 2^k, (i + 1) / 2^k) of every hyperparameter gets exactly one. Scrambling permutes its
    digits at random, which keeps this, and makes another sequence of every seed.

    Parameters
    ----------
    space : ConfigSpace
        Where to draw.
    seed : int
        Chooses the scrambling; with the number of a trial it decides its configuration.

    Notes
    -----
    The number of trials is best a power of 2: there the points are balanced.

    References
    ----------
    I. M. Sobol', "On the Distribution of Points in a Cube and the Approximate Evaluation of
    Integrals", USSR Computational Mathematics and Mathematical Physics 7(4), 1967, pages 86-112.

    A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing Points", Journal of Complexity 14(4),
    1998, pages 466-489.

    Examples
    --------
    >>> from scipy import stats
    >>> searcher = SobolSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 0.8)}), seed=0)
    >>> sorted(int(searcher.ask(number)["dropout_rate"] / 0.1) for number in range(8))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """

    def __init__(self, space: ConfigSpace, seed: int = 0) -> None:
        self.space = space
        self.seed = seed
        self._block = -1

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        block, place = divmod(number, DRAWN_AT_ONCE)
        if block != self._block:
            sequence = qmc.Sobol(len(self.space), rng=self.seed)
            # SciPy cannot skip nothing.
            if block:
                sequence.fast_forward(block * DRAWN_AT_ONCE)
            self._drawn = self.space.from_units(sequence.random(DRAWN_AT_ONCE))
            self._block = block
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
        best = _incumbent(trial for trial in self._told if trial.number < number * self.trials)
        if best is None:
            return np.zeros(len(self.space)), np.ones(len(self.space))
        side = self.shrink**number
        low = np.clip(self.space.to_unit(best.config) - side / 2, 0, 1 - side)
        return low, low + side


class LocalSearch:
    """Change one hyperparameter of the incumbent at a time: what people do by hand.

    Each trial takes the best configuration so far and changes one of its hyperparameters, picked
    at random, all with the same probability. A float or an integer takes a Gaussian step in its
    quantile, reflected at the bounds; an integer moves by at least one. A category takes one of
    its other options. What exists only since the change is drawn from the prior; what exists no
    longer is left out. If the new configuration is better, the search goes on from there.

    Parameters
    ----------
    space : ConfigSpace
        Where to search.
    seed : int
        With the number of a trial it decides how the incumbent is changed.
    initial : sequence of dict
        The first configurations, such as the one that is in use. As long as none has succeeded,
        configurations are drawn at random from the prior.
    step : float
        Standard deviation of a Gaussian step, as a share of the prior's quantiles: 0.2 of a
        log-uniform learning rate from 0.0001 to 1 is a factor of 6.

    Raises
    ------
    ValueError
        If `step` is not positive, or a configuration does not belong to the space.

    Notes
    -----
    It goes down from where it begins, and may stay in a poor valley that is wider than its steps:
    much depends on a good start. A configuration may come twice, above all in a small space.

    References
    ----------
    H. H. Hoos, T. Stützle, *Stochastic Local Search: Foundations and Applications*, Morgan
    Kaufmann, 2004, chapter 1. The neighbourhood is that of F. Hutter, H. H. Hoos, K.
    Leyton-Brown, "Sequential Model-Based Optimization for General Algorithm Configuration",
    LION 5, 2011.

    Examples
    --------
    >>> from scipy import stats
    >>> space = ConfigSpace({"layers": stats.randint(1, 9), "units": choice([16, 32, 64])})
    >>> searcher = LocalSearch(space, initial=[{"layers": 2, "units": 32}])
    >>> searcher.tell(Trial(0, searcher.ask(0), errors=[0.3]))
    >>> searcher.ask(1), searcher.ask(3)
    ({'layers': 1, 'units': 32}, {'layers': 2, 'units': 16})
    """

    def __init__(
        self,
        space: ConfigSpace,
        seed: int = 0,
        initial: Sequence[Config] = (),
        step: float = 0.2,
    ) -> None:
        if not 0 < step < math.inf:
            raise ValueError(f"step is {step!r}; expected a positive number, such as 0.2")
        for config in initial:
            space.check(config)
        self.space = space
        self.seed = seed
        self.initial = [dict(config) for config in initial]
        self.step = step
        # The space with its conditions lifted: a value of each hyperparameter, come what may.
        self._all = ConfigSpace({name: space.distribution(name) for name in space})
        self._told: dict[int, Trial] = {}

    def ask(self, number: int) -> Config:
        """Return the configuration of trial `number`, counted from 0."""
        if number < len(self.initial):
            return dict(self.initial[number])
        rng = np.random.default_rng([self.seed, number])
        incumbent = _incumbent(self._told.values())
        return self.space.sample(rng) if incumbent is None else self._neighbor(incumbent, rng)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial that has ended; a later report of it replaces an earlier one."""
        self._told[trial.number] = trial

    def _neighbor(self, incumbent: Trial, rng: np.random.Generator) -> Config:
        values = self._all.sample(rng) | incumbent.config
        movable = [name for name in incumbent.config if self._is_movable(name)]
        if movable:
            name = movable[rng.integers(len(movable))]
            values[name] = self._moved(name, values[name], rng)
        config: Config = {}
        for name in self.space:
            if self.space.exists(name, config):
                config[name] = values[name]
        return config

    def _is_movable(self, name: str) -> bool:
        distribution = self.space.distribution(name)
        if isinstance(distribution, choice):
            return len(distribution.options) > 1
        low, high = distribution.support()
        return low < high

    def _moved(self, name: str, value: Any, rng: np.random.Generator) -> Any:
        distribution = self.space.distribution(name)
        if isinstance(distribution, choice):
            others = [option for option in distribution.options if option != value]
            return others[rng.integers(len(others))]
        step = self.step * rng.standard_normal()
        quantile = reflected(self.space.quantile(name, value) + step)
        moved = ConfigSpace({name: distribution}).from_unit([quantile])[name]
        if isinstance(moved, float) or moved != value:
            return moved
        low, high = distribution.support()
        up = value < high and (step > 0 or value == low)
        return value + 1 if up else value - 1


def _incumbent(trials: Iterable[Trial]) -> Trial | None:
    completed = (trial for trial in trials if math.isfinite(trial.error))
    return min(completed, key=lambda trial: (trial.error, trial.number), default=None)
