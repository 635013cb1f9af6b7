"""What the engine is measured against: the two documented experiments, written plainly."""

import itertools

import numpy as np

from hpo_helpers.data import Split, Splits


def train_as_documented(learning_rate: float, splits: Splits, epochs: int) -> float:
    """Train softmax regression as source 1 does; return the validation error.

    The data loader of d2l and a plain ``model.fit``, with the loss mended.
    """
    import keras

    from hpo_helpers.loaders import FashionMNIST

    data = FashionMNIST(16, splits=splits)
    keras.utils.set_random_seed(0)
    model = _model(learning_rate)
    history = model.fit(
        data.train_dataloader(),
        validation_data=data.val_dataloader(),
        epochs=epochs,
        verbose=0,
    )
    return 1 - history.history["val_accuracy"][-1]


def train_from_arrays(learning_rate: float, splits: Splits, epochs: int) -> float:
    """Train the same model in Keras from arrays, 100 updates between two returns to Python."""
    import keras

    keras.utils.set_random_seed(0)
    model = _model(learning_rate, steps_per_execution=100)
    history = model.fit(
        *splits.train,
        validation_data=splits.validation,
        batch_size=16,
        epochs=epochs,
        verbose=0,
    )
    return 1 - history.history["val_accuracy"][-1]


def _model(learning_rate: float, **options: int):  # noqa: ANN202
    import keras

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **options,
    )
    return model


class PlainNetwork:
    """One fully connected ReLU network in float64, a layer after the other, as in source 2."""

    def __init__(self, sizes: list[int], weight_decay: float, rng: np.random.Generator) -> None:
        self.weight_decay = weight_decay
        self.weights = [
            rng.standard_normal((a, b)) * np.sqrt(2 / a) for a, b in itertools.pairwise(sizes)
        ]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def forward(self, images: np.ndarray) -> list[np.ndarray]:
        """Return the input of every layer, and the scores."""
        layers = [images]
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layers.append(np.maximum(0, layers[-1] @ weights + bias))
        return [*layers, layers[-1] @ self.weights[-1] + self.biases[-1]]

    def loss(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the cross-entropy with its penalty."""
        probabilities = _softmax(self.forward(images)[-1])[np.arange(len(labels)), labels]
        penalty = sum(0.5 * self.weight_decay * np.sum(weights**2) for weights in self.weights)
        return -np.log(probabilities + 1e-7).mean() + penalty

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of images classified rightly."""
        return float(np.mean(self.forward(images)[-1].argmax(axis=1) == labels))

    def step(self, images: np.ndarray, labels: np.ndarray, learning_rate: float) -> None:
        """Take one step of gradient descent."""
        layers = self.forward(images)
        delta = _softmax(layers[-1])
        delta[np.arange(len(labels)), labels] -= 1
        delta /= len(labels)
        slopes = []
        for index in reversed(range(len(self.weights))):
            of_weights = layers[index].T @ delta + self.weight_decay * self.weights[index]
            slopes.append((index, of_weights, delta.sum(axis=0)))
            delta = (delta @ self.weights[index].T) * (layers[index] > 0)
        for index, of_weights, of_bias in slopes:
            self.weights[index] -= learning_rate * of_weights
            self.biases[index] -= learning_rate * of_bias


def train_plainly(config: dict[str, float], train: Split, validation: Split, seed: int) -> float:
    """Run one trial of source 2, with all that its code computes; return the last accuracy.

    That is the loss after every update, and every fourth time the accuracy on all training and
    all validation images.
    """
    rng = np.random.default_rng(seed)
    images, held_out = (
        part.images.reshape(len(part.labels), -1).astype(float) for part in (train, validation)
    )
    network = PlainNetwork([784, *[100] * 6, 10], config["weight_decay"], rng)
    losses, curves = [], []
    for update in range(200):
        batch = rng.choice(len(images), 100)
        network.step(images[batch], train.labels[batch], config["learning_rate"])
        losses.append(network.loss(images[batch], train.labels[batch]))
        if update % 4 == 0:
            curves.append(
                (
                    network.accuracy(images, train.labels),
                    network.accuracy(held_out, validation.labels),
                )
            )
    return curves[-1][1]


def _softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
