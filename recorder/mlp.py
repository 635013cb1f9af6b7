"""The benchmark of the book: small networks on 2,000 images, seven hyperparameters."""

from collections.abc import Iterator, Mapping
from typing import Any

from hpo_helpers.data import Split, Splits, load_fashion_mnist
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.training import Training, epoch_ends
from recorder.groups import Group

MEASURED = ("validation", "test")


def training(
    config: Mapping[str, Any], splits: Splits, schedule: str = "constant", **seeds: int
) -> Training:
    """Return what the networks of one shape have in common: 27 epochs, batches of 32.

    Parameters
    ----------
    config : mapping
        Of `MLP_SPACE`; its ``layers``, ``units`` and ``activation`` count.
    splits : Splits
        Of which the first 2,000 training images are learned from.
    schedule : str
        How the learning rate comes down over the 27 epochs.
    **seeds
        As `Training` takes them.

    Returns
    -------
    Training
        Measured on the validation and the test images, after each epoch.

    Examples
    --------
    >>> config = {"layers": 2, "units": 64, "activation": "relu"}
    >>> training(config, load_fashion_mnist(full=False), seed=3).sizes
    (784, 64, 64, 10)
    """
    train = Split(*(array[:2000] for array in splits.train))
    return Training(
        train,
        (splits.validation, splits.test),
        epoch_ends(train, 32, 27),
        hidden=[config["units"]] * config["layers"],
        activation=config["activation"],
        batch_size=32,
        schedule=schedule,
        **seeds,
    )


def trials() -> Iterator[Group]:
    """4,000 random configurations on 2,000 images, 27 epochs; the first 300 with five seeds."""
    return _trials("constant")


def decaying_trials() -> Iterator[Group]:
    """Train the trials of mlp again, with rates that fall to zero along a line."""
    return _trials("linear")


def _trials(schedule: str) -> Iterator[Group]:
    splits = load_fashion_mnist(full=False)
    searcher = RandomSearch(MLP_SPACE)
    configs = [searcher.ask(number) for number in range(4000)]
    for seed in range(5):
        groups: dict[tuple, list[int]] = {}
        for number, config in enumerate(configs if seed == 0 else configs[:300]):
            kind = (config["layers"], config["units"], config["activation"], config["optimizer"])
            groups.setdefault(kind, []).append(number)
        for numbers in groups.values():
            chosen = [configs[number] for number in numbers]
            yield Group(training(chosen[0], splits, schedule, seed=seed), MEASURED, chosen, numbers)
