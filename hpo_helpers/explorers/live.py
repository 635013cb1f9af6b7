"""Live twins: standard sliders whose every move trains real models, while a kernel runs."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
from IPython.core.pylabtools import print_figure
from IPython.display import display
from matplotlib.figure import Figure

Experiment = Callable[..., Iterator[tuple[Figure, str]]]


class Live:
    """Show an experiment below its controls, and run it anew whenever one of them moves.

    Parameters
    ----------
    experiment : callable
        Takes the values of the controls by name, and yields a figure and a text as often as
        there is something new to see, such as after each epoch. Between two of them it is given
        up as soon as a control has moved.
    **controls : ipywidgets.Widget
        By the name of the argument that each decides.

    Notes
    -----
    The first run ends before the cell does, so that its picture is stored with the notebook.
    Later ones train in a thread: the kernel and its sliders answer meanwhile. What an experiment
    raises is shown in place of its text.

    Examples
    --------
    >>> def square(side):
    ...     yield Figure(), f"area {side**2}"
    >>> live = Live(square, side=ipywidgets.IntSlider(3))
    >>> live
    Live(square, side=3)
    """

    def __init__(self, experiment: Experiment, **controls: ipywidgets.Widget) -> None:
        self.experiment = experiment
        self.controls = controls
        self._moves = 0
        self._running = threading.Lock()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"Live({self.experiment.__name__}, {values})"

    @property
    def values(self) -> dict[str, Any]:
        """What the controls are set to."""
        return {name: control.value for name, control in self.controls.items()}

    def _ipython_display_(self) -> None:
        controls = ipywidgets.VBox([*self.controls.values()])
        # By this mark the tools leave it out of a stored chapter: on a page nothing answers to it.
        display(controls, metadata={"live": True})
        ((figure, text),) = deque(self.experiment(**self.values), maxlen=1)
        self._picture = display(_png(figure), raw=True, display_id=True)
        self._text = display({"text/plain": text}, raw=True, display_id=True)
        for control in self.controls.values():
            control.observe(self._start, "value")

    def _start(self, _: Any) -> None:
        self._moves += 1
        threading.Thread(target=self._run, args=(self._moves, self.values), daemon=True).start()

    def _run(self, move: int, values: dict[str, Any]) -> None:
        # The run before this one gives up as soon as it sees that a control has moved.
        with self._running:
            try:
                if move == self._moves:
                    self._show(move, values)
            except Exception as error:
                self._text.update({"text/plain": f"{type(error).__name__}: {error}"}, raw=True)

    def _show(self, move: int, values: dict[str, Any]) -> None:
        for figure, text in self.experiment(**values):
            if move != self._moves:
                return
            self._picture.update(_png(figure), raw=True)
            self._text.update({"text/plain": text}, raw=True)


def _png(figure: Figure) -> dict[str, bytes]:
    # By hand, for a notebook knows no pictures of figures before its first plot by pyplot.
    return {"image/png": print_figure(figure, "png")}
