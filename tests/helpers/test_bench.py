"""What measures the book against its peers: its results, its statistics, its peers."""

import itertools
import json
import sys

import numpy as np
import pytest

from bench import __main__ as bench
from bench import suite, tuners
from bench.benchmarks import BENCHMARKS, by_turns
from bench.peers import PlainNetwork
from bench.result import Result
from bench.suite import compared, interval, iqm, mean_rank
from hpo_helpers.problems import PROBLEMS


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
    drawn = normal(0.2, 0.02, (50, 3))
    errors = {"ours": drawn, "peer": drawn + shift}
    monkeypatch.setattr(suite, "truths", lambda method, problem: errors[method])
    result = compared("ours", "peer", "fashion")
    assert result.note.endswith(f"{verdict}.")
    # Of the last budget.
    assert result.value_subject == iqm(errors["ours"][:, -1])
    assert result.value_peer == iqm(errors["peer"][:, -1])
    for value, (low, high) in [
        (result.value_subject, result.interval_subject),
        (result.value_peer, result.interval_peer),
        (result.value_peer - result.value_subject, result.interval_difference),
    ]:
        assert low < value < high


def test_mean_rank_is_over_the_problems_and_named_beside_its_critical_difference(
    monkeypatch, normal
):
    # On each problem another scale; the first method wins on all but one.
    names = {"fashion": 0, "boosting": 1, "classifiers": 2, "diabetes": 3}
    levels = {"a": [0.1, 1.0, 30.0, 0.4], "b": [0.2, 2.0, 40.0, 0.3], "c": [0.3, 3.0, 50.0, 0.5]}
    drawn = {m: [normal(each, each / 100, (50, 3)) for each in row] for m, row in levels.items()}
    monkeypatch.setattr(suite, "truths", lambda method, problem: drawn[method][names[problem]])
    result = mean_rank("b", ["a", "b", "c"], [*names])
    assert (result.value_subject, result.peer, result.value_peer) == (1.75, "a", 1.25)
    assert result.interval_difference == [-0.5, -0.5]
    # Demšar's table: 2.343 for three methods at 0.05.
    assert f"critical difference {2.343 * np.sqrt(3 * 4 / (6 * 4)):.2f}" in result.note
    assert "a 1.25, b 1.75, c 3.00" in result.note
    assert result.note.endswith("chosen on: b 1.00, a 2.00, c 3.00.")


def test_noise_is_that_of_one_configuration_over_seeds():
    validation, test = suite.noise(PROBLEMS["boosting"], seeds=4)
    assert 0 < test < 0.05
    assert 0 < validation < 0.05


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
