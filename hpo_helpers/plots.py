"""Pictures of searches, drawn on axes that are given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

# One colour and one mark a method, in every figure; explorers.css has the same.
METHODS = {"random": "C0o", "grid": "C6s", "Sobol": "C5^", "local": "C3v", "Bayesian": "C2D"}
METHODS |= {"coarse": "C4X", "TPE": "C4P", "halving": "C1s", "Hyperband": "C3D", "ASHA": "C2^"}
# Where the projections stand, in sides of the unit square.
_BESIDE = 1.09


def style_of(label: str) -> str:
    """Return the colour and the mark of the method that a label names.

    Parameters
    ----------
    label : str

    Returns
    -------
    str
        A colour of the book's cycle and a marker; empty if the label names no method.

    Examples
    --------
    >>> style_of("random search"), style_of("random after local"), style_of("a team")
    ('C0o', 'C0o', '')
    """
    return next((style for name, style in METHODS.items() if name in label), "")


def name_lines(ax: Axes) -> None:
    """Write the label of each line at its right end, in its colour, one below the other.

    Parameters
    ----------
    ax : Axes
        With its limits set.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> plot_incumbent(ax, [0.5, 0.3], "random search")
    >>> name_lines(ax)
    >>> [text.get_text() for text in ax.texts]
    ['random search']
    """
    low, point = np.inf, ax.figure.dpi / 72
    named: list[Any] = ax.get_legend_handles_labels()[0]
    for line in sorted(named, key=lambda line: -line.get_ydata()[-1]):
        at = line.get_xydata()[-1]
        low = min(end := ax.transData.transform(at)[1] / point, low - 14)
        place: Any = {"xytext": (4, low - end), "textcoords": "offset points", "va": "center"}
        ax.annotate(line.get_label(), at, color=line.get_color(), **place)


def plot_incumbent(ax: Axes, errors: np.ndarray, label: str, color: str | None = None) -> None:
    """Draw the error of the incumbent against the number of trials.

    Parameters
    ----------
    ax : Axes
    errors : array_like, shape (trials,) or (searches, trials)
        Validation errors in the order of the trials; NaN for one that failed. Of several
        searches the median is drawn, with a band from quartile to quartile.
    label, color : str
        By default the colour of the method that the label names.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> plot_incumbent(ax, [0.5, np.nan, 0.3, 0.4], "random search")
    >>> ax.lines[0].get_ydata()
    array([0.5, 0.5, 0.3, 0.3])
    """
    incumbents = np.fmin.accumulate(np.atleast_2d(np.asarray(errors, dtype=float)), axis=1)
    # Nothing is drawn of the trials before the first one that has not failed.
    begun = np.isfinite(incumbents).any(axis=0)
    number = 1 + np.flatnonzero(begun)
    quartiles = np.nanquantile(incumbents[:, begun], [0.25, 0.5, 0.75], axis=0)
    low, median, high = quartiles.reshape(3, -1)
    color = color or style_of(label)[:-1] or None
    (line,) = ax.step(number, median, where="post", label=label, color=color)
    if len(incumbents) > 1:
        ax.fill_between(
            number, low, high, step="post", alpha=0.2, color=line.get_color(), linewidth=0
        )
    ax.set(xlabel="trials", ylabel="error of the incumbent")


def plot_coverage(ax: Axes, points: np.ndarray, color: str = "C1") -> None:
    """Draw trials in the unit square, and their projections beside its axes.

    Parameters
    ----------
    ax : Axes
    points : array_like, shape (trials, 2)
        Coordinates in the unit square.
    color : str

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> plot_coverage(ax, [[0.2, 0.4], [0.2, 0.9]])
    >>> len(ax.lines)
    3
    """
    x, y = np.reshape(points, (len(points), 2)).T
    dots: dict[str, Any] = {"color": color, "marker": "o", "linestyle": "", "clip_on": False}
    ax.plot(x, y, markersize=8, markeredgecolor="white", **dots)
    ax.plot(x, np.full_like(x, _BESIDE), markersize=4, alpha=0.7, **dots)
    ax.plot(np.full_like(y, _BESIDE), y, markersize=4, alpha=0.7, **dots)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(True)
    ax.grid(False)


def plot_learning_curves(ax: Axes, errors: np.ndarray, colors: Sequence) -> None:
    """Draw the error of each trial against the epoch.

    Parameters
    ----------
    ax : Axes
    errors : array_like, shape (trials, epochs)
    colors : sequence, length trials
        Matplotlib colours.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> plot_learning_curves(ax, [[0.5, 0.4, 0.3], [0.9, 0.9, 0.9]], ["C0", "C1"])
    >>> ax.lines[0].get_xdata()
    array([1, 2, 3])
    """
    for curve, color in zip(errors, colors, strict=True):
        ax.plot(np.arange(1, len(curve) + 1), curve, color=color)
    ax.set(xlabel="epoch", ylabel="validation error")


def plot_differences(
    ax: Axes, rows: Sequence[float], differences: np.ndarray, label: str, style: str = "C0o"
) -> None:
    """Draw differences about zero: a dot each, and their mean with its 95 % interval.

    Parameters
    ----------
    ax : Axes
    rows : sequence of float, shape (n,)
        At which height each row stands.
    differences : array_like, shape (n, repetitions)
        What was really repeated, at least twice; the interval is that of Student's t.
    label : str
    style : str
        A colour and a marker.

    Raises
    ------
    ValueError
        If there is nothing that was repeated.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> plot_differences(ax, [1], [[0.1, 0.2, 0.3]], "one method above another")
    >>> ax.containers[0].lines[0].get_xdata().round(2)
    array([0.2])
    """
    differences = np.asarray(differences, dtype=float)
    if differences.ndim != 2 or differences.shape[1] < 2:
        raise ValueError(
            f"differences have the shape {differences.shape}; expected (rows, repetitions) with "
            "two repetitions or more"
        )
    margin = stats.t.ppf(0.975, differences.shape[1] - 1) * stats.sem(differences, axis=1)
    color, marker = style[:-1], style[-1]
    ax.axvline(0, color="0.4", linewidth=1)
    ax.plot(differences, rows, marker, color=color, alpha=0.3, markersize=4)
    means = differences.mean(axis=1)
    ax.errorbar(means, rows, xerr=margin, fmt=marker, color=color, capsize=3, label=label)


def log_ticks(ax: Axes, *, x: Sequence[float] = (), y: Sequence[float] = ()) -> None:
    """Mark these values on logarithmic axes, as they are written, and no others.

    Parameters
    ----------
    ax : Axes
    x, y : sequence of float
        Of an axis without any its large marks stay as they are.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> ax.set(xscale="log", xlim=(1, 30)) and log_ticks(ax, x=[1, 3, 9, 27])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['1', '3', '9', '27']
    """
    for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
        if len(values):
            axis.set_ticks(values, [str(value) for value in values])
    ax.minorticks_off()
