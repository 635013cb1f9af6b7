"""Searchers: which configuration is tried next, by ask and tell."""

from typing import Protocol

import numpy as np
from scipy.stats import qmc

from hpo_helpers.arguments import finite, whole
from hpo_helpers.spaces import Config, ConfigSpace, require_space
from hpo_helpers.trials import Trial, incumbent


class Searcher(Protocol):
    """What a tuner needs of a searcher: two methods, whatever class has them.

    One that has a configuration space keeps it as ``space``: then the tuner refuses a log of
    another space. A search teaches a copy of the searcher; the one that it was given stays new,
    and is told of a log by hand: ``for trial in log: searcher.tell(trial)``.

    Examples
    --------
    >>> class Halving:
    ...     def ask(self, number):
    ...         return {"learning_rate": 0.5**number}
    ...
    ...     def tell(self, trial):
    ...         print(f"{trial.config} gave {trial.error}")
    >>> from hpo_helpers.tuner import tune
    >>> log = tune(lambda config: config["learning_rate"] / 2, Halving(), 3, progress=False)
    {'learning_rate': 1.0} gave 0.5
    {'learning_rate': 0.5} gave 0.25
    {'learning_rate': 0.25} gave 0.125
    """

    def ask(self, number: int) -> Config | None:
        """Return the configuration of a trial.

        Parameters
        ----------
        number : int
            Of the trial, from 0. Asked again for the same one, before it has ended, it answers
            the same.

        Returns
        -------
        dict or None
            None if there is nothing more to try; then the search ends.
        """

    def tell(self, trial: Trial) -> None:
        """Take note of a trial that has ended.

        Parameters
        ----------
        trial : Trial
            Completed or failed; with a scheduler, as far as it has been trained.
        """


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
        self.space = require_space(space)
        self.seed = whole("seed", seed, least=0)

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        return self.space.sample(np.random.default_rng([self.seed, number]))

    def tell(self, trial: Trial) -> None:
        """Learn nothing, for no draw depends on what came before; see `Searcher.tell`."""


class SobolSearch(RandomSearch):
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

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        sequence = qmc.Sobol(len(self.space), rng=self.seed)
        # SciPy cannot skip nothing.
        if number:
            sequence.fast_forward(number)
        return self.space.from_unit(sequence.random(1)[0])


class GridSearch:
    """Try every point of a grid, in order, and then no more.

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

    Examples
    --------
    >>> from scipy import stats
    >>> searcher = GridSearch(ConfigSpace({"learning_rate": stats.loguniform(0.01, 1)}), n=3)
    >>> [round(searcher.ask(number)["learning_rate"], 2) for number in range(3)]
    [0.01, 0.1, 1.0]
    """

    def __init__(self, space: ConfigSpace, n: int) -> None:
        self.space = require_space(space)
        self.configs = self.space.grid(n)

    def ask(self, number: int) -> Config | None:
        """Return the configuration of a trial; see `Searcher.ask`."""
        return dict(self.configs[number]) if number < len(self.configs) else None

    def tell(self, trial: Trial) -> None:
        """Learn nothing, for the grid is fixed beforehand; see `Searcher.tell`."""


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

    Examples
    --------
    >>> from scipy import stats
    >>> space = ConfigSpace({"dropout_rate": stats.uniform(0, 1)})
    >>> searcher = CoarseToFine(space, trials=1, shrink=0.2)
    >>> searcher.tell(Trial(0, {"dropout_rate": 0.3}, errors=[0.1]))
    >>> [corner.round(2).tolist() for corner in searcher.box(1)]
    [[0.2], [0.4]]
    """

    def __init__(self, space: ConfigSpace, trials: int, shrink: float = 0.5, seed: int = 0) -> None:
        if finite("shrink", shrink, above=0) > 1:
            raise ValueError(f"shrink is {shrink!r}; expected a share in (0, 1], such as 0.5")
        self.space = require_space(space)
        self.trials = whole("trials", trials)
        self.shrink = shrink
        self.seed = whole("seed", seed, least=0)
        self._told: dict[int, Trial] = {}

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        low, high = self.box(number // self.trials)
        point = np.random.default_rng([self.seed, number]).random(len(self.space))
        return self.space.from_unit(low + (high - low) * point)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial, in place of an earlier report of it; see `Searcher.tell`."""
        self._told[trial.number] = trial

    def box(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the corners of the box of a round.

        Parameters
        ----------
        number : int
            Of the round, from 0.

        Returns
        -------
        low, high : ndarray of float, shape (number of hyperparameters,)
            In the unit cube.
        """
        best = incumbent(t for t in self._told.values() if t.number // self.trials < number)
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
    step : float
        Standard deviation of a Gaussian step, as a share of the prior's quantiles: 0.2 of a
        log-uniform learning rate from 0.0001 to 1 is a factor of 6.

    Raises
    ------
    TypeError, ValueError
        If `step` is no positive number.

    Notes
    -----
    As long as no trial has succeeded, configurations are drawn at random from the prior. It goes
    down from where it begins, and may stay in a poor valley that is wider than its steps: much
    depends on a good start, such as the configuration in use, as `initial` of `tune`. A
    configuration may come twice, above all in a small space.

    References
    ----------
    H. H. Hoos, T. Stützle, *Stochastic Local Search: Foundations and Applications*, Morgan
    Kaufmann, 2004, chapter 1. The neighbourhood is that of F. Hutter, H. H. Hoos, K.
    Leyton-Brown, "Sequential Model-Based Optimization for General Algorithm Configuration",
    LION 5, 2011.

    Examples
    --------
    >>> from scipy import stats
    >>> from hpo_helpers.spaces import choice
    >>> space = ConfigSpace({"layers": stats.randint(1, 9), "units": choice([16, 32, 64])})
    >>> searcher = LocalSearch(space)
    >>> searcher.tell(Trial(0, {"layers": 2, "units": 32}, errors=[0.3]))
    >>> searcher.ask(1), searcher.ask(3)
    ({'layers': 1, 'units': 32}, {'layers': 2, 'units': 16})
    """

    def __init__(self, space: ConfigSpace, seed: int = 0, step: float = 0.2) -> None:
        self.space = require_space(space)
        self.seed = whole("seed", seed, least=0)
        self.step = finite("step", step, above=0)
        # The space with its conditions lifted: a value of each hyperparameter, come what may.
        self._all = ConfigSpace({name: space.distribution(name) for name in space})
        self._told: dict[int, Trial] = {}

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial; see `Searcher.ask`."""
        rng = np.random.default_rng([self.seed, number])
        best = incumbent(self._told.values())
        return self.space.sample(rng) if best is None else self._neighbor(best.config, rng)

    def tell(self, trial: Trial) -> None:
        """Take note of a trial, in place of an earlier report of it; see `Searcher.tell`."""
        self._told[trial.number] = trial

    def _neighbor(self, config: Config, rng: np.random.Generator) -> Config:
        values = self._all.sample(rng) | config
        movable = [name for name in config if self.space.axes[name].movable]
        if movable:
            name = movable[rng.integers(len(movable))]
            values[name] = self.space.axes[name].moved(values[name], self.step, rng)
        return self.space.existing(values)
