import numpy as np
import pytest
from scipy import stats

from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace, choice
from hpo_helpers.tpe import Density, TPESearch
from tests.helpers.test_learning import PLANE, bowl, search
from tests.helpers.test_searchers import MIXED


def some(space, n=6):
    return space.settled(np.random.default_rng(0).random((n, len(space))))


@pytest.mark.parametrize("n", [0, 1, 8])
@pytest.mark.parametrize("space", [PLANE, MIXED, ConfigSpace({"a": choice(["r", "t", "s"])})])
def test_density_sums_up_to_one(space, n):
    density = Density(space, some(space, n))
    # The mean over the prior, whose density is 1.
    drawn = space.settled(np.random.default_rng(1).random((40_000, len(space))))
    # A whole number has the density of the middle of its interval.
    assert abs(np.exp(density.log(drawn)).mean() - 1) < 0.08


def test_draws_have_the_density():
    density = Density(PLANE, some(PLANE))
    drawn = density.sample(20_000, np.random.default_rng(1))
    # By importance: an integral of anything over the cube, from draws of the density.
    weights = np.exp(-density.log(drawn))
    assert abs(weights.mean() - 1) < 0.05
    assert np.allclose((weights[:, None] * drawn).mean(axis=0), 0.5, atol=0.05)


def test_draws_settle_and_have_what_exists():
    drawn = Density(MIXED, some(MIXED)).sample(200, np.random.default_rng(1))
    assert np.array_equal(MIXED.settled(np.nan_to_num(drawn, nan=0.5)), drawn, equal_nan=True)


def test_category_of_the_trials_is_more_probable_and_none_is_impossible():
    space = ConfigSpace({"a": choice(["r", "t", "s"])})
    density = np.exp(Density(space, np.array([[0.5]] * 6)).log(np.array([[1 / 6], [0.5], [5 / 6]])))
    assert density[1] > 2
    assert density[0] == density[2] > 0.1


def test_what_a_trial_does_not_have_it_says_nothing_about():
    # A trial by adam has no momentum; momentum under sgd stays with the prior.
    config = {"rate": 0.01, "layers": 1, "optimizer": "adam", "noise": 0.0}
    density = Density(MIXED, MIXED.settled(MIXED.to_units([config] * 5)))
    points = MIXED.settled(np.array([[0.5, 0.1, 0.5, 0.1, u, 0.5] for u in (0.05, 0.5, 0.95)]))
    found = density.log(points)
    assert np.allclose(found, found[0])


def test_beats_random_search_on_a_smooth_function():
    def best(searcher):
        return min(map(bowl, search(searcher, bowl, 40)))

    found = [best(TPESearch(PLANE, seed)) for seed in range(7)]
    at_random = [best(RandomSearch(PLANE, seed)) for seed in range(7)]
    assert np.median(found) < np.median(at_random) / 2


def test_infinite_prior_is_no_trouble():
    space = ConfigSpace({"x": stats.norm(0, 1)})
    configs = search(TPESearch(space), lambda config: abs(config["x"]) / 10, 30)
    assert abs(min(configs, key=lambda c: abs(c["x"]))["x"]) < 0.1
