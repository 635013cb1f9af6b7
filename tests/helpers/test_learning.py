import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.learning import ModelSearch, highest_rung
from hpo_helpers.schedulers import ASHA
from hpo_helpers.spaces import ConfigSpace, choice
from hpo_helpers.tpe import TPESearch
from hpo_helpers.trials import FAILED, Trial
from hpo_helpers.tuner import tune
from tests.helpers.test_searchers import MIXED

PLANE = ConfigSpace({"x": stats.uniform(0, 1), "y": stats.uniform(0, 1)})
both = pytest.mark.parametrize("kind", [BayesianSearch, TPESearch])


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


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.integers(1, 6))
@both
def test_every_configuration_lies_in_the_space(kind, seed, initial_trials):
    searcher = kind(MIXED, seed, initial_trials)
    for config in search(searcher, mixed, 9):
        MIXED.check(config)


@both
def test_configurations_are_of_plain_types(kind):
    for config in search(kind(MIXED, initial_trials=4), mixed, 8):
        assert type(config["rate"]) is float
        assert type(config["layers"]) is int


@pytest.mark.parametrize(("space", "objective"), [(MIXED, mixed), (PLANE, bowl)])
@both
def test_resumed_search_asks_what_the_interrupted_one_would_have(kind, space, objective):
    configs = search(kind(space, seed=1), objective, 16)
    for begun in (0, 3, *range(8, 16)):
        resumed = kind(space, seed=1)
        for number, config in enumerate(configs[:begun]):
            resumed.tell(Trial(number, config, errors=[objective(config)]))
        assert resumed.ask(begun) == configs[begun]


@both
def test_order_of_the_reports_and_asking_twice_make_no_difference(kind):
    configs = search(kind(MIXED, seed=2), mixed, 10)
    trials = [Trial(n, config, errors=[mixed(config)]) for n, config in enumerate(configs)]
    searchers = [kind(MIXED, seed=2) for _ in range(2)]
    for one, other in zip(trials, reversed(trials), strict=True):
        searchers[0].tell(one)
        searchers[1].tell(other)
    assert searchers[0].ask(10) == searchers[0].ask(10) == searchers[1].ask(10)
    assert searchers[0].ask(11) != searchers[0].ask(10)


@both
def test_other_seeds_ask_otherwise(kind):
    asked = [search(kind(PLANE, seed), bowl, 10) for seed in range(3)]
    for one, other in itertools.combinations(asked, 2):
        assert all(a != b for a, b in zip(one, other, strict=True))


@both
def test_changing_what_is_returned_does_no_harm(kind):
    one, other = kind(PLANE), kind(PLANE)
    for searcher in (one, other):
        search(searcher, bowl, 9)
    one.ask(9).update(x=0.0, y=0.0)
    other.ask(9)
    assert one.ask(10) == other.ask(10)


@pytest.mark.parametrize("space", [MIXED, PLANE], ids=["mixed", "plane"])
@both
def test_trials_in_parallel_are_all_different_and_not_crowded(kind, space):
    searcher = kind(space, seed=3)
    search(searcher, mixed if space is MIXED else bowl, 12)
    configs = [searcher.ask(number) for number in range(12, 22)]
    for one, other in itertools.combinations(configs, 2):
        assert one != other
    searcher.tell(Trial(15, configs[3], errors=[0.0]))
    assert searcher.ask(22) not in configs


@both
def test_first_trials_in_parallel_of_a_small_space_are_all_different(kind):
    space = ConfigSpace({"layers": stats.randint(1, 7), "optimizer": choice(["sgd", "adam"])})
    searcher = kind(space)
    configs = [searcher.ask(number) for number in range(8)]
    assert all(one != other for one, other in itertools.combinations(configs, 2))


@both
def test_failed_trials_count_as_the_worst_and_are_kept_away_from(kind):
    searcher = kind(PLANE, seed=0)
    configs = []
    for number in range(30):
        configs.append(searcher.ask(number))
        if configs[-1]["x"] < 0.5:
            searcher.tell(failed(number, configs[-1]))
        else:
            searcher.tell(Trial(number, configs[-1], errors=[bowl(configs[-1])]))
    # The best place is beside them.
    assert sum(config["x"] < 0.5 for config in configs[15:]) < 7
    assert min(bowl(config) for config in configs if config["x"] >= 0.5) < 0.1


@both
def test_search_goes_on_when_all_have_failed_or_all_errors_are_equal(kind):
    for trial in (failed, lambda number, config: Trial(number, config, errors=[0.5])):
        searcher = kind(MIXED, initial_trials=3)
        configs = []
        for number in range(20):
            configs.append(searcher.ask(number))
            MIXED.check(configs[-1])
            searcher.tell(trial(number, configs[-1]))
        assert all(one != other for one, other in itertools.combinations(configs, 2))


@both
def test_trial_told_again_is_replaced(kind):
    configs = search(kind(PLANE, seed=5), bowl, 9)
    again, once = kind(PLANE, seed=5), kind(PLANE, seed=5)
    for number, config in enumerate(configs):
        again.tell(Trial(number, config, errors=[0.9 - bowl(config)]))
    for number, config in enumerate(configs):
        again.tell(Trial(number, config, errors=[0.9 - bowl(config), bowl(config)]))
        once.tell(Trial(number, config, errors=[0.9 - bowl(config), bowl(config)]))
    assert again.ask(9) == once.ask(9)


@both
def test_configuration_tried_twice_is_no_trouble(kind):
    searcher = kind(PLANE, initial_trials=2)
    for number in range(6):
        searcher.tell(Trial(number, {"x": 0.5, "y": 0.5}, errors=[0.1 * number]))
    assert searcher.ask(6) != {"x": 0.5, "y": 0.5}


@both
def test_trials_that_were_not_asked_for_are_learned_from(kind):
    searcher = kind(PLANE, initial_trials=8)
    for number, config in enumerate(PLANE.grid(5)):
        searcher.tell(Trial(number, config, errors=[bowl(config)]))
    assert bowl(searcher.ask(25)) < 0.05


@both
def test_finds_the_best_category_and_its_conditional_hyperparameter(kind):
    configs = search(kind(MIXED, seed=6), mixed, 30)
    best = min(configs, key=mixed)
    assert best["optimizer"] == "sgd"
    assert best["layers"] == 1
    assert sum(config["optimizer"] == "sgd" for config in configs[15:]) > 8


@both
def test_noise_does_not_hold_the_search_at_a_lucky_trial(kind):
    rng = np.random.default_rng(0)
    searcher = kind(PLANE, seed=7)
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
@both
def test_small_space_is_tried_out_and_then_still_answers(kind, space, initial_trials):
    searcher = kind(space, initial_trials=initial_trials)
    size = len(space.grid(5))
    configs = search(searcher, lambda config: 0.1 * config.get("layers", 1), size + 3)
    assert all(config in configs[:size] for config in space.grid(5))


@pytest.mark.parametrize("seed", range(3))
@both
def test_nothing_is_repeated_while_something_is_new_however_noisy(kind, seed):
    space = ConfigSpace({"layers": stats.randint(1, 13)})
    rng = np.random.default_rng(seed)
    configs = search(kind(space, seed, 3), lambda config: rng.random(), 12)
    assert sorted(config["layers"] for config in configs) == list(range(1, 13))


@both
def test_extreme_value_of_an_unbounded_hyperparameter_is_no_trouble(kind):
    space = ConfigSpace({"x": stats.norm(0, 1)})
    searcher = kind(space, initial_trials=1)
    searcher.tell(Trial(0, {"x": 40.0}, errors=[0.1]))
    searcher.tell(Trial(1, {"x": -40.0}, errors=[0.2]))
    space.check(searcher.ask(2))


@both
def test_trial_of_another_space_is_refused(kind):
    with pytest.raises(ValueError, match="unknown hyperparameter 'z'; expected"):
        kind(PLANE).tell(Trial(0, {"x": 0.5, "y": 0.5, "z": 0.5}, errors=[0.1]))


def test_highest_rung_is_the_largest_that_enough_trials_have_reached():
    curves = [[0.5, 0.4, 0.3], [0.6], [0.4, 0.5, 0.2], [0.7, 0.6]]
    trials = [Trial(number, {}, errors) for number, errors in enumerate(curves)]
    trials.append(Trial(4, {}, [0.3], FAILED, "it broke"))
    for enough, expected in [(1, 3), (3, 3), (4, 2), (5, 1), (6, 1)]:
        reached, others, errors = highest_rung(trials, enough)
        assert len(reached) + len(others) == 5
        assert [t.number for t in reached] == [
            number for number in range(5) if number == 4 or len(curves[number]) >= expected
        ]
        for trial, error in zip(reached, errors, strict=True):
            assert np.isnan(error) if trial.number == 4 else error == trial.errors[expected - 1]


def test_without_trials_or_with_failed_ones_alone_there_is_no_rung():
    assert [len(part) for part in highest_rung([], 3)] == [0, 0, 0]
    reached, others, errors = highest_rung([Trial(0, {}, [0.1], FAILED, "it broke")], 1)
    assert (len(reached), len(others)) == (1, 0)
    assert np.isnan(errors).all()


class Watched(ModelSearch):
    def choose(self, points, errors, rng):
        self.seen = points, errors
        return rng.random(len(self.space))


def test_model_is_given_the_errors_of_one_rung_first_and_then_what_else_was_tried():
    searcher = Watched(PLANE, initial_trials=2)
    for number, errors in enumerate([[0.5, 0.1], [0.4], [0.3, 0.2], [0.6]]):
        x = 0.1 * (number + 1)
        searcher.tell(Trial(number, {"x": x, "y": 0.5}, errors))
    searcher.ask(4)
    points, errors = searcher.seen
    assert errors.tolist() == [0.1, 0.2]
    assert points[:, 0].round(3).tolist() == [0.1, 0.3, 0.2, 0.4]
    pending = searcher.ask(5)
    assert len(searcher.seen[0]) == 5
    searcher.tell(Trial(5, pending, [0.9], FAILED, "it broke"))
    searcher.ask(6)
    assert searcher.seen[1].tolist() == [0.1, 0.2, 0.2]


def test_every_tenth_trial_is_not_left_to_the_model():
    searcher, asked = Watched(PLANE, initial_trials=1), []
    for number in range(40):
        searcher.seen = None
        config = searcher.ask(number)
        asked.append(searcher.seen is not None)
        searcher.tell(Trial(number, config, errors=[0.5]))
    assert [number for number, was in enumerate(asked) if not was] == [0, 9, 19, 29, 39]


@both
def test_search_with_a_scheduler_goes_on_as_if_never_interrupted(kind):
    def train(config, epochs, state=None):
        begun = state or 0
        return [bowl(config) + 1 / (1 + e) for e in range(begun, begun + epochs)], begun + epochs

    whole = tune(train, kind(PLANE), 40, scheduler=ASHA(max_epochs=9), progress=False)
    searcher = kind(PLANE)
    for trial in whole.reports:
        searcher.tell(trial)
    other = kind(PLANE)
    for trial in reversed([*whole]):
        other.tell(trial)
    assert searcher.ask(40) == other.ask(40)
    finished = [trial for trial in whole if len(trial.errors) == 9]
    assert np.median([bowl(trial.config) for trial in finished]) < 0.1
