"""Configuration spaces: names mapped to SciPy distributions, and the way to the unit cube."""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

Config = dict[str, Any]

# Where an absent conditional hyperparameter lies in the unit cube: the centre, the same for
# every configuration that lacks it, so that it adds nothing to the distance between two.
_ABSENT = 0.5


# In lower case, both of them, as the SciPy distributions beside which they stand.
class choice:
    """A categorical hyperparameter: each option is as likely as the others.

    Parameters
    ----------
    options : sequence of str, int, float, bool or None
        At least one, all different. Only values that a log can store and read back.

    Raises
    ------
    ValueError
        If there is no option, or if two of them compare equal.
    TypeError
        If an option is of another type.

    Examples
    --------
    >>> activation = choice(["relu", "tanh"])
    >>> activation.ppf(0.7)
    'tanh'
    >>> activation.cdf("relu")
    0.5
    """

    def __init__(self, options: Sequence[Any]) -> None:
        if isinstance(options, str) or not len(options):
            raise ValueError(
                f"choice got {options!r}; expected a list with at least one option, "
                'such as choice(["relu", "tanh"])'
            )
        self.options = tuple(options)
        for option in self.options:
            if not isinstance(option, str | int | float | None):
                raise TypeError(
                    f"choice option {option!r} is of type {type(option).__name__}; expected a "
                    "string, a number, a boolean or None: name it by a string and look it up"
                )
            if isinstance(option, float) and not np.isfinite(option):
                raise ValueError(f"choice option {option!r} is not finite; expected a number")
            if self.options.count(option) != 1:
                raise ValueError(
                    f"choice option {option!r} equals another option of {list(self.options)}; "
                    "expected options that all differ"
                )

    def __repr__(self) -> str:
        return f"choice({list(self.options)})"

    def ppf(self, q: float) -> Any:
        """Return the option at a quantile.

        Parameters
        ----------
        q : float
            From 0 to 1.

        Returns
        -------
        str, int, float, bool or None
        """
        return self.options[min(int(q * len(self.options)), len(self.options) - 1)]

    def cdf(self, option: Any) -> float:
        """Return the share of the options up to and including one of them.

        Parameters
        ----------
        option : str, int, float, bool or None

        Returns
        -------
        float
            In (0, 1].

        Raises
        ------
        ValueError
            If it is no option.
        """
        return (self.options.index(option) + 1) / len(self.options)

    def support(self) -> tuple[Any, Any]:
        """Return the first and the last option."""
        return self.options[0], self.options[-1]

    def rvs(self, random_state: np.random.Generator | int | None = None) -> Any:
        """Draw one option.

        Parameters
        ----------
        random_state : numpy.random.Generator or int, optional
            A generator or a seed; by default each call draws anew.

        Returns
        -------
        str, int, float, bool or None
        """
        return self.ppf(np.random.default_rng(random_state).random())


class conditional:
    """A hyperparameter that exists only if another one has one of the given values.

    Parameters
    ----------
    distribution : frozen SciPy distribution or choice
        Where its values come from when it exists.
    parent : str
        Name of the hyperparameter on which it depends.
    *values
        The values of the parent for which it exists; at least one.

    Raises
    ------
    ValueError
        If no value is given.

    Examples
    --------
    >>> space = ConfigSpace({
    ...     "optimizer": choice(["sgd", "adam"]),
    ...     "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "sgd"),
    ... })
    >>> space.from_unit([0.9, 0.3])
    {'optimizer': 'adam'}
    """

    def __init__(self, distribution: Any, parent: str, *values: Any) -> None:
        if not values:
            raise ValueError(
                f"conditional on {parent!r} names no value; expected at least one, such as "
                'conditional(stats.uniform(0, 0.99), "optimizer", "sgd")'
            )
        self.distribution = distribution
        self.parent = parent
        self.values = values

    def __repr__(self) -> str:
        values = ", ".join(map(repr, self.values))
        return f"conditional({_describe(self.distribution)}, {self.parent!r}, {values})"


class ConfigSpace(Mapping):
    """The set of configurations to search, with a distribution over it.

    Parameters
    ----------
    hyperparameters : mapping of str to distribution
        A distribution is a frozen one from ``scipy.stats``, a `choice` or a `conditional`,
        which stands behind its parent.

    Raises
    ------
    TypeError
        If a value is none of these.
    ValueError
        If there is no hyperparameter, or a conditional one stands before its parent.

    Notes
    -----
    Every way in and out goes through ``ppf`` and ``cdf``: the quantile of each value is its
    coordinate in the unit cube, where the prior is uniform. An integer or a category has an
    interval of quantiles; its coordinate is the middle of it.

    Examples
    --------
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
        if not hyperparameters:
            raise ValueError("the configuration space is empty; expected at least one name")
        self._hyperparameters = dict(hyperparameters)
        for place, (name, child) in enumerate(self.items()):
            _require_distribution(name, self.distribution(name))
            if not isinstance(child, conditional):
                continue
            before = [*self][:place]
            if child.parent not in before:
                raise ValueError(
                    f"{name!r} depends on {child.parent!r}, which does not stand before it; "
                    f"expected one of {before}: name the parent first"
                )
            for value in child.values:
                _require_member(child.parent, self.distribution(child.parent), value)

    def __getitem__(self, name: str) -> Any:
        return self._hyperparameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hyperparameters)

    def __len__(self) -> int:
        return len(self._hyperparameters)

    def __repr__(self) -> str:
        lines = (f"    {name!r}: {_describe(value)}," for name, value in self.items())
        return "\n".join(["ConfigSpace({", *lines, "})"])

    def distribution(self, name: str) -> Any:
        """Return the distribution of a hyperparameter, its condition left aside.

        Parameters
        ----------
        name : str

        Returns
        -------
        frozen SciPy distribution or choice
        """
        hyperparameter = self[name]
        if isinstance(hyperparameter, conditional):
            return hyperparameter.distribution
        return hyperparameter

    def exists(self, name: str, config: Mapping[str, Any]) -> bool:
        """Tell whether a hyperparameter exists beside the values in a configuration.

        Parameters
        ----------
        name : str
        config : mapping of str to value
            With its parent, if that exists.

        Returns
        -------
        bool
        """
        child = self[name]
        return not isinstance(child, conditional) or (
            child.parent in config and config[child.parent] in child.values
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

    def from_unit(self, point: Sequence[float]) -> Config:
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

    def from_units(self, points: Sequence[Sequence[float]]) -> list[Config]:
        """Turn many points into configurations, several times as fast as one by one.

        Parameters
        ----------
        points : sequence of sequence of float, shape (n, number of hyperparameters)
            Each as for `from_unit`.

        Returns
        -------
        list of dict, length n

        Raises
        ------
        ValueError
            As `from_unit`.
        """
        for point in points:
            if len(point) != len(self) or not all(0 <= q <= 1 for q in point):
                raise ValueError(
                    f"point is {list(point)}; expected {len(self)} quantiles between 0 and 1, "
                    f"one for each of {list(self)}"
                )
        columns = [
            _values(self.distribution(name), np.array(quantiles))
            for name, quantiles in zip(self, zip(*points, strict=True), strict=True)
        ]
        configs = []
        for point, values in zip(points, zip(*columns, strict=True), strict=True):
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
        for name, column in zip(self, points.T, strict=True):
            rows = [row for row, config in enumerate(configs) if name in config]
            values = [configs[row][name] for row in rows]
            column[rows] = _quantiles(self.distribution(name), values)
        return points

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse a configuration that does not belong to this space.

        Parameters
        ----------
        config : mapping of str to value

        Raises
        ------
        ValueError
            If a hyperparameter is unknown, is missing or should be, or has an impossible value.
        """
        unknown = [name for name in config if name not in self]
        if unknown:
            raise ValueError(f"unknown hyperparameter {unknown[0]!r}; expected {list(self)}")
        for name in self:
            if not self.exists(name, config):
                if name in config:
                    raise ValueError(
                        f"hyperparameter {name!r} is given, but exists only if "
                        f"{self[name].parent!r} is one of {list(self[name].values)}; leave it out"
                    )
            elif name not in config:
                raise ValueError(f"hyperparameter {name!r} is missing from {dict(config)}")
            else:
                _require_member(name, self.distribution(name), config[name])

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
        if n < 1:
            raise ValueError(f"n is {n}; expected at least one value a hyperparameter")
        evenly = np.linspace(0, 1, n) if n > 1 else [0.5]
        axes = [
            _quantiles(prior, prior.options) if isinstance(prior, choice) else evenly
            for prior in map(self.distribution, self)
        ]
        configs = self.from_units([*itertools.product(*axes)])
        # Points that differ only in what does not exist are one configuration.
        return [*{tuple(config.items()): config for config in configs}.values()]


def reflected(quantiles: Any) -> Any:
    """Bring quantiles that have left [0, 1] back by as much as they went beyond.

    Parameters
    ----------
    quantiles : float or ndarray

    Returns
    -------
    float or ndarray
        In [0, 1].

    Examples
    --------
    >>> reflected(np.array([-0.1, 0.4, 1.3])).round(2)
    array([0.1, 0.4, 0.7])
    """
    # A triangle wave.
    return abs((quantiles + 1) % 2 - 1)


def _require_distribution(name: str, distribution: Any) -> None:
    if isinstance(distribution, choice | rv_frozen):
        return
    hint = "a frozen SciPy distribution such as stats.loguniform(1e-4, 1), or choice([...])"
    if isinstance(distribution, stats.rv_continuous | stats.rv_discrete):
        hint = f"it with its bounds, such as stats.{distribution.name}(...)"
    elif isinstance(distribution, list | tuple | set):
        hint = f"choice({list(distribution)}) for a category"
    raise TypeError(f"hyperparameter {name!r} is {distribution!r}; expected {hint}")


def _require_member(name: str, distribution: Any, value: Any) -> None:
    if isinstance(distribution, choice):
        if value not in distribution.options:
            raise ValueError(f"{name} is {value!r}; expected one of {list(distribution.options)}")
        return
    low, high = _support(distribution)
    kind = "an integer" if _is_integer(distribution) else "a number"
    if (
        isinstance(value, bool | np.bool_)
        or not isinstance(value, int | float | np.integer | np.floating)
        or not low <= value <= high
        or (_is_integer(distribution) and value != round(value))
    ):
        raise ValueError(f"{name} is {value!r}; expected {kind} from {low:g} to {high:g}")


# Asked for with every draw, and SciPy takes as long for it as for the draw itself.
@functools.lru_cache(maxsize=256)
def _support(distribution: Any) -> tuple[float, float]:
    return distribution.support()


def _is_integer(distribution: Any) -> bool:
    return isinstance(distribution.dist, stats.rv_discrete)


def _values(distribution: Any, quantiles: np.ndarray) -> list[Any]:
    if isinstance(distribution, choice):
        return [distribution.ppf(q) for q in quantiles]
    low, high = _support(distribution)
    # SciPy puts the quantile 0 of an integer one below its smallest value, and rounding may
    # carry a float past its bound.
    values = np.clip(distribution.ppf(quantiles), low, high)
    return [int(v) for v in values] if _is_integer(distribution) else values.tolist()


def _quantiles(distribution: Any, values: Sequence[Any]) -> Any:
    if isinstance(distribution, choice):
        half = 0.5 / len(distribution.options)
        return [distribution.cdf(value) - half for value in values]
    upper = distribution.cdf(values)
    if not _is_integer(distribution):
        return upper
    return (upper + distribution.cdf(np.asarray(values) - 1)) / 2


def _describe(hyperparameter: Any) -> str:
    if isinstance(hyperparameter, rv_frozen):
        named = [f"{key}={value!r}" for key, value in hyperparameter.kwds.items()]
        arguments = ", ".join([*map(repr, hyperparameter.args), *named])
        return f"{hyperparameter.dist.name}({arguments})"
    return repr(hyperparameter)
