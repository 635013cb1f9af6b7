"""The network of the NumPy search: six hidden layers on 500 handwritten digits of MNIST."""

from collections.abc import Iterator

from hpo_helpers.data import Splits, load_mnist
from hpo_helpers.recordings import DIGITS_SPACE
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.training import Training
from recorder.groups import Group, logspace

MEASURED = ("train", "validation")


def training(seed: int, splits: Splits | None = None) -> Training:
    """Return the training that the search repeats: 200 updates on batches of 100 images.

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
    >>> training(seed=0).sizes
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


def grid() -> Iterator[Group]:
    """Learning rates 1e-6 to 1 by weight decays 1e-8 to 0.1, three seeds."""
    configs = [
        {"learning_rate": rate, "weight_decay": decay}
        for rate in logspace(-6, 0, 49)
        for decay in logspace(-8, -1, 29)
    ]
    for seed in range(3):
        yield Group(training(seed), MEASURED, configs, range(len(configs)))


def spread() -> Iterator[Group]:
    """Repeat the NumPy search under 40 seeds, which also choose and split the images."""
    for seed in range(40):
        searcher = RandomSearch(DIGITS_SPACE, seed)
        configs = [searcher.ask(number) for number in range(100)]
        yield Group(training(seed, load_mnist(seed=seed)), MEASURED, configs, range(100))
