"""Pictures of searches, drawn on axes that are given; only `plot_best` makes a figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Where the projections stand, in sides of the unit square.
_BESIDE = 1.09


def plot_incumbent(ax: Axes, errors: np.ndarray, label: str, color: str | None = None) -> None:
    """Draw the error of the incumbent against the number of trials.

    Parameters
    ----------
    ax : Axes
    errors : array_like, shape (trials,) or (searches, trials)
        Validation errors in the order of the trials; NaN for one that failed. Of several
        searches the median is drawn, with a band from quartile to quartile.
    label, color : str

    Examples
    --------
    >>> ax = Figure().subplots()
    >>> plot_incumbent(ax, [0.5, np.nan, 0.3, 0.4], "random search")
    >>> ax.lines[0].get_ydata()
    array([0.5, 0.5, 0.3, 0.3])
    """
    incumbents = np.fmin.accumulate(np.atleast_2d(np.asarray(errors, dtype=float)), axis=1)
    # Nothing is drawn of the trials before the first one that has not failed.
    begun = np.isfinite(incumbents).any(axis=0)
    number = 1 + np.flatnonzero(begun)
    low, median, high = np.empty((3, 0))
    if begun.any():
        low, median, high = np.nanquantile(incumbents[:, begun], [0.25, 0.5, 0.75], axis=0)
    (line,) = ax.step(number, median, where="post", label=label, color=color)
    if len(incumbents) > 1:
        ax.fill_between(
            number, low, high, step="post", alpha=0.2, color=line.get_color(), linewidth=0
        )
    ax.set(xlabel="trials", ylabel="error of the incumbent")


def plot_response(ax: Axes, values: Sequence[float], errors: np.ndarray, label: str) -> None:
    """Draw the error against one hyperparameter on a log scale.

    Parameters
    ----------
    ax : Axes
    values : sequence of float, shape (n,)
    errors : array_like, shape (n,) or (seeds, n)
        Of several seeds the mean is drawn, with a band from the lowest to the highest.
    label : str

    Examples
    --------
    >>> ax = Figure().subplots()
    >>> plot_response(ax, [0.01, 0.1], [[0.2, 0.5], [0.4, 0.7]], "two seeds")
    >>> ax.lines[0].get_ydata().round(2)
    array([0.3, 0.6])
    """
    errors = np.atleast_2d(np.asarray(errors, dtype=float))
    if not errors.size:
        errors = np.full((1, len(values)), np.nan)
    (line,) = ax.semilogx(values, errors.mean(axis=0), label=label)
    if len(errors) > 1:
        low, high = errors.min(axis=0), errors.max(axis=0)
        ax.fill_between(values, low, high, alpha=0.2, color=line.get_color(), linewidth=0)
    ax.set_ylabel("validation error")


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
    >>> ax = Figure().subplots()
    >>> plot_learning_curves(ax, [[0.5, 0.4, 0.3], [0.9, 0.9, 0.9]], ["C0", "C1"])
    >>> ax.lines[0].get_xdata()
    array([1, 2, 3])
    """
    for curve, color in zip(errors, colors, strict=True):
        ax.plot(np.arange(1, len(curve) + 1), curve, color=color)
    ax.set(xlabel="epoch", ylabel="validation error")


def plot_best(train: np.ndarray, validation: np.ndarray, columns: int = 5, rows: int = 4) -> Figure:
    """Draw the accuracy curves of the best trials, Best-1 first, as the NumPy search does.

    Parameters
    ----------
    train, validation : ndarray, shape (trials, evaluations)
        Accuracies, the best trial first.
    columns, rows : int

    Returns
    -------
    Figure
        Validation solid, training dashed, each panel from 0 to 1.

    Examples
    --------
    >>> accuracies = np.array([[0.2, 0.7, 0.9], [0.3, 0.6, 0.8]])
    >>> figure = plot_best(accuracies, accuracies - 0.05, columns=2, rows=1)
    >>> [panel.get_title() for panel in figure.axes]
    ['Best-1', 'Best-2']
    >>> plt.close(figure)
    """
    fig, axes = plt.subplots(
        rows, columns, sharex=True, sharey=True, squeeze=False, figsize=(7.5, 6)
    )
    panels = zip(axes.flat, train, validation, strict=False)
    for number, (ax, learned, held_out) in enumerate(panels, start=1):
        ax.plot(held_out, color="C0", linewidth=1.4, label="validation")
        ax.plot(learned, "--", color="C1", linewidth=1.4, label="training")
        ax.set_title(f"Best-{number}", fontsize=11)
        ax.set(ylim=(0, 1), xticks=[], yticks=[0, 0.5, 1])
        ax.tick_params(labelsize=9)
    fig.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def log_ticks(ax: Axes, *, x: Sequence[float] = (), y: Sequence[float] = ()) -> None:
    """Mark these values on logarithmic axes, as they are written, and no others.

    Parameters
    ----------
    ax : Axes
    x, y : sequence of float
        Of an axis without any its large marks stay as they are.

    Examples
    --------
    >>> ax = Figure().subplots()
    >>> ax.set(xscale="log", xlim=(1, 30)) and log_ticks(ax, x=[1, 3, 9, 27])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['1', '3', '9', '27']
    """
    for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
        if len(values):
            axis.set_ticks(values, [str(value) for value in values])
    ax.minorticks_off()
