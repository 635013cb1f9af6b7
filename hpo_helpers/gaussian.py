"""A Gaussian process: a kernel, what it predicts, and how its hyperparameters are fitted."""

import numpy as np
from scipy import linalg, optimize
from scipy.spatial.distance import cdist

# Means and deviations of the normal priors of logarithms; see `GaussianProcess`.
_SCALE, _NOISE, _SIGNAL = (np.log(0.5), 1.0), (np.log(0.05), 1.0), (0.0, 1.0)
_EVALUATIONS = 25
# Added to the diagonal, for the Cholesky decomposition of points that coincide.
_JITTER = 1e-8


class GaussianProcess:
    """Predict a number at every point, with a deviation, from what was measured at some.

    Parameters
    ----------
    points : ndarray of float, shape (n, columns)
    values : ndarray of float, shape (n,)
        Of mean about 0 and deviation about 1.
    groups : ndarray of int, shape (columns,)
        To which length scale a column belongs, from 0; several columns may share one.
    theta : ndarray of float, optional
        The logarithms of the length scales, of the variance of the signal and of that of the
        noise. By default they are fitted.
    """

    def __init__(
        self,
        points: np.ndarray,
        values: np.ndarray,
        groups: np.ndarray,
        theta: np.ndarray | None = None,
    ) -> None:
        self.points = points
        self.groups = groups
        self.theta = fitted(points, values, groups) if theta is None else theta
        noise = np.exp(self.theta[-1]) + _JITTER
        covariance = self.covariance(points) + noise * np.eye(len(points))
        self._root = linalg.cholesky(covariance, lower=True)
        self._weights = linalg.cho_solve((self._root, True), values)

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Return the covariance of the signal at points with that at the measured ones.

        Parameters
        ----------
        points : ndarray of float, shape (m, columns)

        Returns
        -------
        ndarray of float, shape (m, n)
        """
        scales = np.exp(self.theta[self.groups])
        distance = np.sqrt(5) * cdist(points / scales, self.points / scales)
        return np.exp(self.theta[-2]) * matern(distance)

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the deviation of the signal, without noise, at points.

        Parameters
        ----------
        points : ndarray of float, shape (m, columns)

        Returns
        -------
        mean, deviation : ndarray of float, shape (m,)
        """
        covariance = self.covariance(points)
        known = linalg.solve_triangular(self._root, covariance.T, lower=True)
        variance = np.exp(self.theta[-2]) - (known**2).sum(axis=0)
        return covariance @ self._weights, np.sqrt(np.maximum(variance, 0))


def matern(distance: np.ndarray) -> np.ndarray:
    """Return the correlation by the Matérn kernel 5/2, of distances times the root of 5."""
    return (1 + distance + distance**2 / 3) * np.exp(-distance)


def fitted(points: np.ndarray, values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the most probable hyperparameters of a process, as in `GaussianProcess`."""
    n, dimensions = len(points), groups.max() + 1
    squares = np.array(
        [
            cdist(points[:, groups == group], points[:, groups == group], "sqeuclidean").ravel()
            for group in range(dimensions)
        ]
    )
    mean, deviation = np.array([*[_SCALE] * dimensions, _SIGNAL, _NOISE]).T

    def negative_log_posterior(theta: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.exp(-2 * theta[:-2])
        signal, noise = np.exp(theta[-2:])
        distance = np.sqrt(5 * (weights @ squares)).reshape(n, n)
        decay = signal * np.exp(-distance)
        covariance = decay * (1 + distance + distance**2 / 3)
        root = linalg.cholesky(covariance + (noise + _JITTER) * np.eye(n), lower=True)
        inverse = linalg.cho_solve((root, True), np.eye(n))
        solved = inverse @ values
        away = (theta - mean) / deviation
        value = values @ solved / 2 + np.log(root.diagonal()).sum() + away @ away / 2
        # The trace of the product of this matrix with the derivative of the covariance.
        outer = (inverse - np.outer(solved, solved)) / 2
        scales = squares @ (outer * decay * (1 + distance)).ravel() * weights * (5 / 3)
        gradient = [*scales, (outer * covariance).sum(), noise * outer.trace()]
        return value, gradient + away / deviation

    options = {"maxfun": _EVALUATIONS}
    bounds = [(m - 5 * d, m + 5 * d) for m, d in zip(mean, deviation, strict=True)]
    found = optimize.minimize(
        negative_log_posterior, mean, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return found.x
