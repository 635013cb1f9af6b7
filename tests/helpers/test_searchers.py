import itertools

import numpy as np
import pytest
from scipy import stats

from hpo_helpers.searchers import CoarseToFine, GridSearch
from hpo_helpers.spaces import ConfigSpace, choice
from hpo_helpers.trials import FAILED, Trial, TrialLog
from hpo_helpers.tuner import tune

SPACE = ConfigSpace({"rate": stats.loguniform(1e-4, 1), "layers": stats.randint(1, 5)})


def bowl(config):
    return (np.log10(config["rate"]) + 3) ** 2 / 9 + 0.01 * config["layers"]


def test_grid_search_tries_every_point_once_in_order():
    log = tune(bowl, GridSearch(SPACE, 3), 9, progress=False)
    assert [trial.config for trial in log] == SPACE.grid(3)
    assert len({trial.config["rate"] for trial in log}) == 3


def test_grid_search_refuses_a_trial_beyond_its_last_point():
    with pytest.raises(ValueError, match="the grid has 9 points; expected no trial 9"):
        tune(bowl, GridSearch(SPACE, 3), 10, progress=False)


def test_first_round_covers_the_space_and_later_ones_close_in():
    searcher = CoarseToFine(SPACE, trials=10, shrink=0.5)
    log = tune(bowl, searcher, 40, progress=False)
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
