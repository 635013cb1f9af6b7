"""The tuner: runs trials, here or on an executor, logs each report, and goes on after a kill."""

import contextlib
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

from tqdm import tqdm

from hpo_helpers.arguments import finite, whole
from hpo_helpers.jobs import Objective, ResumableObjective, require_form
from hpo_helpers.schedulers import Scheduler
from hpo_helpers.search import Search, kept
from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config
from hpo_helpers.trials import TrialLog
from hpo_helpers.workers import Workers


def tune(
    objective: Objective | ResumableObjective,
    searcher: Searcher,
    trials: int | None = None,
    *,
    scheduler: Scheduler | None = None,
    epochs: int | None = None,
    seconds: float | None = None,
    target: float | None = None,
    patience: int | None = None,
    initial: Sequence[Config] = (),
    retry_failed: bool = False,
    time_limit: float | None = None,
    workers: int = 1,
    executor: Callable[[], Executor] | None = None,
    log: TrialLog | str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> TrialLog:
    """Evaluate configurations until a budget is spent or a goal is reached.

    Parameters
    ----------
    objective : Objective or ResumableObjective
        Without a scheduler ``objective(config)`` returns the validation error, or a list or array
        of the errors after each epoch. With one, ``objective(config, epochs, state)`` trains for
        so many epochs more, from the state that it returned for this configuration (None at
        first), and returns the errors after each of them and the new state.
    searcher : Searcher
        Says which configuration is next, and hears how it went. The search works on a copy, so
        that the one given stays as it is.
    trials : int, optional
        How many trials the log holds at the end, those that it began with included. This,
        `epochs` or `seconds` is needed; what runs when a budget ends is still waited for.
    scheduler : Scheduler, optional
        Says which trial is trained further; copied as the searcher is.
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
    retry_failed : bool
        Try the trials again that have failed in the log: after a mend, or on another machine.
    time_limit : float, optional
        Seconds of a trial between two decisions of the scheduler; see `Workers`. Without a
        scheduler nobody sees the epochs, and only a job that hangs is ended, where it can be.
    workers : int
        Trials that run at a time. One runs in this process; several in processes of their own,
        see `process_pool`.
    executor : callable, optional
        Returns a `concurrent.futures.Executor` that runs them instead, such as loky's, or
        ``client.get_executor`` of a Dask cluster.
    log : TrialLog or path-like, optional
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
    TypeError
        If the objective takes other arguments, or an argument is of another type.
    ValueError
        If there is no budget, an argument is out of its range, or the log holds a trial of
        another space.
    RuntimeError
        If another search is writing to the file of the log, or a trial cannot be pickled.

    Warns
    -----
    UserWarning
        If the searcher ran out of configurations or repeated some, if all trials failed, or a
        state was lost.

    Notes
    -----
    One after another, and with an objective that repeats, a search that was killed and continued
    ends with the same trials as one that was not: every draw depends on the seed of the searcher
    and on the number of the trial alone, and every decision on the reports that came before.

    An error that ends the search carries what was measured so far, as its attribute ``log``.

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
    _require_limits(budgets, target, patience)
    require_form(objective, resumable=scheduler is not None)
    crew = Workers(objective, workers, executor, time_limit)
    log = log if isinstance(log, TrialLog) else TrialLog(log)
    with contextlib.ExitStack() as stack:
        stack.callback(crew.close)
        stack.enter_context(log.writing())
        search = Search(searcher, scheduler, log, trials, initial, retry_failed)
        bar = stack.enter_context(_Progress(budgets, search, progress))
        end = time.monotonic() + (math.inf if seconds is None else seconds)

        def goes_on() -> bool:
            return not (
                time.monotonic() > end
                or (epochs is not None and search.epochs >= epochs)
                or (target is not None and log.incumbent and log.incumbent.error <= target)
                or (patience is not None and search.reports_since_best >= patience)
            )

        with kept(log):
            try:
                search.run(crew, goes_on, bar.show)
            except KeyboardInterrupt:
                of = f" of {trials}" if trials is not None else ""
                warnings.warn(
                    f"stopped by hand after {len(log)}{of} trials; give the same log to tune again "
                    "to go on",
                    stacklevel=2,
                )
    with kept(log):
        for warning in _warnings(search, trials):
            warnings.warn(warning, stacklevel=2)
    return log


def _warnings(search: Search, trials: int | None) -> Iterator[str]:
    log = search.log
    if len(log) and log.incumbent is None:
        yield f"all {len(log)} trials failed; the first one: {log[0].reason}"
    if search.exhausted and trials is not None and len(log) < trials:
        yield f"the searcher had nothing more to try after {len(log)} of {trials} trials"
    if search.space is None or search.space.size == math.inf:
        return
    repeats = len(log) - len({tuple(sorted(trial.config.items())) for trial in log})
    if repeats:
        yield (
            f"{repeats} of {len(log)} trials have a configuration that another had before; the "
            f"space has at most {search.space.size:g}, and GridSearch tries each once"
        )


def _require_limits(
    budgets: dict[str, float | None], target: float | None, patience: int | None
) -> None:
    if all(value is None for value in budgets.values()):
        raise ValueError(f"no budget is given; expected at least one of {list(budgets)}")
    for name, value in {**budgets, "patience": patience}.items():
        if value is not None and name != "seconds":
            whole(name, value)
    if budgets["seconds"] is not None:
        finite("seconds", budgets["seconds"], above=0)
    if target is not None:
        finite("target", target)


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
