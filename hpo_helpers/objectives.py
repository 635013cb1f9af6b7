"""Objectives: functions from a configuration to its validation error."""

import functools
import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from hpo_helpers.arguments import whole
from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.networks import Networks
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.training import accuracy

if TYPE_CHECKING:
    import keras

    from hpo_helpers.loaders import FashionMNIST

BATCH_SIZE = 16
# Batches that TensorFlow runs between two returns to Python: three times faster than one by
# one, and the same errors.
_STEPS_PER_EXECUTION = 500


def hpo_objective_softmax_classification(
    config: Mapping[str, Any],
    max_epochs: int = 8,
    *,
    loss: "str | keras.losses.Loss | None" = None,
    data: "FashionMNIST | None" = None,
    seed: int = 0,
    progress: bool = False,
    return_curve: bool = False,
) -> float | list[float]:
    """Train softmax regression on Fashion-MNIST and return its validation error.

    Parameters
    ----------
    config : mapping
        ``{"learning_rate": ...}``, positive and finite.
    max_epochs : int
        Passes over the training images.
    loss : str or keras.losses.Loss, optional
        What Keras minimizes; by default the cross-entropy of raw scores.
    data : FashionMNIST, optional
        Serves the batches; by default batches of 16 of the bundled sample.
    seed : int
        Seeds the weights and the order of the batches.
    progress : bool
        Show a bar that counts the epochs.
    return_curve : bool
        Return the error after every epoch instead of the last.

    Returns
    -------
    float or list of float
        Share of the validation images that are classified wrongly, in [0, 1]; NaN once the
        loss is no longer finite.

    Raises
    ------
    ValueError
        If the configuration holds a name other than ``learning_rate`` or a rate that is not
        positive and finite, or if `max_epochs` is below 1; before any training.

    References
    ----------
    A. Zhang, Z. C. Lipton, M. Li, A. J. Smola, *Dive into Deep Learning*, chapter
    "Hyperparameter Optimization", with the loss mended.

    Examples
    --------
    One pass over 160 images:

    >>> from hpo_helpers.data import Split
    >>> from hpo_helpers.loaders import FashionMNIST
    >>> splits = load_fashion_mnist(full=False)
    >>> few = Split(*(array[:160] for array in splits.train))
    >>> data = FashionMNIST(BATCH_SIZE, splits=splits._replace(train=few))
    >>> error = hpo_objective_softmax_classification({"learning_rate": 0.1}, 1, data=data)
    >>> 0.2 < error < 0.9
    True
    """
    if set(config) != {"learning_rate"}:
        raise ValueError(
            f"the configuration names {sorted(config)}; expected 'learning_rate' and no other"
        )
    _, history = train_softmax_regression(
        config["learning_rate"], loss, max_epochs, data=data, seed=seed, progress=progress
    )
    curve = [
        1 - accuracy if math.isfinite(train_loss) else math.nan
        for accuracy, train_loss in zip(history["val_accuracy"], history["loss"], strict=True)
    ]
    return curve if return_curve else curve[-1]


# The objective as documented. It is broken, for its loss takes raw scores for probabilities;
# it is kept for the chapter that finds this out.
hpo_objective_scores_as_probabilities = functools.partial(
    hpo_objective_softmax_classification, loss="sparse_categorical_crossentropy"
)


def train_softmax_regression(
    learning_rate: float,
    loss: "str | keras.losses.Loss | None" = None,
    max_epochs: int = 8,
    *,
    data: "FashionMNIST | None" = None,
    seed: int = 0,
    progress: bool = False,
) -> "tuple[keras.Model, dict[str, list[float]]]":
    """Train softmax regression by stochastic gradient descent, on the CPU.

    Parameters
    ----------
    learning_rate : float
        Positive and finite.
    loss, max_epochs, data, seed, progress
        As for `hpo_objective_softmax_classification`.

    Returns
    -------
    model : keras.Model
        The trained model, from images of shape (n, 28, 28, 1) to scores of shape (n, 10).
    history : dict of str to list of float
        ``loss``, ``accuracy``, ``val_loss`` and ``val_accuracy`` after each epoch.

    Raises
    ------
    ValueError
        If the learning rate is not positive and finite, or `max_epochs` is below 1.

    Examples
    --------
    >>> from hpo_helpers.data import Split
    >>> from hpo_helpers.loaders import FashionMNIST
    >>> splits = load_fashion_mnist(full=False)
    >>> few = Split(*(array[:160] for array in splits.train))
    >>> data = FashionMNIST(BATCH_SIZE, splits=splits._replace(train=few))
    >>> model, history = train_softmax_regression(0.1, max_epochs=2, data=data)
    >>> model.output_shape, len(history["val_accuracy"])
    ((None, 10), 2)
    """
    if not (isinstance(learning_rate, numbers.Real) and 0 < learning_rate < math.inf):
        raise ValueError(
            f"learning_rate is {learning_rate!r}; expected a positive, finite number, such as 0.1"
        )
    if max_epochs < 1:
        raise ValueError(f"max_epochs is {max_epochs!r}; expected at least one epoch")
    # Imported here because TensorFlow takes seconds to load, and bad input need not wait.
    import keras
    import tensorflow as tf

    from hpo_helpers.loaders import FashionMNIST

    data = FashionMNIST(BATCH_SIZE) if data is None else data
    with tf.device("/CPU:0"), tqdm(total=max_epochs, unit="epoch", disable=not progress) as bar:
        traced = _traced_once(data.resize, loss)
        keras.utils.set_random_seed(seed)
        model = keras.models.clone_model(traced)
        traced.set_weights(model.get_weights())
        traced.optimizer.learning_rate = float(learning_rate)
        history = traced.fit(
            data.train_dataloader(),
            # The same images in the same order each epoch: prepare them once.
            validation_data=data.val_dataloader().cache(),
            epochs=max_epochs,
            # The loader shuffles by itself; Keras would warn that it cannot.
            shuffle=False,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: bar.update())],
            verbose=0,
        )
        model.set_weights(traced.get_weights())
    return model, history.history


@functools.cache
def _traced_once(resize: tuple[int, int], loss: "str | keras.losses.Loss | None") -> "keras.Model":
    # To trace a model takes longer than to train it for an epoch.
    import keras

    layers = [keras.Input((*resize, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.SGD(),
        loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=_STEPS_PER_EXECUTION,
    )
    return model


class NetworkObjective:
    """Train one network on the NumPy engine, and go on from where it stopped.

    It can be pickled, so other processes and machines can call it.

    Parameters
    ----------
    images : int
        Training images, from the bundled sample of Fashion-MNIST; from 1 to 8,000.
    batch_size : int
    seed : int
        Seeds the first weights and the order of the batches.

    Raises
    ------
    TypeError, ValueError
        If there are not so many images, none in a batch, or the seed is no whole number from 0.

    Examples
    --------
    >>> objective = NetworkObjective(images=100)
    >>> first, state = objective({"learning_rate": 0.1, "units": 16}, epochs=2)
    >>> further, state = objective({"learning_rate": 0.1, "units": 16}, epochs=1, state=state)
    >>> len(first), len(further)
    (2, 1)
    """

    def __init__(self, images: int = 2000, batch_size: int = 32, seed: int = 0) -> None:
        if whole("images", images) > 8000:
            raise ValueError(f"images is {images}; expected at most the 8,000 of the sample")
        self.images = images
        self.batch_size = whole("batch_size", batch_size)
        self.seed = whole("seed", seed, least=0)

    def __call__(
        self, config: Mapping[str, Any], epochs: int, state: tuple[Networks, int] | None = None
    ) -> tuple[list[float], tuple[Networks, int]]:
        """Train for so many epochs more, and return the validation error after each.

        Parameters
        ----------
        config : mapping
            A configuration of ``MLP_SPACE``, or a part of one: the learning rate has to be there;
            by default there is no weight decay and no momentum, and one hidden layer of 32 units
            with ReLU.
        epochs : int
        state : (Networks, int), optional
            What it returned last for this configuration: the network, and the epochs it has had.

        Returns
        -------
        (list of float, (Networks, int))
            NaN for a network that has diverged.

        Raises
        ------
        ValueError
            If the configuration lacks a learning rate, or names what is not in ``MLP_SPACE``.
        """
        splits = _split_once(full=False)
        inputs = splits.train.images[: self.images].reshape(self.images, -1)
        networks, begun = state or (self._network(config, inputs.shape[1]), 0)
        errors = []
        for epoch in range(begun, begun + epochs):
            order = np.random.default_rng([self.seed, epoch]).permutation(self.images)
            # A diverging network overflows, and says so by its NaN.
            with np.errstate(over="ignore", invalid="ignore"):
                for start in range(0, self.images, self.batch_size):
                    batch = order[start : start + self.batch_size]
                    networks.step(inputs[batch], splits.train.labels[batch])
                held_out = splits.validation.images.reshape(-1, inputs.shape[1])
                (share,) = accuracy(networks, held_out, splits.validation.labels)
            errors.append(float(1 - share))
        return errors, (networks, begun + epochs)

    def _network(self, config: Mapping[str, Any], inputs: int) -> Networks:
        if "learning_rate" not in config or not set(config) <= set(MLP_SPACE):
            raise ValueError(
                f"the configuration names {sorted(config)}; expected 'learning_rate' and no other "
                f"than {list(MLP_SPACE)}"
            )
        hidden = [config.get("units", 32)] * config.get("layers", 1)
        momentum = config.get("momentum")
        return Networks(
            (inputs, *hidden, 10),
            [config["learning_rate"]],
            [config.get("weight_decay", 0.0)],
            seeds=[self.seed],
            momentums=None if momentum is None else [momentum],
            activation=config.get("activation", "relu"),
        )


_split_once = functools.cache(load_fashion_mnist)
