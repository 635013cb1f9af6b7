"""Configuration spaces: names mapped to SciPy distributions, and the way to the unit cube."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_helpers.axes import Axis, axis_of, describe
from hpo_helpers.distributions import Immutable, plain

# For who writes a space: all its words from one place.
from hpo_helpers.distributions import choice as choice
from hpo_helpers.distributions import log_integer as log_integer
from hpo_helpers.distributions import stepped as stepped

Config = dict[str, Any]

# Where an absent conditional hyperparameter lies in the unit cube: the centre, the same for
# every configuration that lacks it, so that it adds nothing to the distance between two.
_ABSENT = 0.5
# Quantiles that differ by less are the same.
_ROUNDING = 1e-9


class conditional(Immutable):
    """A hyperparameter that exists only if another one has one of the given values.

    Parameters
    ----------
    distribution : distribution or conditional
        Where its values come from when it exists. Of two conditions, one inside the other, both
        have to hold.
    parent : str
        Name of the hyperparameter on which it depends.
    *values
        The values of the parent for which it exists; at least one.

    Attributes
    ----------
    conditions : tuple of (str, tuple)
        Each parent, with its values; the innermost first.

    Raises
    ------
    TypeError
        If the parent is no name.
    ValueError
        If no value is given.

    Examples
    --------
    >>> from scipy import stats
    >>> space = ConfigSpace({
    ...     "optimizer": choice(["sgd", "adam"]),
    ...     "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "sgd"),
    ... })
    >>> space.from_unit([0.9, 0.3])
    {'optimizer': 'adam'}
    >>> warm = conditional(choice([1, 2]), "layers", 3)
    >>> conditional(warm, "optimizer", "sgd").conditions
    (('layers', (3,)), ('optimizer', ('sgd',)))
    """

    def __init__(self, distribution: Any, parent: str, *values: Any) -> None:
        if not values:
            raise ValueError(
                f"conditional on {parent!r} names no value; expected at least one, such as "
                'conditional(stats.uniform(0, 0.99), "optimizer", "sgd")'
            )
        if not isinstance(parent, str):
            raise TypeError(f"conditional on {parent!r}; expected the name of a hyperparameter")
        self.distribution = distribution
        self.conditions: tuple[tuple[str, tuple], ...] = ((parent, values),)
        if isinstance(distribution, conditional):
            self.distribution = distribution.distribution
            self.conditions = (*distribution.conditions, *self.conditions)

    def __repr__(self) -> str:
        text = describe(self.distribution)
        for parent, values in self.conditions:
            text = f"conditional({', '.join([text, *map(repr, (parent, *values))])})"
        return text


class ConfigSpace(Immutable, Mapping):
    """The set of configurations to search, with a distribution over it.

    Parameters
    ----------
    hyperparameters : mapping of str to distribution
        A distribution is a frozen one from ``scipy.stats``, a `choice`, a `log_integer`, a
        `stepped`, or a `conditional`, which stands behind its parent.

    Attributes
    ----------
    axes : dict of str to Axis
        The coordinate of each hyperparameter in the unit cube.

    Raises
    ------
    TypeError
        If a name is no string, or a value none of these.
    ValueError
        If there is no hyperparameter, if nothing can be drawn from one, or if a conditional one
        stands before its parent.

    Notes
    -----
    Every way in and out goes through ``ppf`` and ``cdf``: the quantile of each value is its
    coordinate in the unit cube, where the prior is uniform. An integer or a category has an
    interval of quantiles; its coordinate is the middle of it.

    No combination can be forbidden. Let one hyperparameter exist under a condition of the other,
    or make one `choice` of the pairs that are allowed: ``choice(["sgd 0.1", "adam 0.001"])``.

    Examples
    --------
    >>> from scipy import stats
    >>> space = ConfigSpace({
    ...     "dropout_rate": stats.uniform(0, 0.8),
    ...     "layers": stats.randint(1, 4),
    ... })
    >>> space.from_unit([0.5, 0.99])
    {'dropout_rate': 0.4, 'layers': 3}
    >>> space.to_unit({"dropout_rate": 0.2, "layers": 2})
    array([0.25, 0.5 ])
    >>> len(space.grid(5))
    15
    """

    def __init__(self, hyperparameters: Mapping[str, Any]) -> None:
        if not isinstance(hyperparameters, Mapping):
            raise TypeError(f"the space is {hyperparameters!r}; expected distributions by name")
        if not hyperparameters:
            raise ValueError("the configuration space is empty; expected at least one name")
        self._hyperparameters = dict(hyperparameters)
        self.axes: dict[str, Axis] = {}
        for name in self:
            if not isinstance(name, str) or not name:
                raise TypeError(f"hyperparameter {name!r} needs another name; expected a string")
            for parent, values in self._conditions(name):
                if parent not in self.axes:
                    raise ValueError(
                        f"{name!r} depends on {parent!r}, which does not stand before it; "
                        f"expected one of {list(self.axes)}: name the parent first"
                    )
                for value in values:
                    self._require_member(parent, value)
            self.axes[name] = axis_of(name, self.distribution(name))

    def __getitem__(self, name: str) -> Any:
        return self._hyperparameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hyperparameters)

    def __len__(self) -> int:
        return len(self._hyperparameters)

    def __repr__(self) -> str:
        lines = (f"    {name!r}: {describe(value)}," for name, value in self.items())
        return "\n".join(["ConfigSpace({", *lines, "})"])

    @property
    def size(self) -> float:
        """How many configurations there are at most; infinite if a float is among them."""
        return math.prod(axis.size for axis in self.axes.values())

    def distribution(self, name: str) -> Any:
        """Return the distribution of a hyperparameter, its condition left aside.

        Parameters
        ----------
        name : str

        Returns
        -------
        frozen SciPy distribution, choice, log_integer or stepped
        """
        child = self[name]
        return child.distribution if isinstance(child, conditional) else child

    def exists(self, name: str, config: Mapping[str, Any]) -> bool:
        """Tell whether a hyperparameter exists beside the values in a configuration.

        Parameters
        ----------
        name : str
        config : mapping of str to value
            With its parents, as far as they exist.

        Returns
        -------
        bool
        """
        return not isinstance(self[name], conditional) or all(
            parent in config and config[parent] in values
            for parent, values in self[name].conditions
        )

    def sample(self, rng: np.random.Generator) -> Config:
        """Draw one configuration from the prior.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        dict
        """
        return self.from_unit(rng.random(len(self)))

    def from_unit(self, point: Sequence[float] | np.ndarray) -> Config:
        """Turn a point of the unit cube into a configuration.

        Parameters
        ----------
        point : sequence of float, shape (number of hyperparameters,)
            Quantiles in [0, 1], in the order of the space. That of a hyperparameter that does
            not exist is passed over.

        Returns
        -------
        dict
            Floats, ints and options; without the hyperparameters that do not exist.

        Raises
        ------
        ValueError
            If the point has another length, leaves the cube, or meets an infinite value.
        """
        return self.from_units([point])[0]

    def from_units(self, points: Iterable[Sequence[float] | np.ndarray]) -> list[Config]:
        """Turn many points into configurations, several times as fast as one by one.

        Parameters
        ----------
        points : iterable of sequence of float, shape (n, number of hyperparameters)
            Each as for `from_unit`; of none there are no configurations.

        Returns
        -------
        list of dict, length n

        Raises
        ------
        ValueError
            As `from_unit`.
        """
        cube = np.array([self._quantiles(point) for point in points]).reshape(-1, len(self))
        columns = [axis.values(q) for axis, q in zip(self.axes.values(), cube.T, strict=True)]
        configs = []
        for point, values in zip(cube.tolist(), zip(*columns, strict=True), strict=True):
            config = self.existing(dict(zip(self, values, strict=True)))
            for name, q in zip(self, point, strict=True):
                if config.get(name) in (-np.inf, np.inf):
                    raise ValueError(
                        f"quantile {q:g} of {name!r} is {config[name]}; expected a distribution "
                        "with bounds, or a quantile inside (0, 1)"
                    )
            configs.append(config)
        return configs

    def existing(self, values: Mapping[str, Any]) -> Config:
        """Return the configuration of those hyperparameters that exist beside each other.

        Parameters
        ----------
        values : mapping of str to value
            Of all hyperparameters, come what may.

        Returns
        -------
        dict
        """
        config: Config = {}
        for name in self:
            if self.exists(name, config):
                config[name] = values[name]
        return config

    def to_unit(self, config: Mapping[str, Any]) -> np.ndarray:
        """Turn a configuration into a point of the unit cube.

        Parameters
        ----------
        config : mapping of str to value
            A configuration of this space.

        Returns
        -------
        ndarray of float, shape (number of hyperparameters,)
            Quantiles in [0, 1]; 0.5 for a hyperparameter that does not exist.

        Raises
        ------
        ValueError
            If the configuration does not belong to this space.
        """
        self.check(config)
        return self.to_units([config])[0]

    def to_units(self, configs: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Turn many configurations into points, much faster than one by one.

        Parameters
        ----------
        configs : sequence of mapping, length n
            Of this space, which is taken on trust; `to_unit` checks.

        Returns
        -------
        ndarray of float, shape (n, number of hyperparameters)
        """
        points = np.full((len(configs), len(self)), _ABSENT)
        for (name, axis), column in zip(self.axes.items(), points.T, strict=True):
            rows = [row for row, config in enumerate(configs) if name in config]
            column[rows] = axis.quantiles([configs[row][name] for row in rows])
        return points

    def settled(self, points: np.ndarray) -> np.ndarray:
        """Return where the configurations of points lie, for a model that learns from many.

        Parameters
        ----------
        points : ndarray of float, shape (n, number of hyperparameters)
            Quantiles in [0, 1].

        Returns
        -------
        ndarray of float, shape (n, number of hyperparameters)
            For an integer or a category the middle of its interval; NaN for a hyperparameter that
            does not exist.

        Examples
        --------
        >>> momentum = conditional(choice([0.5, 0.9]), "optimizer", "sgd")
        >>> space = ConfigSpace({"optimizer": choice(["sgd", "adam"]), "momentum": momentum})
        >>> space.settled(np.array([[0.1, 0.1], [0.9, 0.1]]))
        array([[0.25, 0.25],
               [0.75,  nan]])
        """
        found = np.empty_like(points)
        columns = dict(zip(self, found.T, strict=True))
        for (name, axis), quantiles in zip(self.axes.items(), points.T, strict=True):
            columns[name][:] = axis.settled(quantiles)
            for parent, values in self._conditions(name):
                there = self.axes[parent].quantiles(values)
                near = np.isclose(columns[parent][:, None], there, rtol=0, atol=_ROUNDING)
                columns[name][~near.any(axis=1)] = np.nan
        return found

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse a configuration that does not belong to this space.

        Parameters
        ----------
        config : mapping of str to value

        Raises
        ------
        TypeError
            If it is no mapping.
        ValueError
            If a hyperparameter is unknown, is missing or should be, or has an impossible value.
        """
        if not isinstance(config, Mapping):
            raise TypeError(f"configuration is {config!r}; expected values by name: {list(self)}")
        unknown = [name for name in config if name not in self]
        if unknown:
            raise ValueError(f"unknown hyperparameter {unknown[0]!r}; expected {list(self)}")
        for name in self:
            if not self.exists(name, config):
                if name in config:
                    listed = (f"{p!r} is one of {list(v)}" for p, v in self._conditions(name))
                    raise ValueError(
                        f"hyperparameter {name!r} is given, but exists only if "
                        f"{' and '.join(listed)}; leave it out"
                    )
            elif name not in config:
                raise ValueError(
                    f"hyperparameter {name!r} is missing from {dict(config)}; expected a value"
                )
            else:
                self._require_member(name, config[name])

    def grid(self, n: int) -> list[Config]:
        """Return every combination of up to `n` values a hyperparameter.

        Parameters
        ----------
        n : int
            Values a float or an integer takes, evenly spaced in quantiles from its smallest to
            its largest (one value: the median). A category takes all its options.

        Returns
        -------
        list of dict
            The first hyperparameter varies slowest; no configuration twice.

        Raises
        ------
        ValueError
            If `n` is below 1, or a distribution has no smallest or largest value.
        """
        if not isinstance(plain(n), int) or n < 1:
            raise ValueError(f"n is {n!r}; expected at least one value a hyperparameter")
        axes = [axis.grid(n) for axis in self.axes.values()]
        configs = self.from_units([*itertools.product(*axes)])
        # Points that differ only in what does not exist are one configuration.
        return [*{tuple(config.items()): config for config in configs}.values()]

    def _conditions(self, name: str) -> tuple:
        return getattr(self[name], "conditions", ())

    def _require_member(self, name: str, value: Any) -> None:
        if not self.axes[name].allows(value):
            raise ValueError(f"{name} is {value!r}; expected {self.axes[name].expected()}")

    def _quantiles(self, point: Any) -> np.ndarray:
        try:
            quantiles = np.asarray(point, float)
        except (TypeError, ValueError, OverflowError):
            quantiles = np.empty(0)
        inside = (quantiles >= 0) & (quantiles <= 1)
        if quantiles.shape != (len(self),) or not inside.all():
            raise ValueError(
                f"point is {point!r}; expected {len(self)} quantiles between 0 and 1, one for "
                f"each of {list(self)}"
            )
        return quantiles


def require_space(space: Any) -> ConfigSpace:
    """Return a configuration space, or refuse what is none.

    Parameters
    ----------
    space : ConfigSpace

    Returns
    -------
    ConfigSpace

    Raises
    ------
    TypeError
        If it is another object, such as a dict of distributions.

    Examples
    --------
    >>> require_space({"layers": choice([1, 2])})
    Traceback (most recent call last):
    TypeError: space is {'layers': choice([1, 2])}; expected a ConfigSpace: ConfigSpace({...})
    """
    if not isinstance(space, ConfigSpace):
        raise TypeError(f"space is {space!r}; expected a ConfigSpace: ConfigSpace({{...}})")
    return space
