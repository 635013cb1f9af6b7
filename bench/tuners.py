"""The searchers, schedulers and tuner against their peers, mostly on recorded trials.

A method is judged by the configuration that it would return at a budget: by the validation
error that was recorded for it after all of its epochs. Optuna's GPSampler is left out, for it
needs PyTorch.
"""

import functools
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest import mock

import joblib
import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState
from scipy import stats
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
from hpo_helpers.schedulers import ASHA, FixedEpochs, Hyperband, Scheduler, SuccessiveHalving
from hpo_helpers.searchers import RandomSearch, Searcher, SobolSearch
from hpo_helpers.simulator import simulate
from hpo_helpers.spaces import Config
from hpo_helpers.trials import FAILED
from hpo_helpers.tuner import tune

# Not 0: by that seed the random search draws what was recorded, trial by trial.
SEEDS = range(1, 51)
EPOCHS = 27
BUDGETS = (10, 30, 60)
# Of one who guesses among ten classes: what a network that has diverged is worth.
CHANCE = 0.9
WORKERS = (1, 10, 100, 1000)
SIMULATED_SECONDS = 5.0

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Report(NamedTuple):
    """Epochs spent since the report before; a configuration, and how its method ranks it."""

    epochs: int
    rank: float
    config: Config


@functools.cache
def table() -> RecordedTrials:
    """Return the recorded trials, read once a process."""
    return RecordedTrials(load_recording("mlp").where(seed=0), nearest=MLP_SPACE)


def bayesian(seed: int) -> Searcher:
    """Return our Bayesian search."""
    from hpo_helpers.bayesian import BayesianSearch

    return BayesianSearch(MLP_SPACE, seed=seed)


def ours(
    searcher: Searcher, scheduler: Scheduler | None = None, from_scratch: bool = False
) -> Iterator[Report]:
    """Report on a search by `tune`; without a scheduler every trial costs all epochs.

    From scratch as in scikit-learn: a rung trains anew, and the last one alone is returned from.
    """
    if scheduler is None:
        log = tune(table(), searcher, trials=max(BUDGETS), progress=False)
        yield from (Report(EPOCHS, _rank(trial.error), trial.config) for trial in log)
        return
    budget, objective = max(BUDGETS) * EPOCHS, table().train
    log = tune(objective, searcher, scheduler=scheduler, epochs=budget, progress=False)
    trained: dict[int, int] = {}
    for trial in log.reports:
        # The log does not count the epoch in which a network diverged; here every method pays it.
        epochs = len(trial.errors) + (trial.status == FAILED)
        spent = epochs if from_scratch else epochs - trained.get(trial.number, 0)
        yield Report(spent, _rank(trial.error, from_scratch and epochs < EPOCHS), trial.config)
        trained[trial.number] = epochs


def _rank(error: float, pruned: bool = False) -> float:
    # Errors lie in [0, 1], so what was pruned comes behind all that was not.
    return math.inf if math.isnan(error) else error + pruned


def optunas(sampler: BaseSampler, pruner: BasePruner | None = None) -> Iterator[Report]:
    """Report on a search by Optuna; as there, a pruned trial ranks behind every completed one."""
    study = optuna.create_study(sampler=sampler, pruner=pruner or NopPruner())
    spent = 0
    while spent < max(BUDGETS) * EPOCHS:
        trial = study.ask()
        config = suggest(trial)
        curve, pruned = table()(config), False
        # Without a pruner nothing is reported, and every trial costs all epochs.
        for epoch, error in enumerate(curve if pruner else [], start=1):
            trial.report(error, epoch)
            if pruned := math.isnan(error) or trial.should_prune():
                curve = curve[:epoch]
                break
        failed, error = math.isnan(curve[-1]), curve[-1]
        state = TrialState.FAIL if failed else TrialState.PRUNED if pruned else TrialState.COMPLETE
        study.tell(trial, None if failed or pruned else error, state=state)
        spent += len(curve)
        yield Report(len(curve), _rank(error, pruned), config)


def suggest(trial: optuna.Trial) -> Config:
    """Draw a configuration of `MLP_SPACE` the way of Optuna."""
    config = {
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
        "layers": trial.suggest_int("layers", 1, 3),
        "units": trial.suggest_categorical("units", [16, 32, 64, 128]),
        "activation": trial.suggest_categorical("activation", ["relu", "tanh"]),
        "optimizer": trial.suggest_categorical("optimizer", ["sgd", "momentum"]),
    }
    if config["optimizer"] == "momentum":
        config["momentum"] = trial.suggest_float("momentum", 0, 0.99)
    return config


HALVING = functools.partial(SuccessiveHalvingPruner, min_resource=1, reduction_factor=3)
HYPERBAND = functools.partial(
    HyperbandPruner, min_resource=1, max_resource=EPOCHS, reduction_factor=3
)
METHODS: dict[str, Callable[[int], Iterator[Report]]] = {
    "RandomSearch": lambda s: ours(RandomSearch(MLP_SPACE, s)),
    "SobolSearch": lambda s: ours(SobolSearch(MLP_SPACE, s)),
    "BayesianSearch": lambda s: ours(bayesian(s)),
    "ASHA": lambda s: ours(RandomSearch(MLP_SPACE, s), ASHA(max_epochs=EPOCHS)),
    "Hyperband": lambda s: ours(RandomSearch(MLP_SPACE, s), Hyperband(max_epochs=EPOCHS)),
    # Its rungs, 27, 9, 3 and 1 trials, are those of our halving, which here does its work.
    "the schedule of scikit-learn's HalvingRandomSearchCV": lambda s: ours(
        RandomSearch(MLP_SPACE, s), SuccessiveHalving(max_epochs=EPOCHS), from_scratch=True
    ),
    "Optuna's RandomSampler": lambda s: optunas(RandomSampler(s)),
    "Optuna's TPESampler": lambda s: optunas(TPESampler(seed=s)),
    "Optuna's SuccessiveHalvingPruner at random": lambda s: optunas(RandomSampler(s), HALVING()),
    "Optuna's SuccessiveHalvingPruner with TPE": lambda s: optunas(TPESampler(seed=s), HALVING()),
    "Optuna's HyperbandPruner at random": lambda s: optunas(RandomSampler(s), HYPERBAND()),
    "Optuna's HyperbandPruner with TPE": lambda s: optunas(TPESampler(seed=s), HYPERBAND()),
}
# By the name of their rows: ours, the peer, and the budgets at which they are compared.
PAIRS = {
    "bayesian": ("BayesianSearch", "Optuna's TPESampler", BUDGETS),
    "bayesian_over_random": ("BayesianSearch", "RandomSearch", (60,)),
    "sobol": ("SobolSearch", "Optuna's RandomSampler", (60,)),
    "asha": ("ASHA", "Optuna's SuccessiveHalvingPruner at random", BUDGETS),
    "asha_tpe": ("ASHA", "Optuna's SuccessiveHalvingPruner with TPE", (60,)),
    "asha_sklearn": ("ASHA", "the schedule of scikit-learn's HalvingRandomSearchCV", BUDGETS),
    "hyperband": ("Hyperband", "Optuna's HyperbandPruner at random", BUDGETS),
    "hyperband_tpe": ("Hyperband", "Optuna's HyperbandPruner with TPE", (60,)),
}


iqm = functools.partial(stats.trim_mean, proportiontocut=0.25)


@functools.cache
def incumbents(method: str) -> np.ndarray:
    """Return the final errors of what a method returns, shape (seeds, budgets)."""
    return np.array(joblib.Parallel(2)(joblib.delayed(_incumbents)(method, s) for s in SEEDS))


def _incumbents(method: str, seed: int) -> list[float]:
    reports, found = list(METHODS[method](seed)), []
    spent = np.cumsum([report.epochs for report in reports])
    for trials in BUDGETS:
        within = np.searchsorted(spent, trials * EPOCHS, side="right")
        best = min(reports[:within], key=lambda report: report.rank)
        found.append(np.nan_to_num(table()(best.config)[-1], nan=CHANCE))
    return found


def compared_at(trials: int, ours: str, peer: str) -> Result:
    """Compare what two methods return at a budget, by interquartile means over the seeds."""
    samples = [incumbents(method)[:, BUDGETS.index(trials)] for method in (ours, peer)]
    mine, its = (interval(iqm, sample) for sample in samples)
    low, high = interval(lambda a, b, axis: iqm(b, axis=axis) - iqm(a, axis=axis), *samples)
    note = (
        f"At {trials} trials, {trials * EPOCHS} epochs; interquartile mean of {len(SEEDS)} seeds, "
        f"95 % interval {mine[0]:.4f} to {mine[1]:.4f}, the peer's {its[0]:.4f} to {its[1]:.4f}. "
        f"The peer's minus ours: {low:+.4f} to {high:+.4f}, "
        f"{'ours is better' if low > 0 else 'ours is worse' if high < 0 else 'undecided'}."
    )
    return Result(
        subject=ours,
        value_subject=float(iqm(samples[0], axis=0)),
        peer=peer,
        value_peer=float(iqm(samples[1], axis=0)),
        unit="validation error",
        statistic=f"interquartile mean of {len(SEEDS)} seeds",
        note=note,
        interval_subject=mine,
        interval_peer=its,
        interval_difference=[low, high],
    )


def interval(statistic: Callable, *samples: np.ndarray) -> list[float]:
    """Return the 95 % percentile interval of a statistic, by the bootstrap."""
    options = {"n_resamples": 2000, "method": "percentile", "vectorized": True, "rng": 0}
    return np.round(stats.bootstrap(samples, statistic, **options).confidence_interval, 6).tolist()


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
            config, suggesting = timed(suggest, asked)
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
    f"{name}_{trials}": functools.partial(compared_at, trials, ours, peer)
    for name, (ours, peer, budgets) in PAIRS.items()
    for trials in budgets
} | {
    "tuner_time": tuner_time,
    "overhead_100000": overhead,
    "scaling_simulated": scaling_simulated,
    "scaling_processes": scaling_processes,
}
