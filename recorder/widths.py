"""One small task at many widths, to see whether the best learning rate stays where it is."""

import functools
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from hpo_helpers.data import Split, halved, load_fashion_mnist
from hpo_helpers.networks import Networks
from hpo_helpers.recordings import FOLDER
from hpo_helpers.training import Training, accuracy, epoch_ends
from recorder import files

BASE = 32
WIDTHS = (32, 64, 128, 256, 512, 1024)
SEEDS = 10
# Of the widest networks, which take as long as all others together, only so many, and no SGD.
SEEDS_OF_WIDEST = 5
# Binary logarithms of the learning rates.
EXPONENTS = {"adam": range(-12, -1), "sgd": range(-6, 3)}
EPOCHS = 10
BATCH = 64
# Weights that train side by side.
_STACK = 2**18


class WideNetworks(Networks):
    """Networks in which the rates and first weights of a layer may depend on the width.

    Parameters
    ----------
    width : int
        Units of each of two hidden layers.
    parametrization : {"standard", "mup"}
        Standard: one rate for all layers, He's first weights. With muP, the output weights
        begin smaller, and the rates of the layers are multiplied as in table 3 of the source;
        at a width of `BASE` the two are the same.
    learning_rates : sequence of float
        One a network.
    seed : sequence of int
        Of the first weights of all of them.
    optimizer : {"adam", "sgd"}
    inputs : int
        Pixels of an image.

    References
    ----------
    G. Yang et al., "Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter
    Transfer", 2022, arXiv:2203.03466.

    Examples
    --------
    >>> networks = WideNetworks(128, "mup", [0.01], (0, 0), "adam")
    >>> networks.shares
    [1.0, 0.25, 0.25, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        width: int,
        parametrization: str,
        learning_rates: Sequence[float],
        seed: Sequence[int],
        optimizer: str,
        inputs: int = 196,
    ) -> None:
        count = len(learning_rates)
        betas = [(0.9, 0.999)] * count if optimizer == "adam" else None
        sizes = (inputs, width, width, 10)
        super().__init__(sizes, learning_rates, [0.0] * count, [seed] * count, betas=betas)
        m = width / BASE if parametrization == "mup" else 1.0
        # Of the weights of three layers, then of their biases.
        of_adam, of_sgd = [1.0, 1 / m, 1 / m, 1.0, 1.0, 1.0], [m, 1.0, 1 / m, m, m, 1.0]
        self.shares = of_adam if optimizer == "adam" else of_sgd
        self.weights[-1] *= np.float32(m**-0.5)

    def step(self, images: np.ndarray, labels: np.ndarray, factor: float = 1.0) -> None:
        """Take one step, each layer at its own share of the rate; see `Networks.step`."""
        rates = factor * self.learning_rates
        slopes = self.gradients(images, labels, rates if self.optimizer.linear else 1.0)
        moves = self.optimizer.moves(slopes, rates)
        for array, share, move in zip(self.weights + self.biases, self.shares, moves, strict=True):
            array -= np.float32(share) * move


@functools.cache
def parts() -> tuple[Split, Split, Split]:
    """Return what is learned from, validated on and tested on: 2,000 small images each."""
    small = (halved(split) for split in load_fashion_mnist(full=False))
    train, validation, test = (
        Split(images[:2000].reshape(2000, -1), labels[:2000]) for images, labels in small
    )
    return train, validation, test


def wrong(
    optimizer: str, parametrization: str, width: int, seed: int
) -> dict[str, list[int | None]]:
    """Train a network at each rate, and count the images that it gets wrong.

    Parameters
    ----------
    optimizer, parametrization, width
        As `WideNetworks` takes them.
    seed : int
        Of the first weights and of the order of the batches, the same at all rates.

    Returns
    -------
    dict
        Under ``validation`` and ``test`` a count a rate; None for a network that has diverged.
    """
    train, *judged = parts()
    plan = Training(
        train,
        judged,
        epoch_ends(train, BATCH, EPOCHS),
        batch_size=BATCH,
        schedule="linear",
        seed=seed,
    )
    rates = [2.0**exponent for exponent in EXPONENTS[optimizer]]
    stack = max(1, _STACK // (196 * width + width**2))
    counts: list[list[int | None]] = [[], []]
    for first in range(0, len(rates), stack):
        networks = WideNetworks(
            width, parametrization, rates[first : first + stack], (seed, width), optimizer
        )
        with np.errstate(over="ignore", invalid="ignore"):
            for batch, factor in zip(plan.batches([0]), plan.factors, strict=True):
                networks.step(train.images[batch], train.labels[batch], factor)
            for kept, part in zip(counts, judged, strict=True):
                for share in accuracy(networks, part.images, part.labels):
                    kept.append(None if np.isnan(share) else round(len(part.labels) * (1 - share)))
    return dict(zip(["validation", "test"], counts, strict=True))


def kept(*work: Any) -> dict[str, list[int | None]]:
    """Return what `wrong` gives for these arguments, or gave when the recording was begun."""
    decides = work, EPOCHS, BATCH, EXPONENTS[work[0]]
    path = files.UNFINISHED / "widths" / f"{joblib.hash(decides)}.pkl"
    if not path.exists():
        with files.written_whole(path) as part:
            joblib.dump(wrong(*work), part)
    return joblib.load(path)


def jobs() -> Iterator[tuple[str, str, int, list[int]]]:
    """Yield optimizer, parametrization, width and seeds, the widest last."""
    for width, optimizer, parametrization in itertools.product(
        WIDTHS, EXPONENTS, ("standard", "mup")
    ):
        widest = width == max(WIDTHS)
        # At the base the two parametrizations are the same.
        if (width > BASE or parametrization == "standard") and not (widest and optimizer == "sgd"):
            yield (
                optimizer,
                parametrization,
                width,
                list(range(SEEDS_OF_WIDEST if widest else SEEDS)),
            )


def record(folder: Path = FOLDER) -> Path:
    """Record errors by width, learning rate and seed, under two parametrizations and optimizers.

    Parameters
    ----------
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and by rate the images that each seed gets wrong.
    """
    rows = []
    with threadpool_limits(1, user_api="blas"):
        for optimizer, parametrization, width, seeds in jobs():
            found = [kept(optimizer, parametrization, width, seed) for seed in seeds]
            print(f"widths: {optimizer}, {parametrization}, {width}", file=sys.stderr)
            for place, exponent in enumerate(EXPONENTS[optimizer]):
                row = {"optimizer": optimizer, "parametrization": parametrization, "width": width}
                counts = {
                    part: [counts[part][place] for counts in found]
                    for part in ("validation", "test")
                }
                rows.append({**row, "exponent": exponent, **counts})
    about = files.described(
        "widths",
        "numpy",
        content="Images of 2,000 that are classified wrongly, by width, rate and seed",
        epochs=EPOCHS,
        batch_size=BATCH,
        seeds=SEEDS,
        measured={"validation": 2000, "test": 2000},
    )
    return files.write_json(folder / "widths.json", {**about, "trials": rows}, "trials")
