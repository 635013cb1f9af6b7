"""A Gaussian process: its kernel, what it predicts, and how its hyperparameters are fitted."""

import numpy as np
from scipy import linalg, optimize
from scipy.spatial.distance import cdist

# Of the normal priors of the logarithms: of a length scale, of the signal, and of the noise.
_MEANS = np.log(0.5), np.log(1.0), np.log(0.05)
_EVALUATIONS = 15
# Added to the diagonal, so that points that coincide leave a matrix with a Cholesky root.
JITTER = 1e-8


class GaussianProcess:
    """Predict a number at every point, with a deviation, from what was measured at some points.

    Parameters
    ----------
    points : ndarray of float, shape (n, columns)
        Where it was measured.
    values : ndarray of float, shape (n,)
        What was measured, brought to a mean of about 0 and a deviation of about 1.
    groups : ndarray of int, shape (columns,)
        The place of a column's length scale, from 0: columns may share one.
    theta : ndarray of float, shape (length scales + 2,), optional
        The hyperparameters: the logarithms of the length scales, of the variance of the signal
        and of that of the noise. By default those that are most probable. Kept as an attribute.

    References
    ----------
    C. E. Rasmussen, C. K. I. Williams, *Gaussian Processes for Machine Learning*, MIT Press,
    2006, Algorithm 2.1.

    Examples
    --------
    >>> points = np.linspace(0, 1, 6)[:, None]
    >>> process = GaussianProcess(points, np.sin(6 * points[:, 0]), np.array([0]))
    >>> mean, deviation = process.predict(np.array([[0.5], [3.0]]))
    >>> bool(abs(mean[0] - np.sin(3)) < 0.1), bool(deviation[0] < deviation[1] / 4)
    (True, True)
    """

    def __init__(
        self,
        points: np.ndarray,
        values: np.ndarray,
        groups: np.ndarray,
        theta: np.ndarray | None = None,
    ) -> None:
        self.theta = most_probable(points, values, groups) if theta is None else theta
        self._scales = np.exp(self.theta[groups])
        self._points = points / self._scales
        noise = np.exp(self.theta[-1]) + JITTER
        self._root = linalg.cholesky(self.covariance(points) + noise * np.eye(len(points)), True)
        self._weights = linalg.cho_solve((self._root, True), values)

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Return the covariance of the signal at points with that where it was measured.

        Parameters
        ----------
        points : ndarray of float, shape (m, columns)

        Returns
        -------
        ndarray of float, shape (m, n)
        """
        return np.exp(self.theta[-2]) * matern(cdist(points / self._scales, self._points))

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the deviation of the signal at points.

        Parameters
        ----------
        points : ndarray of float, shape (m, columns)

        Returns
        -------
        mean, deviation : ndarray of float, shape (m,)
            Without the noise of measuring there once more.
        """
        covariance = self.covariance(points)
        explained = linalg.solve_triangular(self._root, covariance.T, lower=True)
        variance = np.exp(self.theta[-2]) - (explained**2).sum(axis=0)
        return covariance @ self._weights, np.sqrt(np.maximum(variance, 0))


def matern(distance: np.ndarray) -> np.ndarray:
    """Return the correlation at a distance, in length scales: the Matérn kernel 5/2.

    Parameters
    ----------
    distance : ndarray of float

    Returns
    -------
    ndarray of float, of the same shape
        1 at no distance; what it belongs to has two derivatives, and no more.

    Examples
    --------
    >>> matern(np.array([0.0, 1.0, 3.0])).round(2)
    array([1.  , 0.52, 0.03])
    """
    far = np.sqrt(5) * distance
    return (1 + far + far**2 / 3) * np.exp(-far)


def log_posterior(
    theta: np.ndarray, squares: np.ndarray, values: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return how probable hyperparameters are by what was measured, and the slope of it.

    Few values do not determine so many hyperparameters, so the logarithm of each has a normal
    prior of deviation 1.

    Parameters
    ----------
    theta : ndarray of float, shape (length scales + 2,)
        As of `GaussianProcess`.
    squares : ndarray of float, shape (length scales, n * n)
        Squared distances between the points, by the columns of each length scale alone.
    values : ndarray of float, shape (n,)

    Returns
    -------
    (float, ndarray of float)
        The logarithm of the density, up to a constant, and its gradient.

    References
    ----------
    Rasmussen and Williams, equations 2.30 and 5.9.

    Examples
    --------
    >>> squares, values = np.array([[0.0, 1.0, 1.0, 0.0]]), np.array([-1.0, 1.0])
    >>> short, long = (log_posterior(np.log([s, 1, 0.1]), squares, values)[0] for s in (0.3, 3))
    >>> short > long
    True
    """
    n = len(values)
    inverse_squares = np.exp(-2 * theta[:-2])
    signal, noise = np.exp(theta[-2:])
    far = np.sqrt(5 * (inverse_squares @ squares)).reshape(n, n)
    decay = signal * np.exp(-far)
    covariance = decay * (1 + far + far**2 / 3)
    root = linalg.cholesky(
        covariance + (noise + JITTER) * np.eye(n), lower=True, check_finite=False
    )
    inverse = linalg.cho_solve((root, True), np.eye(n), check_finite=False)
    weights = inverse @ values
    away = theta - np.array([_MEANS[0]] * len(squares) + [*_MEANS[1:]])
    density = -(values @ weights + away @ away) / 2 - np.log(root.diagonal()).sum()
    # Half the sum of its products with the derivatives of the covariance are the gradient.
    pull = (np.outer(weights, weights) - inverse) / 2
    by_scales = inverse_squares * (squares @ (pull * decay * (1 + far)).ravel()) * 5 / 3
    gradient = [*by_scales, (pull * covariance).sum(), noise * pull.trace()]
    return float(density), np.array(gradient) - away


def most_probable(points: np.ndarray, values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the hyperparameters of the largest `log_posterior`, climbed to from the prior's.

    Parameters
    ----------
    points, values, groups
        As of `GaussianProcess`.

    Returns
    -------
    ndarray of float, shape (length scales + 2,)

    Examples
    --------
    A coordinate that does not matter is given a long scale:

    >>> points = np.random.default_rng(0).random((30, 2))
    >>> theta = most_probable(points, np.sin(9 * points[:, 0]), np.array([0, 1]))
    >>> bool(theta[1] > theta[0] + 1)
    True
    """
    columns = [points[:, groups == group] for group in range(groups.max() + 1)]
    squares = np.array([cdist(column, column, "sqeuclidean").ravel() for column in columns])

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        density, gradient = log_posterior(theta, squares, values)
        return -density, -gradient

    start = np.array([_MEANS[0]] * len(squares) + [*_MEANS[1:]])
    bounds = [(center - 5, center + 5) for center in start]
    options = {"maxfun": _EVALUATIONS}
    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return found.x
