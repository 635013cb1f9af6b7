import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.bayesian import BayesianSearch, _coordinates, expected_improvement
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace, choice
from hpo_helpers.trials import FAILED, Trial
from tests.helpers.test_searchers import MIXED

PLANE = ConfigSpace({"x": stats.uniform(0, 1), "y": stats.uniform(0, 1)})


@pytest.fixture(autouse=True)
def no_warning_reaches_the_user():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def bowl(config):
    return (config["x"] - 0.3) ** 2 + 2 * (config["y"] - 0.8) ** 2


def mixed(config):
    return (
        (np.log10(config["rate"]) + 2) ** 2 / 4
        + 0.1 * config["layers"]
        + 0.2 * (config["optimizer"] != "sgd")
        + abs(config.get("momentum", 0.5) - 0.9)
    )


def failed(number, config):
    return Trial(number, config, [], FAILED, "it broke")


def search(searcher, objective, trials):
    configs = []
    for number in range(trials):
        configs.append(searcher.ask(number))
        searcher.tell(Trial(number, configs[-1], errors=[objective(configs[-1])]))
    return configs


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


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_every_configuration_lies_in_the_space(seed, initial_trials):
    searcher = BayesianSearch(MIXED, seed, initial_trials)
    for config in search(searcher, mixed, 9):
        MIXED.check(config)


def test_configurations_are_of_plain_types():
    for config in search(BayesianSearch(MIXED, initial_trials=4), mixed, 8):
        assert type(config["rate"]) is float
        assert type(config["layers"]) is int


@pytest.mark.parametrize(("space", "objective"), [(MIXED, mixed), (PLANE, bowl)])
def test_resumed_search_asks_what_the_interrupted_one_would_have(space, objective):
    configs = search(BayesianSearch(space, seed=1), objective, 16)
    for begun in (0, 3, *range(8, 16)):
        resumed = BayesianSearch(space, seed=1)
        for number, config in enumerate(configs[:begun]):
            resumed.tell(Trial(number, config, errors=[objective(config)]))
        assert resumed.ask(begun) == configs[begun]


def test_order_of_the_reports_and_asking_twice_make_no_difference():
    configs = search(BayesianSearch(MIXED, seed=2), mixed, 10)
    trials = [Trial(n, config, errors=[mixed(config)]) for n, config in enumerate(configs)]
    searchers = [BayesianSearch(MIXED, seed=2) for _ in range(2)]
    for one, other in zip(trials, reversed(trials), strict=True):
        searchers[0].tell(one)
        searchers[1].tell(other)
    assert searchers[0].ask(10) == searchers[0].ask(10) == searchers[1].ask(10)
    assert searchers[0].ask(11) != searchers[0].ask(10)


def test_other_seeds_ask_otherwise():
    asked = [search(BayesianSearch(PLANE, seed), bowl, 10) for seed in range(3)]
    for one, other in itertools.combinations(asked, 2):
        assert all(a != b for a, b in zip(one, other, strict=True))


def test_changing_what_is_returned_does_no_harm():
    one, other = BayesianSearch(PLANE), BayesianSearch(PLANE)
    for searcher in (one, other):
        search(searcher, bowl, 9)
    one.ask(9).update(x=0.0, y=0.0)
    other.ask(9)
    assert one.ask(10) == other.ask(10)


@pytest.mark.parametrize("space", [MIXED, PLANE], ids=["mixed", "plane"])
def test_trials_in_parallel_are_all_different_and_not_crowded(space):
    searcher = BayesianSearch(space, seed=3)
    search(searcher, mixed if space is MIXED else bowl, 12)
    configs = [searcher.ask(number) for number in range(12, 22)]
    for one, other in itertools.combinations(configs, 2):
        assert one != other
    searcher.tell(Trial(15, configs[3], errors=[0.0]))
    assert searcher.ask(22) not in configs


def test_pending_trial_turns_the_next_one_away():
    alone, beside = (BayesianSearch(PLANE, seed=4, exploration=0) for _ in range(2))
    for searcher in (alone, beside):
        search(searcher, bowl, 12)
    # The draws of trial 13 are the same; only that trial 12 is running makes a difference.
    pending = beside.ask(12)
    assert alone.ask(13) != beside.ask(13) != pending


def test_first_trials_in_parallel_of_a_small_space_are_all_different():
    space = ConfigSpace({"layers": stats.randint(1, 7), "optimizer": choice(["sgd", "adam"])})
    searcher = BayesianSearch(space)
    configs = [searcher.ask(number) for number in range(8)]
    assert all(one != other for one, other in itertools.combinations(configs, 2))


def test_failed_trials_count_as_the_worst_and_are_kept_away_from():
    searcher = BayesianSearch(PLANE, seed=0)
    configs = []
    for number in range(30):
        configs.append(searcher.ask(number))
        if configs[-1]["x"] < 0.5:
            searcher.tell(failed(number, configs[-1]))
        else:
            searcher.tell(Trial(number, configs[-1], errors=[bowl(configs[-1])]))
    assert sum(config["x"] < 0.5 for config in configs[15:]) < 5
    assert min(bowl(config) for config in configs if config["x"] >= 0.5) < 0.05


def test_search_goes_on_when_all_have_failed_or_all_errors_are_equal():
    for trial in (failed, lambda number, config: Trial(number, config, errors=[0.5])):
        searcher = BayesianSearch(MIXED, initial_trials=3)
        configs = []
        for number in range(20):
            configs.append(searcher.ask(number))
            MIXED.check(configs[-1])
            searcher.tell(trial(number, configs[-1]))
        assert all(one != other for one, other in itertools.combinations(configs, 2))


def test_trial_told_again_is_replaced():
    configs = search(BayesianSearch(PLANE, seed=5), bowl, 9)
    again, once = BayesianSearch(PLANE, seed=5), BayesianSearch(PLANE, seed=5)
    for number, config in enumerate(configs):
        again.tell(Trial(number, config, errors=[0.9 - bowl(config)]))
    for number, config in enumerate(configs):
        again.tell(Trial(number, config, errors=[0.9 - bowl(config), bowl(config)]))
        once.tell(Trial(number, config, errors=[0.9 - bowl(config), bowl(config)]))
    assert again.ask(9) == once.ask(9)


def test_configuration_tried_twice_is_no_trouble():
    searcher = BayesianSearch(PLANE, initial_trials=2)
    for number in range(6):
        searcher.tell(Trial(number, {"x": 0.5, "y": 0.5}, errors=[0.1 * number]))
    assert searcher.ask(6) != {"x": 0.5, "y": 0.5}


def test_trials_that_were_not_asked_for_are_learned_from():
    searcher = BayesianSearch(PLANE, initial_trials=8)
    for number, config in enumerate(PLANE.grid(5)):
        searcher.tell(Trial(number, config, errors=[bowl(config)]))
    assert bowl(searcher.ask(25)) < 0.05


def test_beats_random_search_on_a_smooth_function():
    def best(searcher):
        return min(map(bowl, search(searcher, bowl, 20)))

    found = [best(BayesianSearch(PLANE, seed)) for seed in range(5)]
    at_random = [best(RandomSearch(PLANE, seed)) for seed in range(5)]
    assert np.median(found) < np.median(at_random) / 4
    assert max(found) < 0.01


def test_finds_the_best_category_and_its_conditional_hyperparameter():
    configs = search(BayesianSearch(MIXED, seed=6), mixed, 30)
    best = min(configs, key=mixed)
    assert best["optimizer"] == "sgd"
    assert best["layers"] == 1
    assert sum(config["optimizer"] == "sgd" for config in configs[15:]) > 8


def test_noise_does_not_hold_the_search_at_a_lucky_trial():
    rng = np.random.default_rng(0)
    searcher = BayesianSearch(PLANE, seed=7)
    configs = search(searcher, lambda config: bowl(config) + rng.normal(0, 0.1), 40)
    assert np.median([bowl(config) for config in configs[25:]]) < 0.1


@pytest.mark.parametrize(
    "space",
    [
        ConfigSpace({"optimizer": choice(["sgd"])}),
        ConfigSpace({"layers": stats.randint(1, 4)}),
        ConfigSpace({"layers": stats.randint(1, 3), "optimizer": choice(["sgd", "adam"])}),
    ],
    ids=["one category", "integers", "four points"],
)
@pytest.mark.parametrize("initial_trials", [1, 3])
def test_small_space_is_tried_out_and_then_still_answers(space, initial_trials):
    searcher = BayesianSearch(space, initial_trials=initial_trials)
    size = len(space.grid(5))
    configs = search(searcher, lambda config: 0.1 * config.get("layers", 1), size + 3)
    assert all(config in configs[:size] for config in space.grid(5))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_repeated_while_something_is_new_however_noisy(seed):
    space = ConfigSpace({"layers": stats.randint(1, 13)})
    rng = np.random.default_rng(seed)
    configs = search(BayesianSearch(space, seed, 3), lambda config: rng.random(), 12)
    assert sorted(config["layers"] for config in configs) == list(range(1, 13))


def test_value_that_came_back_rounded_is_a_repeat():
    space = ConfigSpace({"rate": stats.loguniform(1e-4, 1)})
    rng = np.random.default_rng(0)
    configs = search(BayesianSearch(space, exploration=0), lambda config: rng.random(), 25)
    logs = np.sort([np.log10(config["rate"]) for config in configs])
    assert np.diff(logs).min() > 1e-9


def test_coordinates_are_those_of_the_space_and_a_column_an_option():
    configs = [MIXED.sample(np.random.default_rng(seed)) for seed in range(20)]
    found = _coordinates(MIXED, configs)
    expected = np.array([MIXED.to_unit(config) for config in configs])
    # Rate, layers, three columns of units_2, three of optimizer, momentum, noise.
    assert found.shape == (20, 10)
    assert np.allclose(found[:, [0, 1, 8, 9]], expected[:, [0, 1, 4, 5]])
    for row, config in zip(found, configs, strict=True):
        assert row[2:5].tolist() == [config.get("units_2") == units for units in (32, 64, 128)]
        assert row[5:8].tolist() == [config["optimizer"] == o for o in ("sgd", "adam", None)]


def test_extreme_value_of_an_unbounded_hyperparameter_is_no_trouble():
    space = ConfigSpace({"x": stats.norm(0, 1)})
    searcher = BayesianSearch(space, initial_trials=1)
    searcher.tell(Trial(0, {"x": 40.0}, errors=[0.1]))
    searcher.tell(Trial(1, {"x": -40.0}, errors=[0.2]))
    space.check(searcher.ask(2))


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


def test_trial_of_another_space_is_refused():
    with pytest.raises(ValueError, match="unknown hyperparameter 'z'; expected"):
        BayesianSearch(PLANE).tell(Trial(0, {"x": 0.5, "y": 0.5, "z": 0.5}, errors=[0.1]))
