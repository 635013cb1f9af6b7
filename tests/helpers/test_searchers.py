import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers import bayesian, searchers, tpe
from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.searchers import (
    CoarseToFine,
    GridSearch,
    LocalSearch,
    RandomSearch,
    SobolSearch,
)
from hpo_helpers.spaces import ConfigSpace, choice, conditional
from hpo_helpers.tpe import TPESearch
from hpo_helpers.trials import FAILED, Trial, TrialLog
from hpo_helpers.tuner import tune

SPACE = ConfigSpace({"rate": stats.loguniform(1e-4, 1), "layers": stats.randint(1, 5)})
MIXED = ConfigSpace(
    {
        "rate": stats.loguniform(1e-4, 1),
        "layers": stats.randint(1, 4),
        "units_2": conditional(choice([32, 64, 128]), "layers", 2, 3),
        "optimizer": choice(["sgd", "adam", None]),
        "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "sgd"),
        "noise": stats.norm(0, 1),
    }
)


def bowl(config):
    return (np.log10(config["rate"]) + 3) ** 2 / 9 + 0.01 * config["layers"]


def test_grid_search_tries_every_point_once_in_order():
    log = tune(bowl, GridSearch(SPACE, 3), 9, progress=False)
    assert [trial.config for trial in log] == SPACE.grid(3)
    assert len({trial.config["rate"] for trial in log}) == 3


def test_grid_search_ends_with_its_last_point():
    with pytest.warns(UserWarning, match="nothing more to try after 9 of 10 trials"):
        log = tune(bowl, GridSearch(SPACE, 3), 10, progress=False)
    assert [trial.config for trial in log] == SPACE.grid(3)


def test_first_round_covers_the_space_and_later_ones_close_in():
    searcher = CoarseToFine(SPACE, trials=10, shrink=0.5)
    log = tune(bowl, searcher, 40, progress=False)
    for trial in log:
        searcher.tell(trial)
    for number, low_high in enumerate(map(searcher.box, range(4))):
        low, high = low_high
        assert np.allclose(high - low, 0.5**number)
        for trial in log[10 * number : 10 * number + 10]:
            point = SPACE.to_unit(trial.config)
            # An integer lies at the middle of its interval, up to an eighth from its draw.
            assert ((low - 0.13 <= point) & (point <= high + 0.13)).all()
    assert log.incumbent.number >= 10
    assert abs(np.log10(log.incumbent.config["rate"]) + 3) < 0.3


def test_box_of_a_best_trial_at_the_edge_stays_inside_at_full_size():
    searcher = CoarseToFine(SPACE, trials=1, shrink=0.2)
    searcher.tell(Trial(0, {"rate": 1e-4, "layers": 4}, errors=[0.1]))
    low, high = searcher.box(1)
    assert low[0] == 0
    assert np.isclose(high[0], 0.2)
    assert (low >= 0).all()
    assert (high <= 1).all()


def test_draws_do_not_depend_on_the_order_of_the_reports_or_on_their_own_round():
    log = tune(bowl, CoarseToFine(SPACE, 5, seed=3), 15, progress=False)
    for order in itertools.islice(itertools.permutations(log[:10]), 0, 4000, 500):
        other = CoarseToFine(SPACE, 5, seed=3)
        for trial in order:
            other.tell(trial)
        assert other.ask(12) == log[12].config
    other.tell(Trial(10, log[10].config, errors=[0.0]))
    assert other.ask(12) == log[12].config


def test_interrupted_coarse_to_fine_ends_as_one_never_interrupted(tmp_path):
    whole = tune(bowl, CoarseToFine(SPACE, 4), 12, progress=False)
    path = tmp_path / "log.jsonl"
    tune(bowl, CoarseToFine(SPACE, 4), 6, log=TrialLog(path), progress=False)
    resumed = tune(bowl, CoarseToFine(SPACE, 4), 12, log=TrialLog(path), progress=False)
    assert [t.config for t in resumed] == [t.config for t in whole]


def test_failed_trial_does_not_displace_the_best_of_its_round():
    searcher = CoarseToFine(SPACE, trials=3)
    searcher.tell(Trial(1, {"rate": 1e-4, "layers": 1}, [], FAILED, "it broke"))
    searcher.tell(Trial(0, {"rate": 1.0, "layers": 4}, errors=[0.1]))
    searcher.tell(Trial(2, {"rate": 1e-4, "layers": 1}, [0.01], FAILED, "it broke later"))
    low, _ = searcher.box(1)
    assert low.tolist() == [0.5, 0.5]


def test_round_in_which_all_failed_is_followed_by_the_whole_space():
    searcher = CoarseToFine(SPACE, trials=2)
    for number in range(2):
        searcher.tell(Trial(number, {"rate": 0.1, "layers": 1}, [], FAILED, "it broke"))
    low, high = searcher.box(1)
    assert low.tolist() == [0, 0]
    assert high.tolist() == [1, 1]


def test_categories_stay_within_their_options():
    space = ConfigSpace({"activation": choice(["relu", "tanh"]), **SPACE})
    log = tune(
        lambda config: bowl(config) + (config["activation"] == "relu"),
        CoarseToFine(space, 8, shrink=0.3),
        32,
        progress=False,
    )
    assert {trial.config["activation"] for trial in log[24:]} == {"tanh"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"trials": 5, "shrink": 0}, "shrink is 0"),
        ({"trials": 5, "shrink": 1.5}, "shrink is 1.5"),
    ],
)
def test_bad_rounds_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CoarseToFine(SPACE, **options)


@pytest.mark.parametrize("seed", range(3))
def test_sobol_points_fill_every_interval_once(seed):
    space = ConfigSpace({name: stats.uniform(0, 1) for name in "abcde"})
    searcher = SobolSearch(space, seed)
    points = np.array([list(searcher.ask(number).values()) for number in range(128)])
    for k in (8, 32, 128):
        for column in (points[:k] * k).astype(int).T:
            assert sorted(column) == list(range(k))


def test_sobol_search_depends_on_seed_and_number_alone():
    searcher = SobolSearch(MIXED, seed=1)
    configs = [searcher.ask(number) for number in range(100)]
    for number in (99, 0, 31, 32, 64, 63, 5):
        assert SobolSearch(MIXED, seed=1).ask(number) == configs[number]
        assert searcher.ask(number) == configs[number]
    other = SobolSearch(MIXED, seed=2)
    assert all(other.ask(number) != configs[number] for number in range(100))
    MIXED.check(searcher.ask(1_000_000))


def test_changing_what_sobol_search_returned_does_no_harm():
    searcher = SobolSearch(MIXED)
    before = dict(searcher.ask(3))
    searcher.ask(3).clear()
    assert searcher.ask(3) == before


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 1000), st.floats(0.01, 5))
def test_local_search_changes_one_hyperparameter_and_what_depends_on_it(seed, number, step):
    start = MIXED.sample(np.random.default_rng(seed))
    searcher = LocalSearch(MIXED, seed, step=step)
    searcher.tell(Trial(number, start, errors=[0.5]))
    config = searcher.ask(number + 1)
    MIXED.check(config)
    changed = {name for name in start.keys() & config.keys() if start[name] != config[name]}
    appeared_or_gone = start.keys() ^ config.keys()
    assert len(changed) == 1
    assert appeared_or_gone <= {"units_2", "momentum"}
    parents = {parent for name in appeared_or_gone for parent, _ in MIXED[name].conditions}
    assert parents <= changed
    assert list(config) == [name for name in MIXED if name in config]
    for name in config.keys() - changed - appeared_or_gone:
        assert type(config[name]) is type(start[name])


def test_local_search_moves_everything_that_exists_and_draws_what_begins_to():
    start = {"rate": 0.01, "layers": 1, "optimizer": "adam", "noise": 0.0}
    searcher = LocalSearch(MIXED)
    searcher.tell(Trial(0, start, errors=[0.5]))
    configs = [searcher.ask(number) for number in range(1, 400)]
    for name in start:
        share = np.mean([config[name] != start[name] for config in configs])
        assert abs(share - 1 / 4) < 0.08
    assert {c["units_2"] for c in configs if "units_2" in c} == {32, 64, 128}
    assert np.std([c["momentum"] for c in configs if "momentum" in c]) > 0.2
    moved = [MIXED.to_unit(c)[0] - 0.5 for c in configs if c["rate"] != 0.01]
    assert abs(np.std(moved) - 0.2) < 0.05
    assert abs(np.mean(moved)) < 0.06


@pytest.mark.parametrize("start", [1, 4])
def test_integer_at_a_bound_moves_inside_even_by_a_tiny_step(start):
    space = ConfigSpace({"layers": stats.randint(1, 5)})
    searcher = LocalSearch(space, step=1e-6)
    searcher.tell(Trial(0, {"layers": start}, errors=[0.5]))
    assert {searcher.ask(n)["layers"] for n in range(1, 20)} == {2 if start == 1 else 3}
    searcher.tell(Trial(1, {"layers": 2}, errors=[0.4]))
    assert {searcher.ask(n)["layers"] for n in range(2, 30)} == {1, 3}


def test_local_search_begins_with_what_it_is_given_then_follows_the_incumbent():
    first = {"rate": 0.5, "layers": 4}
    log = tune(bowl, LocalSearch(SPACE, seed=4), 60, initial=[first], progress=False)
    assert log[0].config == first
    for number in range(1, 60):
        best = min(log[:number], key=lambda trial: trial.error).config
        assert sum(log[number].config[name] != best[name] for name in best) == 1
    assert log.incumbent.error < 0.05


def test_local_search_draws_at_random_until_a_trial_succeeds():
    searcher = LocalSearch(SPACE)
    configs = [searcher.ask(number) for number in range(5)]
    for number, config in enumerate(configs):
        searcher.tell(Trial(number, config, [], FAILED, "it broke"))
    drawn = searcher.ask(5)
    assert all(drawn["rate"] != config["rate"] for config in configs)
    searcher.tell(Trial(5, drawn, errors=[0.9]))
    searcher.tell(Trial(6, configs[0], [0.1], FAILED, "it broke later"))
    assert sum(searcher.ask(7)[name] != drawn[name] for name in drawn) == 1


def test_last_report_of_a_trial_counts_for_coarse_to_fine():
    low, high = {"rate": 1e-4, "layers": 1}, {"rate": 1.0, "layers": 4}
    searcher = CoarseToFine(SPACE, trials=2, shrink=0.2)
    searcher.tell(Trial(0, high, errors=[0.1]))
    searcher.tell(Trial(1, low, errors=[0.3]))
    searcher.tell(Trial(0, high, errors=[0.1, 0.6]))
    assert searcher.box(1)[0][0] == 0


SEARCHERS = {
    "random": lambda seed=0: RandomSearch(SPACE, seed),
    "sobol": lambda seed=0: SobolSearch(SPACE, seed),
    "grid": lambda: GridSearch(SPACE, 4),
    "coarse": lambda seed=0: CoarseToFine(SPACE, 4, seed=seed),
    "local": lambda seed=0: LocalSearch(SPACE, seed),
    "bayesian": lambda seed=0: BayesianSearch(SPACE, seed, initial_trials=4),
    "tpe": lambda seed=0: TPESearch(SPACE, seed, initial_trials=4),
}
all_searchers = pytest.mark.parametrize("make", SEARCHERS.values(), ids=SEARCHERS)


def test_every_searcher_of_the_package_is_among_them():
    known = {
        kind
        for module in (searchers, bayesian, tpe)
        for kind in vars(module).values()
        if inspect.isclass(kind) and hasattr(kind, "ask") and kind.__module__ == module.__name__
    }
    assert {type(make()) for make in SEARCHERS.values()} == known - {searchers.Searcher}


@all_searchers
def test_nothing_carries_over_from_one_search_into_the_next(make):
    searcher = make()
    first = tune(bowl, searcher, 12, progress=False)
    again = tune(lambda config: 1 - bowl(config) / 10, searcher, 12, progress=False)
    expected = tune(lambda config: 1 - bowl(config) / 10, make(), 12, progress=False)
    assert [t.config for t in again] == [t.config for t in expected]
    assert [t.config for t in tune(bowl, searcher, 12, progress=False)] == [t.config for t in first]


@all_searchers
def test_log_and_first_configurations_of_another_space_are_refused(make):
    other = TrialLog()
    for number, config in enumerate([{"rate": 0.1, "layers": 2}, {"y": 1}, SPACE.grid(1)[0]]):
        other.append(Trial(number, config, errors=[0.5]))
    with pytest.raises(ValueError, match="is of another space: in trial 1, unknown hyperparameter"):
        tune(bowl, make(), 12, log=other, progress=False)
    with pytest.raises(ValueError, match="initial: unknown hyperparameter 'nonsense'"):
        tune(bowl, make(), 12, initial=[{"nonsense": 1}], progress=False)


# A grid draws nothing.
@pytest.mark.parametrize("name", [name for name in SEARCHERS if name != "grid"])
@pytest.mark.parametrize("seed", [None, -1, 1.5, "0"])
def test_seed_that_is_no_seed_is_refused(name, seed):
    with pytest.raises((TypeError, ValueError), match=f"seed is {seed!r}; expected a whole number"):
        SEARCHERS[name](seed)


@pytest.mark.parametrize(
    "kind", [RandomSearch, SobolSearch, LocalSearch, BayesianSearch, TPESearch]
)
def test_configurations_that_come_again_are_mentioned(kind):
    space = ConfigSpace({"layers": stats.randint(1, 3), "units": choice([8, 16])})
    with pytest.warns(UserWarning, match=r"\d of 9 trials have a configuration that another had"):
        tune(lambda config: config["layers"] / 10, kind(space), 9, progress=False)


def test_last_report_of_a_trial_counts_for_local_search():
    low, high = {"rate": 1e-3, "layers": 1}, {"rate": 1.0, "layers": 4}
    searcher, expected = LocalSearch(SPACE), LocalSearch(SPACE)
    searcher.tell(Trial(0, high, errors=[0.1]))
    for each in (searcher, expected):
        each.tell(Trial(1, low, errors=[0.3]))
        each.tell(Trial(0, high, errors=[0.1, 0.6]))
    for number in range(2, 8):
        config = searcher.ask(number)
        assert config == expected.ask(number)
        assert sum(config[name] != low[name] for name in low) == 1


def test_interrupted_local_search_ends_as_one_never_interrupted(tmp_path):
    whole = tune(bowl, LocalSearch(SPACE), 12, progress=False)
    path = tmp_path / "log.jsonl"
    tune(bowl, LocalSearch(SPACE), 5, log=TrialLog(path), progress=False)
    resumed = tune(bowl, LocalSearch(SPACE), 12, log=TrialLog(path), progress=False)
    assert [t.config for t in resumed] == [t.config for t in whole]


def test_local_search_where_nothing_can_move_stays():
    space = ConfigSpace({"optimizer": choice(["sgd"]), "layers": stats.randint(2, 3)})
    with pytest.warns(UserWarning, match="2 of 3 trials have a configuration that another had"):
        log = tune(lambda config: 0.5, LocalSearch(space), 3, progress=False)
    assert [trial.config for trial in log] == [{"optimizer": "sgd", "layers": 2}] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0}, "step is 0; expected a finite number above 0"),
        ({"step": float("inf")}, "step is inf"),
        ({"seed": -1}, "seed is -1; expected a whole number, at least 0"),
    ],
)
def test_bad_local_searches_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LocalSearch(SPACE, **options)


@pytest.mark.parametrize("kind", [type(make()) for make in SEARCHERS.values()])
def test_space_that_is_none_is_refused(kind):
    with pytest.raises(TypeError, match=r"space is \{.*\}; expected a ConfigSpace: ConfigSpace"):
        kind({"x": stats.uniform(0, 1)}, 3)


@pytest.mark.parametrize("space", [{"x": (0, 1)}, np.zeros(3), "x"])
def test_what_else_a_searcher_calls_its_space_is_its_own_business(space):
    class Mine:
        def __init__(self):
            self.space = space

        def ask(self, number):
            return {"x": 0.5}

        def tell(self, trial):
            pass

    assert len(tune(lambda config: config["x"], Mine(), 3, progress=False)) == 3
