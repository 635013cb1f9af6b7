"""The tuner: runs trials one after another and logs each."""

import itertools
import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config
from hpo_helpers.trials import COMPLETED, FAILED, Trial, TrialLog

Objective = Callable[[Config], float | Sequence[float]]


def tune(
    objective: Objective,
    searcher: Searcher,
    trials: int,
    *,
    log: TrialLog | None = None,
    progress: bool = True,
) -> TrialLog:
    """Evaluate configurations until the log holds as many trials as asked for.

    Parameters
    ----------
    objective : callable
        From a configuration to its validation error, or to the errors after each epoch.
    searcher : Searcher
        Says which configuration is next, and hears how it went.
    trials : int
        Trials that the log holds at the end, those that it began with included.
    log : TrialLog, optional
        Where the trials go; by default a new one in memory. One that holds trials already, of
        the same searcher, is continued.
    progress : bool
        Show a bar with the error of the incumbent.

    Returns
    -------
    TrialLog
        A trial whose objective raises, or returns an error that is not finite, is in it as
        failed, with the reason; if all have failed, a warning says so. On Ctrl-C the log is
        returned as it stands, with a warning; the trial that was running is not in it.

    Raises
    ------
    ValueError
        If `trials` is below 1.
    """
    if trials < 1:
        raise ValueError(f"trials is {trials!r}; expected at least one")
    log = TrialLog() if log is None else log
    for trial in log:
        searcher.tell(trial)
    with tqdm(total=trials, initial=len(log), unit="trial", disable=not progress) as bar:
        try:
            while len(log) < trials:
                trial = run_trial(objective, len(log), searcher.ask(len(log)))
                log.append(trial)
                searcher.tell(trial)
                if log.incumbent is not None:
                    bar.set_postfix_str(f"best error {log.incumbent.error:.4f}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            warnings.warn(
                f"stopped by hand after {len(log)} of {trials} trials; give the same log to "
                "tune again to go on",
                stacklevel=2,
            )
    if len(log) and log.incumbent is None:
        warnings.warn(f"all {len(log)} trials failed; the first one: {log[0].reason}", stacklevel=2)
    return log


def run_trial(objective: Objective, number: int, config: Config) -> Trial:
    """Evaluate one configuration; whatever goes wrong in it is recorded, not raised.

    Parameters
    ----------
    objective : callable
        As for `tune`.
    number : int
        Number of the trial.
    config : dict
        What to evaluate.

    Returns
    -------
    Trial
        Completed, or failed with its reason and the finite errors that came before.
    """
    start = time.time()
    errors: list[float] = []
    reason = ""
    try:
        result: Any = objective(dict(config))
        reports = result if isinstance(result, Sequence | np.ndarray) else [result]
        curve = [float(error) for error in reports]
        errors = list(itertools.takewhile(math.isfinite, curve))
        if not curve:
            reason = "the objective returned no error"
        elif len(errors) < len(curve):
            reason = f"the validation error is {curve[len(errors)]} in report {len(errors) + 1}"
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    status = FAILED if reason else COMPLETED
    return Trial(number, config, errors, status, reason, start, time.time())
