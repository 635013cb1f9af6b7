"""Axes: the way of each kind of hyperparameter to the unit interval, and back."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

from hpo_helpers.distributions import choice, is_number, plain, stepped

# SciPy takes as long to say whether a value is possible as to draw one. Of these, which most
# spaces have, every value between the bounds is.
_WITHOUT_GAPS = {"uniform", "loguniform", "randint", "log_integer"}
# Near a quantile of 1 the next one is this far away: what is less likely is not drawn.
_RARE = 2.0**-50
# Integers up to here a float tells apart, and their quantiles.
_LARGEST = 2**50
_QUARTERS = [0.25, 0.5, 0.75]
_HINTS = {
    "loguniform": "two positive bounds, the lower first, such as stats.loguniform(1e-4, 1)",
    "uniform": "the lower bound and a positive width, such as stats.uniform(0, 0.5)",
    "randint": "two integers, the upper one left out, such as stats.randint(1, 4) for 1, 2, 3",
}


class Axis:
    """The coordinate of a hyperparameter in the unit cube: that of a float.

    The axes of integers, of steps and of categories have the same methods.

    Parameters
    ----------
    distribution : frozen SciPy distribution, choice, log_integer or stepped
        As `axis_of` lets it pass.

    Examples
    --------
    >>> axis = axis_of("learning_rate", stats.loguniform(1e-4, 1))
    >>> np.round(axis.values(axis.grid(3)), 4)
    array([1.e-04, 1.e-02, 1.e+00])
    >>> axis_of("layers", stats.randint(1, 5)).quantiles([1, 4])
    array([0.125, 0.875])
    """

    _kind = "a number"

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution
        self._low, self._high = distribution.support()

    @property
    def size(self) -> float:
        """How many values there are at most; infinite for a float."""
        return math.inf

    @property
    def movable(self) -> bool:
        """Whether there is more than one value."""
        return bool(self._low != self._high)

    def values(self, quantiles: np.ndarray) -> list[Any]:
        """Return the values at quantiles.

        Parameters
        ----------
        quantiles : ndarray of float, shape (n,)
            In [0, 1].

        Returns
        -------
        list, length n
            An end that lies at infinity is an infinite float.
        """
        # SciPy puts the quantile 0 of an integer one below its smallest value, and rounding may
        # carry a float past its bound.
        return np.clip(self.distribution.ppf(quantiles), self._low, self._high).tolist()

    def quantiles(self, values: Sequence[Any]) -> np.ndarray:
        """Return the quantiles of values: for what has an interval of them, its middle.

        Parameters
        ----------
        values : sequence, length n
            Possible ones.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return self.distribution.cdf(np.asarray(values, float))

    @property
    def options(self) -> int:
        """How many options a category has; 0 for a number."""
        return 0

    def settled(self, quantiles: np.ndarray) -> np.ndarray:
        """Return the quantiles of the values at quantiles, where a configuration would lie.

        Parameters
        ----------
        quantiles : ndarray of float, shape (n,)
            In [0, 1].

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return quantiles

    def allows(self, value: Any) -> bool:
        """Tell whether a value is possible.

        Parameters
        ----------
        value : object

        Returns
        -------
        bool
        """
        value = plain(value)
        inside = is_number(value) and bool(self._low <= value <= self._high)
        return inside and self._has_probability(value)

    def expected(self) -> str:
        """Say which values are possible."""
        bounds = f"{self._kind} from {self._low:g} to {self._high:g}"
        return f"{bounds}, as {describe(self.distribution)} gives them"

    def grid(self, n: int) -> np.ndarray:
        """Return evenly spaced quantiles.

        Parameters
        ----------
        n : int
            How many; a category takes one for each option.

        Returns
        -------
        ndarray of float
        """
        return np.linspace(0, 1, n) if n > 1 else np.array([0.5])

    def moved(self, value: Any, step: float, rng: np.random.Generator) -> Any:
        """Return a value beside this one.

        Parameters
        ----------
        value : object
            A possible one.
        step : float
            Standard deviation of a Gaussian step in the quantile, which is reflected at the
            bounds. An integer moves at least to the next one; a category takes another option.
        rng : numpy.random.Generator

        Returns
        -------
        object
        """
        return self._stepped(value, step * rng.standard_normal())

    def _has_probability(self, value: float) -> bool:
        if self.distribution.dist.name in _WITHOUT_GAPS:
            return True
        # A density may be 0 in a single point that is drawn all the same, and far out in a tail.
        [back] = self.values(self.quantiles([value]))
        drawn = math.isinf(back) or math.isclose(back, value, rel_tol=1e-9)
        return drawn or self.distribution.pdf(value) > 0

    def _stepped(self, value: Any, step: float) -> Any:
        moved = self.values(reflected(self.quantiles([value]) + step))[0]
        return moved if math.isfinite(moved) else value


class _Integer(Axis):
    _kind = "an integer"

    def __init__(self, distribution: rv_frozen) -> None:
        self.distribution = distribution
        ends = zip(distribution.support(), (_RARE, 1 - _RARE), strict=True)
        self._low, self._high = (end if math.isinf(end) else distribution.ppf(q) for end, q in ends)

    @property
    def size(self) -> float:
        return self._high - self._low + 1

    def values(self, quantiles: np.ndarray) -> list[Any]:
        values = super().values(quantiles)
        return [int(value) if math.isfinite(value) else value for value in values]

    def quantiles(self, values: Sequence[Any]) -> np.ndarray:
        numbers = np.asarray(values, float)
        return (self.distribution.cdf(numbers) + self.distribution.cdf(numbers - 1)) / 2

    def settled(self, quantiles: np.ndarray) -> np.ndarray:
        return self.quantiles(super().values(quantiles))

    def _has_probability(self, value: float) -> bool:
        whole = self.distribution.dist.name in _WITHOUT_GAPS and value % 1 == 0
        return whole or self.distribution.pmf(value) > 0

    def _stepped(self, value: Any, step: float) -> Any:
        found = super()._stepped(value, step)
        for up in (step > 0, step <= 0):
            found = found if found != value else self._next(value, up)
        return found

    def _next(self, value: Any, up: bool) -> Any:
        sign, edge = (1, value) if up else (-1, value - 1)
        for gap in 10.0 ** np.arange(-16, 0):
            quantile = np.clip(self.distribution.cdf(edge) + sign * gap, _RARE, 1 - _RARE)
            [found] = self.values(np.array([quantile]))
            if sign * found > sign * value:
                return found
        return value


class _Steps(_Integer):
    def __init__(self, distribution: choice) -> None:
        super(_Integer, self).__init__(distribution)
        self._options = distribution.options

    @property
    def size(self) -> float:
        return len(self._options)

    def values(self, quantiles: np.ndarray) -> list[Any]:
        return [self.distribution.ppf(q) for q in quantiles]

    def quantiles(self, values: Sequence[Any]) -> np.ndarray:
        half = 0.5 / len(self._options)
        return np.array([self.distribution.cdf(value) - half for value in values])

    def settled(self, quantiles: np.ndarray) -> np.ndarray:
        count = len(self._options)
        return (np.minimum(quantiles * count, count - 1).astype(int) + 0.5) / count

    def allows(self, value: Any) -> bool:
        value = plain(value)
        return isinstance(value, str | int | float | None) and value in self._options

    def _next(self, value: Any, up: bool) -> Any:
        place = self._options.index(value) + (1 if up else -1)
        return self._options[min(max(place, 0), len(self._options) - 1)]


class _Category(_Steps):
    @property
    def options(self) -> int:
        return len(self._options)

    def expected(self) -> str:
        return f"one of {list(self._options)}"

    def grid(self, n: int) -> np.ndarray:
        return self.quantiles(self._options)

    def moved(self, value: Any, step: float, rng: np.random.Generator) -> Any:
        others = [option for option in self._options if option != value]
        return others[rng.integers(len(others))]


def axis_of(name: str, distribution: Any) -> Axis:
    """Return the axis of a hyperparameter.

    Parameters
    ----------
    name : str
        For what is said of a distribution that cannot be used.
    distribution : frozen SciPy distribution, choice, log_integer or stepped

    Returns
    -------
    Axis

    Raises
    ------
    TypeError
        If the distribution is none of these.
    ValueError
        If no value can be drawn from it, or if an integer one gives others than integers.

    Examples
    --------
    >>> axis_of("optimizer", choice(["sgd", "adam"])).values([0.2, 0.9])
    ['sgd', 'adam']
    """
    if isinstance(distribution, choice):
        return (_Steps if isinstance(distribution, stepped) else _Category)(distribution)
    if not isinstance(distribution, rv_frozen):
        hint = (
            "a frozen SciPy distribution, in lower case, such as stats.loguniform(1e-4, 1), or "
            "choice([...])"
        )
        if isinstance(distribution, stats.rv_continuous | stats.rv_discrete):
            hint = f"it with its bounds, such as stats.{distribution.name}(...)"
        elif isinstance(distribution, list | tuple | set):
            hint = f"choice({list(distribution)}) for a category"
        raise TypeError(f"hyperparameter {name!r} is {distribution!r}; expected {hint}")
    if not _gives_values(distribution):
        hint = _HINTS.get(distribution.dist.name, "a number for each parameter, and values to draw")
        raise ValueError(
            f"hyperparameter {name!r} is {describe(distribution)}, which gives no values, or none "
            f"that can be used; expected {hint}"
        )
    return (_Integer if isinstance(distribution.dist, stats.rv_discrete) else Axis)(distribution)


def describe(hyperparameter: Any) -> str:
    """Return a distribution as it is written.

    Parameters
    ----------
    hyperparameter : object

    Returns
    -------
    str

    Examples
    --------
    >>> describe(stats.loguniform(1e-4, 1))
    'loguniform(0.0001, 1)'
    """
    if isinstance(hyperparameter, rv_frozen):
        named = [f"{key}={value!r}" for key, value in hyperparameter.kwds.items()]
        arguments = ", ".join([*map(repr, hyperparameter.args), *named])
        return f"{hyperparameter.dist.name}({arguments})"
    return repr(hyperparameter)


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


def _gives_values(distribution: rv_frozen) -> bool:
    try:
        with np.errstate(all="ignore"):
            discrete = isinstance(distribution.dist, stats.rv_discrete)
            low, high = map(float, distribution.support())
            # Without a mean, or far from 0, SciPy may look for a quantile for ever.
            endless = discrete and math.isinf(high - low)
            largest = distribution.mean() if endless else max(-low, high)
            if discrete and not abs(float(largest)) < _LARGEST:
                return False
            drawn = np.array(distribution.ppf(_QUARTERS), float)
            shares = (distribution.pmf if discrete else distribution.cdf)(drawn)
    # SciPy stumbles over wrong parameters in many ways.
    except Exception:
        return False
    if not discrete:
        return bool(np.allclose(shares, _QUARTERS, atol=0.01))
    given = [end for end in (low, high) if not math.isinf(end)]
    values = np.concatenate([drawn, given, np.ravel(getattr(distribution.dist, "xk", []))])
    return bool((values % 1 == 0).all() and (shares > 0).all())
