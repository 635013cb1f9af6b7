"""Distributions that SciPy lacks: categories, integers on a logarithmic scale, steps."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

# Steps that are finer than this are those of a float.
_MOST = 1000
# Of an integer, for one near a billion.
_ROUNDING = 1e-4


class Immutable:
    """What never changes, so that a copy of it is itself.

    Examples
    --------
    >>> import copy
    >>> activation = choice(["relu", "tanh"])
    >>> copy.deepcopy(activation) is activation
    True
    """

    def __copy__(self) -> "Immutable":
        return self

    def __deepcopy__(self, memo: dict) -> "Immutable":
        return self


# In lower case, all of them, as the SciPy distributions beside which they stand.
class choice(Immutable):
    """A categorical hyperparameter: each option is as likely as the others.

    Parameters
    ----------
    options : sequence of str, int, float, bool or None
        At least one, all different. Only values that a log can store and read back; those of
        NumPy become Python's.

    Raises
    ------
    ValueError
        If it is no sequence, if there is no option, or if two of them compare equal.
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
        given = options.tolist() if isinstance(options, np.ndarray) else options
        # A set gives its options in another order in each process.
        if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
            raise ValueError(
                f"choice got {options!r}; expected a list, in an order that stays, with at least "
                'one option, such as choice(["relu", "tanh"])'
            )
        self.options = tuple(map(plain, given))
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


class stepped(choice):
    """A number at even steps, each as likely as the others: a choice whose options are in order.

    Parameters
    ----------
    low, high : int or float
        The ends, included.
    step : int or float
        From one value to the next. If all three are integers, so are the values.

    Raises
    ------
    ValueError
        If an argument is no finite number, `low` is not below `high`, or steps do not lead from
        one to the other.

    Notes
    -----
    The steps are made in decimal arithmetic, so that the third value below is 0.3 and not
    0.30000000000000004. The methods are those of `choice`.

    Examples
    --------
    >>> dropout_rate = stepped(0.1, 0.5, 0.1)
    >>> dropout_rate.options
    (0.1, 0.2, 0.3, 0.4, 0.5)
    >>> stepped(32, 128, 32).ppf(0.5)
    96
    """

    def __init__(self, low: float, high: float, step: float) -> None:
        low, high, step = map(plain, (low, high, step))
        self._text = f"stepped({low!r}, {high!r}, {step!r})"
        possible = all(map(is_number, (low, high, step))) and step > 0
        first, last, by = (Decimal(repr(end)) if possible else 0 for end in (low, high, step))
        steps = (last - first) / by if possible else 0
        if not 0 < steps <= _MOST or steps % 1:
            raise ValueError(
                f"{self} takes {steps:.6g} steps; expected the lower end, the upper end and a "
                f"step of which 1 to {_MOST:,} lead up, such as stepped(0.1, 0.9, 0.1)"
            )
        number = type(low + high + step)
        super().__init__([number(first + place * by) for place in range(int(steps) + 1)])

    def __repr__(self) -> str:
        return self._text


def log_integer(low: int, high: int) -> rv_frozen:
    """Return a distribution of integers on a logarithmic scale.

    To fall between 8 and 16 is about as likely as to fall between 128 and 256.

    Parameters
    ----------
    low, high : int
        The ends, included; from 1 to a billion.

    Returns
    -------
    frozen SciPy distribution

    Raises
    ------
    ValueError
        If an end is not as stated, or `low` is not below `high`.

    Notes
    -----
    A log-uniform float from half an integer below `low` to half an integer above `high`, rounded.

    Examples
    --------
    >>> units = log_integer(8, 256)
    >>> units.ppf([0.01, 0.25, 0.5, 0.75, 1]).tolist()
    [8.0, 18.0, 44.0, 106.0, 256.0]
    """
    low, high = plain(low), plain(high)
    integers = isinstance(low, int) and isinstance(high, int)
    if not integers or not 1 <= low < high <= 10**9:
        raise ValueError(
            f"log_integer({low!r}, {high!r}) has no values; expected two integers from 1 to a "
            "billion, the lower first, such as log_integer(8, 256)"
        )
    return _LOG_INTEGER(low, high)


class _LogInteger(stats.rv_discrete):
    def _get_support(self, low: Any, high: Any) -> tuple[Any, Any]:
        return low, high

    def _cdf(self, value: Any, low: Any, high: Any) -> Any:
        return np.log((np.floor(value) + 0.5) / (low - 0.5)) / np.log((high + 0.5) / (low - 0.5))

    def _ppf(self, q: Any, low: Any, high: Any) -> Any:
        # The quantile at the very end of an integer's interval is still that integer's.
        value = (low - 0.5) * ((high + 0.5) / (low - 0.5)) ** q - 0.5
        return np.maximum(np.ceil(value - _ROUNDING), low)


_LOG_INTEGER = _LogInteger(name="log_integer")


def plain(value: Any) -> Any:
    """Return a scalar of NumPy as the value of Python that it is; others as they are.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Examples
    --------
    >>> plain(np.int64(3)), plain("relu")
    (3, 'relu')
    """
    if isinstance(value, np.floating):
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def is_number(value: Any) -> bool:
    """Tell whether a plain value is a finite number; a boolean is none.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_number(value) for value in (3, 0.5, True, float("nan"), "3")]
    [True, True, False, False, False]
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # Unlike math.isfinite, this takes an integer of any size.
    return number and abs(value) <= sys.float_info.max
