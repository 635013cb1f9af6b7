"""One trial of a search, and the append-only log that keeps them all."""

import contextlib
import json
import math
import os
import reprlib
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple

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
    torn line is passed over, and cut off by the next write. To open a log writes nothing.
    A trial that is continued, or tried again after a failure, is reported again, with all its
    errors: the last report counts, and all of them stay in the file.

    Parameters
    ----------
    path : path-like, optional
        The file; it is created with the first trial. It is kept as an absolute path, and a ``~``
        is taken for the home directory. Without it the log is kept in memory.

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
        If the path is not one of a file, or a line other than a torn last one is not a trial or
        repeats one.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If a torn last line was passed over.

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
        self.path = None if path is None else _absolute(path)
        self.incumbent: Trial | None = None
        self.reports: list[Trial] = []
        self._trials: dict[int, Trial] = {}
        self._curve: list[float] = []
        self._seen = _Seen()
        self._writer: tuple[int, int] | None = None
        self._catch_up()

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
        RuntimeError
            As for `writing`.
        OSError
            If the file cannot be written. Within `writing` the trial stays in this log all the
            same, and is written with the next one.
        """
        if not isinstance(trial, Trial):
            raise TypeError(f"a log was given {_shown(trial)}; expected a Trial")
        if self.path is None:
            self._add(trial, "a log in memory")
            return
        # First, so that what cannot be stored leaves no trace.
        line = _line(trial)
        with self._locked(self.path):
            try:
                self._catch_up()
            finally:
                self._add(trial, str(self.path))
            self._write(self.path, line)

    def _add(self, trial: Trial, where: str) -> None:
        known = self.find(trial.number)
        if known is not None and not _continues(trial, known):
            raise ValueError(
                f"{where}: trial {trial.number} is in the log already, {known.status} with "
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
        """Keep others from writing to the file, and begin with all that is in it.

        Who holds it already may take it again.

        Raises
        ------
        RuntimeError
            If another search is writing to it, or if it holds other trials than it did.
        """
        with contextlib.nullcontext() if self.path is None else self._locked(self.path):
            self._catch_up()
            yield

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        # A search in another thread, or a process forked meanwhile, is another search.
        me = os.getpid(), threading.get_ident()
        if self._writer == me:
            yield
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the file itself, whichever links lead to it.
        lock = filelock.FileLock(f"{path.resolve()}.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise RuntimeError(
                f"{path} is being written by another search; wait for its end, or name another file"
            ) from None
        try:
            self._writer = me
            yield
        finally:
            self._writer = None
            lock.release()

    def _catch_up(self) -> None:
        """Take in what others have written; what they have deleted is written again."""
        if self.path is None or _stamp(self.path) == self._seen.stamp:
            return
        lines, seen = _read(self.path)
        there, here = [*lines.values()], self.reports
        if there[: len(here)] != here[: len(there)]:
            raise RuntimeError(
                f"{self.path} holds other trials than it did when it was last read; open it anew "
                "by TrialLog, or name another file"
            )
        for number in [*lines][len(here) :]:
            self._add(lines[number], f"{self.path}, line {number}")
        self._seen = seen

    def _write(self, path: Path, line: bytes) -> None:
        if self._seen.stamp is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        missing = map(_line, self.reports[self._seen.reports : -1])
        content = b"".join([b"" if self._seen.ended else b"\n", *missing, line])
        _append_whole(path, content, self._seen.end)
        end = self._seen.end + len(content)
        self._seen = _Seen(_stamp(path), end, ended=True, reports=len(self.reports))

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


class _Seen(NamedTuple):
    """What was seen of a file when it was last read or written."""

    # See `_stamp`.
    stamp: tuple[int, int, int] | None = None
    # In bytes; a torn last line lies beyond it.
    end: int = 0
    # Whether the last whole line has its line end.
    ended: bool = True
    reports: int = 0


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


def _continues(trial: Trial, known: Trial) -> bool:
    if known.status == FAILED:
        return trial.config == known.config
    more = trial.status == FAILED or len(trial.errors) > len(known.errors)
    begun = trial.errors[: len(known.errors)]
    return more and begun == known.errors and trial.config == known.config


def _absolute(path: str | os.PathLike[str]) -> Path:
    with contextlib.suppress(TypeError, RuntimeError, UnicodeEncodeError):
        absolute = Path(path).expanduser().absolute()
        # A file system may have no bytes for a character, such as half of a pair.
        os.fsencode(absolute)
        # Path alone takes "logs/" for a file.
        fits = not os.fspath(path).endswith("/") and "\0" not in str(path)
        if fits and (absolute.is_file() or not absolute.exists()):
            return absolute
    raise ValueError(f"path is {path!r}; expected that of a file, such as 'search.jsonl', or None")


def _line(trial: Trial) -> bytes:
    fields = {name: value for name, value in vars(trial).items() if name != "traceback" or value}
    return f"{json.dumps(fields, allow_nan=False)}\n".encode()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file, its size in bytes first; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _append_whole(path: Path, content: bytes, end: int) -> None:
    with path.open("ab", buffering=0) as file:
        try:
            # A torn last line.
            if file.tell() > end:
                file.truncate(end)
            if file.write(content) != len(content):
                raise OSError(f"{path}: the disk took only a part of a line; is it full?")
        except OSError:
            # The part that was written would spoil the next line.
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise


def _read(path: Path) -> tuple[dict[int, Trial], _Seen]:
    """Return the trials by the numbers of their lines, from 1, and what was seen of the file."""
    # Before it is read, so that what is written meanwhile is not taken for read.
    stamp = _stamp(path)
    content = b""
    if stamp is not None:
        with path.open("rb") as file:
            content = file.read(stamp[0])
    lines = content.split(b"\n")
    trials = {}
    for number, line in enumerate(lines, start=1):
        try:
            if text := line.decode("utf-8-sig").strip():
                trials[number] = Trial(**json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            # No part of a line that a log has written is JSON.
            is_torn = isinstance(error, json.JSONDecodeError) and line.startswith(b"{")
            if not is_torn or number < len(lines):
                raise ValueError(
                    f"{path}, line {number} is not a trial ({error}); mend or delete that line, or "
                    "name another file"
                ) from error
            warnings.warn(
                f"{path}: passed over a torn last line of {len(line)} bytes, left by a process "
                "that was killed while it wrote; the next write cuts it off",
                stacklevel=4,
            )
            return trials, _Seen(stamp, len(content) - len(line), reports=len(trials))
    return trials, _Seen(stamp, len(content), not lines[-1].strip(), len(trials))
