"""What the engine is measured against: the two documented experiments, written plainly."""

import itertools

import numpy as np

from hpo_helpers.data import Split, Splits


def train_as_documented(learning_rate: float, splits: Splits, epochs: int) -> float:
    """Train softmax regression as d2l does; return the validation error.

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
        # The loader shuffles by itself; Keras would warn that it cannot.
        shuffle=False,
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


class Affine:
    """A layer of weights and biases; its gradient is kept where the optimizer finds it."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray) -> None:
        self.weights, self.bias = weights, bias

    def forward(self, images: np.ndarray) -> np.ndarray:
        """Return the scores, and remember the input."""
        self.images = images
        return np.dot(images, self.weights) + self.bias

    def backward(self, slope: np.ndarray) -> np.ndarray:
        """Return the slope at the input, as every layer of the book does, the first as well."""
        self.of_weights = np.dot(self.images.T, slope)
        self.of_bias = np.sum(slope, axis=0)
        return np.dot(slope, self.weights.T)


class Relu:
    """A layer that sets what is not positive to zero, by a mask."""

    def forward(self, scores: np.ndarray) -> np.ndarray:
        """Return a copy with the masked places at zero, and remember the mask."""
        self.mask = scores <= 0
        output = scores.copy()
        output[self.mask] = 0
        return output

    def backward(self, slope: np.ndarray) -> np.ndarray:
        """Return the slope, zero where the mask is."""
        slope[self.mask] = 0
        return slope


class PlainNetwork:
    """One network in float64, a layer after the other, in the structure of the source."""

    def __init__(self, sizes: list[int], weight_decay: float, rng: np.random.Generator) -> None:
        self.weight_decay = weight_decay
        self.affine = [
            Affine(rng.standard_normal((a, b)) * np.sqrt(2 / a), np.zeros(b))
            for a, b in itertools.pairwise(sizes)
        ]
        self.layers: list = [self.affine[0]]
        for affine in self.affine[1:]:
            self.layers += [Relu(), affine]

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return the scores of the classes."""
        for layer in self.layers:
            images = layer.forward(images)
        return images

    def loss(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the cross-entropy with its penalty, and remember the probabilities."""
        penalty = sum(0.5 * self.weight_decay * np.sum(affine.weights**2) for affine in self.affine)
        self.probabilities = _softmax(self.scores(images))
        chosen = self.probabilities[np.arange(len(labels)), labels]
        return -np.sum(np.log(chosen + 1e-7)) / len(labels) + penalty

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of images classified rightly."""
        return float(np.mean(np.argmax(self.scores(images), axis=1) == labels))

    def step(self, images: np.ndarray, labels: np.ndarray, learning_rate: float) -> None:
        """Take one step of gradient descent; the gradient begins with the loss."""
        self.loss(images, labels)
        slope = self.probabilities.copy()
        slope[np.arange(len(labels)), labels] -= 1
        slope = slope / len(labels)
        for layer in reversed(self.layers):
            slope = layer.backward(slope)
        for affine in self.affine:
            of_weights = affine.of_weights + self.weight_decay * affine.weights
            affine.weights -= learning_rate * of_weights
            affine.bias -= learning_rate * affine.of_bias


def train_plainly(config: dict[str, float], train: Split, validation: Split, seed: int) -> float:
    """Run one trial of the NumPy search, with all that its code computes; return the last accuracy.

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
        # As the trainer of the source does, whether or not anyone looks at it.
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
