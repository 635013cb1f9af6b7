"""Arguments: refused where they enter, by name, with their value and what was expected."""

import contextlib
import math
import numbers
from typing import Any


def whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number, or say what is wrong with it.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        A whole number of Python or of NumPy.
    least : int
        The smallest that is allowed.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not whole, or below `least`.

    Examples
    --------
    >>> whole("trials", 20)
    20
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise _refused(name, value, f"a whole number, at least {least}")


def finite(name: str, value: Any, above: float = -math.inf) -> float:
    """Return a finite number, or say what is wrong with it.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        A real number of Python or of NumPy.
    above : float
        What it has to exceed.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not finite, or not above the limit.

    Examples
    --------
    >>> finite("time_limit", 60, above=0)
    60.0
    """
    expected = "a finite number" + (f" above {above:g}" if math.isfinite(above) else "")
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        # What is too large for a float is not finite either.
        with contextlib.suppress(OverflowError):
            if above < float(value) < math.inf:
                return float(value)
    raise _refused(name, value, expected)


def _refused(name: str, value: Any, expected: str) -> Exception:
    kind = ValueError if isinstance(value, numbers.Real) else TypeError
    return kind(f"{name} is {value!r}; expected {expected}")
