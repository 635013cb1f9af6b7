"""What records the searches: what a method spends, what it returns, and what is kept."""

import dataclasses
import math

import pytest
from optuna.samplers import RandomSampler

from hpo_helpers.problems import PROBLEMS
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.schedulers import SuccessiveHalving
from hpo_helpers.searchers import RandomSearch
from recorder import searches
from recorder.searches import Report, kept, optunas, ours, searched

EPOCHS = 27


@pytest.fixture
def problem():
    """A problem of networks that are ranked by their learning rate, at once."""

    def train(config, seed, part):
        yield from [config["learning_rate"]] * (1 if part == "test" else EPOCHS)

    return dataclasses.replace(PROBLEMS["fashion"], train=train)


@pytest.fixture
def reported(problem, monkeypatch):
    """Make one method of given reports, on configurations of given truths."""

    def make(reports, budgets):
        configs = [RandomSearch(MLP_SPACE).ask(number) for number in range(len(reports))]
        truths = [config["learning_rate"] for config in configs]
        made = [Report(e, r, c) for (e, r), c in zip(reports, configs, strict=True)]
        monkeypatch.setattr(searches, "BUDGETS", budgets)
        monkeypatch.setitem(searches.PROBLEMS, "fashion", problem)
        monkeypatch.setitem(searches.METHODS, "fixed", lambda problem, seed: iter(made))
        return [round(truth, 5) for truth in truths]

    return make


def test_method_is_judged_at_a_budget_by_the_truth_of_what_it_ranks_first(reported):
    few = [(EPOCHS, 0.3), (EPOCHS, math.inf), (EPOCHS, 0.2), (EPOCHS, 0.25)]
    truths = reported(few, (1, 2, 3, 4))
    row = searched("fashion", "fixed", 1)
    assert row["truths"] == [truths[0], truths[0], truths[2], truths[2]]
    assert row["errors"] == [0.3, None, 0.2, 0.25]


def test_what_is_spent_to_the_last_epoch_counts_and_one_epoch_more_does_not(reported):
    few = [(EPOCHS, 0.3), (EPOCHS, 0.4), (EPOCHS + 1, 0.2), (EPOCHS, 0.1)]
    truths = reported(few, (1, 2, 3, 5))
    assert searched("fashion", "fixed", 1)["truths"] == [truths[0]] * 3 + [truths[3]]


def test_method_that_has_only_failed_is_wrong_throughout(reported):
    reported([(EPOCHS, math.inf)], (1,))
    assert searched("fashion", "fixed", 1)["truths"] == [1.0]


def test_trials_cost_what_they_were_trained(problem, monkeypatch):
    monkeypatch.setattr(searches, "BUDGETS", (3,))
    plain = list(ours(RandomSearch)(problem, 1))
    assert [report.epochs for report in plain] == [EPOCHS] * 3
    # For the same price twice as many, the first of them the same.
    cheap = list(ours(RandomSearch, cheaper=2)(problem, 1))
    assert [report.epochs for report in cheap] == [EPOCHS / 2] * 6
    assert [report.config for report in cheap[:3]] == [report.config for report in plain]
    continued, anew = (
        list(ours(RandomSearch, SuccessiveHalving, scratch)(problem, 1))
        for scratch in (False, True)
    )
    # Rungs of 1, 3, 9 and 27 epochs: 2, 6 and 18 more, or all of them anew.
    assert {report.epochs for report in continued} <= {1, 2, 6, 18}
    assert {report.epochs for report in anew} <= {1, 3, 9, 27}
    assert sum(report.epochs for report in continued) <= 81 < sum(r.epochs for r in anew)
    # Whoever trains anew returns from the last rung alone.
    assert all(report.rank > 1 for report in anew if report.epochs < EPOCHS)


def test_optuna_ranks_what_it_prunes_behind_what_it_completes(problem, monkeypatch):
    monkeypatch.setattr(searches, "BUDGETS", (10,))
    reports = list(optunas(RandomSampler, searches._halving)(problem, 1))
    completed = [report for report in reports if report.rank <= 1]
    assert 1 <= len(completed) < len(reports) - 5
    # Its last rung is the last epoch, and prunes as well.
    assert all(report.epochs == EPOCHS for report in completed)
    assert sum(report.epochs for report in reports) >= 10 * EPOCHS
    assert reports == list(optunas(RandomSampler, searches._halving)(problem, 1))


@pytest.mark.parametrize("method", ["Optuna's HyperbandPruner with TPE", "Hyperband"])
def test_search_repeats(problem, monkeypatch, method):
    monkeypatch.setattr(searches, "BUDGETS", (2,))
    search = searches.SCHEDULED[method]
    assert list(search(problem, 3)) == list(search(problem, 3)) != list(search(problem, 4))


def test_search_that_has_ended_is_kept_and_not_run_again(monkeypatch, tmp_path):
    monkeypatch.setattr(searches.files, "UNFINISHED", tmp_path)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    begun = []

    def search(problem, method, seed):
        begun.append(seed)
        if seed == 2:
            raise KeyboardInterrupt
        return {"seed": seed}

    monkeypatch.setattr(searches, "searched", search)
    monkeypatch.setattr(
        searches.joblib,
        "Parallel",
        lambda *_, **__: lambda calls: (function(*arguments) for function, arguments, _ in calls),
    )
    with pytest.raises(KeyboardInterrupt):
        kept("ASHA", "fashion", 4)
    assert kept("ASHA", "fashion", 2) == [{"seed": 0}, {"seed": 1}]
    assert begun == [0, 1, 2]
