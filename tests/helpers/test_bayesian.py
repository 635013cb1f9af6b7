import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.bayesian import BayesianSearch, coordinates, expected_improvement
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from tests.helpers.test_learning import PLANE, bowl, search
from tests.helpers.test_searchers import MIXED


@pytest.mark.parametrize("exploration", [0.0, 0.3])
@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.5, 0.2), (-1.0, 0.5), (2.0, 1.0)])
def test_expected_improvement_is_the_mean_improvement_of_many_draws(mean, deviation, exploration):
    draws = np.random.default_rng(0).normal(mean, deviation, 1_000_000)
    improvement = np.maximum(0.25 - exploration - draws, 0)
    standard_error = improvement.std() / 1000
    found = expected_improvement(mean, deviation, 0.25, exploration)
    assert abs(found - improvement.mean()) < 4 * standard_error + 1e-9


def test_expected_improvement_without_deviation_is_the_gain_if_there_is_one():
    found = expected_improvement([-1, 0, 1], 0, best=0)
    assert found.tolist() == [1, 0, 0]
    nearly = expected_improvement([-1, 0, 1], 1e-300, best=0)
    assert np.allclose(nearly, found)


@given(
    st.floats(-1e3, 1e3),
    st.floats(0, 1e3),
    st.floats(-1e3, 1e3),
    st.floats(0, 10),
    st.floats(0, 10),
)
def test_expected_improvement_grows_with_the_deviation_and_falls_with_the_exploration(
    mean, deviation, best, more, exploration
):
    found = expected_improvement(mean, deviation, best)
    assert found >= max(best - mean, 0) - 1e-9
    assert expected_improvement(mean, deviation + more, best) >= found - 1e-9
    assert expected_improvement(mean, deviation, best, exploration) <= found + 1e-9


def test_expected_improvement_broadcasts_and_refuses_a_negative_deviation():
    assert expected_improvement(np.zeros((3, 1)), np.ones(4), 0.5).shape == (3, 4)
    with pytest.raises(ValueError, match=r"deviation is -0\.1; expected standard deviations"):
        expected_improvement([0.0, 0.0], [0.1, -0.1], 0.0)


def test_pending_trial_turns_the_next_one_away():
    alone, beside = (BayesianSearch(PLANE, seed=4, exploration=0) for _ in range(2))
    for searcher in (alone, beside):
        search(searcher, bowl, 12)
    # The draws of trial 13 are the same; only that trial 12 is running makes a difference.
    pending = beside.ask(12)
    assert alone.ask(13) != beside.ask(13) != pending


def test_beats_random_search_on_a_smooth_function():
    def best(searcher):
        return min(map(bowl, search(searcher, bowl, 20)))

    found = [best(BayesianSearch(PLANE, seed)) for seed in range(5)]
    at_random = [best(RandomSearch(PLANE, seed)) for seed in range(5)]
    assert np.median(found) < np.median(at_random) / 4
    assert max(found) < 0.01


def test_value_that_came_back_rounded_is_a_repeat():
    space = ConfigSpace({"rate": stats.loguniform(1e-4, 1)})
    rng = np.random.default_rng(0)
    configs = search(BayesianSearch(space, exploration=0), lambda config: rng.random(), 25)
    logs = np.sort([np.log10(config["rate"]) for config in configs])
    assert np.diff(logs).min() > 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial_trials": 0}, "initial_trials is 0; expected a whole number"),
        ({"exploration": -0.1}, r"exploration is -0\.1; expected a number from 0"),
        ({"exploration": float("nan")}, "exploration is nan"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BayesianSearch(PLANE, **options)


def test_coordinates_keep_apart_what_exists_and_what_does_not():
    configs = [MIXED.sample(np.random.default_rng(seed)) for seed in range(40)]
    units = MIXED.to_units(configs)
    found, groups = coordinates(MIXED, MIXED.settled(units))
    # Rate, layers, three columns of units_2, three of optimizer, two of momentum, noise.
    assert groups.tolist() == [0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5]
    assert np.allclose(found[:, [0, 1, 10]], units[:, [0, 1, 5]])
    for group, name in ((2, "units_2"), (3, "optimizer"), (4, "momentum")):
        there = np.array([name in config for config in configs])
        radii = (found[:, groups == group] ** 2).sum(axis=1)
        assert np.allclose(radii[there], 1 if name == "momentum" else 0.5)
        assert np.allclose(radii[~there], 0)
    momentum = found[:, groups == 4]
    for one, other in zip(range(39), range(1, 40), strict=True):
        if "momentum" in configs[one] and "momentum" in configs[other]:
            arc = abs(units[one, 4] - units[other, 4])
            chord = np.linalg.norm(momentum[one] - momentum[other])
            assert 0.95 * arc <= chord <= arc


def test_suggestion_is_climbed_to():
    searcher = BayesianSearch(PLANE, seed=0)
    configs = search(searcher, bowl, 30)
    assert min(map(bowl, configs)) < 1e-4
