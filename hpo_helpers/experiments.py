"""The experiments of the book that are recorded: their spaces and their trainings."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from hpo_helpers.data import Split, Splits, load_fashion_mnist, load_mnist
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import Config, ConfigSpace, choice, conditional
from hpo_helpers.training import LIMITS, Training, epochs

SOURCE2_SPACE = ConfigSpace(
    {"weight_decay": stats.loguniform(1e-8, 1e-4), "learning_rate": stats.loguniform(1e-6, 1e-2)}
)
MLP_SPACE = ConfigSpace(
    {
        "learning_rate": stats.loguniform(1e-4, 1),
        "weight_decay": stats.loguniform(1e-6, 1e-1),
        "layers": stats.randint(1, 4),
        "units": choice([16, 32, 64, 128]),
        "activation": choice(["relu", "tanh"]),
        "optimizer": choice(["sgd", "momentum"]),
        "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "momentum"),
    }
)


# What accuracy is measured on.
_JUDGED = ("validation", "test")
_LEARNED = ("train", "validation")


class Job(NamedTuple):
    """Trials that train together.

    Attributes
    ----------
    training : Training
    measured : tuple of str
        Names of what it measures on; the same name again for a further block of it.
    configs : list of dict
        All hyperparameters of each trial, those of the training as well.
    numbers : sequence of int
        Which trials of their seed they are.

    Examples
    --------
    >>> part = Split(np.eye(10, dtype=np.float32), np.arange(10))
    >>> training = Training(part, [part], evaluate_after=[1], hidden=[32])
    >>> job = Job(training, ("validation",), [{"learning_rate": 0.1, "units": 32}], numbers=[7])
    >>> job.of_engine
    [{'learning_rate': 0.1}]
    """

    training: Training
    measured: tuple[str, ...]
    configs: list[Config]
    numbers: Sequence[int]

    @property
    def of_engine(self) -> list[Config]:
        """What the engine is given, one a trial."""
        return [{k: v for k, v in config.items() if k in LIMITS} for config in self.configs]


def source2(seed: int, splits: Splits | None = None) -> Training:
    """Return the training of source 2: 500 images, six hidden layers, 200 updates.

    Parameters
    ----------
    seed : int
        Of the batches and the first weights.
    splits : Splits, optional
        The images; by default those of `load_mnist`.

    Returns
    -------
    Training
        Measured on the training and the validation images, after the updates 1, 5, ... 197.

    References
    ----------
    K. Saitoh, *Deep Learning from Scratch*, O'Reilly Japan, 2016, chapter 6.

    Examples
    --------
    >>> source2(seed=0).sizes
    (784, 100, 100, 100, 100, 100, 100, 10)
    """
    splits = splits or load_mnist()
    return Training(
        splits.train,
        (splits.train, splits.validation),
        evaluate_after=range(1, 198, 4),
        hidden=[100] * 6,
        updates=200,
        replacement=True,
        seed=seed,
    )


def _logspace(first: float, last: float, count: int) -> list[float]:
    # Rounded, so that a recording holds the very values that were trained.
    return [float(f"{value:.6g}") for value in np.logspace(first, last, count)]


def _softmax_full() -> Iterator[Job]:
    """141 learning rates by six batch sizes, 16 epochs, five seeds at batches of 16."""
    splits = load_fashion_mnist(full=True)
    rates = [{"learning_rate": rate} for rate in _logspace(-6, 1, 141)]
    for batch_size, seed in [(16, s) for s in range(5)] + [(b, 0) for b in (8, 32, 64, 128, 256)]:
        training = Training(
            splits.train,
            (splits.validation, splits.test),
            epochs(splits.train, batch_size, 16),
            batch_size=batch_size,
            seed=seed,
        )
        configs = [{**rate, "batch_size": batch_size} for rate in rates]
        yield Job(training, _JUDGED, configs, range(len(configs)))


def _softmax_blocks() -> Iterator[Job]:
    """41 learning rates, 8 epochs, measured on 220 blocks of 100 held-out images each."""
    splits = load_fashion_mnist(full=True)
    images, labels = (np.concatenate(pair) for pair in zip(*splits[1:], strict=True))
    order = np.random.default_rng(0).permutation(len(labels)).reshape(-1, 100)
    blocks = [Split(images[block], labels[block]) for block in order]
    training = Training(splits.train, blocks, epochs(splits.train, 16, 8)[-1:], batch_size=16)
    configs = [{"learning_rate": rate} for rate in _logspace(-3, 0, 41)]
    yield Job(training, ("held_out",) * len(blocks), configs, range(len(configs)))


def _source2_grid() -> Iterator[Job]:
    """Learning rates 1e-6 to 1 by weight decays 1e-8 to 0.1, three seeds."""
    grid = [
        {"learning_rate": rate, "weight_decay": decay}
        for rate in _logspace(-6, 0, 49)
        for decay in _logspace(-8, -1, 29)
    ]
    for seed in range(3):
        yield Job(source2(seed), _LEARNED, grid, range(len(grid)))


def _source2_spread() -> Iterator[Job]:
    """Repeat the search of source 2 under 40 seeds, which also choose and split the images."""
    for seed in range(40):
        searcher = RandomSearch(SOURCE2_SPACE, seed)
        configs = [searcher.ask(number) for number in range(100)]
        yield Job(source2(seed, load_mnist(seed=seed)), _LEARNED, configs, range(100))


def _mlp() -> Iterator[Job]:
    """4,000 random configurations on 2,000 images, 27 epochs; the first 300 with five seeds."""
    yield from _of_mlp_space("constant")


def _mlp_decay() -> Iterator[Job]:
    """Train the configurations of mlp again, with rates that fall to zero in a straight line."""
    yield from _of_mlp_space("linear")


def _of_mlp_space(schedule: str) -> Iterator[Job]:
    splits = load_fashion_mnist(full=False)
    train = Split(*(array[:2000] for array in splits.train))
    searcher = RandomSearch(MLP_SPACE)
    configs = [searcher.ask(number) for number in range(4000)]
    for seed in range(5):
        groups: dict[tuple, list[int]] = {}
        for number, config in enumerate(configs if seed == 0 else configs[:300]):
            shape = (config["layers"], config["units"], config["activation"], config["optimizer"])
            groups.setdefault(shape, []).append(number)
        for (layers, units, activation, _), numbers in groups.items():
            training = Training(
                train,
                (splits.validation, splits.test),
                epochs(train, 32, 27),
                hidden=[units] * layers,
                activation=activation,
                batch_size=32,
                seed=seed,
                schedule=schedule,
            )
            yield Job(training, _JUDGED, [configs[number] for number in numbers], numbers)


EXPERIMENTS = {
    experiment.__name__.removeprefix("_"): experiment
    for experiment in (
        _softmax_full,
        _softmax_blocks,
        _source2_grid,
        _source2_spread,
        _mlp,
        _mlp_decay,
    )
}
