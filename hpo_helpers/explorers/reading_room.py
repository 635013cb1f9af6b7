"""The reading room: a search of the reader's own, drawn, weighed and diagnosed."""

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import Explorer
from hpo_helpers.recordings import RecordedTrials, load_mlp_seconds, load_recording
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.trials import COMPLETED, FAILED, Trial, TrialLog

# Of the recorded search that the room begins with.
TRIALS = 300
IMAGES = 2000
_RANGE = r"(0|1|0?\.\d+)"
_BRUSH = rf"([^:;]+:{_RANGE}-{_RANGE}(;[^:;]+:{_RANGE}-{_RANGE})*)?"


_EXAMPLE = "learning_rate:0.5-0.8;units:0-0.5"


class Brush(traitlets.Unicode):
    """Ranges of axes, from 0 to 1 along each: ``"learning_rate:0.5-0.8;units:0-0.5"``."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value, or raise a `traitlets.TraitError`."""
        if not re.fullmatch(_BRUSH, text := super().validate(obj, value)):
            raise traitlets.TraitError(f"brush is {value!r}; expected ranges such as {_EXAMPLE!r}")
        return text


class ReadingRoom(Explorer):
    """Read a search: brush its trials on parallel axes, and see what may be wrong with it.

    Nothing leaves the page, and files can be dropped on it. All that is drawn and said is worked
    out there, in JavaScript; Python hands over the trials.

    Parameters
    ----------
    search : TrialLog or pandas.DataFrame, optional
        Whose trials are read, such as a frame by Optuna's ``trials_dataframe``. By default 300
        recorded trials of the book.
    space : ConfigSpace, optional
        What could have been tried; it tells which options never were.
    name : str
        What the search is called in the room.
    images : int
        Validation images behind each error; 0 if unknown.
    brush : str
        Ranges on axes at first, from 0 to 1 along each, such as ``"learning_rate:0.5-0.8"``.
    seed : int
        Of the forest that weighs the hyperparameters.

    Raises
    ------
    TypeError
        If the search is neither a log nor a frame, or the space no `ConfigSpace`.
    ValueError
        If there is no trial in it.
    traitlets.TraitError
        If a setting is not as stated.

    Examples
    --------
    >>> log = TrialLog()
    >>> for number, error in enumerate([0.4, 0.2, 0.3]):
    ...     log.append(Trial(number, {"learning_rate": 0.1**number}, errors=[error]))
    >>> ReadingRoom(log, images=500)
    ReadingRoom(brush='', images=500, seed=0)
    """

    settings = ("brush", "images", "seed")
    brush = Brush("").tag(sync=True, limits={"pattern": _BRUSH, "example": _EXAMPLE})
    images = traitlets.Int(0, min=0, max=10**7).tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    # The trials, as the text of a file that the room can read.
    frame = traitlets.Unicode().tag(sync=True)
    # Of each hyperparameter that is a choice, what could have been chosen.
    options = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        search: TrialLog | pd.DataFrame | None = None,
        space: ConfigSpace | None = None,
        name: str = "",
        **settings: Any,
    ) -> None:
        if search is None:
            search, name = recorded_search(), name or "a recorded search of this book"
            settings = {"images": IMAGES, **settings}
        if space is not None and not isinstance(space, ConfigSpace):
            raise TypeError(f"space is {space!r}; expected a ConfigSpace, or None")
        self._log = search if isinstance(search, TrialLog) else None
        super().__init__(
            frame=_text(search),
            name=name or "your search",
            options={} if space is None else _options(space),
            **settings,
        )

    def picture(self) -> None:
        """Draw the trials of a log, for where nothing moves: in print, or without JavaScript."""
        if self._log is None:
            raise TypeError("the search is a frame; expected a TrialLog, whose errors are known")
        frame = self._log.to_frame().drop(
            columns=["number", "epochs", "status", "reason", "seconds"]
        )
        error = frame.pop("error")
        _, ax = plt.subplots(figsize=(7, 4))
        places = np.array([_place(frame[name]) for name in frame] + [_place(error)])
        best = error.rank(method="first").to_numpy() <= np.ceil(error.count() / 10)
        ax.plot(places[:, ~best], color="0.75", lw=0.5)
        ax.plot(places[:, best], color="C1", lw=0.9)
        for place in range(len(places)):
            ax.axvline(place, color="black", lw=1)
        ax.set_xticks(range(len(places)), [name.replace("_", "\n") for name in [*frame, "error"]])
        ax.set(yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(False)
        plt.show()


def recorded_search() -> TrialLog:
    """Return 300 random trials of the benchmark, as a log: what the room begins with.

    The seconds of a trial are those of its kind of network, recorded apart.

    Examples
    --------
    >>> recorded_search()
    <TrialLog of 300 trials, 2 failed, in memory>
    """
    recorded = RecordedTrials(load_recording("mlp").where(seed=0))
    seconds_of, log = load_mlp_seconds(), TrialLog()
    for number, config in enumerate(recorded.configs[:TRIALS]):
        errors = [error for error in recorded.errors[number].tolist() if not np.isnan(error)]
        has_failed = len(errors) < recorded.errors.shape[1]
        trial = Trial(
            number,
            config,
            errors=errors,
            status=FAILED if has_failed else COMPLETED,
            reason="it diverged" if has_failed else "",
            end=round(seconds_of(config, len(errors)), 3),
        )
        log.append(trial)
    return log


def _text(search: TrialLog | pd.DataFrame) -> str:
    if isinstance(search, TrialLog):
        if not len(search):
            raise ValueError("the log holds no trial; expected one at least")
        return "\n".join(json.dumps(_report(trial)) for trial in search.reports)
    if isinstance(search, pd.DataFrame):
        if search.empty:
            raise ValueError("the frame holds no trial; expected one at least")
        return search.to_csv(index=False, float_format="%.6g")
    raise TypeError(f"search is {search!r}; expected a TrialLog or a pandas.DataFrame")


def _report(trial: Trial) -> dict[str, Any]:
    plain = {
        name: float(f"{value:.6g}") if isinstance(value, float) else value
        for name, value in trial.config.items()
    }
    return {
        "number": trial.number,
        "config": plain,
        "errors": [float(f"{error:.6g}") for error in trial.errors],
        "status": trial.status,
        "start": 0,
        "end": round(trial.end - trial.start, 3),
    }


def _options(space: ConfigSpace) -> dict[str, list[Any]]:
    return {name: list(options) for name in space if (options := _choice(space[name]))}


def _choice(distribution: Any) -> Any:
    inner = getattr(distribution, "distribution", distribution)
    return getattr(inner, "options", None)


def _place(values: pd.Series) -> np.ndarray:
    """Return where the values lie on their axis, from 0 to 1."""
    is_number = pd.api.types.is_numeric_dtype(values)
    numbers = values.astype(float) if is_number else values.rank(method="dense")
    if is_number and numbers.min() > 0 and numbers.max() > 10 * numbers.min():
        numbers = np.log(numbers)
    span = numbers.max() - numbers.min() or 1
    # What is missing lies below the others.
    return ((numbers - numbers.min()) / span).fillna(-0.1).to_numpy()
