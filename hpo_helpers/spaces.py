"""Configuration spaces: names mapped to SciPy distributions, and the way to the unit cube."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

Config = dict[str, Any]

# Where an absent conditional hyperparameter lies in the unit cube: the centre, the same for
# every configuration that lacks it, so that it adds nothing to the distance between two.
ABSENT = 0.5


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
        """Return the option at the quantile `q`, from 0 to 1."""
        return self.options[min(int(q * len(self.options)), len(self.options) - 1)]

    def cdf(self, option: Any) -> float:
        """Return the share of the options up to and including `option`."""
        return (self.options.index(option) + 1) / len(self.options)

    def rvs(self, random_state: np.random.Generator | int | None = None) -> Any:
        """Draw one option; `random_state` is a generator or a seed."""
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

    def exists(self, config: Mapping[str, Any]) -> bool:
        """Tell whether the parent is in `config` with one of the values."""
        return self.parent in config and config[self.parent] in self.values


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
    """

    def __init__(self, hyperparameters: Mapping[str, Any]) -> None:
        if not hyperparameters:
            raise ValueError("the configuration space is empty; expected at least one name")
        self._hyperparameters = dict(hyperparameters)
        before: list[str] = []
        for name, hyperparameter in self._hyperparameters.items():
            _require_distribution(name, self.distribution(name))
            if isinstance(hyperparameter, conditional):
                self._require_parent(name, hyperparameter, before)
            before.append(name)

    def __getitem__(self, name: str) -> Any:
        return self._hyperparameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hyperparameters)

    def __len__(self) -> int:
        return len(self._hyperparameters)

    def __repr__(self) -> str:
        lines = (f"    {name!r}: {_describe(value)}," for name, value in self.items())
        return "\n".join(["ConfigSpace({", *lines, "})"])

    def _require_parent(self, name: str, child: conditional, before: Sequence[str]) -> None:
        if child.parent not in before:
            raise ValueError(
                f"{name!r} depends on {child.parent!r}, which does not stand before it; "
                f"expected one of {list(before)}: name the parent first"
            )
        for value in child.values:
            _require_member(child.parent, self.distribution(child.parent), value)

    def distribution(self, name: str) -> Any:
        """Return the distribution of a hyperparameter, its condition left aside."""
        hyperparameter = self[name]
        if isinstance(hyperparameter, conditional):
            return hyperparameter.distribution
        return hyperparameter

    def exists(self, name: str, config: Mapping[str, Any]) -> bool:
        """Tell whether hyperparameter `name` exists beside the values in `config`."""
        hyperparameter = self[name]
        return not isinstance(hyperparameter, conditional) or hyperparameter.exists(config)

    def sample(self, rng: np.random.Generator) -> Config:
        """Draw one configuration from the prior with the generator `rng`."""
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
        """Turn many points into configurations, several times as fast as one by one."""
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
        rows = zip(*columns, strict=True)
        return [self._existing(*row) for row in zip(points, rows, strict=True)]

    def _existing(self, point: Sequence[float], values: Sequence[Any]) -> Config:
        config: Config = {}
        for name, q, value in zip(self, point, values, strict=True):
            if self.exists(name, config):
                _require_finite(name, q, value)
                config[name] = value
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
        return np.array(
            [self.quantile(name, config[name]) if name in config else ABSENT for name in self]
        )

    def quantile(self, name: str, value: Any) -> float:
        """Return the coordinate of a value in the unit cube."""
        distribution = self.distribution(name)
        upper = distribution.cdf(value)
        if isinstance(distribution, choice):
            return upper - 0.5 / len(distribution.options)
        if _is_integer(distribution):
            return float(upper + distribution.cdf(value - 1)) / 2
        return float(upper)

    def check(self, config: Mapping[str, Any]) -> None:
        """Raise a ValueError that says why `config` does not belong to this space."""
        unknown = [name for name in config if name not in self]
        if unknown:
            raise ValueError(f"unknown hyperparameter {unknown[0]!r}; expected {list(self)}")
        for name in self:
            expected = self.exists(name, config)
            if expected and name not in config:
                raise ValueError(f"hyperparameter {name!r} is missing from {dict(config)}")
            if not expected and name in config:
                raise ValueError(
                    f"hyperparameter {name!r} is given, but exists only if {self[name].parent!r} "
                    f"is one of {list(self[name].values)}; leave it out"
                )
            if expected:
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
        configs: list[Config] = [{}]
        for name in self:
            values = _grid_values(name, self.distribution(name), n)
            configs = [
                extended
                for config in configs
                for extended in (
                    [{**config, name: value} for value in values]
                    if self.exists(name, config)
                    else [config]
                )
            ]
        return configs


def reflected(quantiles: Any) -> Any:
    """Bring quantiles that have left [0, 1] back by as much as they went beyond."""
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


def _require_finite(name: str, q: float, value: Any) -> None:
    if value in (-np.inf, np.inf):
        raise ValueError(
            f"quantile {q:g} of {name!r} is {value}; expected a distribution with bounds, or a "
            "quantile inside (0, 1)"
        )


def _grid_values(name: str, distribution: Any, n: int) -> list[Any]:
    if isinstance(distribution, choice):
        return list(distribution.options)
    quantiles = np.linspace(0, 1, n) if n > 1 else [0.5]
    values = _values(distribution, np.array(quantiles))
    for q, value in zip(quantiles, values, strict=True):
        _require_finite(name, q, value)
    return list(dict.fromkeys(values))


def _describe(hyperparameter: Any) -> str:
    if isinstance(hyperparameter, rv_frozen):
        named = [f"{key}={value!r}" for key, value in hyperparameter.kwds.items()]
        arguments = ", ".join([*map(repr, hyperparameter.args), *named])
        return f"{hyperparameter.dist.name}({arguments})"
    return repr(hyperparameter)
