"""Searches on the problems of the suite, ours and Optuna's, each repeated under fifty seeds."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import optuna
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from hpo_helpers.distributions import choice
from hpo_helpers.problems import PROBLEMS, Problem
from hpo_helpers.recordings import FOLDER
from hpo_helpers.searchers import LocalSearch, RandomSearch, Searcher, SobolSearch
from hpo_helpers.spaces import Config, ConfigSpace
from hpo_helpers.tuner import tune
from recorder import files

SEEDS = 50
# Of a search; after so many it is asked what it would return.
BUDGETS = (10, 20, 40)

Tried = list[tuple[Config, float]]


def _ours(make: Callable[[ConfigSpace, int], Searcher]) -> Callable[[Problem, int], Tried]:
    def search(problem: Problem, seed: int) -> Tried:
        searcher = make(problem.space, seed)
        log = tune(problem.objective(seed), searcher, max(BUDGETS), progress=False)
        if len(log) < max(BUDGETS):
            # Stopped by hand; `tune` has said so.
            raise KeyboardInterrupt
        return [(trial.config, trial.error) for trial in log]

    return search


def _optunas(make: Callable[[int], BaseSampler]) -> Callable[[Problem, int], Tried]:
    def search(problem: Problem, seed: int) -> Tried:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study, tried = optuna.create_study(sampler=make(seed)), []
        objective = problem.objective(seed)
        for _ in range(max(BUDGETS)):
            trial = study.ask()
            config = suggested(trial, problem.space)
            error = objective(config)[-1]
            failed = math.isnan(error)
            study.tell(
                trial,
                None if failed else error,
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
            )
            tried.append((config, error))
        return tried

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


METHODS: dict[str, Callable[[Problem, int], Tried]] = {
    "RandomSearch": _ours(RandomSearch),
    "SobolSearch": _ours(SobolSearch),
    "LocalSearch": _ours(LocalSearch),
    "Optuna's TPESampler": _optunas(lambda seed: TPESampler(seed=seed)),
    "Optuna's TPESampler, multivariate": _optunas(
        lambda seed: TPESampler(seed=seed, multivariate=True, group=True)
    ),
}


def searched(problem: str, method: str, seed: int) -> dict:
    """Run one search, and judge what it would return after each of the `BUDGETS`.

    Parameters
    ----------
    problem, method : str
        One of `PROBLEMS` and of `METHODS`.
    seed : int
        Of the search and of its trainings.

    Returns
    -------
    dict
        ``errors``, of validation, of its trials, None where one failed; ``truths``, one a budget.
    """
    with threadpool_limits(1):
        tried = METHODS[method](PROBLEMS[problem], seed)
        known: dict[int, float] = {}
        truths = []
        for budget in BUDGETS:
            errors = np.array([error for _, error in tried[:budget]])
            best = -1 if np.isnan(errors).all() else int(np.nanargmin(errors))
            if best not in known:
                known[best] = 1.0 if best < 0 else PROBLEMS[problem].truth(tried[best][0])
            truths.append(round(known[best], 5))
    errors = [None if math.isnan(error) else round(error, 5) for _, error in tried]
    return {
        "problem": problem,
        "method": method,
        "seed": seed,
        "errors": errors,
        "truths": truths,
    }


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
    for method in METHODS:
        for problem in PROBLEMS:
            rows += _kept(problem, method)
            print(f"searches: {method} on {problem}", file=sys.stderr)
    about = files.described(
        "searches", "numpy", "scipy", "sklearn", "optuna", content=record.__doc__.splitlines()[0]
    )
    about["budgets"] = list(BUDGETS)
    return files.write_json(folder / "searches.json", {**about, "searches": rows}, "searches")


def _kept(problem: str, method: str) -> list[dict]:
    path = files.UNFINISHED / "searches" / f"{method}, {problem}.json"
    if not path.exists():
        call = joblib.delayed(searched)
        rows = joblib.Parallel(-1)(call(problem, method, seed) for seed in range(SEEDS))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(rows), encoding="utf-8")
        part.replace(path)
    return json.loads(path.read_text(encoding="utf-8"))
