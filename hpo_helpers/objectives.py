"""Objectives: functions from a configuration to its validation error."""

import functools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    import keras

    from hpo_helpers.loaders import FashionMNIST

BATCH_SIZE = 16
# Batches that TensorFlow runs between two returns to Python: three times faster than one by
# one, and the same errors.
STEPS_PER_EXECUTION = 500


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
    """
    _require_learning_rate(learning_rate)
    if max_epochs < 1:
        raise ValueError(f"max_epochs is {max_epochs!r}; expected at least one epoch")
    # Imported here because TensorFlow takes seconds to load, and bad input need not wait.
    import keras
    import tensorflow as tf

    from hpo_helpers.loaders import FashionMNIST

    data = FashionMNIST(BATCH_SIZE) if data is None else data
    keras.utils.set_random_seed(seed)
    with tf.device("/CPU:0"), tqdm(total=max_epochs, unit="epoch", disable=not progress) as bar:
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
        model.compile(
            optimizer=keras.optimizers.SGD(float(learning_rate)),
            loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=STEPS_PER_EXECUTION,
        )
        history = model.fit(
            data.train_dataloader(),
            # The same images in the same order each epoch: prepare them once.
            validation_data=data.val_dataloader().cache(),
            epochs=max_epochs,
            # The loader shuffles by itself; Keras would warn that it cannot.
            shuffle=False,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: bar.update())],
            verbose=0,
        )
    return model, history.history


def _require_learning_rate(value: Any) -> None:
    try:
        usable = math.isfinite(value) and value > 0
    except TypeError:
        usable = False
    if not usable:
        raise ValueError(
            f"learning_rate is {value!r}; expected a positive, finite number, such as 0.1"
        )
