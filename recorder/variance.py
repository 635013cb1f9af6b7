"""Two networks of the recording ``mlp`` trained anew, to see what varies their errors."""

import itertools
from collections.abc import Iterator

from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.searchers import RandomSearch
from recorder import mlp
from recorder.groups import Group

# Of the recording ``mlp``: its best trial, and its best at a learning rate from 0.001 to 0.01.
PAIR = (2983, 1706)
SOURCES = ("split", "weights", "batches")


def retraining(trial: int, seeds: dict[str, int], varied: str = "") -> Group:
    """Return the training of a trial of ``mlp`` under a seed for each source of variance.

    Parameters
    ----------
    trial : int
        Its number, under seed 0.
    seeds : dict of str to int
        One each of `SOURCES`.
    varied : str
        Which of them is varied, for the table.

    Returns
    -------
    Group
        Of this one trial.

    Examples
    --------
    >>> group = retraining(1706, {"split": 0, "weights": 5, "batches": 0}, "weights")
    >>> group.numbers, group.training.sizes
    ([5], (784, 64, 64, 10))
    """
    config = RandomSearch(MLP_SPACE).ask(trial)
    splits = load_fashion_mnist(full=False, seed=seeds["split"])
    training = mlp.training(config, splits, batch_seed=seeds["batches"])
    row = {**config, "mlp_trial": trial, "varied": varied, **seeds}
    return Group(training, mlp.MEASURED, [row], [seeds["weights"]])


def retrainings() -> Iterator[Group]:
    """Train two networks of ``mlp`` anew: 100 seeds of each source of variance, and of all."""
    for trial, varied in itertools.product(PAIR, (*SOURCES, "together")):
        # As the search trained it.
        fixed = {"split": 0, "weights": trial, "batches": 0}
        for seed in range(1, 101):
            # Other seeds together than one by one, so that the two are independent.
            together = dict.fromkeys(SOURCES, seed + 100)
            seeds = together if varied == "together" else {**fixed, varied: seed}
            yield retraining(trial, seeds, varied)
