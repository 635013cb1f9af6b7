"""The NumPy engine: many networks trained at once, their weights side by side."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np


class Networks:
    """K fully connected ReLU networks of one shape, each with its own hyperparameters.

    With two sizes there is no hidden layer, and each network is softmax regression.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, from the inputs to the classes, such as ``(784, 100, 10)``.
    learning_rates, weight_decays : array_like, shape (K,)
        One of each a network.
    seeds : sequence, length K
        Whatever ``numpy.random.default_rng`` takes; each seeds the weights of one network.
    dtype : dtype
        float32 to train, float64 to check gradients.

    Attributes
    ----------
    weights : list of ndarray, shape (fan in, K, fan out)
        He initialization: normal with standard deviation ``sqrt(2 / fan in)``. In this layout
        the first layers of all networks are one wide matrix, and images that the networks share
        pass through it in one product.
    biases : list of ndarray, shape (K, 1, fan out)
        Zero at the start.

    Raises
    ------
    ValueError
        If the lengths differ, or a size is below 1.

    References
    ----------
    K. Saitoh, *Deep Learning from Scratch*, O'Reilly Japan, 2016, chapters 5 and 6, one network
    at a time; He initialization: K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into
    Rectifiers", ICCV 2015.

    Examples
    --------
    >>> networks = Networks((784, 10), [0.1, 0.01], weight_decays=[0, 0], seeds=[0, 1])
    >>> networks.scores(np.zeros((5, 784), np.float32)).shape
    (2, 5, 10)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        learning_rates: Sequence[float],
        weight_decays: Sequence[float],
        seeds: Sequence,
        dtype: type = np.float32,
    ) -> None:
        count = len(seeds)
        if not len(learning_rates) == len(weight_decays) == count:
            raise ValueError(
                f"{len(learning_rates)} learning rates, {len(weight_decays)} weight decays and "
                f"{count} seeds; expected one of each a network"
            )
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes are {tuple(sizes)}; expected two or more, each at least 1")
        self.learning_rates = np.reshape(learning_rates, (count, 1, 1)).astype(dtype)
        self.weight_decays = np.reshape(weight_decays, (count, 1, 1)).astype(dtype)
        generators = [np.random.default_rng(seed) for seed in seeds]
        self.weights, self.biases = [], []
        for fan_in, fan_out in itertools.pairwise(sizes):
            drawn = [rng.standard_normal((fan_in, fan_out), dtype) for rng in generators]
            scale = dtype(np.sqrt(2 / fan_in))
            self.weights.append(np.stack(drawn, axis=1) * scale)
            self.biases.append(np.zeros((count, 1, fan_out), dtype))

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return the scores of each class, shape (K, n, classes).

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)
            The same images for all networks, or others for each.
        """
        return self.activations(images)[-1]

    def activations(self, images: np.ndarray) -> list[np.ndarray]:
        """Return the forward pass: the images, each hidden layer, the scores."""
        layers = [images]
        for weights, biases in zip(self.weights, self.biases, strict=True):
            if len(layers) > 1:
                np.maximum(layers[-1], 0, out=layers[-1])
            layers.append(_times(layers[-1], weights) + biases)
        return layers

    def gradients(
        self, images: np.ndarray, labels: np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the backward pass: the slopes of the mean cross-entropy of a batch.

        Weight decay is not in them; `step` adds it.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)
        labels : ndarray of int, shape (n,) or (K, n)

        Returns
        -------
        weights, biases : list of ndarray
            In the shapes of the attributes.
        """
        layers = self.activations(images)
        delta = _softmax(layers[-1])
        delta -= np.eye(delta.shape[-1], dtype=delta.dtype)[labels]
        delta /= labels.shape[-1]
        of_weights, of_biases = [], []
        for index in reversed(range(len(self.weights))):
            of_weights.insert(0, _transposed_times(layers[index], delta))
            of_biases.insert(0, delta.sum(axis=1, keepdims=True))
            if index:
                delta = delta @ self.weights[index].transpose(1, 2, 0)
                delta *= layers[index] > 0
        return of_weights, of_biases

    def step(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Take one step of stochastic gradient descent, in place.

        Weight decay is coupled L2, as in the source: each weight also moves by
        ``learning_rate * weight_decay * weight``; biases are left out of it.
        """
        of_weights, of_biases = self.gradients(images, labels)
        keep = (1 - self.learning_rates * self.weight_decays).reshape(1, -1, 1)
        rates = self.learning_rates.reshape(1, -1, 1)
        for weights, slopes in zip(self.weights, of_weights, strict=True):
            slopes *= rates
            weights *= keep
            weights -= slopes
        for biases, slopes in zip(self.biases, of_biases, strict=True):
            biases -= self.learning_rates * slopes


def train_networks(
    networks: Networks,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    batches: Iterable[np.ndarray],
    evaluate_every: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Train all networks on common batches, and measure their accuracy on the way.

    Parameters
    ----------
    networks : Networks
        Changed in place.
    train, validation : tuple of ndarray
        Images, shape (n, inputs), and labels, shape (n,).
    batches : iterable of ndarray of int
        The training images of each update, by their index; one batch serves all networks, so
        that they differ by their hyperparameters and not by luck.
    evaluate_every : int
        Updates from one evaluation to the next; the first comes after the first update.

    Returns
    -------
    train_accuracy, validation_accuracy : ndarray, shape (evaluations, K)
        NaN from the evaluation on at which a network has diverged: at which a score of it is
        no longer finite. Its neighbours are not touched by that.

    Raises
    ------
    ValueError
        If `evaluate_every` is below 1.
    """
    if evaluate_every < 1:
        raise ValueError(f"evaluate_every is {evaluate_every}; expected at least 1 update")
    measured = []
    # A diverging network overflows, and says so by its NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        for number, batch in enumerate(batches):
            networks.step(train[0][batch], train[1][batch])
            if number % evaluate_every == 0:
                measured.append([accuracy(networks, *part) for part in (train, validation)])
    curves = np.reshape(measured, (-1, 2, len(networks.learning_rates)))
    return curves[:, 0], curves[:, 1]


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
    """
    scores = networks.scores(images)
    right = (scores.argmax(axis=2) == labels).mean(axis=1)
    return np.where(np.isfinite(scores).all(axis=(1, 2)), right, np.nan)


def draw_batches(
    images: int, batch_size: int, updates: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw batches with replacement, as the source does.

    Returns
    -------
    ndarray of int, shape (updates, batch_size)
    """
    return rng.integers(images, size=(updates, batch_size))


def _softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(axis=2, keepdims=True))
    return exponentials / exponentials.sum(axis=2, keepdims=True)


def _times(layer: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return ``layer @ weights`` of every network, shape (K, n, fan out)."""
    fan_in, count, fan_out = weights.shape
    if layer.ndim == 3:
        return layer @ weights.transpose(1, 0, 2)
    together = layer @ weights.reshape(fan_in, count * fan_out)
    return together.reshape(len(layer), count, fan_out).transpose(1, 0, 2)


def _transposed_times(layer: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return ``layer.T @ delta`` of every network, shape (fan in, K, fan out)."""
    if layer.ndim == 3:
        return (layer.transpose(0, 2, 1) @ delta).transpose(1, 0, 2)
    count, n, fan_out = delta.shape
    together = layer.T @ delta.transpose(1, 0, 2).reshape(n, count * fan_out)
    return together.reshape(-1, count, fan_out)
