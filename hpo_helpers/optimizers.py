"""What turns slopes into moves: the optimizers, and the schedules of the learning rate."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

# What is left of the learning rate when a share of the updates, from 0 to 1, is done.
SCHEDULES = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1 - done,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
}
# Keeps the moves of Adam finite where all slopes were zero.
_EPSILON = 1e-8


def rate_factor(schedule: str, update: int, updates: int, warmup: int = 0) -> float:
    """Return what the learning rate is multiplied by at one update.

    Parameters
    ----------
    schedule : {"constant", "linear", "cosine"}
        Linear and cosine come down to zero, which they would reach after the last update.
    update : int
        Updates that are done, from 0.
    updates : int
        All of them.
    warmup : int
        Updates in which the factor first climbs from 0 to 1, in a straight line.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    Cosine: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, without the restarts.

    Examples
    --------
    >>> [rate_factor("linear", update, 4) for update in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    >>> [round(rate_factor("cosine", update, 6, warmup=2), 2) for update in range(6)]
    [0.0, 0.5, 1.0, 0.85, 0.5, 0.15]
    """
    if update < warmup:
        return update / warmup
    return SCHEDULES[schedule]((update - warmup) / (updates - warmup))


class SGD:
    """Plain stochastic gradient descent.

    Attributes
    ----------
    linear : bool
        Whether twice the slopes give twice the moves. Then the slopes come multiplied by the
        learning rates, which costs nothing in the backward pass.

    Examples
    --------
    >>> list(SGD().moves([np.array([2.0])], rates=np.array([0.1])))
    [array([2.])]
    """

    linear = True

    def moves(self, slopes: list[np.ndarray], rates: np.ndarray) -> Iterable[np.ndarray]:
        """Return what is subtracted from each array of weights or biases.

        Parameters
        ----------
        slopes : list of ndarray, shape (..., K, fan out)
            Of all arrays, in the same order at each update; already multiplied by `rates` if
            the optimizer is linear.
        rates : ndarray, shape (1, K, 1)
            Learning rates at this update.

        Returns
        -------
        iterable of ndarray
        """
        return slopes


class Momentum(SGD):
    """Each move is the slope and a share of the move before.

    Parameters
    ----------
    momentums : ndarray, shape (1, K, 1)
        In [0, 1).

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> optimizer = Momentum(np.array([0.5]))
    >>> for _ in range(3):
    ...     print(*optimizer.moves([np.array([1.0])], rates=np.array([0.1])))
    [1.]
    [1.5]
    [1.75]
    """

    def __init__(self, momentums: np.ndarray) -> None:
        self.momentums = momentums
        self.velocities: list[np.ndarray] = []

    def moves(self, slopes: list[np.ndarray], rates: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the velocities; see `SGD.moves`."""
        self.velocities = self.velocities or [np.zeros_like(slope) for slope in slopes]
        for velocity, slope in zip(self.velocities, slopes, strict=True):
            velocity *= self.momentums
            velocity += slope
            yield velocity


class Adam(SGD):
    """Each slope is divided by its own recent size, so that all weights move about as far.

    Parameters
    ----------
    beta1s, beta2s : ndarray, shape (1, K, 1)
        In [0, 1): how slowly the running means of the slopes and of their squares forget. Both
        begin at zero, and are corrected for that.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    The first move is as long as the learning rate, whatever the slope:

    >>> optimizer = Adam(np.array([0.9]), np.array([0.999]))
    >>> (move,) = optimizer.moves([np.array([-5.0, 0.01])], rates=np.array([0.1]))
    >>> move.round(3)
    array([-0.1,  0.1])
    """

    linear = False

    def __init__(self, beta1s: np.ndarray, beta2s: np.ndarray) -> None:
        self.beta1s, self.beta2s = beta1s, beta2s
        self.updates = 0
        self.means: list[np.ndarray] = []
        self.squares: list[np.ndarray] = []

    def moves(self, slopes: list[np.ndarray], rates: np.ndarray) -> Iterator[np.ndarray]:
        """Yield rate times mean over root of mean square, array by array; see `SGD.moves`."""
        self.means = self.means or [np.zeros_like(slope) for slope in slopes]
        self.squares = self.squares or [np.zeros_like(slope) for slope in slopes]
        self.updates += 1
        rates = rates / (1 - self.beta1s**self.updates)
        unbiased = 1 / (1 - self.beta2s**self.updates)
        for slope, mean, square in zip(slopes, self.means, self.squares, strict=True):
            mean += (1 - self.beta1s) * (slope - mean)
            square += (1 - self.beta2s) * (slope**2 - square)
            yield rates * mean / (np.sqrt(unbiased * square) + _EPSILON)
