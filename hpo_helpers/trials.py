"""One trial of a search, and the append-only log that keeps them all."""

import contextlib
import json
import math
import os
import reprlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pandas as pd

COMPLETED = "completed"
FAILED = "failed"

_TEXTS = (str, bool, type(None))
_NUMBERS = (int, float)
_COLUMNS = ("number", "error", "epochs", "status", "reason", "seconds")


def check_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in plain Python values, or refuse what a log could not give back.

    Parameters
    ----------
    config : mapping of str to str, int, float, bool or None
        Name of each hyperparameter to its value; NumPy's scalars will do.

    Returns
    -------
    dict
        A new one.

    Raises
    ------
    TypeError
        If it is no such mapping.
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> check_config({"layers": np.int64(3), "activation": "relu"})
    {'layers': 3, 'activation': 'relu'}
    """
    if not isinstance(config, Mapping):
        raise TypeError(
            f"configuration is {_shown(config)}; expected a dict from names to values, such as "
            "{'learning_rate': 0.1}"
        )
    plain = {}
    for name, value in config.items():
        if not isinstance(name, str):
            raise TypeError(f"hyperparameter is called {_shown(name)}; expected a string")
        value = value.item() if isinstance(value, np.generic) else value
        if not (isinstance(value, _TEXTS) or (isinstance(value, _NUMBERS) and _is_finite(value))):
            raise (ValueError if isinstance(value, _NUMBERS) else TypeError)(
                f"configuration value {_shown(value)} of {name!r} is of type "
                f"{type(value).__name__}; expected a string, a finite number, a boolean or None, "
                "which a log can store"
            )
        plain[str(name)] = value
    return plain


@dataclass(frozen=True)
class Trial:
    """One configuration and what its evaluation has given so far.

    Attributes
    ----------
    number : int
        Position in the search, from 0.
    config : dict
        Name of each hyperparameter to its value; see `check_config`.
    errors : list of float
        Validation error after each epoch, in [0, 1], as far as it was measured.
    status : {"completed", "failed"}
        Completed as far as it was asked for; it may be continued with more epochs.
    reason : str
        Why it failed; empty if it completed.
    start, end : float
        Of the work behind this report, in seconds since 1970-01-01 UTC.
    traceback : str
        Of the exception that it failed by; empty if there was none.

    Raises
    ------
    ValueError
        If the number is no whole number from 0 on, an error or a time no finite number, the
        status another, or a completed trial has no error.
    TypeError
        If the configuration is no mapping from names to what a log can store, or a text no text.

    Examples
    --------
    >>> Trial(0, {"learning_rate": 0.1}, errors=[0.5, 0.3]).error
    0.3
    >>> Trial(1, {"learning_rate": 9.0}, status=FAILED, reason="it diverged").error
    nan
    """

    number: int
    config: dict[str, Any]
    errors: list[float] = field(default_factory=list)
    status: str = COMPLETED
    reason: str = ""
    start: float = 0.0
    end: float = 0.0
    traceback: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no trial, and keep plain copies of what is one."""
        number = self.number
        if not (isinstance(number, Integral) and _is_finite(number) and number >= 0):
            raise ValueError(f"number is {_shown(number)}; expected a whole number from 0 on")
        for name in ("status", "reason", "traceback"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is {_shown(getattr(self, name))}; expected a string")
        if self.status not in (COMPLETED, FAILED):
            raise ValueError(f"status is {self.status!r}; expected {COMPLETED!r} or {FAILED!r}")
        # Past what keeps the fields of a frozen one from being set.
        vars(self).update(
            number=int(number),
            config=check_config(self.config),
            errors=_floats(self.errors),
            start=_float("start", self.start),
            end=_float("end", self.end),
        )
        if self.status == COMPLETED and not self.errors:
            raise ValueError(f"trial {number} is completed, but has no validation error")

    @property
    def error(self) -> float:
        """The validation error after the last epoch; NaN if the trial failed."""
        return self.errors[-1] if self.status == COMPLETED else math.nan


def incumbent(trials: Iterable[Trial | None]) -> Trial | None:
    """Return the completed trial with the lowest last validation error.

    Parameters
    ----------
    trials : iterable of Trial or None
        As they stand now, in any order; what failed, and None, is passed over.

    Returns
    -------
    Trial or None
        Of equals the one with the lowest number; None if no trial has completed.

    Examples
    --------
    What counts is where a trial stands, not the best that it ever had:

    >>> incumbent([Trial(0, {}, errors=[0.3, 0.6]), Trial(1, {}, errors=[0.35])]).number
    1
    """
    completed = (trial for trial in trials if trial is not None and trial.status == COMPLETED)
    return min(completed, key=lambda trial: (trial.error, trial.number), default=None)


class TrialLog(Sequence):
    """The trials of a search, in the order in which they ended.

    With a path, each trial is written to a JSON Lines file the moment it ends, and a log
    opened on that file begins with the trials in it. One write appends one whole line, so
    that a process killed at any moment loses at most the trial that was being written; its
    torn line is cut off when the file is next opened. A trial that is continued, or tried again
    after a failure, is reported again, with all its errors: the last report counts, and all of
    them stay in the file.

    Parameters
    ----------
    path : path-like, optional
        The file; it is created with the first trial. Without it the log is kept in memory.

    Attributes
    ----------
    incumbent : Trial or None
        The completed trial with the lowest last validation error, as the trials stand now; of
        equals the one with the lowest number. See `incumbent`.
    reports : list of Trial
        Every report, in the order in which they came.

    Raises
    ------
    ValueError
        If a line other than a torn last one is not a trial, or repeats a number.

    Warns
    -----
    UserWarning
        If a torn last line was cut off.

    Examples
    --------
    >>> log = TrialLog()
    >>> for number, error in enumerate([0.4, 0.2, 0.3]):
    ...     log.append(Trial(number, {"learning_rate": 0.1}, errors=[error]))
    >>> log.incumbent.number
    1
    >>> log.incumbent_curve()
    array([0.4, 0.2, 0.2])
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._read()

    def _read(self) -> None:
        self.incumbent: Trial | None = None
        self.reports: list[Trial] = []
        self._trials: dict[int, Trial] = {}
        self._curve: list[float] = []
        self._size = 0
        if self.path is not None and self.path.exists():
            for trial in _read(self.path):
                self._add(trial)
            self._size = self.path.stat().st_size

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, index: Any) -> Any:
        return [*self._trials.values()][index]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials.values())

    def find(self, number: int) -> Trial | None:
        """Return the trial of that number as it was last reported, or None.

        Parameters
        ----------
        number : int

        Returns
        -------
        Trial or None
        """
        return self._trials.get(number)

    def __repr__(self) -> str:
        failed = sum(trial.status == FAILED for trial in self)
        where = "in memory" if self.path is None else f"in {str(self.path)!r}"
        return f"<TrialLog of {len(self)} trials, {failed} failed, {where}>"

    def append(self, trial: Trial) -> None:
        """Add a trial or a further report of one, and write it to the file if there is one.

        Parameters
        ----------
        trial : Trial

        Raises
        ------
        ValueError
            If a trial of that number is in the log already, and this one neither continues it nor
            is another try of one that failed.
        TypeError
            If it is no trial.
        OSError
            If the file cannot be written; the trial stays in this log all the same.
        """
        if not isinstance(trial, Trial):
            raise TypeError(f"a log was given {_shown(trial)}; expected a Trial")
        self._add(trial)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            line = _line(trial)
            _append_whole(self.path, line)
            self._size += len(line)

    def _add(self, trial: Trial) -> None:
        known = self.find(trial.number)
        if known is not None and not _continues(trial, known):
            raise ValueError(
                f"trial {trial.number} is in the log already, {known.status} with "
                f"{len(known.errors)} errors; expected a new number, or the same trial with more "
                "errors"
            )
        # One that is known keeps its place.
        self._trials[trial.number] = trial
        self.reports.append(trial)
        was_best = self.incumbent is not None and self.incumbent.number == trial.number
        self.incumbent = incumbent(self if was_best else [self.incumbent, trial])
        self._curve.append(math.nan if self.incumbent is None else self.incumbent.error)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes from writing to the file, and begin with all that is in it.

        Raises
        ------
        RuntimeError
            If another process is writing to it.
        """
        if self.path is None:
            yield
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(filelock.FileLock(f"{self.path}.lock", timeout=0))
            except filelock.Timeout:
                raise RuntimeError(
                    f"{self.path} is being written by another search; wait for its end, or name "
                    "another file"
                ) from None
            if self.path.exists() and self.path.stat().st_size != self._size:
                self._read()
            yield

    def incumbent_curve(self) -> np.ndarray:
        """Return the error of the incumbent after each report.

        Returns
        -------
        ndarray of float, shape (number of reports,)
            NaN while no trial has completed. It rises where the incumbent was continued and got
            worse, or failed.
        """
        return np.array(self._curve, dtype=float)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a trial: number, hyperparameters, error, epochs, status, reason, seconds.

        A hyperparameter that bears the name of another column, such as error, has the column
        ``config.error``.
        """
        seconds: dict[int, float] = {}
        for trial in self.reports:
            seconds[trial.number] = seconds.get(trial.number, 0.0) + trial.end - trial.start
        names = dict.fromkeys(name for trial in self for name in trial.config)
        rows = (
            {
                "number": trial.number,
                **{_column(name): value for name, value in trial.config.items()},
                "error": trial.error,
                "epochs": len(trial.errors),
                "status": trial.status,
                "reason": trial.reason,
                "seconds": seconds[trial.number],
            }
            for trial in self
        )
        first, *others = _COLUMNS
        frame = pd.DataFrame(rows, columns=[first, *map(_column, names), *others])
        return frame.astype({"error": float, "seconds": float})


def _column(name: str) -> str:
    # The second condition keeps any two names apart.
    return f"config.{name}" if name in _COLUMNS or name.startswith("config.") else name


def _shown(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _float(name: str, value: Any) -> float:
    if not _is_finite(value):
        raise ValueError(f"{name} is {_shown(value)}; expected a finite number")
    return float(value)


def _floats(errors: Any) -> list[float]:
    errors = errors.tolist() if isinstance(errors, np.ndarray) else errors
    if not isinstance(errors, list | tuple):
        raise ValueError(
            f"errors is {_shown(errors)}; expected a list of finite numbers, one an epoch"
        )
    # The usual case, ten times as fast.
    if set(map(type, errors)) == {float} and all(map(math.isfinite, errors)):
        return [*errors]
    return [_float(f"errors[{place}]", error) for place, error in enumerate(errors)]


def _line(trial: Trial) -> bytes:
    fields = {name: value for name, value in vars(trial).items() if name != "traceback" or value}
    return f"{json.dumps(fields, allow_nan=False)}\n".encode()


def _continues(trial: Trial, known: Trial) -> bool:
    if known.status == FAILED:
        return trial.config == known.config
    more = trial.status == FAILED or len(trial.errors) > len(known.errors)
    begun = trial.errors[: len(known.errors)]
    return more and begun == known.errors and trial.config == known.config


def _append_whole(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        end = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError(f"{path}: the disk took only a part of a line; is it full?")
        except OSError:
            # The part that was written would spoil the next line.
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise


def _read(path: Path) -> list[Trial]:
    content = path.read_bytes()
    whole, _, torn = content.rpartition(b"\n")
    if torn:
        warnings.warn(
            f"{path}: cut off a torn last line of {len(torn)} bytes, left by a process that was "
            "killed while it wrote",
            stacklevel=3,
        )
        os.truncate(path, len(content) - len(torn))
    trials = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            trials.append(Trial(**json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path}, line {number} is not a trial ({error}); mend or delete that line, or "
                "name another file"
            ) from error
    return trials
