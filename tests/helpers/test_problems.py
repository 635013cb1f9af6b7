import dataclasses
import math
import pickle

import numpy as np
import pytest

from hpo_helpers.problems import JUDGES, PROBLEMS
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.schedulers import ASHA
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.tuner import tune

QUICK = ["classifiers", "boosting", "diabetes"]


@pytest.mark.parametrize("name", PROBLEMS)
def test_same_seed_gives_the_same_errors_and_another_gives_others(name):
    problem = PROBLEMS[name]
    configs = [RandomSearch(problem.space, seed=1).ask(number) for number in range(4)]
    first, again, other = (
        [problem.objective(seed)(config) for config in configs] for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)
    # A prediction of numbers may be worse than their mean, by any factor.
    highest = math.inf if problem.family == "noisy" else 1
    assert all(math.isnan(e) or 0 <= e <= highest for curve in first for e in curve)


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem_has_its_name_and_can_be_learned(name):
    problem = PROBLEMS[name]
    assert problem.name == name
    log = tune(problem.objective(0), RandomSearch(problem.space, seed=2), 8, progress=False)
    errors = [trial.error for trial in log if trial.errors]
    assert min(errors) < 0.8 * max(errors)


def test_there_are_six_problems_of_three_families():
    families = [problem.family for problem in PROBLEMS.values()]
    assert len(families) >= 6
    assert set(families) == {"networks", "models", "noisy"}


@pytest.mark.parametrize("name", QUICK)
def test_truth_is_the_mean_of_the_judges_on_the_test_part(name):
    problem = PROBLEMS[name]
    config = RandomSearch(problem.space, seed=3).ask(0)
    judged = [list(problem.train(config, judge, "test"))[-1] for judge in JUDGES]
    assert problem.truth(config) == pytest.approx(np.mean(judged))


def test_network_that_diverges_is_worth_nothing():
    config = {
        "learning_rate": 1.0,
        "weight_decay": 0.1,
        "layers": 3,
        "units": 16,
        "activation": "relu",
        "optimizer": "momentum",
        "momentum": 0.98,
    }
    assert math.isnan(PROBLEMS["fashion"].objective(0)(config)[-1])
    assert PROBLEMS["fashion"].truth(config) > 0.5


def test_networks_train_on_for_a_scheduler():
    problem = PROBLEMS["fashion"]
    objective = problem.objective(0)
    log = tune(
        objective.train,
        RandomSearch(problem.space, seed=1),
        9,
        scheduler=ASHA(max_epochs=27),
        progress=False,
    )
    for trial in log:
        assert trial.errors == objective(trial.config, len(trial.errors))


def test_category_decides_two_deep_what_there_is():
    space = PROBLEMS["classifiers"].space
    configs = [RandomSearch(space).ask(number) for number in range(60)]
    assert {config["model"] for config in configs} == {"linear", "neighbours", "trees", "svm"}
    assert {"gamma" in c for c in configs if c["model"] == "svm"} == {True, False}
    assert not any("gamma" in c for c in configs if c["model"] != "svm")


def test_each_configuration_of_the_noisy_problem_has_its_own_split():
    problem = PROBLEMS["diabetes"]
    config = {"kernel": "linear", "C": 100.0, "epsilon": 1.0}
    nearly = [config | {"C": 100.0 + place / 1e6} for place in range(8)]
    errors = [problem.objective(0)(config)[-1] for config in nearly]
    assert np.std(errors) > 0.02
    assert len(set(errors)) == 8


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, 1000])
def test_seed_of_a_judge_or_none_is_refused(seed):
    with pytest.raises((TypeError, ValueError), match=r"seed is .*; expected"):
        PROBLEMS["boosting"].objective(seed)


def test_configuration_of_another_space_is_refused():
    problem = PROBLEMS["boosting"]
    for call in (problem.objective(0), problem.truth):
        with pytest.raises(ValueError, match="unknown hyperparameter 'units'"):
            call({"units": 16})


def test_networks_are_trained_no_further_than_asked_and_go_on_as_they_would_have():
    trained = []

    def train(config, seed, part):
        for error in PROBLEMS["fashion"].train(config, seed, part):
            trained.append(error)
            yield error

    problem = dataclasses.replace(PROBLEMS["fashion"], train=train)
    config = RandomSearch(problem.space, seed=3).ask(0)
    other = problem.objective(0)(RandomSearch(problem.space, seed=3).ask(1), 2)
    assert trained == other
    objective = problem.objective(0)
    few = objective(config, 3)
    assert trained == other + few
    assert objective(config) == PROBLEMS["fashion"].objective(0)(config)
    assert objective(config, 3) == few
    assert len(trained) == 2 + problem.epochs


def test_objective_can_be_sent_to_another_process_after_it_has_begun():
    objective = PROBLEMS["fashion"].objective(4)
    config = RandomSearch(MLP_SPACE, seed=3).ask(0)
    few = objective(config, 2)
    assert pickle.loads(pickle.dumps(objective))(config, 2) == few
