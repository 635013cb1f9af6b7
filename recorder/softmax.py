"""Softmax regression on the full Fashion-MNIST, at many learning rates."""

from collections.abc import Iterator

import numpy as np

from hpo_helpers.data import Split, load_fashion_mnist
from hpo_helpers.training import Training, epoch_ends
from recorder.groups import Group, logspace


def full() -> Iterator[Group]:
    """141 learning rates by six batch sizes, 16 epochs, five seeds at batches of 16."""
    splits = load_fashion_mnist(full=True)
    rates = [{"learning_rate": rate} for rate in logspace(-6, 1, 141)]
    for batch_size, seed in [(16, s) for s in range(5)] + [(b, 0) for b in (8, 32, 64, 128, 256)]:
        training = Training(
            splits.train,
            (splits.validation, splits.test),
            epoch_ends(splits.train, batch_size, 16),
            batch_size=batch_size,
            seed=seed,
        )
        configs = [{**rate, "batch_size": batch_size} for rate in rates]
        yield Group(training, ("validation", "test"), configs, range(len(configs)))


def blocks() -> Iterator[Group]:
    """41 learning rates, 8 epochs, measured on 220 blocks of 100 held-out images each."""
    splits = load_fashion_mnist(full=True)
    images, labels = (np.concatenate(pair) for pair in zip(*splits[1:], strict=True))
    order = np.random.default_rng(0).permutation(len(labels)).reshape(-1, 100)
    held_out = [Split(images[block], labels[block]) for block in order]
    training = Training(splits.train, held_out, epoch_ends(splits.train, 16, 8)[-1:], batch_size=16)
    configs = [{"learning_rate": rate} for rate in logspace(-3, 0, 41)]
    yield Group(training, ("held_out",) * len(held_out), configs, range(len(configs)))
