"""Searches on the problems of the suite, ours and others', each repeated under fifty seeds."""

import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.distributions import choice
from hpo_helpers.problems import PROBLEMS, Problem
from hpo_helpers.recordings import FOLDER
from hpo_helpers.schedulers import ASHA, Hyperband, Scheduler, SuccessiveHalving
from hpo_helpers.searchers import LocalSearch, RandomSearch, Searcher, SobolSearch
from hpo_helpers.spaces import Config, ConfigSpace
from hpo_helpers.tpe import TPESearch
from hpo_helpers.trials import FAILED
from hpo_helpers.tuner import tune
from recorder import files

SEEDS = 50
# Trainings to the end, or as many epochs; after so many a search is asked what it would return.
BUDGETS = (10, 20, 40)


class Report(NamedTuple):
    """Epochs paid for since the report before; a configuration, and how its method ranks it."""

    epochs: float
    rank: float
    config: Config


Search = Callable[[Problem, int], Iterator[Report]]


def ours(
    make: Callable[[ConfigSpace, int], Searcher],
    scheduled: Callable[..., Scheduler] | None = None,
    from_scratch: bool = False,
    cheaper: int = 1,
) -> Search:
    """Return a search by `tune`; without a scheduler every trial is trained to the end.

    From scratch as in scikit-learn: a rung trains anew, and the last one alone is returned from.
    Cheaper by a factor, so many trials are had for the price of one; without a scheduler only.
    """

    def search(problem: Problem, seed: int) -> Iterator[Report]:
        objective, searcher = problem.objective(seed), make(problem.space, seed)
        if scheduled is None:
            trials = cheaper * max(BUDGETS)
            log = tune(objective, searcher, trials, progress=False)
            if len(log) < trials:
                # Stopped by hand; `tune` has said so.
                raise KeyboardInterrupt
            price = problem.epochs / cheaper
            yield from (Report(price, _rank(t.error), t.config) for t in log)
            return
        budget = max(BUDGETS) * problem.epochs
        scheduler = scheduled(max_epochs=problem.epochs)
        log = tune(objective.train, searcher, scheduler=scheduler, epochs=budget, progress=False)
        trained: dict[int, int] = {}
        for trial in log.reports:
            # The log does not count the epoch in which a network diverged; every method pays it.
            epochs = len(trial.errors) + (trial.status == FAILED)
            spent = epochs if from_scratch else epochs - trained.get(trial.number, 0)
            pruned = from_scratch and epochs < problem.epochs
            yield Report(spent, _rank(trial.error, pruned), trial.config)
            trained[trial.number] = epochs
        if sum(len(trial.errors) + (trial.status == FAILED) for trial in log) < budget:
            raise KeyboardInterrupt

    return search


def _rank(error: float, pruned: bool = False) -> float:
    # Errors of networks lie in [0, 1], so what was pruned comes behind all that was not.
    return math.inf if math.isnan(error) else error + pruned


def optunas(
    make: Callable[[int], BaseSampler], pruned_by: Callable[..., BasePruner] | None = None
) -> Search:
    """Return a search by Optuna; as there, a pruned trial ranks behind every completed one."""

    def search(problem: Problem, seed: int) -> Iterator[Report]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner = pruned_by(max_resource=problem.epochs) if pruned_by else optuna.pruners.NopPruner()
        # Which bracket a trial falls into depends on the name of the study.
        study = optuna.create_study(sampler=make(seed), pruner=pruner, study_name=str(seed))
        objective, spent = problem.objective(seed), 0
        while spent < max(BUDGETS) * problem.epochs:
            trial = study.ask()
            config, pruned, state, epoch = suggested(trial, problem.space), False, None, 0
            if pruned_by is None:
                # Nothing is reported, and every trial costs all epochs.
                epoch, error = problem.epochs, objective(config)[-1]
            while epoch < problem.epochs and not pruned:
                (error,), state = objective.train(config, 1, state)
                epoch += 1
                trial.report(error, epoch)
                pruned = math.isnan(error) or trial.should_prune()
            how = TrialState.PRUNED if pruned else TrialState.COMPLETE
            how = TrialState.FAIL if math.isnan(error) else how
            study.tell(trial, error if how == TrialState.COMPLETE else None, state=how)
            spent += epoch
            yield Report(epoch, _rank(error, pruned), config)

    return search


def suggested(trial: optuna.Trial, space: ConfigSpace) -> Config:
    """Draw a configuration of a space the way of Optuna.

    Parameters
    ----------
    trial : optuna.Trial
    space : ConfigSpace
        Of categories, whole numbers, and floats that are uniform or log-uniform.

    Returns
    -------
    dict

    Examples
    --------
    >>> suggested(optuna.trial.FixedTrial({"units": 32}), ConfigSpace({"units": choice([16, 32])}))
    {'units': 32}
    """
    config: Config = {}
    for name in space:
        if not space.exists(name, config):
            continue
        prior = space.distribution(name)
        if isinstance(prior, choice):
            config[name] = trial.suggest_categorical(name, list(prior.options))
            continue
        low, high = prior.support()
        log = prior.dist.name in ("loguniform", "log_integer")
        if prior.dist.name in ("randint", "log_integer"):
            config[name] = trial.suggest_int(name, int(low), int(high), log=log)
        else:
            config[name] = trial.suggest_float(name, float(low), float(high), log=log)
    return config


def _tpe(seed: int) -> BaseSampler:
    # Of one objective it is multivariate by default.
    return TPESampler(seed=seed)


def _univariate(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=False)


def _grouped(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True, group=True)


def _halving(max_resource: int) -> BasePruner:
    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)


_hyperband = partial(HyperbandPruner, min_resource=1, reduction_factor=3)


class Mixed(LocalSearch):
    """Local search in which some trials, by their numbers, are those of random search."""

    def __init__(self, space: ConfigSpace, seed: int, at_random: Callable[[int], bool]) -> None:
        super().__init__(space, seed)
        self.drawn, self.at_random = RandomSearch(space, seed), at_random

    def ask(self, number: int) -> Config:
        """Return the configuration of a trial."""
        return self.drawn.ask(number) if self.at_random(number) else super().ask(number)


# At equal trials, all of them trained to the end.
METHODS: dict[str, Search] = {
    "RandomSearch": ours(RandomSearch),
    "SobolSearch": ours(SobolSearch),
    "LocalSearch": ours(LocalSearch),
    "BayesianSearch": ours(BayesianSearch),
    "TPESearch": ours(TPESearch),
    "Optuna's TPESampler": optunas(_tpe),
    "Optuna's TPESampler, univariate": optunas(_univariate),
    "Optuna's TPESampler, grouped": optunas(_grouped),
}
MIXED: dict[str, Search] = {
    "LocalSearch after 20 at random": ours(partial(Mixed, at_random=lambda number: number < 20)),
    "LocalSearch with every other at random": ours(
        partial(Mixed, at_random=lambda number: number % 2 == 0)
    ),
}
# What more trials alone would bring: a lead that a searcher could hardly have.
CHEAP: dict[str, Search] = {
    "RandomSearch with four times the trials": ours(RandomSearch, cheaper=4)
}
# At equal epochs, on the problems that have more than one.
SCHEDULED: dict[str, Search] = {
    "ASHA with TPESearch": ours(TPESearch, ASHA),
    "Optuna's SuccessiveHalvingPruner with TPE": optunas(_tpe, _halving),
    "Hyperband with TPESearch": ours(TPESearch, Hyperband),
    "Optuna's HyperbandPruner with TPE": optunas(_tpe, _hyperband),
    "ASHA": ours(RandomSearch, ASHA),
    # Its rungs, 27, 9, 3 and 1 trials, are those of our halving, which here does its work.
    "the schedule of scikit-learn's HalvingRandomSearchCV": ours(
        RandomSearch, SuccessiveHalving, from_scratch=True
    ),
    "Hyperband": ours(RandomSearch, Hyperband),
}


def tasks() -> list[tuple[str, str]]:
    """Return each method with each problem that it is run on, by name.

    Examples
    --------
    >>> ("ASHA", "fashion") in tasks(), ("ASHA", "boosting") in tasks()
    (True, False)
    """
    networks = [name for name, problem in PROBLEMS.items() if problem.epochs > 1]
    to_the_end = itertools.product({**METHODS, **MIXED, **CHEAP}, PROBLEMS)
    return [*to_the_end, *itertools.product(SCHEDULED, networks)]


def searched(problem: str, method: str, seed: int) -> dict:
    """Run one search, and judge what it would return after each of the `BUDGETS`.

    Parameters
    ----------
    problem, method : str
        One of `tasks`.
    seed : int
        Of the search and of its trainings.

    Returns
    -------
    dict
        ``truths``, one a budget. Of searches at equal trials also ``errors``, of validation, of
        the trials, None where one failed.
    """
    on, search = PROBLEMS[problem], {**METHODS, **MIXED, **CHEAP, **SCHEDULED}[method]
    with threadpool_limits(1):
        reports = list(search(on, seed))
        # What is spent to the last epoch counts; one epoch more does not.
        spent = np.cumsum([report.epochs for report in reports])
        known: dict[int, float] = {}
        truths = []
        for budget in BUDGETS:
            within = int(np.searchsorted(spent, budget * on.epochs, side="right"))
            best = min(range(within), key=lambda number: reports[number].rank)
            if best not in known:
                failed = math.isinf(reports[best].rank)
                known[best] = 1.0 if failed else on.truth(reports[best].config)
            truths.append(round(known[best], 5))
    row = {"problem": problem, "method": method, "seed": seed, "truths": truths}
    if method in {**METHODS, **MIXED}:
        row["errors"] = [None if math.isinf(r.rank) else round(r.rank, 5) for r in reports]
    return row


def record(folder: Path = FOLDER) -> Path:
    """Record what ours and Optuna's searches find on the problems of the suite.

    Searches that have ended are kept, and not run again; after a change to a searcher, delete its
    files in ``_build/recordings/searches``.

    Parameters
    ----------
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
    """
    rows = []
    for method, problem in tasks():
        found = kept(method, problem)
        row = {"method": method, "problem": problem}
        for part in ("truths", "errors"):
            if part in found[0]:
                row[part] = [each[part] for each in found]
        rows.append(row)
        print(f"searches: {method} on {problem}", file=sys.stderr)
    about = files.described(
        "searches", "numpy", "scipy", "sklearn", "optuna", content=record.__doc__.splitlines()[0]
    )
    about["budgets"] = list(BUDGETS)
    return files.write_json(folder / "searches.json", {**about, "searches": rows}, "searches")


def kept(method: str, problem: str, seeds: int = SEEDS) -> list[dict]:
    """Return the searches of a method on a problem; those that have not ended yet are run.

    Parameters
    ----------
    method, problem : str
        One of `tasks`.
    seeds : int
        Searches that are run, unless they are there.

    Returns
    -------
    list of dict
        In the order of their seeds; see `searched`.
    """
    path = files.UNFINISHED / "searches" / f"{method}, {problem}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = {row["seed"]: row for row in map(json.loads, lines)}
    missing = [seed for seed in range(seeds) if seed not in rows]
    calls = (joblib.delayed(searched)(problem, method, seed) for seed in missing)
    for row in joblib.Parallel(-1, return_as="generator_unordered")(calls):
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        rows[row["seed"]] = row
    return [rows[seed] for seed in sorted(rows)]
