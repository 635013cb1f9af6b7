"""Jobs: what a worker is given to do, the objective that does it, and what comes of it."""

import inspect
import itertools
import math
import numbers
import reprlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from hpo_helpers.spaces import Config
from hpo_helpers.trials import COMPLETED, FAILED, Trial


class Objective(Protocol):
    """A training as a function: from a configuration to its validation error.

    Examples
    --------
    >>> def objective(config):
    ...     return abs(config["dropout_rate"] - 0.3)
    >>> run_job(objective, Job(0, {"dropout_rate": 0.5})).trial.errors
    [0.2]
    """

    def __call__(self, config: Config, /) -> float | Sequence[float]:
        """Train with a configuration, to the end.

        Parameters
        ----------
        config : dict

        Returns
        -------
        float or list or array of float
            The validation error, or the errors after each epoch.
        """


class ResumableObjective(Protocol):
    """A training that a scheduler can pause: so many epochs more, from where it stopped.

    Examples
    --------
    >>> def objective(config, epochs, state):
    ...     begun = state or 0
    ...     return [0.5**epoch for epoch in range(begun, begun + epochs)], begun + epochs
    >>> objective({}, 2, None)
    ([1.0, 0.5], 2)
    >>> objective({}, 1, 2)
    ([0.25], 3)
    """

    def __call__(self, config: Config, epochs: int, state: Any, /) -> tuple[Sequence[float], Any]:
        """Train on.

        Parameters
        ----------
        config : dict
        epochs : int
            How many more.
        state : object
            What was returned last for this configuration; None at first.

        Returns
        -------
        (list or array of float, object)
            The validation error after each of these epochs, and the new state. With a log on
            file it is pickled.
        """


class Job(NamedTuple):
    """What a worker is given to do.

    Attributes
    ----------
    number : int
        Of the trial.
    config : dict
    errors : list of float
        What the trial has given so far.
    epochs : int or None
        How many it shall have been trained for in total; None if the objective decides.
    state : object
        What the objective returned last, or None.
    deaths : int
        Workers that have died over it. It also makes a job that is done again another one, for
        Dask answers the same call by the same result.

    Examples
    --------
    >>> Job(3, {"learning_rate": 0.1}, errors=[0.5], epochs=9)._replace(deaths=1).epochs
    9
    """

    number: int
    config: Config
    errors: Sequence[float] = ()
    epochs: int | None = None
    state: Any = None
    deaths: int = 0


class Outcome(NamedTuple):
    """What a worker gives back: the trial as it stands, and the state to go on from.

    Attributes
    ----------
    trial : Trial
    state : object
        What the objective returned last; None if it keeps none.

    Examples
    --------
    >>> trial, state = run_job(lambda config: 0.25, Job(0, {"learning_rate": 0.1}))
    >>> trial.errors, state
    ([0.25], None)
    """

    trial: Trial
    state: Any = None


def require_form(objective: Callable, resumable: bool) -> None:
    """Refuse an objective that cannot be called as a search is going to call it.

    Parameters
    ----------
    objective : Objective or ResumableObjective
    resumable : bool
        Whether a scheduler will pause and continue trials.

    Raises
    ------
    TypeError
        If it cannot be called, or takes other arguments.

    Examples
    --------
    >>> require_form(lambda config: 0.5, resumable=True)
    Traceback (most recent call last):
    TypeError: a scheduler calls objective(config, epochs, state), but this one takes (config): ...
    """
    if not callable(objective):
        raise TypeError(f"objective is {objective!r}; expected a function of a configuration")
    try:
        signature = inspect.signature(objective)
    except ValueError:
        # Some that are written in C do not say.
        return
    try:
        signature.bind(*[None] * (3 if resumable else 1))
    except TypeError:
        if not resumable:
            raise TypeError(
                "without a scheduler a search calls objective(config), but this one takes "
                f"{signature}: leave the further arguments a default, or, if it trains on from a "
                "state, name a scheduler, such as FixedEpochs(27)"
            ) from None
        train = getattr(objective, "train", None)
        instead = "leave the scheduler out" if train is None else "give its method `train`"
        raise TypeError(
            f"a scheduler calls objective(config, epochs, state), but this one takes {signature}: "
            f"{instead}, or let it train on from a state and return (errors, state)"
        ) from None


def run_job(objective: Callable, job: Job, time_limit: float | None = None) -> Outcome:
    """Do a job; whatever goes wrong in it is recorded, not raised.

    Parameters
    ----------
    objective : Objective or ResumableObjective
        The former if the job leaves the epochs to it.
    job : Job
    time_limit : float, optional
        Seconds, looked at after each epoch, which is then asked for by itself.

    Returns
    -------
    Outcome
        Its trial has failed if the objective raised, gave an error that is not finite, another
        number of errors than it was asked for, or took too long; with the finite errors that came
        before. What it raised is kept in words, as ``reason``, and as ``traceback``.

    Examples
    --------
    >>> def halve(config, epochs, state=None):
    ...     begun = state or 0
    ...     reached = begun + epochs
    ...     return [0.5**epoch for epoch in range(begun + 1, reached + 1)], reached
    >>> trial, state = run_job(halve, Job(0, {}, epochs=2))
    >>> run_job(halve, Job(0, {}, trial.errors, epochs=4, state=state)).trial.errors
    [0.5, 0.25, 0.125, 0.0625]
    >>> run_job(lambda config: 1 / 0, Job(1, {})).trial.reason
    'ZeroDivisionError: division by zero'
    """
    # Two clocks: the one of the day may be set while the job runs.
    start, begun = time.time(), time.monotonic()
    curve, reason, trace, state = list(job.errors), "", "", job.state
    try:
        for errors, reached in _parts(objective, job, one_by_one=time_limit is not None):
            state = reached
            curve += _measured(errors)
            ended = job.epochs is None or len(curve) >= job.epochs
            if not all(map(math.isfinite, curve)):
                break
            if time_limit is not None and not ended and time.monotonic() - begun > time_limit:
                reason = f"its time limit of {time_limit:g} s was over at epoch {len(curve)}"
                break
    except KeyboardInterrupt:
        raise
    # `sys.exit`, and so argparse, raises what is no Exception.
    except BaseException as error:
        reason, trace = _in_words(error), "".join(traceback.format_exception(error))
    finite = list(itertools.takewhile(math.isfinite, curve))
    if len(finite) < len(curve):
        reason = f"the validation error is {curve[len(finite)]} in report {len(finite) + 1}"
    elif not reason and not curve:
        reason = "the objective returned no error"
    elif not reason and job.epochs is not None and len(curve) != job.epochs:
        reason = f"the objective gave {len(curve)} errors in all; expected {job.epochs}"
    status, end = FAILED if reason else COMPLETED, start + time.monotonic() - begun
    return Outcome(Trial(job.number, job.config, finite, status, reason, start, end, trace), state)


def _parts(
    objective: Callable, job: Job, one_by_one: bool
) -> Iterator[tuple[Sequence[float], Any]]:
    if job.epochs is None:
        yield objective(dict(job.config)), None
        return
    left, state = job.epochs - len(job.errors), job.state
    while left > 0:
        asked = 1 if one_by_one else left
        returned = objective(dict(job.config), asked, state)
        # Of a list of two errors the second would be taken for the state.
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise TypeError(
                f"the objective returned {reprlib.repr(returned)}; with a scheduler it has to "
                f"return (errors, state): an error for each of the {asked} epochs, and what it "
                "is to go on from"
            )
        errors, state = returned
        yield errors, state
        left -= asked


def _measured(returned: Any) -> list[float]:
    """Return the errors that an objective returned, or say what is wrong with them."""
    problem = ""
    # A tuple is what `return error, accuracy` gives: two measures, not two epochs.
    if not isinstance(returned, tuple) and not np.ma.is_masked(returned):
        try:
            errors = np.asarray(returned)
            if errors.ndim <= 1 and _are_real(errors):
                return [float(error) for error in errors.flat]
        # Whatever a library, or a ragged list, has against an array of floats.
        except Exception as error:
            problem = f" ({error})"
    raise TypeError(
        f"the objective returned {reprlib.repr(returned)}; expected the validation error as a "
        f"number, or a list or array of numbers, one an epoch{problem}"
    )


def _are_real(errors: np.ndarray) -> bool:
    return errors.dtype.kind in "fiu" or (
        errors.dtype.kind == "O"
        and all(isinstance(e, numbers.Real) and not isinstance(e, bool) for e in errors.flat)
    )


def _in_words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__}, whose text cannot be had"
