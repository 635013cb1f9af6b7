"""What the searchers, the schedulers and the tuner cost: their own time, and how they scale."""

import functools
import os
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import optuna
from optuna.samplers import TPESampler
from threadpoolctl import threadpool_limits

from bench.result import Result
from hpo_helpers.jobs import Job, run_job
from hpo_helpers.objectives import NetworkObjective
from hpo_helpers.recordings import (
    MLP_SPACE,
    RecordedTrials,
    load_mlp_seconds,
    load_recording,
)
from hpo_helpers.schedulers import ASHA, FixedEpochs, SuccessiveHalving
from hpo_helpers.searchers import RandomSearch, Searcher
from hpo_helpers.simulator import simulate
from hpo_helpers.spaces import Config
from hpo_helpers.tuner import tune
from recorder.searches import suggested

EPOCHS = 27
# Of one who guesses among ten classes: what a network that has diverged is worth.
CHANCE = 0.9
WORKERS = (1, 10, 100, 1000)
SIMULATED_SECONDS = 5.0

optuna.logging.set_verbosity(optuna.logging.WARNING)


@functools.cache
def table() -> RecordedTrials:
    """Return the recorded trials, read once a process."""
    return RecordedTrials(load_recording("mlp").where(seed=0), nearest=MLP_SPACE)


def bayesian(seed: int) -> Searcher:
    """Return our Bayesian search."""
    from hpo_helpers.bayesian import BayesianSearch

    return BayesianSearch(MLP_SPACE, seed=seed)


def timed(call: Callable, *arguments: Any) -> tuple[Any, float]:
    """Return what a call returns, and the milliseconds that it takes."""
    start = time.perf_counter()
    return call(*arguments), 1000 * (time.perf_counter() - start)


def tuner_time() -> Result:
    """Time what a searcher does for a trial, over 100 trials."""
    searcher, study = bayesian(0), optuna.create_study(sampler=TPESampler(seed=0))
    ours, theirs = [], []
    with threadpool_limits(1):
        for number in range(100):
            config, asking = timed(searcher.ask, number)
            trial = run_job(table(), Job(number, config)).trial
            ours.append(asking + timed(searcher.tell, trial)[1])
            asked, asking = timed(study.ask)
            config, suggesting = timed(suggested, asked, MLP_SPACE)
            error = np.nan_to_num(table()(config)[-1], nan=CHANCE)
            theirs.append(asking + suggesting + timed(study.tell, asked, error)[1])
    note = (
        f"Median of 100 trials on one thread. The slowest: {max(ours):.0f} ms and "
        f"{max(theirs):.0f} ms; the last: {ours[-1]:.0f} ms and {theirs[-1]:.0f} ms."
    )
    return Result(
        subject="BayesianSearch",
        value_subject=statistics.median(ours),
        peer="Optuna's TPESampler",
        value_peer=statistics.median(theirs),
        unit="ms a trial",
        statistic="median of 100 trials",
        note=note,
    )


def instant(config: Config, epochs: int, trained: int | None) -> tuple[list[float], int]:
    """Return errors that rank the trials, at once; the state is how many epochs are trained."""
    return [config["learning_rate"]] * epochs, (trained or 0) + epochs


def overhead() -> Result:
    """Time `tune` at 1,000 and at 100,000 trials that take no time."""

    def trial(trials: int) -> float:
        search, scheduler = RandomSearch(MLP_SPACE), ASHA(max_epochs=EPOCHS)
        call = functools.partial(tune, scheduler=scheduler, progress=False)
        return timed(call, instant, search, trials)[1] / trials

    few, many = statistics.median(trial(1000) for _ in range(5)), trial(100_000)
    return Result(
        subject="ASHA, 100,000 trials",
        value_subject=many,
        peer="ASHA, 1,000 trials",
        value_peer=few,
        unit="ms a trial",
        statistic="one run, and median of 5 runs of the peer",
        note="RandomSearch in seven dimensions; the log and the states in memory.",
    )


def scaling_simulated() -> Result:
    """Count the trials that ASHA and synchronous halving get done on 1 to 1,000 workers."""
    rates: dict[str, float] = {}
    listed = []
    for workers in WORKERS:
        # A bracket as wide as the workers, so that halving can employ all of them.
        halving = SuccessiveHalving(max_epochs=EPOCHS, trials=max(EPOCHS, workers))
        for name, scheduler in {"ASHA": ASHA(max_epochs=EPOCHS), "halving": halving}.items():
            log, jobs = simulation = simulate(
                instant,
                RandomSearch(MLP_SPACE),
                load_mlp_seconds(),
                workers,
                scheduler=scheduler,
                seconds=SIMULATED_SECONDS,
            )
            rates[name] = len(log) / SIMULATED_SECONDS
            listed.append(
                f"{name} on {workers:,}: {rates[name]:,.0f} a second, "
                f"{(jobs['epochs'] == EPOCHS).sum():,} trained to the end, workers "
                f"{simulation.utilisation(workers, SIMULATED_SECONDS):.0%} busy"
            )
    ours, theirs = (1000 / rate for rate in rates.values())
    note = (
        f"Trials reported at least once in {SIMULATED_SECONDS:g} simulated s, with recorded times "
        f"and errors by the learning rate alone. {'; '.join(listed)}."
    )
    return Result(
        subject="ASHA on 1,000 workers",
        value_subject=ours,
        peer="synchronous halving, brackets of as many trials",
        value_peer=theirs,
        unit="simulated ms a trial",
        statistic="one simulation",
        note=note,
    )


def scaling_processes() -> Result:
    """Time a search that trains networks on two processes, and in this one."""
    search = functools.partial(tune, NetworkObjective(), RandomSearch(MLP_SPACE), 200)
    search = functools.partial(search, scheduler=FixedEpochs(9), progress=False)
    begun = time.time()
    # The processes read it when they start; threadpool_limits reaches only this one.
    with mock.patch.dict(os.environ, OPENBLAS_NUM_THREADS="1"), threadpool_limits(1):
        log, ours = timed(functools.partial(search, workers=2))
        _, theirs = timed(search)
    note = (
        "200 trials of 9 epochs of 2,000 images, one BLAS thread a process. The first trial began "
        f"{min(trial.start for trial in log) - begun:.1f} s after the call."
    )
    return Result(
        subject="two processes",
        value_subject=ours / 1000,
        peer="in this process",
        value_peer=theirs / 1000,
        unit="s",
        statistic="one run",
        note=note,
    )


ROWS: dict[str, Callable[[], Result]] = {
    "tuner_time": tuner_time,
    "overhead_100000": overhead,
    "scaling_simulated": scaling_simulated,
    "scaling_processes": scaling_processes,
}
