"""The steps of the chapter on a fast objective, on the images that a page trains on."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from threadpoolctl import threadpool_limits

from bench.peers import train_as_documented, train_from_arrays
from hpo_helpers.data import Split, Splits, load_fashion_mnist
from hpo_helpers.explorers.engine import COUNTS
from hpo_helpers.explorers.ladder import EPOCHS, RATES, STEPS, TRIALS, rates_of
from hpo_helpers.recordings import FOLDER
from hpo_helpers.training import Training, epoch_ends, train_trials
from recorder import files

BATCH_SIZE = 16


def images_of_the_page() -> Splits:
    """Return the images that a page trains on, and those that it measures on.

    Returns
    -------
    Splits
        The latter for validation and as test set.

    Examples
    --------
    >>> [len(split.labels) for split in images_of_the_page()]
    [2000, 1000, 1000]
    """
    train, validation, _ = load_fashion_mnist(full=False)
    few, held_out = (
        Split(*(array[:count] for array in split))
        for split, count in zip((train, validation), COUNTS.values(), strict=True)
    )
    return Splits(few, held_out, held_out)


def timed(call: Callable[[], object], repeats: int) -> float:
    """Return the median of the seconds that a call takes, after one that is not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def record(repeats: int = 5, seeds: int = 12, folder: Path = FOLDER) -> Path:
    """Record how long each step towards a fast objective takes, and the errors of the last.

    Parameters
    ----------
    repeats : int
        Runs of our engine that are timed, of which the median counts.
    seeds : int
        Of the errors, from 0.
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance; seconds by step and number of trials, those of the first three
        steps, which train one after another, multiplied; and the errors of the three learning
        rates by seed.
    """
    splits = images_of_the_page()
    training = Training(
        splits.train,
        (splits.validation,),
        epoch_ends(splits.train, BATCH_SIZE, EPOCHS),
        batch_size=BATCH_SIZE,
    )

    def train(count: int, stack: int, seed: int = 0) -> list[float]:
        configs = [{"learning_rate": rate} for rate in rates_of(count)]
        options = {"stack": stack, "processes": 1, "progress": False}
        found = train_trials(replace(training, seed=seed), configs, **options)[:, 0, -1]
        return (1 - found).astype(float).round(4).tolist()

    first = len(RATES)
    with threadpool_limits(1, user_api="blas"):
        one_by_one = timed(lambda: train(first, stack=1), repeats)
        at_once = [timed(lambda n=n: train(n, stack=n), repeats) for n in TRIALS]
        errors = [train(first, first, seed) for seed in range(seeds)]
    in_turn = [
        timed(lambda way=way: [way(rate, splits, EPOCHS) for rate in RATES], repeats=1)
        for way in (train_as_documented, train_from_arrays)
    ]
    seconds = [[each * count / first for count in TRIALS] for each in (*in_turn, one_by_one)]
    rows = [
        {"step": step, "seconds": [round(each, 4) for each in taken]}
        for step, taken in zip(STEPS, [*seconds, at_once], strict=True)
    ]
    about = files.described(
        "ladder",
        "numpy",
        "keras",
        "tensorflow",
        "d2l",
        content=record.__doc__.splitlines()[0],
        **COUNTS,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        trials=list(TRIALS),
        cores=os.cpu_count(),
        errors=errors,
    )
    return files.write_json(folder / "ladder.json", {**about, "steps": rows}, "steps")
