"""Training of many trials: in stacks that fit the cache, over all cores, measured on the way."""

import functools
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from hpo_helpers.data import Split
from hpo_helpers.networks import DualNetworks, Networks
from hpo_helpers.optimizers import SCHEDULES, rate_factor

# Bytes of weights in a stack: most of what the second cache level of a common core holds.
_CACHE = 3 * 2**19
# Scores in a block of an evaluation, so that the hidden layers stay in the cache as well.
_BLOCK = 1000
# The hyperparameters that the engine knows, and what they stay below.
LIMITS = {
    "learning_rate": math.inf,
    "weight_decay": math.inf,
    "momentum": 1,
    "beta1": 1,
    "beta2": 1,
}
# Those that each optimizer has beside the learning rate and the weight decay.
OPTIMIZERS = {"sgd": ("momentum",), "adam": ("beta1", "beta2"), "adamw": ("beta1", "beta2")}
# What a random stream is for, beside the seed and the number of the trial.
_WEIGHTS, _BATCHES = 1, 2

_Configs = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Training:
    """What the trials of a search have in common: all but their hyperparameters.

    Parameters
    ----------
    train : Split
        What the networks learn from; images of any shape (n, ...).
    measured : sequence of Split
        What their accuracy is measured on, such as ``(train, validation)``.
    evaluate_after : sequence of int
        The updates, counted from 1, after which it is measured; see `epoch_ends`.
    hidden : sequence of int
        Units of the hidden layers; none for softmax regression.
    activation : {"relu", "tanh"}
    classes, batch_size : int
    updates : int, optional
        Steps of gradient descent; by default up to the last evaluation.
    replacement : bool
        Draw each batch anew from all images, as the NumPy search does, instead of passing over
        them in a new order each epoch (whose last batch is smaller where the sizes do not divide).
    independent_batches : bool
        Give each trial batches of its own. By default all trials see the same ones, so that
        they differ by their hyperparameters and their first weights alone.
    seed : int
        Decides the batches and, with the number of a trial, its first weights.
    batch_seed : int, optional
        Decides the batches in its place, so that they alone can be varied.
    dtype : dtype
        float32, or float64 where a result has to be the same on every processor.
    optimizer : {"sgd", "adam", "adamw"}
        Of all trials, each with its own ``momentum``, or ``beta1`` and ``beta2``.
    schedule : {"constant", "linear", "cosine"}
        How the learning rates of all trials come down over the updates; see `rate_factor`.
    warmup : int
        Updates in which they first climb to their values.

    Raises
    ------
    ValueError
        If there is no image in a batch, an evaluation that no update comes before, no update
        after the warm-up, or the optimizer or the schedule is another.

    Examples
    --------
    >>> part = Split(np.zeros((50, 28, 28), np.float32), np.zeros(50, int))
    >>> training = Training(part, [part], epoch_ends(part, 20, 3), hidden=(32,), batch_size=20)
    >>> training.sizes
    (784, 32, 10)
    >>> [len(batch) for batch in training.batches([0])]
    [20, 20, 10, 20, 20, 10, 20, 20, 10]
    """

    train: Split
    measured: Sequence[Split]
    evaluate_after: Sequence[int]
    hidden: Sequence[int] = ()
    activation: str = "relu"
    classes: int = 10
    batch_size: int = 100
    updates: int | None = None
    replacement: bool = False
    independent_batches: bool = False
    seed: int = 0
    batch_seed: int | None = None
    dtype: type = np.float32
    optimizer: str = "sgd"
    schedule: str = "constant"
    warmup: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be trained or measured."""
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}; expected at least one image")
        after = self.evaluate_after
        if not len(after) or min(after) < 1 or max(after) > (self.updates or max(after)):
            raise ValueError(
                f"evaluate_after is {after} with updates {self.updates}; expected at least one "
                "evaluation, each after an update from 1 to the last"
            )
        for name, known in [("optimizer", list(OPTIMIZERS)), ("schedule", list(SCHEDULES))]:
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of {known}")
        if not 0 <= self.warmup < self.all_updates:
            raise ValueError(
                f"warmup is {self.warmup}; expected updates from 0, fewer than all "
                f"{self.all_updates}"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer, from the inputs to the classes."""
        return (self.train.images[0].size, *self.hidden, self.classes)

    @property
    def all_updates(self) -> int:
        """Steps of gradient descent."""
        return self.updates or max(self.evaluate_after)

    @property
    def factors(self) -> list[float]:
        """What the learning rates are multiplied by at each update."""
        updates = self.all_updates
        return [rate_factor(self.schedule, n, updates, self.warmup) for n in range(updates)]

    def batches(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """Draw the batch of each update, for the trials of these numbers.

        Parameters
        ----------
        numbers : sequence of int

        Yields
        ------
        ndarray of int, shape (batch size,) or (trials, batch size)
            Indices of training images; with the trials in front if batches are independent.
        """
        drawn = self._batches(0)
        if self.independent_batches:
            drawn = map(np.stack, zip(*map(self._batches, numbers), strict=True))
        return itertools.islice(drawn, self.all_updates)

    def _batches(self, number: int) -> Iterator[np.ndarray]:
        seed = self.seed if self.batch_seed is None else self.batch_seed
        rng = np.random.default_rng([seed, number, _BATCHES])
        n, size = len(self.train.labels), self.batch_size
        while self.replacement:
            yield rng.integers(n, size=size)
        while True:
            order = rng.permutation(n)
            yield from (order[start : start + size] for start in range(0, n, size))


def epoch_ends(train: Split, batch_size: int, count: int) -> range:
    """Return the updates, counted from 1, that end the first `count` passes over `train`.

    Parameters
    ----------
    train : Split
    batch_size : int
        Images in a batch; the last one of a pass has those that are left.
    count : int

    Returns
    -------
    range
        Of length `count`.

    Examples
    --------
    >>> part = Split(np.zeros((50, 28, 28), np.float32), np.zeros(50, int))
    >>> list(epoch_ends(part, batch_size=20, count=3))
    [3, 6, 9]
    """
    updates = -(-len(train.labels) // batch_size)
    return range(updates, count * updates + 1, updates)


def train_trials(
    training: Training,
    configs: _Configs,
    numbers: Sequence[int] | None = None,
    *,
    stack: int | None = None,
    processes: int | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Train one network a configuration, and return how their accuracy grew.

    Parameters
    ----------
    training : Training
        What the trials have in common.
    configs : sequence of mapping
        ``learning_rate`` of each trial and, if it has them, ``weight_decay`` and ``momentum``
        (0 by default), or ``beta1`` and ``beta2`` of Adam (0.9 and 0.999).
    numbers : sequence of int, optional
        Numbers of the trials; by default from 0.
    stack : int, optional
        Networks trained side by side; by default as many as the cache holds.
    processes : int, optional
        By default one a core. Each computes on one BLAS thread: several would add the same
        numbers up in an order that changes from run to run.
    progress : bool
        Show a bar that counts the trials.

    Returns
    -------
    ndarray of float32, shape (trials, measured, evaluations)
        Accuracies in [0, 1]; NaN from the evaluation on at which a network has diverged, which
        leaves the others untouched. On Ctrl-C, with a warning, those of the first trials, as
        far as they are finished.

    Raises
    ------
    ValueError
        If a configuration lacks the learning rate, names what the engine does not know or has
        a value outside its range, or if `stack` or `processes` is below 1.

    Examples
    --------
    Ten images that are easy to tell apart, twenty epochs:

    >>> part = Split(np.eye(10, dtype=np.float32), np.arange(10))
    >>> training = Training(part, [part], epoch_ends(part, 5, 20), batch_size=5)
    >>> configs = [{"learning_rate": 1.0}, {"learning_rate": 1.0, "momentum": 0.5}]
    >>> curves = train_trials(training, configs, processes=1, progress=False)
    >>> curves.shape
    (2, 1, 20)
    >>> curves[:, 0, -1]
    array([1., 1.], dtype=float32)
    """
    done = [np.empty((0, len(training.measured), len(training.evaluate_after)), np.float32)]
    with tqdm(total=len(configs), unit="trial", disable=not progress) as bar:
        try:
            for curves in _train_in_stacks(training, configs, numbers, stack, processes):
                done.append(curves)
                bar.update(len(curves))
        except KeyboardInterrupt:
            finished = sum(map(len, done))
            warnings.warn(
                f"stopped by hand after {finished} of {len(configs)} trials", stacklevel=2
            )
    return np.concatenate(done)


def _train_in_stacks(
    training: Training,
    configs: _Configs,
    numbers: Sequence[int] | None,
    stack: int | None,
    processes: int | None,
) -> Iterator[np.ndarray]:
    """Return the curves stack by stack, in order, each when it is finished."""
    _check(training, configs, stack=stack, processes=processes)
    numbers = range(len(configs)) if numbers is None else numbers
    cores = joblib.cpu_count() if processes is None else processes
    if stack is None:
        weights = sum(a * b for a, b in itertools.pairwise(training.sizes))
        fits = _CACHE // (np.dtype(training.dtype).itemsize * weights)
        stack = max(1, min(fits, -(-len(configs) // cores)))
    starts = range(0, len(configs), stack)
    call = joblib.delayed(_stack_curves)
    calls = [call(training, configs[i : i + stack], numbers[i : i + stack]) for i in starts]
    return joblib.Parallel(min(cores, len(calls)) or 1, return_as="generator")(calls)


def _check(training: Training, configs: _Configs, **counts: int | None) -> None:
    known = ["learning_rate", "weight_decay", *OPTIMIZERS[training.optimizer]]
    for config in configs:
        if "learning_rate" not in config or not set(config) <= set(known):
            raise ValueError(
                f"the configuration names {sorted(config)}; expected 'learning_rate' and no other "
                f"than {known}"
            )
        for name, value in config.items():
            if not 0 <= value < LIMITS[name]:
                raise ValueError(
                    f"{name} is {value!r}; expected a number from 0, below {LIMITS[name]}"
                )
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} is {count}; expected at least 1, or None for the default")


def _stack_curves(training: Training, configs: _Configs, numbers: Sequence[int]) -> np.ndarray:
    with threadpool_limits(1, user_api="blas"):
        curves = list(watch_trials(training, configs, numbers))
    return np.array(curves, np.float32).transpose(2, 1, 0)


def watch_trials(
    training: Training, configs: _Configs, numbers: Sequence[int] | None = None
) -> Iterator[np.ndarray]:
    """Train trials side by side in this process, and yield accuracies as they are measured.

    Parameters
    ----------
    training, configs, numbers
        As for `train_trials`.

    Yields
    ------
    ndarray of float, shape (measured, trials)
        After each evaluation; NaN for a network that has diverged.

    Examples
    --------
    >>> part = Split(np.eye(10, dtype=np.float32), np.arange(10))
    >>> training = Training(part, [part], evaluate_after=[2, 40], batch_size=5)
    >>> *_, last = watch_trials(training, [{"learning_rate": 1.0}])
    >>> last
    array([[1.]])
    """
    numbers = range(len(configs)) if numbers is None else numbers

    def values(name: str, default: float = 0.0) -> list[float]:
        return [config.get(name, default) for config in configs]

    # By their identity, so that images that are both learned from and measured count once.
    images: dict[int, np.ndarray] = {
        id(part): np.asarray(part.images, training.dtype).reshape(len(part.labels), -1)
        for part in (training.train, *training.measured)
    }
    make: Callable[..., Networks] = Networks
    if training.optimizer == "sgd" and sum(map(len, images.values())) < training.sizes[0]:
        make = functools.partial(DualNetworks, np.concatenate([*images.values()]))
        ends = np.cumsum([*map(len, images.values())])
        images = dict(zip(images, np.split(np.arange(ends[-1]), ends[:-1]), strict=True))
    momentums = values("momentum")
    betas = list(zip(values("beta1", 0.9), values("beta2", 0.999), strict=True))
    networks = make(
        training.sizes,
        values("learning_rate"),
        values("weight_decay"),
        seeds=[(training.seed, number, _WEIGHTS) for number in numbers],
        momentums=momentums if any(momentums) else None,
        activation=training.activation,
        dtype=training.dtype,
        betas=None if training.optimizer == "sgd" else betas,
        decoupled=training.optimizer == "adamw",
    )
    learned, labels = images[id(training.train)], training.train.labels
    evaluate_after = frozenset(training.evaluate_after)
    steps = zip(training.batches(numbers), training.factors, strict=True)
    for update, (batch, factor) in enumerate(steps, start=1):
        # A diverging network overflows, and says so by its NaN.
        with np.errstate(over="ignore", invalid="ignore"):
            networks.step(learned[batch], labels[batch], factor)
            if update not in evaluate_after:
                continue
            measured = [accuracy(networks, images[id(p)], p.labels) for p in training.measured]
        yield np.array(measured)


def accuracy(networks: Networks, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the share of images that each network classifies rightly.

    Parameters
    ----------
    networks : Networks
    images : ndarray, shape (n, inputs)
    labels : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of float, shape (K,)
        NaN for a network with a score that is not finite.

    Examples
    --------
    >>> networks = Networks((10, 10), [0.1, 0.1], weight_decays=[0, 0], seeds=[0, 1])
    >>> networks.weights[0][:, 0] = np.eye(10)
    >>> accuracy(networks, np.eye(10), np.arange(10))[0]
    np.float64(1.0)
    """
    right = np.zeros(1)
    for start in range(0, len(labels), _BLOCK):
        scores = networks.scores(images[start : start + _BLOCK])
        hits = (scores.argmax(axis=2) == labels[start : start + _BLOCK]).sum(axis=1)
        right = right + np.where(np.isfinite(scores).all(axis=(1, 2)), hits, np.nan)
    return right / len(labels)
