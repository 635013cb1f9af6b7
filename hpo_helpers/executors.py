"""Jobs on an executor: submitted, survived if their worker dies, and ended if they hang."""

import functools
import itertools
import math
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Any, NamedTuple

import numpy as np

from hpo_helpers.spaces import Config
from hpo_helpers.trials import COMPLETED, FAILED, Trial

# Seconds that a job may go on beyond its time limit before its worker is taken for hung.
GRACE = 10.0
# Seconds more that a new executor has for its first answer: its workers have to start.
_STARTING = 60.0

Objective = Callable[..., Any]


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


def run_job(objective: Objective, job: Job, time_limit: float | None = None) -> Outcome:
    """Do a job; whatever goes wrong in it is recorded, not raised.

    Parameters
    ----------
    objective : callable
        ``objective(config)`` if the job leaves the epochs to it, else
        ``objective(config, epochs, state) -> errors, state``.
    job : Job
    time_limit : float, optional
        Seconds, looked at after each epoch, which is then asked for by itself.

    Returns
    -------
    Outcome
        Its trial has failed if the objective raised, gave an error that is not finite, fewer
        errors than it was asked for, or took too long; with the finite errors that came before.

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
    start = time.time()
    curve, reason, state = list(job.errors), "", job.state
    try:
        for errors, reached in _parts(objective, job, one_by_one=time_limit is not None):
            state = reached
            curve += [float(error) for error in errors]
            ended = job.epochs is None or len(curve) >= job.epochs
            if not all(map(math.isfinite, curve)):
                break
            if time_limit is not None and not ended and time.time() - start > time_limit:
                reason = f"its time limit of {time_limit:g} s was over at epoch {len(curve)}"
                break
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    finite = list(itertools.takewhile(math.isfinite, curve))
    if len(finite) < len(curve):
        reason = f"the validation error is {curve[len(finite)]} in report {len(finite) + 1}"
    elif not reason and not curve:
        reason = "the objective returned no error"
    elif not reason and job.epochs is not None and len(curve) != job.epochs:
        reason = f"the objective gave {len(curve)} errors in all; expected {job.epochs}"
    status = FAILED if reason else COMPLETED
    return Outcome(Trial(job.number, job.config, finite, status, reason, start, time.time()), state)


def _parts(
    objective: Objective, job: Job, one_by_one: bool
) -> Iterator[tuple[Sequence[float], Any]]:
    if job.epochs is None:
        yield np.atleast_1d(objective(dict(job.config))), None
        return
    left, state = job.epochs - len(job.errors), job.state
    while left > 0:
        asked = 1 if one_by_one else left
        errors, state = objective(dict(job.config), asked, state)
        yield errors, state
        left -= asked


def process_pool(workers: int) -> Callable[[], Executor]:
    """Return what makes a pool of processes, for `Workers` and `tune`.

    They are spawned, never forked: a process forked after TensorFlow has run hangs. So the
    objective has to be a function of a module, and a script guards its main part by
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    workers : int
        How many processes.

    Returns
    -------
    callable
        Without arguments; makes a new `concurrent.futures.ProcessPoolExecutor`.

    Examples
    --------
    >>> with process_pool(1)() as executor:
    ...     executor.submit(math.sqrt, 9).result()
    3.0
    """
    spawn = multiprocessing.get_context("spawn")
    return functools.partial(_SpawnedPool, workers, mp_context=spawn, initializer=_end_with_parent)


class _SpawnedPool(ProcessPoolExecutor):
    def submit(self, do: Callable[..., Any], /, *arguments: Any) -> Future:
        # As bytes: an objective that a worker cannot find then is an error of its job. Else it
        # would kill the worker, and look like a trial that does.
        return super().submit(_read_and_do, pickle.dumps((do, arguments)))


def _read_and_do(call: bytes) -> Any:
    do, arguments = pickle.loads(call)
    return do(*arguments)


def _end_with_parent() -> None:
    """Let this worker end when the tuner is killed; else it would wait for a job for ever."""

    def watch() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Here(Executor):
    """An executor that does a job at once, where it is submitted.

    Examples
    --------
    >>> Here().submit(max, 3, 7).result()
    7
    """

    def submit(self, do: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future:
        """Return a future that is already done.

        Parameters
        ----------
        do : callable
        *arguments, **keywords
            What it is called with.

        Returns
        -------
        Future
        """
        future: Future = Future()
        future.set_result(do(*arguments, **keywords))
        return future


class Workers:
    """Workers of an executor, each with at most one job.

    Parameters
    ----------
    objective : callable
        As for `run_job`.
    executor : callable
        Returns a new `concurrent.futures.Executor`; called again when all workers have died.
    count : int
        Jobs that run at a time.
    time_limit : float, optional
        Seconds of a job, as for `run_job`. A job that hangs inside an epoch is ended `GRACE`
        seconds later, with all workers, where the executor can do that: loky's can. Those of the
        standard library and of Dask cannot; with them such a job keeps its worker.

    Raises
    ------
    ValueError
        If there is no worker.

    Notes
    -----
    A job whose worker died is done again, alone, so that it is clear whose fault it is if that
    worker dies as well: then its trial has failed. Nobody else's job suffers.

    Examples
    --------
    >>> crew = Workers(lambda config: config["weight_decay"] + 0.2)
    >>> crew.start(Job(0, {"weight_decay": 0.1}))
    >>> [round(outcome.trial.error, 2) for outcome in crew.finished()]
    [0.3]
    >>> crew.close()
    """

    def __init__(
        self,
        objective: Objective,
        executor: Callable[[], Executor] = Here,
        count: int = 1,
        time_limit: float | None = None,
    ) -> None:
        if count < 1:
            raise ValueError(f"workers is {count!r}; expected at least one")
        self._do = functools.partial(run_job, objective, time_limit=time_limit)
        self._new_executor = executor
        self._executor: Executor | None = None
        self._answered = 0.0
        self._count = count
        self._time_limit = math.inf if time_limit is None else time_limit
        self._running: dict[Future, tuple[Job, float]] = {}
        self._again: list[Job] = []

    @property
    def idle(self) -> bool:
        """Whether a further job may be started now."""
        retrying = any(job.deaths for job, _ in self._running.values())
        return len(self._running) < self._count and not self._again and not retrying

    @property
    def busy(self) -> bool:
        """Whether there is an outcome to wait for."""
        return bool(self._running or self._again)

    def start(self, job: Job) -> None:
        """Give a job to a worker.

        Parameters
        ----------
        job : Job
        """
        if self._executor is None:
            self._executor = self._new_executor()
            self._answered = time.time() + _STARTING
        try:
            future = self._executor.submit(self._do, job)
        except Exception as error:
            # It broke after the last look at it, or the job cannot be pickled.
            future = Future()
            future.set_exception(error)
        self._running[future] = (job, time.time())

    def finished(self) -> list[Outcome]:
        """Wait until at least one job has ended, and return the outcomes of all that have.

        Returns
        -------
        list of Outcome
            Empty if no job runs.

        Raises
        ------
        RuntimeError
            If an objective, a configuration or a state cannot be pickled.
        """
        outcomes: list[Outcome] = []
        while not outcomes and self.busy:
            if not self._running:
                self.start(self._again.pop(0))
            # A look now and then is needed only at what may hang.
            timeout = 1.0 if math.isfinite(self._time_limit) else None
            done, _ = wait(self._running, timeout, return_when=FIRST_COMPLETED)
            for future in done:
                job, _ = self._running.pop(future)
                self._answered = min(self._answered, time.time())
                error = future.exception()
                outcomes += [future.result()] if error is None else self._died(job, error)
            outcomes += self._end_hanging()
        return outcomes

    def _died(self, job: Job, error: BaseException) -> list[Outcome]:
        if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
            raise RuntimeError(
                f"trial {job.number} could not be handed to a worker or back ({error!r}); expected "
                "an objective, configurations and states that can be pickled"
            ) from error
        if isinstance(error, BrokenExecutor):
            self._executor = None
        if job.deaths == 0:
            self._again.append(job._replace(deaths=1))
            return []
        return [_failed(job, "its worker died, twice")]

    def _end_hanging(self) -> list[Outcome]:
        late = time.time() - self._time_limit - GRACE
        hanging = [
            future
            for future, (_, start) in self._running.items()
            if max(start, self._answered) < late
        ]
        if not hanging or self._executor is None:
            return []
        try:
            # Only loky's knows this argument.
            self._executor.shutdown(wait=False, kill_workers=True)
        except TypeError:
            return []
        outcomes = [
            _failed(job, f"it hung: no answer {GRACE:g} s after its time limit")
            for job, _ in map(self._running.pop, hanging)
        ]
        self._again += [job for job, _ in self._running.values()]
        self._running.clear()
        self._executor = None
        return outcomes

    def close(self) -> None:
        """Let the workers go; what has not been begun is dropped, what runs is not waited for."""
        for future in self._running:
            future.cancel()
        if self._executor is not None:
            self._executor.shutdown(wait=not self._running)


def _failed(job: Job, reason: str) -> Outcome:
    now = time.time()
    return Outcome(Trial(job.number, job.config, list(job.errors), FAILED, reason, now, now))
