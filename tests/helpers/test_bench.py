"""What measures the book against its peers: its results, its statistics, its peers."""

import itertools
import json
import math
import sys

import numpy as np
import pytest
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import RandomSampler

from bench import __main__ as bench
from bench import tuners
from bench.benchmarks import BENCHMARKS, by_turns
from bench.peers import PlainNetwork
from bench.result import Result
from bench.tuners import CHANCE, EPOCHS, Report, compared_at, interval, iqm
from hpo_helpers.recordings import MLP_SPACE
from hpo_helpers.schedulers import SuccessiveHalving
from hpo_helpers.searchers import RandomSearch


@pytest.fixture
def normal():
    return np.random.default_rng(0).normal


def test_stored_results_are_complete_and_agree_with_themselves():
    results = json.loads(bench.RESULTS.read_text(encoding="utf-8"))
    assert [result["name"] for result in results] == list(BENCHMARKS)
    for result in results:
        fields = {name: result[name] for name in Result._fields if name in result}
        row = Result(**fields).row()
        assert result["ratio"] == pytest.approx(row.pop("ratio"), rel=0.01)
        assert row == fields
        assert set(result) >= {"machine", "versions", "date"}


def test_statistic_of_a_stored_result_is_the_one_that_its_note_names():
    for result in json.loads(bench.RESULTS.read_text(encoding="utf-8")):
        drawn = "interquartile mean" in result["statistic"]
        assert drawn == ("interquartile mean" in result["note"])
        assert drawn == all(f"interval_{of}" in result for of in ("subject", "peer", "difference"))


def test_one_benchmark_alone_leaves_the_others_as_they_were(tmp_path, monkeypatch, capsys):
    stored, path = bench.RESULTS, tmp_path / "results.json"
    path.write_bytes(stored.read_bytes())
    monkeypatch.setattr(bench, "RESULTS", path)
    measured = Result("a", 2.0, "b", 5.0, "s", "one run", "a note")
    monkeypatch.setitem(BENCHMARKS, "gemm_share", lambda: measured)
    monkeypatch.setattr(sys, "argv", ["bench", "gemm_share"])
    bench.main()
    before, after = (
        {result["name"]: result for result in json.loads(p.read_bytes())} for p in (stored, path)
    )
    assert after["gemm_share"]["ratio"] == 2.5
    assert after["gemm_share"]["value_subject"] == 2.0
    del before["gemm_share"], after["gemm_share"]
    assert before == after
    assert "a against b. a note" in capsys.readouterr().out


def test_unknown_benchmark_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "nonsense"])
    with pytest.raises(SystemExit):
        bench.main()
    assert "unknown benchmark ['nonsense']; expected some of" in capsys.readouterr().err


def test_calls_are_timed_by_turns():
    seen = []
    medians = by_turns(3, lambda: seen.append("ours"), lambda: seen.append("theirs"))
    assert seen == ["ours", "theirs"] * 3
    assert len(medians) == 2


def test_interquartile_mean_is_of_the_middle_half():
    assert iqm([0, 2, 3, 1000]) == 2.5
    assert iqm(np.arange(100)) == np.arange(25, 75).mean()


def test_interval_holds_the_truth_about_as_often_as_it_says(normal):
    held = [
        low <= 3 <= high for low, high in (interval(iqm, normal(3, 1, size=50)) for _ in range(200))
    ]
    assert 0.88 <= np.mean(held) <= 0.99


def test_interval_narrows_with_the_root_of_the_sample(normal):
    small, large = (np.diff(interval(iqm, normal(size=n))) for n in (100, 1000))
    assert 2 < small / large < 5


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [(0.05, "ours is better"), (-0.05, "ours is worse"), (0.0, "undecided")],
)
def test_verdict_is_that_of_the_interval_of_the_difference(monkeypatch, normal, shift, verdict):
    errors = {"ours": normal(0.2, 0.02, (50, 3)), "peer": normal(0.2, 0.02, (50, 3)) + shift}
    monkeypatch.setattr(tuners, "incumbents", errors.get)
    result = compared_at(30, "ours", "peer")
    assert result.note.endswith(f"{verdict}.")
    # Of the budget in the middle.
    assert result.value_subject == iqm(errors["ours"][:, 1])
    assert result.value_peer == iqm(errors["peer"][:, 1])
    for value, (low, high) in [
        (result.value_subject, result.interval_subject),
        (result.value_peer, result.interval_peer),
        (result.value_peer - result.value_subject, result.interval_difference),
    ]:
        assert low < value < high


def test_method_is_judged_at_a_budget_by_the_final_error_of_what_it_ranks_first(monkeypatch):
    configs = [MLP_SPACE.sample(np.random.default_rng(seed)) for seed in range(4)]
    finals = dict(zip(map(repr, configs), [0.4, math.nan, 0.1, 0.2], strict=True))
    ranks = [0.3, math.inf, 0.2, 0.25]
    reports = [Report(EPOCHS, *each) for each in zip(ranks, configs, strict=True)]
    monkeypatch.setattr(tuners, "table", lambda: lambda config: [finals[repr(config)]])
    monkeypatch.setattr(tuners, "BUDGETS", (1, 2, 3, 4))
    monkeypatch.setitem(tuners.METHODS, "fixed", lambda seed: reports)
    assert tuners._incumbents("fixed", 1) == [0.4, 0.4, 0.1, 0.1]
    # What is spent to the last epoch counts; one epoch more does not.
    reports[2] = reports[2]._replace(epochs=EPOCHS + 1)
    assert tuners._incumbents("fixed", 1) == [0.4, 0.4, 0.4, 0.1]
    reports[0] = reports[0]._replace(config=configs[1])
    assert tuners._incumbents("fixed", 1)[0] == CHANCE


def test_trials_that_a_method_reports_cost_what_they_were_trained(monkeypatch):
    monkeypatch.setattr(tuners, "BUDGETS", (3,))
    monkeypatch.setattr(tuners, "EPOCHS", 27)
    plain = list(tuners.ours(RandomSearch(MLP_SPACE, 1)))
    assert [report.epochs for report in plain] == [27] * 3
    halving = [
        list(tuners.ours(RandomSearch(MLP_SPACE, 1), SuccessiveHalving(max_epochs=27), scratch))
        for scratch in (False, True)
    ]
    kept, anew = ([report.epochs for report in reports] for reports in halving)
    # Rungs of 1, 3, 9 and 27 epochs: 2, 6 and 18 more, or all of them anew.
    assert set(kept) <= {1, 2, 6, 18}
    assert set(anew) <= {1, 3, 9, 27}
    assert sum(kept) <= 81 < sum(anew)
    # Whoever trains anew returns from the last rung alone.
    assert all(report.rank > 1 for report in halving[1] if report.epochs < 27)


def test_optuna_ranks_what_it_prunes_behind_what_it_completes(monkeypatch):
    monkeypatch.setattr(tuners, "BUDGETS", (10,))
    pruner = SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    reports = list(tuners.optunas(RandomSampler(1), pruner))
    completed = [report for report in reports if report.rank <= 1]
    assert 1 <= len(completed) < len(reports) - 5
    # Its last rung is the last epoch, and prunes as well.
    assert all(report.epochs == EPOCHS for report in completed)
    assert sum(report.epochs for report in reports) >= 10 * EPOCHS


def test_trial_that_does_nothing_keeps_a_state_and_goes_on():
    config = {"learning_rate": 0.1}
    errors, state = tuners.instant(config, 1, None)
    more, state = tuners.instant(config, 2, state)
    assert (errors + more, state) == ([0.1] * 3, 3)


def test_gradient_of_the_plain_peer_is_the_slope_of_its_loss():
    rng = np.random.default_rng(0)
    images, labels = rng.random((7, 5)), rng.integers(3, size=7)
    network = PlainNetwork([5, 4, 3], weight_decay=0.1, rng=rng)
    before = [affine.weights.copy() for affine in network.affine]
    network.step(images, labels, learning_rate=1e-9)
    slopes = [
        (old - affine.weights) / 1e-9 for old, affine in zip(before, network.affine, strict=True)
    ]
    for affine, slope in zip(network.affine, slopes, strict=True):
        for index in itertools.product(*map(range, affine.weights.shape)):
            losses = []
            for change in (1e-5, -2e-5):
                affine.weights[index] += change
                losses.append(network.loss(images, labels))
            affine.weights[index] += 1e-5
            assert slope[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-5)
