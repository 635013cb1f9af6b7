"""A simulated clock: a search on many workers, replayed without training and without waiting."""

import dataclasses
import heapq
import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from hpo_helpers.arguments import finite, whole
from hpo_helpers.jobs import Job, Objective, Outcome, ResumableObjective, require_form, run_job
from hpo_helpers.schedulers import Scheduler
from hpo_helpers.search import Search, kept
from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config
from hpo_helpers.trials import TrialLog


class Simulation(NamedTuple):
    """What happened on the simulated clock.

    Attributes
    ----------
    log : TrialLog
        Its reports, with the simulated times, in the order in which they came.
    jobs : DataFrame
        One row a job that ended: its ``worker``, the ``trial``, ``start`` and ``end`` in
        simulated seconds, ``epochs`` of the trial in total, and its ``error``.

    Examples
    --------
    >>> jobs = pd.DataFrame({"worker": [0, 1], "start": [0.0, 0.0], "end": [4.0, 2.0]})
    >>> Simulation(TrialLog(), jobs).utilisation(workers=2)
    0.75
    """

    log: TrialLog
    jobs: pd.DataFrame

    def utilisation(self, workers: int, until: float | None = None) -> float:
        """Return the share of the workers' time that was spent on jobs.

        Parameters
        ----------
        workers : int
        until : float, optional
            Simulated seconds from the start; by default the end of the last job.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        TypeError, ValueError
            If there is no worker, or no time: `until` is not above 0, or is left out and no job
            has ended.
        """
        if until is None and self.jobs.empty:
            raise ValueError("no job has ended; name the time to look at, as in until=60")
        until = finite("until", self.jobs["end"].max() if until is None else until, above=0)
        busy = self.jobs["end"].clip(upper=until) - self.jobs["start"].clip(upper=until)
        return float(busy.sum() / (whole("workers", workers) * until))


def simulate(
    objective: Objective | ResumableObjective,
    searcher: Searcher,
    seconds_of: Callable[[Config, int], float],
    workers: int,
    trials: int | None = None,
    *,
    scheduler: Scheduler | None = None,
    seconds: float | None = None,
) -> Simulation:
    """Run a search as `tune` would on so many workers, by a clock that jumps to the next event.

    Parameters
    ----------
    objective : Objective or ResumableObjective
        As for `tune`; one that looks recorded trials up takes next to no time.
    searcher : Searcher
        Copied, as by `tune`; so is the scheduler.
    seconds_of : callable
        From a configuration and a number of epochs to the seconds that they take, above 0.
    workers : int
    trials : int, optional
        How many may be started.
    scheduler : Scheduler, optional
    seconds : float, optional
        When the simulated clock stops; a job that has not ended by then is cut off, and is
        neither in the log nor among the jobs.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError, ValueError
        As `tune`; if neither `trials` nor `seconds` bounds the search; and if a job does not take
        a finite, positive time.

    Examples
    --------
    Trials of one or of two seconds, on two workers:

    >>> from hpo_helpers.searchers import GridSearch
    >>> from hpo_helpers.spaces import ConfigSpace, choice
    >>> searcher = GridSearch(ConfigSpace({"layers": choice([1, 2])}), n=2)
    >>> simulated = simulate(
    ...     objective=lambda config: 0.5 / config["layers"],
    ...     searcher=searcher,
    ...     seconds_of=lambda config, epochs: config["layers"] * epochs,
    ...     workers=2,
    ...     trials=2,
    ... )
    >>> simulated.jobs["end"].tolist(), simulated.log.incumbent.number
    ([1.0, 2.0], 1)
    """
    if trials is None and seconds is None:
        raise ValueError("neither trials nor seconds is given; expected at least one of them")
    require_form(objective, resumable=scheduler is not None)
    crew = SimulatedWorkers(objective, seconds_of, workers, seconds)
    trials = None if trials is None else whole("trials", trials)
    search = Search(searcher, scheduler, TrialLog(), trials)
    with kept(search.log):
        search.run(crew)
    return Simulation(search.log, pd.DataFrame(crew.jobs, columns=SimulatedWorkers.COLUMNS))


class SimulatedWorkers:
    """Workers whose clock jumps to the end of the next job; see `Crew`.

    Parameters
    ----------
    objective : Objective or ResumableObjective
    seconds_of : callable
        From a configuration and a number of epochs to the seconds that they take, above 0.
    count : int
    seconds : float, optional
        When the clock stops.

    Attributes
    ----------
    now : float
        What the clock shows, in seconds.
    jobs : list of tuple
        Of each job that has ended what `Simulation` names.

    Raises
    ------
    TypeError, ValueError
        If there is no worker, the clock stops before it starts, or `seconds_of` is no function.

    Examples
    --------
    >>> crew = SimulatedWorkers(lambda config: 0.5, lambda config, epochs: 60.0, count=2)
    >>> crew.start(Job(0, {"learning_rate": 0.1}))
    >>> len(crew.finished()), crew.now
    (1, 60.0)
    """

    COLUMNS = ("worker", "trial", "start", "end", "epochs", "error")

    def __init__(
        self,
        objective: Callable,
        seconds_of: Callable[[Config, int], float],
        count: int,
        seconds: float | None = None,
    ) -> None:
        if not callable(seconds_of):
            raise TypeError(
                f"seconds_of is {seconds_of!r}; expected a function of a configuration and a "
                "number of epochs"
            )
        self._objective = objective
        self._seconds_of = seconds_of
        self._free = list(range(whole("workers", count)))
        self._end = math.inf if seconds is None else finite("seconds", seconds, above=0)
        self._running: list[tuple[float, int, int, float, Outcome]] = []
        self._order = itertools.count()
        self.now = 0.0
        self.jobs: list[tuple] = []

    @property
    def idle(self) -> bool:
        """Whether a further job may be started now."""
        return bool(self._free)

    @property
    def busy(self) -> bool:
        """Whether a job ends before the clock stops."""
        return bool(self._running) and self._running[0][0] <= self._end

    def start(self, job: Job) -> None:
        """Do a job at once, and let it end when it would have.

        Parameters
        ----------
        job : Job
        """
        outcome = run_job(self._objective, job)
        trained = len(outcome.trial.errors) - len(job.errors)
        epochs = max(trained, 1)
        taken = self._seconds_of(job.config, epochs)
        end = self.now + finite(f"seconds_of({job.config!r}, {epochs})", taken, above=0)
        # By order of start where two end at the same time.
        running = (end, next(self._order), heapq.heappop(self._free), self.now, outcome)
        heapq.heappush(self._running, running)

    def finished(self) -> list[Outcome]:
        """Set the clock to the end of the next job, and return what came of it.

        Returns
        -------
        list of Outcome
        """
        self.now, _, worker, start, (trial, state) = heapq.heappop(self._running)
        heapq.heappush(self._free, worker)
        self.jobs.append((worker, trial.number, start, self.now, len(trial.errors), trial.error))
        return [Outcome(dataclasses.replace(trial, start=start, end=self.now), state)]
