"""Problems: a suite of small, real trainings, on which methods of search are compared."""

import functools
import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats
from sklearn import datasets, ensemble, linear_model, neighbors, svm
from sklearn.base import BaseEstimator
from sklearn.preprocessing import scale

from hpo_helpers.arguments import whole
from hpo_helpers.data import Split, halved, load_fashion_mnist, load_mnist
from hpo_helpers.recordings import MLP_SPACE, Curves
from hpo_helpers.spaces import Config, ConfigSpace, choice, conditional, log_integer
from hpo_helpers.training import LIMITS, Training, epoch_ends, watch_trials

# Under these seeds a configuration is judged; searches take smaller ones.
JUDGES = range(1000, 1005)
# Settings of the searchers were chosen on these problems, the first as the recording "mlp" has it;
# on the others they are reported.
FITTED = ("fashion", "classifiers", "boosting")
# A network learns from so many images of 14 by 14, for so many epochs.
_IMAGES, _EPOCHS = 500, 27


@dataclass(frozen=True)
class Problem:
    """A configuration space and a real training: what a search sees of it, and what it does not.

    Parameters
    ----------
    name : str
    family : {"networks", "models", "noisy"}
        Problems of one family resemble each other: what was fitted on some families is reported
        on another.
    space : ConfigSpace
    train : callable
        From a configuration, a seed and a part to errors, each yielded when it is measured:
        ``"validation"``, after each epoch; ``"test"``, after the last. The seed decides what is
        learned from and validated on, the first weights and the batches. The test part is always
        the same, and never among them.
    epochs : int
        Of a training to the end.

    Examples
    --------
    >>> problem = PROBLEMS["classifiers"]
    >>> config = {"model": "neighbours", "n_neighbors": 3, "weights": "uniform"}
    >>> validation, test = problem.objective(seed=0)(config)[-1], problem.truth(config)
    >>> 0 < validation < 0.1 and 0 < test < 0.1
    True
    """

    name: str
    family: str
    space: ConfigSpace
    train: Callable[[Config, int, str], Iterator[float]]
    epochs: int = 1

    def objective(self, seed: int) -> "ProblemObjective":
        """Return what a search minimizes: the validation error under one seed.

        Parameters
        ----------
        seed : int
            Below that of the first of `JUDGES`.

        Returns
        -------
        ProblemObjective

        Raises
        ------
        TypeError, ValueError
            If the seed is no such number.
        """
        if whole("seed", seed, least=0) >= JUDGES[0]:
            raise ValueError(f"seed is {seed}; expected one below {JUDGES[0]}, for those judge")
        return ProblemObjective(self, seed)

    def truth(self, config: Mapping[str, Any]) -> float:
        """Return what a configuration is worth: its mean test error under seeds not searched with.

        Parameters
        ----------
        config : mapping

        Returns
        -------
        float
            At the end of training, over the `JUDGES`; a network that has diverged counts as
            wrong throughout.
        """
        self.space.check(config)
        ends = [next(self.train(dict(config), judge, "test")) for judge in JUDGES]
        return float(np.nan_to_num(ends, nan=1.0).mean())


class ProblemObjective(Curves):
    """The validation error of a problem under one seed.

    Each configuration is trained once, and no further than somebody has asked.

    Parameters
    ----------
    problem : Problem
    seed : int

    Examples
    --------
    >>> objective = ProblemObjective(PROBLEMS["diabetes"], seed=0)
    >>> (error,) = objective({"kernel": "linear", "C": 10.0, "epsilon": 1.0})
    >>> 0 < error < 1
    True
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        self.seed = seed
        self._begun: dict[tuple, tuple[list[float], Iterator[float]]] = {}

    def __reduce__(self) -> tuple:
        # What has begun cannot be sent to another process, and begins there anew.
        return type(self), (self.problem, self.seed)

    def __call__(self, config: Mapping[str, Any], max_epochs: int | None = None) -> list[float]:
        """Return the validation error after each epoch.

        Parameters
        ----------
        config : mapping
            Of the problem's space.
        max_epochs : int, optional
            Epochs to return, from the first; by default all.

        Returns
        -------
        list of float
            NaN from where a network has diverged.

        Raises
        ------
        ValueError
            If the configuration does not belong to the space.
        """
        self.problem.space.check(config)
        epochs = self.problem.epochs if max_epochs is None else whole("max_epochs", max_epochs)
        key = tuple(sorted(config.items()))
        if key not in self._begun:
            self._begun[key] = [], self.problem.train(dict(config), self.seed, "validation")
        errors, coming = self._begun[key]
        errors.extend(itertools.islice(coming, max(epochs - len(errors), 0)))
        return errors[:epochs]


@functools.cache
def _data(name: str) -> tuple[Split, ...]:
    """Return what is learned from and validated on, and the test part."""
    if name == "fashion":
        splits = load_fashion_mnist(full=False)
        return halved(splits.train), halved(splits.test)
    if name == "handwritten":
        whole, tested = halved(load_mnist().test), 2000
    elif name == "digits":
        whole, tested = Split(*datasets.load_digits(return_X_y=True)), 800
    elif name == "tumours":
        whole, tested = Split(*datasets.load_breast_cancer(return_X_y=True)), 219
    else:
        rows, progression = datasets.load_diabetes(return_X_y=True, scaled=False)
        whole, tested = Split(scale(rows), progression), 142
    return _drawn(whole, np.random.default_rng(0), len(whole.labels) - tested, tested)


def _drawn(split: Split, rng: np.random.Generator, *sizes: int) -> tuple[Split, ...]:
    """Return two parts that share nothing."""
    parts = np.split(rng.permutation(len(split.labels)), np.cumsum(sizes))[:2]
    return tuple(Split(split.images[part], split.labels[part]) for part in parts)


@functools.lru_cache(maxsize=8)
def _images(data: str, seed: int) -> tuple[Split, ...]:
    """Return what is learned from, validated and tested on; trainings that wait share them."""
    pool, test = _data(data)
    return *_drawn(pool, np.random.default_rng(seed), _IMAGES, _IMAGES), test


def _network(
    data: str,
    settings: Mapping[str, Any],
    config: Config,
    seed: int,
    part: str,
) -> Iterator[float]:
    """Train a network on the engine."""
    learned, validation, test = _images(data, seed)
    batch_size = config.get("batch_size", 32)
    ends = epoch_ends(learned, batch_size, _EPOCHS)
    training = Training(
        learned,
        [test if part == "test" else validation],
        ends[-1:] if part == "test" else ends,
        hidden=[config["units"]] * config["layers"],
        activation=config.get("activation", "relu"),
        batch_size=batch_size,
        seed=seed,
        **settings,
    )
    knobs = {name: value for name, value in config.items() if name in LIMITS}
    yield from (float(1 - right.item()) for right in watch_trials(training, [knobs]))


def _model(
    data: str,
    sizes: tuple[int, int],
    make: Callable[..., BaseEstimator],
    resampled: bool,
    config: Config,
    seed: int,
    part: str,
) -> Iterator[float]:
    """Fit a model of scikit-learn; resampled, each configuration on a split of its own."""
    pool, test = _data(data)
    own = zlib.crc32(repr(sorted(config.items())).encode()) if resampled else 0
    learned, validation = _drawn(pool, np.random.default_rng([seed, own]), *sizes)
    model = make(**config)
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    rows, labels = test if part == "test" else validation
    predicted = model.fit(*learned).predict(rows)
    if labels.dtype.kind == "f":
        # Of numbers the share of the variance that is not explained.
        yield float(np.mean((predicted - labels) ** 2) / pool.labels.var())
    else:
        yield float(np.mean(predicted != labels))


_CLASSIFIERS = {
    "linear": linear_model.RidgeClassifier,
    "neighbours": neighbors.KNeighborsClassifier,
    "trees": ensemble.ExtraTreesClassifier,
    "svm": svm.SVC,
}


def _classifier(model: str, **knobs: Any) -> BaseEstimator:
    return _CLASSIFIERS[model](**knobs)


def _problem(name: str, family: str, train: Callable, space: Mapping[str, Any]) -> Problem:
    epochs = _EPOCHS if family == "networks" else 1
    return Problem(name, family, ConfigSpace(space), train, epochs)


_GAMMA = conditional(stats.loguniform(1e-5, 10), "kernel", "rbf", "sigmoid")
_DEGREE = conditional(stats.randint(2, 7), "kernel", "poly")
_ALL = [
    # Fashion-MNIST with a constant rate, and with one that falls to zero.
    _problem("fashion", "networks", partial(_network, "fashion", {}), MLP_SPACE),
    _problem(
        "fashion_decay", "networks", partial(_network, "fashion", {"schedule": "linear"}), MLP_SPACE
    ),
    # Handwritten digits by AdamW; width and depth span what learns nothing and what learns well.
    _problem(
        "handwritten",
        "networks",
        partial(_network, "handwritten", {"optimizer": "adamw", "schedule": "cosine"}),
        {
            "learning_rate": stats.loguniform(1e-5, 1),
            "weight_decay": stats.loguniform(1e-4, 10),
            "layers": stats.randint(1, 5),
            "units": log_integer(4, 128),
            "batch_size": choice([16, 32, 64]),
            "beta1": stats.uniform(0.5, 0.49),
        },
    ),
    # A category decides which hyperparameters there are, two deep; many ties.
    _problem(
        "classifiers",
        "models",
        partial(_model, "digits", (500, 300), _classifier, False),
        {
            "model": choice(list(_CLASSIFIERS)),
            "alpha": conditional(stats.loguniform(1e-4, 1e4), "model", "linear"),
            "n_neighbors": conditional(log_integer(1, 64), "model", "neighbours"),
            "weights": conditional(choice(["uniform", "distance"]), "model", "neighbours"),
            "n_estimators": conditional(log_integer(1, 64), "model", "trees"),
            "max_features": conditional(stats.uniform(0.02, 0.98), "model", "trees"),
            "min_samples_leaf": conditional(log_integer(1, 32), "model", "trees"),
            "C": conditional(stats.loguniform(1e-3, 1e3), "model", "svm"),
            "kernel": conditional(choice(["rbf", "poly", "sigmoid"]), "model", "svm"),
            "gamma": conditional(_GAMMA, "model", "svm"),
            "degree": conditional(_DEGREE, "model", "svm"),
        },
    ),
    # Few whole numbers, and a plateau where nothing has been learned.
    _problem(
        "boosting",
        "models",
        partial(_model, "tumours", (200, 150), ensemble.GradientBoostingClassifier, False),
        {
            "learning_rate": stats.loguniform(1e-3, 1),
            "n_estimators": log_integer(2, 64),
            "max_depth": stats.randint(1, 7),
            "min_samples_leaf": log_integer(1, 64),
            "subsample": stats.uniform(0.1, 0.9),
            "max_features": stats.uniform(0.05, 0.95),
        },
    ),
    # Fifty patients validate, others for each configuration: most of the differences are luck.
    _problem(
        "diabetes",
        "noisy",
        partial(_model, "diabetes", (200, 50), svm.SVR, True),
        {
            "kernel": choice(["rbf", "sigmoid", "linear"]),
            "C": stats.loguniform(1e-2, 1e4),
            "epsilon": stats.loguniform(0.1, 100),
            "gamma": conditional(stats.loguniform(1e-5, 1), "kernel", "rbf", "sigmoid"),
            "coef0": conditional(stats.uniform(-1, 2), "kernel", "sigmoid"),
        },
    ),
]
PROBLEMS = {problem.name: problem for problem in _ALL}
