"""The searchers and schedulers against their peers, on the problems of the suite.

A method is judged by the configuration that it would return: by its mean test error under seeds
that no search sees. The searches have been recorded, by ``python -m recorder searches``.
``python -m bench.suite`` prints what the problems themselves are like. Optuna's GPSampler is left
out, for it needs PyTorch.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from bench.result import Interval, Result
from hpo_helpers.problems import FITTED, JUDGES, PROBLEMS, Problem
from hpo_helpers.recordings import found_by
from hpo_helpers.searchers import RandomSearch
from recorder.searches import BUDGETS, METHODS, SCHEDULED

NETWORKS = [name for name, problem in PROBLEMS.items() if problem.epochs > 1]
TPE = "Optuna's TPESampler"
UNIVARIATE = "Optuna's TPESampler, univariate"
GROUPED = "Optuna's TPESampler, grouped"
# By the first word of their rows: ours, the peer, and the problems on which they are compared.
PAIRS = {
    f"{word}_{against}": (ours, peer, [*PROBLEMS])
    for word, ours in {"bayesian": "BayesianSearch", "tpe": "TPESearch"}.items()
    for against, peer in {
        "random": "RandomSearch",
        "optuna": TPE,
        "univariate": UNIVARIATE,
        "grouped": GROUPED,
    }.items()
} | {
    "asha_sklearn": ("ASHA", "the schedule of scikit-learn's HalvingRandomSearchCV", NETWORKS),
    "asha_tpe_random": ("ASHA with TPESearch", "RandomSearch", NETWORKS),
    "asha_tpe_optuna": (
        "ASHA with TPESearch",
        "Optuna's SuccessiveHalvingPruner with TPE",
        NETWORKS,
    ),
    "hyperband_tpe_random": ("Hyperband with TPESearch", "RandomSearch", NETWORKS),
    "hyperband_tpe_optuna": (
        "Hyperband with TPESearch",
        "Optuna's HyperbandPruner with TPE",
        NETWORKS,
    ),
}

iqm = functools.partial(stats.trim_mean, proportiontocut=0.25)


def interval(statistic: Callable, *samples: np.ndarray) -> Interval:
    """Return the 95 % percentile interval of a statistic, by the bootstrap."""
    options = {"n_resamples": 2000, "method": "percentile", "vectorized": True, "rng": 0}
    return np.round(stats.bootstrap(samples, statistic, **options).confidence_interval, 6).tolist()


@functools.cache
def truths(method: str, problem: str) -> np.ndarray:
    """Return what a method's configurations are worth, shape (seeds, budgets)."""
    return np.column_stack([found_by(method, problem, trials) for trials in BUDGETS])


def compared(ours: str, peer: str, problem: str) -> Result:
    """Compare what two methods return at the last budget, by interquartile means over the seeds."""
    samples = [truths(method, problem)[:, -1] for method in (ours, peer)]
    mine, its = (interval(iqm, sample) for sample in samples)
    low, high = interval(lambda a, b, axis: iqm(b, axis=axis) - iqm(a, axis=axis), *samples)
    epochs = PROBLEMS[problem].epochs
    note = (
        f"On {problem} at {BUDGETS[-1]} trials"
        f"{f', {BUDGETS[-1] * epochs:,} epochs' if epochs > 1 else ''}; interquartile mean of "
        f"{len(samples[0])} seeds, 95 % interval {mine[0]:.4f} to {mine[1]:.4f}, the peer's "
        f"{its[0]:.4f} to {its[1]:.4f}. The peer's minus ours: {low:+.4f} to {high:+.4f}, "
        f"{'ours is better' if low > 0 else 'ours is worse' if high < 0 else 'undecided'}."
    )
    return Result(
        subject=ours,
        value_subject=float(iqm(samples[0])),
        peer=peer,
        value_peer=float(iqm(samples[1])),
        unit="unexplained variance" if problem == "diabetes" else "test error",
        statistic=f"interquartile mean of {len(samples[0])} seeds",
        note=note,
        interval_subject=mine,
        interval_peer=its,
        interval_difference=[low, high],
    )


def mean_rank(ours: str, methods: Sequence[str], problems: Sequence[str]) -> Result:
    """Compare the mean rank over the problems with that of the best of the others.

    Seeds are drawn again within each problem for the intervals. The critical difference is
    Nemenyi's, after Friedman's test (J. Demšar, "Statistical Comparisons of Classifiers over
    Multiple Data Sets", JMLR 2006): what ranks would have to differ by on other problems, too.
    """
    # For each method and problem the interquartile mean, and those of seeds drawn again.
    means = np.array([[iqm(truths(m, p)[:, -1]) for p in problems] for m in methods])
    by_problem = stats.rankdata(means, axis=0)
    ranks = by_problem.mean(axis=1)
    held_out = by_problem[:, [problem not in FITTED for problem in problems]].mean(axis=1)
    rng, drawn = np.random.default_rng(0), np.empty((2000, *means.shape))
    for i, method in enumerate(methods):
        for j, problem in enumerate(problems):
            found = truths(method, problem)[:, -1]
            drawn[:, i, j] = iqm(rng.choice(found, (2000, len(found))), axis=1)
    redrawn = stats.rankdata(drawn, axis=1).mean(axis=2)
    own = methods.index(ours)
    peer = min((i for i in range(len(methods)) if i != own), key=lambda i: ranks[i])
    columns = redrawn[:, own], redrawn[:, peer], redrawn[:, peer] - redrawn[:, own]
    mine, its, between = (np.round(np.quantile(c, [0.025, 0.975]), 3).tolist() for c in columns)
    k, n = means.shape
    critical = stats.studentized_range.ppf(0.95, k, np.inf) * np.sqrt(k * (k + 1) / (12 * n))
    p = stats.friedmanchisquare(*means).pvalue
    listed = ", ".join(f"{methods[i]} {ranks[i]:.2f}" for i in np.argsort(ranks))
    others = ", ".join(f"{methods[i]} {held_out[i]:.2f}" for i in np.argsort(held_out))
    note = (
        f"Of {k} methods on {n} problems at {BUDGETS[-1]} trials, ranked by the interquartile mean "
        f"of the seeds: {listed}. Friedman p = {p:.2f}, critical difference {critical:.2f}. "
        f"On those that no setting was chosen on: {others}."
    )
    return Result(
        subject=ours,
        value_subject=float(ranks[own]),
        peer=methods[peer],
        value_peer=float(ranks[peer]),
        unit="mean rank",
        statistic=f"mean over {n} problems of ranks by the interquartile mean",
        note=note,
        interval_subject=mine,
        interval_peer=its,
        interval_difference=between,
    )


def noise(problem: Problem, seeds: int = 10) -> tuple[float, float]:
    """Return the deviations over seeds of one good configuration: validation, and test error.

    It is the best of ten at random under another seed than those that it is measured on.
    """
    searcher, objective = RandomSearch(problem.space, seed=0), problem.objective(999)
    configs = [searcher.ask(number) for number in range(10)]
    good = min(configs, key=lambda config: np.nan_to_num(objective(config)[-1], nan=np.inf))
    validation = [problem.objective(seed)(good)[-1] for seed in range(seeds)]
    test = [next(problem.train(good, judge, "test")) for judge in JUDGES]
    return float(np.std(validation, ddof=1)), float(np.std(test, ddof=1))


def described(name: str) -> str:
    """Return a line on a problem: how far random search comes, the best known, and the noise."""
    found = {method: truths(method, name) for method in METHODS}
    random = " ".join(f"{error:>8.4f}" for error in iqm(found["RandomSearch"], axis=0))
    best = min(errors.min() for errors in found.values())
    return f"{name:14}{PROBLEMS[name].family:10}{random}{best:>10.4f}" + "".join(
        f"{deviation:>12.4f}" for deviation in noise(PROBLEMS[name])
    )


ROWS: dict[str, Callable[[], Result]] = {
    f"{pair}_{problem}": functools.partial(compared, ours, peer, problem)
    for pair, (ours, peer, problems) in PAIRS.items()
    for problem in problems
} | {
    "rank_bayesian": functools.partial(mean_rank, "BayesianSearch", [*METHODS], [*PROBLEMS]),
    "rank_tpe": functools.partial(mean_rank, "TPESearch", [*METHODS], [*PROBLEMS]),
    "rank_scheduled": functools.partial(
        mean_rank, "ASHA with TPESearch", ["RandomSearch", *SCHEDULED], NETWORKS
    ),
}


if __name__ == "__main__":
    print(f"{'':24}random search, 10, 20, 40      best  validation        test, deviations")
    for name in PROBLEMS:
        print(described(name))
