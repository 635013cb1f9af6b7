import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_helpers.trials import COMPLETED, FAILED, Trial, TrialLog

CONFIGS = st.dictionaries(
    st.text(max_size=8),
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.text(), st.none()
    ),
    max_size=4,
)
ERRORS = st.lists(st.floats(0, 1), min_size=1, max_size=5)


def trial(number: int, error: float = 0.5, **changes) -> Trial:
    return Trial(**{"number": number, "config": {"x": number}, "errors": [error], **changes})


@given(st.lists(st.tuples(CONFIGS, ERRORS), max_size=6))
def test_log_comes_back_from_its_file(tmp_path_factory, recorded):
    path = tmp_path_factory.mktemp("log") / "search.jsonl"
    log = TrialLog(path)
    for number, (config, errors) in enumerate(recorded):
        log.append(Trial(number, config, errors, start=1.5, end=2.5))
    assert list(TrialLog(path)) == list(log)


def test_numpy_values_are_stored_as_plain_ones(tmp_path):
    path = tmp_path / "log.jsonl"
    config = {"rate": np.float64(0.1), "layers": np.int64(3), "bias": np.bool_(True)}
    TrialLog(path).append(Trial(0, config, [0.1]))
    assert TrialLog(path)[0].config == {"rate": 0.1, "layers": 3, "bias": True}


def test_what_cannot_be_stored_is_refused_and_leaves_no_trace(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    with pytest.raises(TypeError, match="configuration value <object"):
        log.append(Trial(0, {"x": object()}, [0.1]))
    assert len(log) == 0
    log.append(trial(0))
    assert len(TrialLog(tmp_path / "log.jsonl")) == 1


def test_incumbent_curve_only_descends_and_passes_over_failures():
    log = TrialLog()
    log.append(trial(0, status=FAILED, errors=[]))
    assert log.incumbent is None
    for number, error in enumerate([0.4, 0.6, 0.2, 0.2], start=1):
        log.append(trial(number, error))
    log.append(trial(9, 0.01, status=FAILED, reason="diverged"))
    assert np.array_equal(log.incumbent_curve(), [np.nan, 0.4, 0.4, 0.2, 0.2, 0.2], equal_nan=True)
    assert log.incumbent.number == 3
    assert math.isnan(log[-1].error)
    assert "6 trials, 2 failed" in repr(log)


def test_empty_log():
    log = TrialLog()
    assert log.incumbent is None
    assert log.incumbent_curve().shape == (0,)
    assert log.to_frame().empty


def test_frame_has_a_row_a_trial():
    log = TrialLog()
    log.append(Trial(0, {"rate": 0.1}, [0.9, 0.3], start=10, end=12.5))
    log.append(Trial(1, {"rate": 0.2}, status=FAILED, reason="ValueError: no"))
    frame = log.to_frame()
    assert list(frame["rate"]) == [0.1, 0.2]
    assert list(frame["epochs"]) == [2, 0]
    assert frame.loc[0, "error"] == 0.3
    assert frame.loc[0, "seconds"] == 2.5
    assert list(frame["status"]) == [COMPLETED, FAILED]


def test_number_is_taken_once(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0))
    with pytest.raises(ValueError, match="trial 0 is in the log already"):
        log.append(trial(0))
    assert len(TrialLog(log.path)) == 1


def test_continued_trial_takes_the_place_of_its_earlier_report(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0, 0.4))
    log.append(trial(1, 0.3))
    log.append(trial(0, errors=[0.4, 0.2], start=1, end=3))
    for seen in (log, TrialLog(log.path)):
        assert [t.errors for t in seen] == [[0.4, 0.2], [0.3]]
        assert [t.number for t in seen.reports] == [0, 1, 0]
        assert seen.incumbent_curve().tolist() == [0.4, 0.3, 0.2]
        assert seen.incumbent.number == 0
        assert seen.find(0).errors == [0.4, 0.2]
        assert seen.find(7) is None
    assert list(log.to_frame()["seconds"]) == [2, 0]


@pytest.mark.parametrize(
    "change",
    [{"errors": [0.5, 0.4]}, {"errors": [0.4]}, {"config": {"x": 1}, "errors": [0.4, 0.3]}],
)
def test_what_does_not_continue_a_trial_is_refused(change):
    log = TrialLog()
    log.append(trial(0, 0.4))
    with pytest.raises(ValueError, match="or the same trial with more errors"):
        log.append(trial(0, **change))
    log.append(trial(0, errors=[0.4], status=FAILED, reason="later"))
    with pytest.raises(ValueError, match="trial 0 is in the log already"):
        log.append(trial(0, errors=[0.4, 0.3]))


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_torn_last_line_is_cut_off_and_the_log_goes_on(tmp_path, cut):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    for number in range(3):
        log.append(trial(number))
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.warns(UserWarning, match="torn last line"):
        torn = TrialLog(path)
    assert [t.number for t in torn] == [0, 1]
    torn.append(trial(2))
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["no json", '{"number": 1}', "[]", '{"number": 1, "x": 2}'])
def test_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    for number in range(3):
        log.append(trial(number))
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = damage
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2 is not a trial"):
        TrialLog(path)


def test_impossible_trials_are_refused():
    with pytest.raises(ValueError, match="status is 'done'"):
        trial(0, status="done")
    with pytest.raises(ValueError, match="has no validation error"):
        trial(0, errors=[])


def test_killed_while_writing_loses_no_finished_trial(tmp_path):
    path = tmp_path / "log.jsonl"
    endless = (
        "import itertools, sys\n"
        "from hpo_helpers.trials import Trial, TrialLog\n"
        "log = TrialLog(sys.argv[1])\n"
        "for number in itertools.count():\n"
        "    log.append(Trial(number, {'text': 'x' * 5000}, [0.5]))\n"
        "    print(number, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", endless, str(path)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    while not (path.exists() and path.stat().st_size > 500_000):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    reported = [int(line) for line in process.communicate()[0].splitlines() if line]
    survived = [t.number for t in TrialLog(path)]
    assert survived == list(range(len(survived)))
    assert len(survived) >= len(reported) > 50


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / "log.jsonl"
    limited = (
        "import resource, sys\n"
        "from hpo_helpers.trials import Trial, TrialLog\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "log = TrialLog(sys.argv[1])\n"
        "try:\n"
        "    for number in range(100):\n"
        "        log.append(Trial(number, {'x': 1}, [0.5]))\n"
        "except OSError as error:\n"
        "    print(len(log), error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(path)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    in_memory, message = done.stdout.split(maxsplit=1)
    assert "log.jsonl" in message or "large" in message
    assert path.read_bytes().endswith(b"}\n")
    assert len(TrialLog(path)) == int(in_memory) - 1


def test_each_line_is_json_of_its_own(tmp_path):
    path = tmp_path / "deep" / "er" / "log.jsonl"
    TrialLog(path).append(trial(0))
    assert json.loads(path.read_text(encoding="utf-8"))["config"] == {"x": 0}
