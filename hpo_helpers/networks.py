"""The NumPy engine: the arithmetic of many networks at once, their weights side by side."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpo_helpers.optimizers import SGD, Adam, Momentum

# A hidden layer from its scores, in place; and its slope, from the layer itself.
ACTIVATIONS = {
    "relu": (lambda scores: np.maximum(scores, 0, out=scores), lambda layer: layer > 0),
    "tanh": (lambda scores: np.tanh(scores, out=scores), lambda layer: 1 - layer**2),
}


class Networks:
    """K fully connected networks of one shape, each with its own hyperparameters.

    With two sizes there is no hidden layer, and each network is softmax regression.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, from the inputs to the classes, such as ``(784, 100, 10)``.
    learning_rates, weight_decays : array_like, shape (K,)
        One of each a network.
    seeds : sequence, length K
        Whatever ``numpy.random.default_rng`` takes; each seeds the weights of one network.
    momentums : array_like, shape (K,), optional
        In [0, 1); without it, plain stochastic gradient descent.
    activation : {"relu", "tanh"}
        Of the hidden layers.
    dtype : dtype
        float32 to train, float64 to check gradients.
    betas : array_like, shape (K, 2), optional
        beta1 and beta2 of Adam, each in [0, 1); instead of `momentums`.
    decoupled : bool
        Shrink the weights beside the move, by ``learning_rate * weight_decay``, instead of adding
        ``weight_decay * weight`` to the slopes: with Adam that makes AdamW. For plain stochastic
        gradient descent the two are the same.

    Attributes
    ----------
    weights : list of ndarray, shape (fan in, K, fan out)
        He initialization: normal with standard deviation ``sqrt(2 / fan in)``. In this layout
        the first layers of all networks are one wide matrix, and images that the networks share
        pass through it in one product.
    biases : list of ndarray, shape (1, K, fan out)
        Zero at the start.

    Raises
    ------
    ValueError
        If the lengths differ, a size is below 1, the activation is another, or there are both
        `momentums` and `betas`.

    References
    ----------
    K. Saitoh, *Deep Learning from Scratch*, O'Reilly Japan, 2016, chapters 5 and 6, one network
    at a time; He initialization: K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into
    Rectifiers", ICCV 2015; AdamW: I. Loshchilov, F. Hutter, "Decoupled Weight Decay
    Regularization", ICLR 2019.

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
        momentums: Sequence[float] | None = None,
        activation: str = "relu",
        dtype: type = np.float32,
        betas: Sequence[tuple[float, float]] | None = None,
        decoupled: bool = False,
    ) -> None:
        count = len(seeds)
        optimizer: type[SGD] = SGD
        given = [learning_rates, weight_decays]
        if momentums is not None:
            optimizer = Momentum
            given.append(momentums)
        if betas is not None:
            optimizer = Adam
            given.extend(np.reshape(betas, (-1, 2)).T)
        if momentums is not None and betas is not None:
            raise ValueError("there are momentums and betas; expected one of them, or neither")
        if any(len(values) != count for values in given):
            raise ValueError(
                f"{[len(values) for values in given]} values of each hyperparameter and {count} "
                "seeds; expected one of each a network"
            )
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes are {tuple(sizes)}; expected two or more, each at least 1")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}; expected one of {list(ACTIVATIONS)}")
        knobs: list[np.ndarray] = [
            np.reshape(values, (1, count, 1)).astype(dtype) for values in given
        ]
        self.learning_rates, self.weight_decays, *own = knobs
        self.optimizer = optimizer(*own)
        self.decoupled = decoupled or optimizer is SGD
        self.activation = activation
        generators = [np.random.default_rng(seed) for seed in seeds]
        self.weights: list[np.ndarray] = []
        self.biases: list[np.ndarray] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            # Drawn in float32 for either type, so that a seed gives the same weights in both.
            drawn = [rng.standard_normal((fan_in, fan_out), np.float32) for rng in generators]
            self.weights.append(np.stack(drawn, axis=1).astype(dtype) * dtype(np.sqrt(2 / fan_in)))
            self.biases.append(np.zeros((1, count, fan_out), dtype))

    def layers(self, images: np.ndarray) -> list[np.ndarray]:
        """Return the forward pass: the images, each hidden layer, the scores.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)
            The same images for all networks, or others for each.

        Returns
        -------
        list of ndarray, shape (K, n, units)
            The images as they came.
        """
        activate, _ = ACTIVATIONS[self.activation]
        layers = [images]
        for weights, biases in zip(self.weights, self.biases, strict=True):
            if len(layers) > 1:
                activate(layers[-1])
                scores = _times(layers[-1], weights)
            else:
                scores = self.enter(images)
            scores += biases.transpose(1, 0, 2)
            layers.append(scores)
        return layers

    def enter(self, images: np.ndarray) -> np.ndarray:
        """Return the images times the first weights.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)

        Returns
        -------
        ndarray, shape (K, n, units)
        """
        return _times(images, self.weights[0])

    def inputs(self, images: np.ndarray) -> np.ndarray:
        """Return what the first weights are moved along: the images themselves.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)

        Returns
        -------
        ndarray
            The images as they came.
        """
        return images

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return the scores of each class.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)

        Returns
        -------
        ndarray, shape (K, n, classes)
        """
        return self.layers(images)[-1]

    def gradients(
        self, images: np.ndarray, labels: np.ndarray, scale: np.ndarray | float = 1.0
    ) -> list[np.ndarray]:
        """Return the backward pass: the slopes of the mean cross-entropy of a batch.

        Weight decay is not in them; `step` adds it.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)
        labels : ndarray of int, shape (n,) or (K, n)
        scale : float or ndarray, shape (1, K, 1)
            Multiplies the slopes of each network. The pass is linear in its first line, so it
            costs nothing there.

        Returns
        -------
        list of ndarray
            In the shapes of the weights, then of the biases.
        """
        _, slope = ACTIVATIONS[self.activation]
        layers = self.layers(images)
        layers[0] = self.inputs(images)
        delta = _softmax(layers[-1])
        delta -= np.eye(delta.shape[-1], dtype=delta.dtype)[labels]
        delta *= np.reshape(scale / delta.dtype.type(labels.shape[-1]), (-1, 1, 1))
        ones = np.ones(delta.shape[1], delta.dtype)
        of_weights: list[np.ndarray] = []
        of_biases: list[np.ndarray] = []
        for index in reversed(range(len(self.weights))):
            of_weights.insert(0, _transposed_times(layers[index], delta))
            of_biases.insert(0, (ones @ delta)[None])
            if index:
                delta = delta @ self.weights[index].transpose(1, 2, 0)
                delta *= slope(layers[index])
        return of_weights + of_biases

    def step(self, images: np.ndarray, labels: np.ndarray, factor: float = 1.0) -> None:
        """Take one step of gradient descent, in place.

        Weight decay is coupled L2, as in the source, unless it is decoupled: the slope of each
        weight also has ``weight_decay * weight``; biases are left out of it.

        Parameters
        ----------
        images : ndarray, shape (n, inputs) or (K, n, inputs)
        labels : ndarray of int, shape (n,) or (K, n)
        factor : float
            Multiplies the learning rates in this step; see `rate_factor`.
        """
        rates = factor * self.learning_rates
        scale = rates if self.optimizer.linear else np.ones_like(rates)
        slopes = self.gradients(images, labels, scale)
        if self.weight_decays.any():
            for weights, slope in zip(self.weights, slopes, strict=False):
                if self.decoupled:
                    weights *= 1 - rates * self.weight_decays
                else:
                    slope += scale * self.weight_decays * weights
        moves = self.optimizer.moves(slopes, rates)
        for array, move in zip(self.weights + self.biases, moves, strict=True):
            array -= move


class DualNetworks(Networks):
    """The same networks on few images, with a shorter way through the first layer.

    Of the first weights W only the products P = X W with the images X are ever used. A step
    ``W -= X_b.T @ delta`` along a batch moves them by ``(X @ X_b.T) @ delta``, whose first
    factor never changes. So P stands in the place of the first weights: for fewer images than
    inputs that takes fewer operations, and the first layer of an evaluation none at all. Adam
    divides each slope of W by a size of its own, which P alone does not tell.

    Parameters
    ----------
    images : ndarray, shape (n, inputs)
        All images that the networks will see; afterwards an image is named by its index.
    sizes, *arguments, **options
        As for `Networks`.

    Attributes
    ----------
    weights : list of ndarray
        The first has the shape (n, K, units) and holds P; the others are as in `Networks`.

    Raises
    ------
    ValueError
        As `Networks`, and for Adam.

    Examples
    --------
    >>> networks = DualNetworks(np.zeros((5, 784), np.float32), (784, 10), [0.1], [0], [0])
    >>> networks.scores(np.array([0, 3])).shape
    (1, 2, 10)
    """

    def __init__(
        self, images: np.ndarray, sizes: Sequence[int], *arguments: Any, **options: Any
    ) -> None:
        super().__init__(sizes, *arguments, **options)
        if not self.optimizer.linear:
            raise ValueError("there are betas; expected no Adam here: train it with Networks")
        self.weights[0] = np.ascontiguousarray(super().enter(images).transpose(1, 0, 2))
        self.gram = images @ images.T

    def enter(self, images: np.ndarray) -> np.ndarray:
        """Look up the products of these images, named by their indices; see `Networks.enter`."""
        if images.ndim == 1:
            return self.weights[0][images].transpose(1, 0, 2)
        return self.weights[0][images, np.arange(len(images))[:, None]]

    def inputs(self, images: np.ndarray) -> np.ndarray:
        """Return the products of these images with all others; see `Networks.inputs`."""
        return self.gram[images]


def _softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(axis=2, keepdims=True))
    exponentials /= exponentials.sum(axis=2, keepdims=True)
    return exponentials


def _times(layer: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return ``layer @ weights`` of every network, shape (K, n, fan out)."""
    fan_in, count, fan_out = weights.shape
    if layer.ndim == 3:
        return layer @ weights.transpose(1, 0, 2)
    together = layer @ weights.reshape(fan_in, count * fan_out)
    return together.reshape(len(layer), count, fan_out).transpose(1, 0, 2)


def _transposed_times(layer: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return ``layer.T @ delta`` of every network, shape (fan in, K, fan out)."""
    count, n, fan_out = delta.shape
    if layer.ndim == 3:
        # Written in the layout of the weights, so that the update walks through both alike.
        slopes = np.empty((layer.shape[2], count, fan_out), delta.dtype)
        np.matmul(layer.transpose(0, 2, 1), delta, out=slopes.transpose(1, 0, 2))
        return slopes
    together = layer.T @ delta.transpose(1, 0, 2).reshape(n, count * fan_out)
    return together.reshape(-1, count, fan_out)
