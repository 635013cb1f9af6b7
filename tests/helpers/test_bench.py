import json
import sys

import pytest

from bench import __main__ as bench
from bench.benchmarks import BENCHMARKS, by_turns, compared

KEYS = {"name", "subject", "peer", "ratio", "unit", "median_subject", "median_peer", "note"}


def test_stored_results_are_complete_and_agree_with_themselves():
    results = json.loads(bench.RESULTS.read_text())
    assert [result["name"] for result in results] == list(BENCHMARKS)
    for result in results:
        assert set(result) >= KEYS | {"machine", "versions", "date"}
        ratio = result["median_peer"] / result["median_subject"]
        assert result["ratio"] == pytest.approx(ratio, rel=0.01)


def test_one_benchmark_alone_leaves_the_others_as_they_were(tmp_path, monkeypatch, capsys):
    stored, path = bench.RESULTS, tmp_path / "results.json"
    path.write_text(stored.read_text())
    monkeypatch.setattr(bench, "RESULTS", path)
    monkeypatch.setitem(
        BENCHMARKS, "gemm_share", lambda: compared("a", 2.0, "b", 5.0, "s", "a note")
    )
    monkeypatch.setattr(sys, "argv", ["bench", "gemm_share"])
    bench.main()
    before, after = (
        {result["name"]: result for result in json.loads(p.read_text())} for p in (stored, path)
    )
    assert after["gemm_share"]["ratio"] == 2.5
    assert after["gemm_share"]["median_subject"] == 2.0
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
