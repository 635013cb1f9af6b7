import numpy as np
import pytest
from scipy import optimize
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from hpo_helpers.gaussian import GaussianProcess, log_posterior, matern, most_probable


def measured(n=25, columns=3):
    points = np.random.default_rng(0).random((n, columns))
    values = np.sin(7 * points[:, 0]) + points[:, 1]
    return points, (values - values.mean()) / values.std()


def squares_of(points):
    return np.array(
        [cdist(column, column, "sqeuclidean").ravel() for column in points.T[:, :, None]]
    )


def test_predicts_what_scikit_learn_does():
    points, values = measured()
    theta = np.log([0.3, 0.8, 2.0, 1.5, 0.02])
    process = GaussianProcess(points, values, np.arange(3), theta)
    kernel = ConstantKernel(1.5) * Matern([0.3, 0.8, 2.0], nu=2.5) + WhiteKernel(0.02)
    peer = GaussianProcessRegressor(kernel, optimizer=None).fit(points, values)
    new = np.random.default_rng(1).random((40, 3))
    mean, deviation = process.predict(new)
    expected, with_noise = peer.predict(new, return_std=True)
    assert np.allclose(mean, expected, atol=1e-6)
    assert np.allclose(deviation**2 + 0.02, with_noise**2, atol=1e-6)


def test_likelihood_is_that_of_scikit_learn_up_to_the_prior():
    points, values = measured()
    kernel = ConstantKernel(1.0) * Matern([0.5] * 3, nu=2.5) + WhiteKernel(0.05)
    peer = GaussianProcessRegressor(kernel, optimizer=None).fit(points, values)
    found = []
    for shift in (0.0, 0.3):
        ours, _ = log_posterior(np.log([0.5] * 3 + [1, 0.05]) + shift, squares_of(points), values)
        # Theirs has the signal, the scales and the noise in this order, and the constant.
        order = np.log([1, 0.5, 0.5, 0.5, 0.05]) + shift
        found.append(ours + 5 * shift**2 / 2 - peer.log_marginal_likelihood(order))
    assert np.isclose(*found, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_is_the_slope(seed):
    points, values = measured()
    squares, rng = squares_of(points), np.random.default_rng(seed)
    theta = rng.normal(-1, 0.5, 5)
    slope = optimize.approx_fprime(theta, lambda t: log_posterior(t, squares, values)[0], 1e-6)
    assert np.allclose(log_posterior(theta, squares, values)[1], slope, rtol=1e-3, atol=1e-3)


def test_fit_climbs_from_the_prior_and_stays_near_it_without_evidence():
    points, values = measured()
    start = np.log([0.5] * 3 + [1, 0.05])
    theta = most_probable(points, values, np.arange(3))
    before, after = (log_posterior(t, squares_of(points), values)[0] for t in (start, theta))
    assert after > before + 1
    alone = most_probable(points[:1], np.zeros(1), np.arange(3))
    assert np.allclose(alone[:3], start[:3], atol=0.01)


def test_columns_of_a_group_share_a_scale():
    points, values = measured(columns=4)
    process = GaussianProcess(points, values, np.array([0, 1, 1, 0]))
    assert process.theta.shape == (4,)
    moved = points[0] + 0.1 * np.eye(4)[1:3]
    assert np.isclose(*process.covariance(moved)[:, 0], rtol=0, atol=1e-12)


def test_points_that_coincide_and_equal_values_are_no_trouble():
    points = np.full((10, 2), 0.5)
    for values in (np.zeros(10), np.linspace(-1, 1, 10)):
        mean, deviation = GaussianProcess(points, values, np.arange(2)).predict(points)
        assert np.allclose(mean, 0, atol=0.01)
        assert np.isfinite(deviation).all()


def test_correlation_falls_from_one_to_nothing():
    found = matern(np.linspace(0, 30, 100))
    assert found[0] == 1
    assert (np.diff(found) < 0).all()
    assert found[-1] < 1e-20
