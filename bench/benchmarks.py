"""The benchmarks: each times a subject and its peer by turns, and says what it did."""

import itertools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from threadpoolctl import threadpool_limits

from bench import page_engine, pages, peers, suite, tuners
from bench.result import Result
from hpo_helpers.data import Split, Splits, load_fashion_mnist, read_original
from hpo_helpers.recordings import DIGITS_SPACE, load_json
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.training import Training, epoch_ends, train_trials
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import tune
from recorder import digits


def by_turns(rounds: int, *calls: Callable[[], Any]) -> list[float]:
    """Time the calls by turns; return the median of each in seconds."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for taken, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def fashion_mnist_as_documented() -> tuple[Splits, str]:
    """Return 60,000 training images, with the 10,000 test images for validation."""
    try:
        train, test = read_original(full=True)
        return Splits(train, test, test), ""
    except FileNotFoundError:
        train, test = (
            Split(*(np.concatenate([array] * times) for array in part))
            for part, times in zip(read_original(full=False), (6, 5), strict=True)
        )
        return Splits(train, test, test), "The sample, repeated to the size of the full data. "


def documented_rates() -> list[float]:
    """Return the learning rates of the five documented trials of d2l."""
    return [trial["learning_rate"] for trial in load_json("d2l_documented")["trials"]]


def d2l_trials(peer: Callable[..., float], name: str) -> Result:
    """Time the five documented trials of d2l on the engine, and one of them the other way."""
    splits, warning = fashion_mnist_as_documented()
    rates = documented_rates()
    training = Training(
        splits.train, (splits.validation,), epoch_ends(splits.train, 16, 8), batch_size=16
    )
    configs = [{"learning_rate": rate} for rate in rates]
    # The pool of processes starts, and the images go to it, before the clock does.
    train_trials(replace(training, evaluate_after=[1]), configs, progress=False)
    kept: dict[str, Any] = {}

    def ours() -> None:
        kept["ours"] = 1 - train_trials(training, configs, progress=False)[:, 0, -1]

    def theirs() -> None:
        kept["theirs"] = peer(rates[1], splits, 8)

    before, one, after = by_turns(1, ours, theirs, ours)
    note = (
        f"{warning}8 epochs of 60,000 images, batches of 16, accuracy on 10,000 images after "
        f"each epoch. The peer was timed on one trial and multiplied by five. Validation error "
        f"of that trial: {kept['ours'][1]:.4f} ours, {kept['theirs']:.4f} the peer's; our five: "
        f"{', '.join(f'{error:.4f}' for error in kept['ours'])}."
    )
    return Result(
        "engine, all five at once",
        (before + after) / 2,
        name,
        5 * one,
        "s for 5 trials",
        "mean of two runs, and one run of the peer",
        note,
    )


def digits_hundred_trials() -> Result:
    """Time the NumPy search on the engine, and three of its trials one by one."""
    training = digits.training(0)
    searcher = RandomSearch(DIGITS_SPACE)
    configs = [searcher.ask(number) for number in range(100)]
    validation = training.measured[1]
    train_trials(training, configs[:4], progress=False)
    rates = np.array([config["learning_rate"] for config in configs])
    some = np.argsort(rates)[[0, 50, 99]]

    def theirs() -> None:
        for number in some:
            peers.train_plainly(configs[number], training.train, validation, int(number))

    ours, three = by_turns(3, lambda: train_trials(training, configs, progress=False), theirs)
    return Result(
        "engine, 100 trials on all cores",
        ours,
        "plain NumPy in float64, one trial after another",
        three * 100 / len(some),
        "s for 100 trials",
        "median of 3 runs",
        "The peer also computes the loss after each update, as the source does, and uses the "
        "BLAS threads that NumPy starts by itself. It was timed on three trials, multiplied.",
    )


def gemm_share() -> Result:
    """Time a stack of the NumPy search on one core, and the bare matrix products in it."""
    count, training = 3, digits.training(0)
    configs = [{"learning_rate": 0.005, "weight_decay": 1e-6}] * count

    def ours() -> None:
        train_trials(training, configs, stack=count, processes=1, progress=False)

    products = {
        name: list(_products(training.sizes, count, n, backward))
        for name, n, backward in [("step", 100, True), ("train", 400, False), ("val", 100, False)]
    }

    def bare() -> None:
        with threadpool_limits(1, user_api="blas"):
            for update in range(200):
                for left, right in products["step"]:
                    left @ right
                if update % 4 == 0:
                    for left, right in products["train"] + products["val"]:
                        left @ right

    return _share("engine, a stack of 3 trials on one core", ours, bare)


def gemm_share_d2l() -> Result:
    """Time the five documented rates of d2l on one core, and the bare matrix products in them."""
    splits = load_fashion_mnist(full=False)
    ends = epoch_ends(splits.train, 16, 1)
    training = Training(splits.train, (splits.validation,), ends, batch_size=16)
    configs = [{"learning_rate": rate} for rate in documented_rates()]
    weights = np.random.default_rng(0).random((784, 10 * len(configs)), np.float32)
    slopes = np.ones((16, weights.shape[1]), np.float32)
    images, held_out = (part.images.reshape(-1, 784) for part in (splits.train, splits.validation))

    def ours() -> None:
        train_trials(training, configs, stack=len(configs), processes=1, progress=False)

    def bare() -> None:
        with threadpool_limits(1, user_api="blas"):
            for start in range(0, len(images), 16):
                batch = images[start : start + 16]
                batch @ weights
                batch.T @ slopes
            for start in range(0, len(held_out), 1000):
                held_out[start : start + 1000] @ weights

    return _share("engine, five softmax regressions on one core", ours, bare)


def _share(subject: str, ours: Callable[[], None], bare: Callable[[], None]) -> Result:
    taken, least = by_turns(9, ours, bare)
    return Result(
        subject,
        taken,
        "its matrix products alone, same shapes, type and thread",
        least,
        "s",
        "median of 9 runs",
        "The ratio is the share of the rate that the products would allow.",
    )


def _products(sizes: tuple[int, ...], count: int, n: int, backward: bool) -> Iterator[tuple]:
    rng = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return rng.random(shape, dtype=np.float32)

    # On 500 images the first layer is only looked up, and moved along their products.
    if backward:
        yield array(n, 500).T, array(n, count * sizes[1])
    for fan_in, fan_out in itertools.pairwise(sizes[1:]):
        layer, weights = array(count, n, fan_in), array(count, fan_in, fan_out)
        delta = array(count, n, fan_out)
        yield layer, weights
        if backward:
            yield layer.transpose(0, 2, 1), delta
            yield delta, weights.transpose(0, 2, 1)


def engine_growth() -> Result:
    """Compare time and memory of 1 to 1,000 trials, each number in a process of its own."""
    counts = [1, 10, 100, 1000]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as pool:
        runs = dict(zip(counts, pool.map(_train_short, counts), strict=True))
    listed = "; ".join(
        f"{count:,}: {seconds / count * 1000:.0f} ms a trial, {megabytes:.0f} MB"
        for count, (seconds, megabytes) in runs.items()
    )
    return Result(
        "1,000 trials, a trial",
        runs[1000][0] / 1000,
        "100 trials, a trial",
        runs[100][0] / 100,
        "s a trial",
        "one run",
        "The network of the NumPy search on random images, 20 updates, on one core; peak memory "
        f"of the process. {listed}.",
    )


def _train_short(count: int) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    part = Split(rng.random((500, 784), dtype=np.float32), rng.integers(10, size=500))
    training = Training(part, (part,), range(1, 18, 4), hidden=[100] * 6, updates=20)
    configs = [{"learning_rate": 0.005, "weight_decay": 1e-6}] * count
    start = time.perf_counter()
    train_trials(training, configs, processes=1, progress=False)
    return time.perf_counter() - start, _peak_megabytes()


def _peak_megabytes() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss there: a new process inherits that of the one that started it.
        fields = dict(
            line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines()
        )
        return int(fields["VmHWM"].split()[0]) / 1024
    import resource  # which Windows does not have

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def trial_overhead() -> Result:
    """Time a search of trials that take no time at all."""
    trials = 1000
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = TrialLog(Path(folder) / "log.jsonl")
            tune(lambda config: 0.5, RandomSearch(DIGITS_SPACE), trials, log=log, progress=False)

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("weight_decay", 1e-8, 1e-4, log=True)
        trial.suggest_float("learning_rate", 1e-6, 1e-2, log=True)
        return 0.5

    def theirs() -> None:
        sampler = optuna.samplers.RandomSampler(seed=0)
        optuna.create_study(sampler=sampler).optimize(objective, n_trials=trials)

    ours_time, theirs_time = by_turns(7, ours, theirs)
    return Result(
        "tune with random search, each trial written to a file",
        1000 * ours_time / trials,
        "Optuna's random sampler, storage in memory",
        1000 * theirs_time / trials,
        "ms a trial",
        "median of 7 runs",
        "Two log-uniform hyperparameters, 1,000 trials that return at once.",
    )


BENCHMARKS: dict[str, Callable[[], Result]] = {
    "d2l_five_trials": lambda: d2l_trials(
        peers.train_as_documented, "the documented way, d2l loader and model.fit"
    ),
    "d2l_from_arrays": lambda: d2l_trials(
        peers.train_from_arrays, "Keras from arrays, steps_per_execution=100"
    ),
    "digits_hundred_trials": digits_hundred_trials,
    "gemm_share": gemm_share,
    "gemm_share_d2l": gemm_share_d2l,
    "engine_growth": engine_growth,
    "trial_overhead": trial_overhead,
    "explorer_drawn": pages.explorer_drawn,
    "explorer_html_manager": pages.explorer_html_manager,
    "explorer_move": pages.explorer_move,
    "explorer_weight": pages.explorer_weight,
    "page_engine": page_engine.page_engine,
    "page_engine_numpy": page_engine.page_engine_numpy,
    "page_first_point": page_engine.page_first_point,
    **tuners.ROWS,
    **suite.ROWS,
}
