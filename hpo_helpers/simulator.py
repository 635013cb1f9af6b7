"""A simulated clock: a search on many workers, replayed without training and without waiting."""

import dataclasses
import heapq
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from hpo_helpers.executors import Objective, run_job
from hpo_helpers.schedulers import Scheduler
from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import Search


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
        """
        until = self.jobs["end"].max() if until is None else until
        busy = self.jobs["end"].clip(upper=until) - self.jobs["start"].clip(upper=until)
        return float(busy.sum() / (workers * until))


def simulate(
    objective: Objective,
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
    objective : callable
        As for `tune`; one that looks recorded trials up takes next to no time.
    searcher : Searcher
    seconds_of : callable
        From a configuration and a number of epochs to the seconds that they take.
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
    ValueError
        If there is no worker, or neither `trials` nor `seconds` bounds the search.

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
    if workers < 1:
        raise ValueError(f"workers is {workers!r}; expected at least one")
    if trials is None and seconds is None:
        raise ValueError("neither trials nor seconds is given; expected at least one of them")
    search = Search(searcher, scheduler, TrialLog(), trials)
    idle, running, order = [*range(workers)], [], itertools.count()
    states: dict[int, Any] = {}
    rows = []
    now = 0.0
    while True:
        while idle and (job := search.next()) is not None:
            outcome = run_job(objective, job._replace(state=states.get(job.number)))
            trained = len(outcome.trial.errors) - len(job.errors)
            end = now + seconds_of(job.config, max(trained, 1))
            # By order of start where two end at the same time.
            heapq.heappush(running, (end, next(order), heapq.heappop(idle), now, outcome))
        if not running or (seconds is not None and running[0][0] > seconds):
            break
        now, _, worker, start, (trial, state) = heapq.heappop(running)
        heapq.heappush(idle, worker)
        states[trial.number] = state
        search.report(dataclasses.replace(trial, start=start, end=now))
        rows.append((worker, trial.number, start, now, len(trial.errors), trial.error))
    columns = ["worker", "trial", "start", "end", "epochs", "error"]
    return Simulation(search.log, pd.DataFrame(rows, columns=columns))
