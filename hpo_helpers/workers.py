"""Workers: they do jobs on an executor; who dies over one is survived, who hangs is ended."""

import functools
import math
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Any

from hpo_helpers.arguments import finite, whole
from hpo_helpers.jobs import Job, Outcome, run_job
from hpo_helpers.trials import FAILED, Trial

# Seconds that a job may go on beyond its time limit before its worker is taken for hung.
GRACE = 10.0
# Seconds more that a new executor has for its first answer: its workers have to start.
_STARTING = 60.0


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
    def submit(self, do: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future:
        # As bytes: an objective that a worker cannot find then is an error of its job. Else it
        # would kill the worker, and look like a trial that does.
        return super().submit(_read_and_do, pickle.dumps((do, arguments, keywords)))


def _read_and_do(call: bytes) -> Any:
    do, arguments, keywords = pickle.loads(call)
    return do(*arguments, **keywords)


def _end_with_parent() -> None:
    """Let this worker end when the tuner is killed; else it would wait for a job for ever."""

    def watch() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
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
    objective : Objective or ResumableObjective
    count : int
        Jobs that run at a time.
    executor : callable, optional
        Returns a new `concurrent.futures.Executor`; called again when all workers have died. By
        default one worker is this process, and several are a `process_pool`.
    time_limit : float, optional
        Seconds of a job, as for `run_job`. A job that hangs inside an epoch is ended `GRACE`
        seconds later, with all workers, where the executor can do that: loky's can. Those of the
        standard library and of Dask cannot; with them such a job keeps its worker.

    Raises
    ------
    TypeError, ValueError
        If there is no worker, the time limit is no positive number, or `executor` cannot be
        called.

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
        objective: Callable,
        count: int = 1,
        executor: Callable[[], Executor] | None = None,
        time_limit: float | None = None,
    ) -> None:
        if executor is not None and not callable(executor):
            raise TypeError(
                f"executor is {executor!r}; expected what makes a new one, such as process_pool(2) "
                "or lambda: ThreadPoolExecutor(2), for workers that die are replaced"
            )
        self._count = whole("workers", count)
        self._time_limit = math.inf
        if time_limit is not None:
            self._time_limit = time_limit = finite("time_limit", time_limit, above=0)
        self._do = functools.partial(run_job, objective, time_limit=time_limit)
        self._new_executor = executor or (Here if self._count == 1 else process_pool(self._count))
        self._executor: Executor | None = None
        # When the present executor first answered; at the latest it is expected to, before.
        self._answered = 0.0
        self._ever_answered = False
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
            self._executor = self._made()
            self._answered = time.monotonic() + _STARTING
        try:
            future = self._executor.submit(self._do, job)
        except Exception as error:
            # It broke after the last look at it, or the job cannot be pickled.
            future = Future()
            future.set_exception(error)
        self._running[future] = (job, time.monotonic())

    def _made(self) -> Executor:
        executor = self._new_executor()
        if not hasattr(executor, "submit"):
            raise TypeError(
                f"executor made {executor!r}; expected that it returns a "
                "concurrent.futures.Executor, as in lambda: ThreadPoolExecutor(2)"
            )
        return executor

    def finished(self) -> list[Outcome]:
        """Wait until at least one job has ended, and return the outcomes of all that have.

        Returns
        -------
        list of Outcome
            Empty if no job runs.

        Raises
        ------
        RuntimeError
            If an objective, a configuration or a state cannot be pickled, or no worker can start.
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
                self._answered = min(self._answered, time.monotonic())
                error = future.exception()
                self._ever_answered |= error is None
                outcomes += [future.result()] if error is None else self._died(job, error)
            outcomes += self._end_hanging()
        return outcomes

    def _died(self, job: Job, error: BaseException) -> list[Outcome]:
        if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
            raise RuntimeError(
                f"trial {job.number} could not be handed to a worker or back ({error!r}); expected "
                "an objective, configurations and states that can be pickled: functions of a "
                "notebook and lambdas cannot; put yours into a file that is imported"
            ) from error
        if isinstance(error, BrokenExecutor):
            self._executor = None
        if job.deaths == 0:
            self._again.append(job._replace(deaths=1))
            return []
        self._require_workers_that_start()
        return [_failed(job, "its worker died, twice")]

    def _require_workers_that_start(self) -> None:
        """Tell a trial that kills its worker from workers that never lived."""
        if self._ever_answered:
            return
        executor = self._made()
        try:
            executor.submit(int).result()
        except BrokenExecutor as error:
            raise RuntimeError(
                "no worker has started: each died before it answered, and nothing was measured. A "
                'script that starts processes has to guard its main part by if __name__ == "__main'
                '__":, for each of them imports it'
            ) from error
        finally:
            executor.shutdown()
        self._ever_answered = True

    def _end_hanging(self) -> list[Outcome]:
        late = time.monotonic() - self._time_limit - GRACE
        hanging = [
            future
            for future, (_, start) in self._running.items()
            if max(start, self._answered) < late
        ]
        if not hanging or self._executor is None:
            return []
        shutdown: Callable = self._executor.shutdown
        try:
            # Only loky's knows this argument.
            shutdown(wait=False, kill_workers=True)
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
