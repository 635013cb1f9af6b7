"""The tuner: runs trials, here or on an executor, logs each report, and goes on after a kill."""

import contextlib
import dataclasses
import itertools
import math
import pickle
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hpo_helpers.executors import Here, Job, Objective, Outcome, Workers
from hpo_helpers.schedulers import Scheduler
from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config
from hpo_helpers.trials import FAILED, Trial, TrialLog


def tune(
    objective: Objective,
    searcher: Searcher,
    trials: int | None = None,
    *,
    scheduler: Scheduler | None = None,
    epochs: int | None = None,
    seconds: float | None = None,
    target: float | None = None,
    patience: int | None = None,
    initial: Sequence[Config] = (),
    time_limit: float | None = None,
    executor: Callable[[], Executor] = Here,
    workers: int = 1,
    log: TrialLog | None = None,
    progress: bool = True,
) -> TrialLog:
    """Evaluate configurations until a budget is spent or a goal is reached.

    Parameters
    ----------
    objective : callable
        Without a scheduler ``objective(config)`` returns the validation error, or the errors
        after each epoch. With one, ``objective(config, epochs, state) -> errors, state`` trains
        for so many epochs more, from the state that it returned for this configuration (None at
        first), and returns the error after each of them. With a log on file, a state is pickled.
    searcher : Searcher
        Says which configuration is next, and hears how it went.
    trials : int, optional
        How many trials the log holds at the end, those that it began with included. This,
        `epochs` or `seconds` is needed; what runs when a budget ends is still waited for.
    scheduler : Scheduler, optional
        Says which trial is trained further.
    epochs : int, optional
        Epochs of training that the log holds at the end, those that it began with included.
    seconds : float, optional
        How long this call may go on.
    target : float, optional
        Stop when the incumbent's error is at most this.
    patience : int, optional
        Stop when so many reports have come since the incumbent was found.
    initial : sequence of dict
        The first configurations, before the searcher is asked.
    time_limit : float, optional
        Seconds of a trial between two decisions of the scheduler; see `Workers`. Without a
        scheduler nobody sees the epochs, and only a job that hangs is ended, where it can be.
    executor : callable
        Returns a `concurrent.futures.Executor`; by default trials run in this process, one after
        another. See `process_pool`; for Dask ``client.get_executor``.
    workers : int
        Trials that run at a time.
    log : TrialLog, optional
        Where the trials go; by default a new one in memory. One that holds trials of the same
        search is continued. With a file, states lie in a folder beside it; without, in memory.
    progress : bool
        Show a bar with the error of the incumbent.

    Returns
    -------
    TrialLog
        A trial whose objective raises, returns an error that is not finite or takes too long is
        in it as failed, with the reason; if all have failed, a warning says so. On Ctrl-C the
        log is returned as it stands, with a warning; what was running is not in it, and runs
        again when the log is continued.

    Raises
    ------
    ValueError
        If there is no budget, one is below 1, there is no worker, or the log holds a trial of
        another space.
    RuntimeError
        If another search is writing to the file of the log, or a trial cannot be pickled.

    Notes
    -----
    One after another, and with an objective that repeats, a search that was killed and continued
    ends with the same trials as one that was not: every draw depends on the seed of the searcher
    and on the number of the trial alone, and every decision on the reports that came before.

    Examples
    --------
    >>> from scipy import stats
    >>> from hpo_helpers.searchers import RandomSearch
    >>> from hpo_helpers.spaces import ConfigSpace
    >>> searcher = RandomSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 1)}), seed=0)
    >>> log = tune(lambda config: abs(config["dropout_rate"] - 0.3), searcher, 50, progress=False)
    >>> log
    <TrialLog of 50 trials, 0 failed, in memory>
    >>> round(log.incumbent.config["dropout_rate"], 1)
    0.3
    """
    budgets = {"trials": trials, "epochs": epochs, "seconds": seconds}
    _require_budget(budgets)
    log = TrialLog() if log is None else log
    with contextlib.ExitStack() as stack:
        stack.enter_context(log.writing())
        search = Search(searcher, scheduler, log, trials, initial)
        folder = None if log.path is None else Path(f"{log.path}.states")
        states = _States(folder, 0 if scheduler is None else scheduler.max_epochs)
        crew = Workers(objective, executor, workers, time_limit)
        stack.callback(crew.close)
        bar = stack.enter_context(_Progress(budgets, search, progress))
        end = time.monotonic() + (math.inf if seconds is None else seconds)

        def goes_on() -> bool:
            return not (
                time.monotonic() > end
                or (epochs is not None and search.epochs >= epochs)
                or (target is not None and log.incumbent and log.incumbent.error <= target)
                or (patience is not None and search.reports_since_best >= patience)
            )

        try:
            while True:
                while crew.idle and goes_on() and (job := search.next()) is not None:
                    crew.start(states.load(job))
                if not crew.busy:
                    break
                for outcome in crew.finished():
                    known = log.find(outcome.trial.number)
                    states.save(outcome)
                    search.report(outcome.trial)
                    states.drop_before(outcome.trial, known)
                    bar.show()
        except KeyboardInterrupt:
            of = f" of {trials}" if trials is not None else ""
            warnings.warn(
                f"stopped by hand after {len(log)}{of} trials; give the same log to tune again "
                "to go on",
                stacklevel=2,
            )
    if len(log) and log.incumbent is None:
        warnings.warn(f"all {len(log)} trials failed; the first one: {log[0].reason}", stacklevel=2)
    return log


class Search:
    """What is to be done next in a search, and what has come of it.

    Parameters
    ----------
    searcher : Searcher
    scheduler : Scheduler or None
    log : TrialLog
        Its trials count as done.
    trials : int or None
        How many may be started.
    initial : sequence of dict
        The configurations of the first trials.

    Attributes
    ----------
    epochs : int
        Epochs of training that the log holds, that in which a trial failed included.
    reports_since_best : int
        Reports that have come since the incumbent was found.

    Raises
    ------
    ValueError
        If the log or an initial configuration is of another space than the searcher's.

    Examples
    --------
    The loop of a tuner with one worker:

    >>> from scipy import stats
    >>> from hpo_helpers.executors import run_job
    >>> from hpo_helpers.searchers import RandomSearch
    >>> from hpo_helpers.spaces import ConfigSpace
    >>> searcher = RandomSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 1)}), seed=0)
    >>> search = Search(searcher, scheduler=None, log=TrialLog(), trials=3)
    >>> while (job := search.next()) is not None:
    ...     search.report(run_job(lambda config: config["dropout_rate"], job).trial)
    >>> len(search.log), search.epochs
    (3, 3)
    """

    def __init__(
        self,
        searcher: Searcher,
        scheduler: Scheduler | None,
        log: TrialLog,
        trials: int | None = None,
        initial: Sequence[Config] = (),
    ) -> None:
        _require_same_space(searcher, log, initial)
        self.log = log
        self.reports_since_best = 0
        self._searcher, self._scheduler = searcher, scheduler
        self._limit = trials
        self._initial = initial
        self.epochs = 0
        self._trained: dict[int, int] = {}
        for trial in log.reports:
            self._hear(trial)
        self._configs = {trial.number: trial.config for trial in log}
        self._numbers = (number for number in itertools.count() if number not in self._configs)
        self._new = next(self._numbers)

    def next(self) -> Job | None:
        """Return a job for a free worker, or None if there is none at present."""
        full = self._limit is not None and len(self._configs) >= self._limit
        new = None if full else self._new
        if self._scheduler is None:
            number, epochs = new, None
        else:
            number, epochs = self._scheduler.job(new) or (None, None)
        if number is None:
            return None
        if number == new:
            first = number < len(self._initial)
            config = self._initial[number] if first else self._searcher.ask(number)
            self._configs[number] = dict(config)
            self._new = next(self._numbers)
        known = self.log.find(number)
        return Job(number, self._configs[number], known.errors if known else [], epochs)

    def report(self, trial: Trial) -> None:
        """Log a trial, and tell it to whom it concerns.

        Parameters
        ----------
        trial : Trial
            As it stands after a job.
        """
        known = self.log.find(trial.number)
        if known is not None:
            # One that began anew, for its state was lost, may differ in what is known already.
            errors = [*known.errors, *trial.errors[len(known.errors) :]]
            trial = dataclasses.replace(trial, errors=errors)
        self.log.append(trial)
        self._hear(trial)

    def _hear(self, trial: Trial) -> None:
        # The epoch that failed was trained as well; a search of nothing but those has to end.
        trained = len(trial.errors) + (trial.status == FAILED)
        self.epochs += trained - self._trained.get(trial.number, 0)
        self._trained[trial.number] = trained
        self.reports_since_best += 1
        if trial is self.log.incumbent:
            self.reports_since_best = 0
        self._searcher.tell(trial)
        if self._scheduler is not None:
            self._scheduler.report(trial)


class _States:
    """What trials are continued from.

    Parameters
    ----------
    folder : Path, optional
        Where each is kept in a file that is only ever replaced as a whole; by default they stay
        in memory.
    max_epochs : int
        A trial that has had so many is not continued, and keeps none.
    """

    def __init__(self, folder: Path | None, max_epochs: int) -> None:
        self.folder = folder
        self.max_epochs = max_epochs
        self._kept: dict[int, Any] = {}

    def _path(self, number: int, epochs: int) -> Path:
        return self.folder / f"{number}-{epochs}.pickle"

    def load(self, job: Job) -> Job:
        """Return the job with its state; without one it begins anew."""
        state = self._kept.pop(job.number, None)
        if self.folder is not None:
            path = self._path(job.number, len(job.errors))
            state = pickle.loads(path.read_bytes()) if path.exists() else None
        return job._replace(errors=[]) if state is None else job._replace(state=state)

    def save(self, outcome: Outcome) -> None:
        """Keep the state of a trial that may be continued.

        Raises
        ------
        TypeError
            If it is to be written, and cannot be pickled.
        """
        trial, state = outcome
        if state is None or trial.status == FAILED or len(trial.errors) >= self.max_epochs:
            return
        if self.folder is None:
            self._kept[trial.number] = state
            return
        try:
            content = pickle.dumps(state)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise TypeError(
                f"the state of trial {trial.number} cannot be stored ({error}); expected something "
                "that can be pickled, such as arrays"
            ) from error
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{trial.number}.part"
        part.write_bytes(content)
        part.replace(self._path(trial.number, len(trial.errors)))

    def drop_before(self, trial: Trial, known: Trial | None) -> None:
        """Delete the state that a logged report has made useless."""
        if self.folder is not None and known is not None:
            self._path(trial.number, len(known.errors)).unlink(missing_ok=True)


def _require_budget(budgets: dict[str, float | None]) -> None:
    if all(value is None for value in budgets.values()):
        raise ValueError(f"no budget is given; expected at least one of {list(budgets)}")
    for name, value in budgets.items():
        if value is not None and not value >= (0 if name == "seconds" else 1):
            raise ValueError(f"{name} is {value!r}; expected at least one")


def _require_same_space(searcher: Searcher, log: TrialLog, initial: Sequence[Config]) -> None:
    space = getattr(searcher, "space", None)
    if space is None:
        return
    for config in initial:
        space.check(config)
    for trial in log[:1] + log[-1:]:
        try:
            space.check(trial.config)
        except ValueError as error:
            raise ValueError(
                f"{log!r} is of another space: in trial {trial.number}, {error}; name another file"
            ) from error


class _Progress(tqdm):
    """A bar that counts trials, or epochs if they alone are limited, and names the incumbent."""

    def __init__(self, budgets: dict[str, float | None], search: Search, progress: bool) -> None:
        self._in_epochs = budgets["trials"] is None and budgets["epochs"] is not None
        self._search = search
        super().__init__(
            total=budgets["epochs" if self._in_epochs else "trials"],
            initial=self._count(),
            unit="epoch" if self._in_epochs else "trial",
            disable=not progress,
        )

    def _count(self) -> int:
        return self._search.epochs if self._in_epochs else len(self._search.log)

    def show(self) -> None:
        """Show what the search has come to."""
        incumbent = self._search.log.incumbent
        if incumbent is not None:
            self.set_postfix_str(f"best error {incumbent.error:.4f}", refresh=False)
        self.update(self._count() - self.n)
