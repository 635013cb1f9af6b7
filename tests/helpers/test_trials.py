import codecs
import contextlib
import copy
import json
import math
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpo_helpers.trials import COMPLETED, FAILED, Trial, TrialLog, check_config, incumbent

CONFIGS = st.dictionaries(
    st.text(max_size=8),
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.text(), st.none()
    ),
    max_size=4,
)
ERRORS = st.lists(st.floats(0, 1), min_size=1, max_size=5)


def trial(number: int, error: float = 0.5, /, **changes) -> Trial:
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


def test_incumbent_curve_passes_over_failures():
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


def test_incumbent_is_the_best_as_the_trials_stand_now():
    log = TrialLog()
    log.append(trial(0, errors=[0.3, 0.6]))
    log.append(trial(1, 0.35))
    assert log.incumbent is log[1] is incumbent(log)
    log.append(trial(1, errors=[0.35, 0.5]))
    assert log.incumbent is log[1]
    log.append(trial(1, errors=[0.35, 0.5], status=FAILED, reason="diverged"))
    assert log.incumbent is log[0]
    log.append(trial(0, errors=[0.3, 0.6], status=FAILED, reason="diverged"))
    assert log.incumbent is None
    assert np.array_equal(log.incumbent_curve(), [0.6, 0.35, 0.5, 0.6, np.nan], equal_nan=True)


def test_incumbent_of_equals_is_the_one_with_the_lowest_number():
    log = TrialLog()
    for number in [2, 0, 1]:
        log.append(trial(number, 0.5))
    log.append(trial(2, errors=[0.5, 0.5]))
    assert log.incumbent is log.find(0) is incumbent(reversed(log))
    assert incumbent([None, trial(0, 0.1, status=FAILED)]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.1, 0.2, 0.3, None])), max_size=12))
def test_incumbent_of_a_log_is_that_of_its_trials_after_each_report(reports):
    log, expected = TrialLog(), []
    for number, error in reports:
        known = log.find(number)
        errors = [] if known is None else known.errors
        status = COMPLETED if error is not None else FAILED
        log.append(trial(number, errors=[*errors, *[error or 0.0]], status=status))
        expected.append(incumbent(log))
        assert log.incumbent is expected[-1]
    curve = [math.nan if best is None else best.error for best in expected]
    assert np.array_equal(log.incumbent_curve(), curve, equal_nan=True)


COLUMNS = ["number", "error", "epochs", "status", "reason", "seconds"]


def test_empty_log():
    log = TrialLog()
    assert log.incumbent is None
    assert log.incumbent_curve().shape == (0,)
    assert log.to_frame().empty
    assert list(log.to_frame().columns) == COLUMNS
    assert math.isnan(log.to_frame()["error"].mean())


def test_frame_of_nothing_but_failures_has_no_error():
    log = TrialLog()
    log.append(Trial(0, {"x": 1}, status=FAILED, reason="no"))
    assert list(log.to_frame()["error"].isna()) == [True]
    assert log.to_frame()["error"].dtype == float


def test_frame_keeps_hyperparameters_that_bear_the_name_of_a_column():
    config = {name: place for place, name in enumerate([*COLUMNS, "config.error", "rate"])}
    log = TrialLog()
    log.append(Trial(7, config, [0.5], end=2.0))
    frame = log.to_frame()
    assert list(frame.loc[0, COLUMNS]) == [7, 0.5, 1, COMPLETED, "", 2.0]
    assert [frame.loc[0, f"config.{name}"] for name in config if name != "rate"] == [*range(7)]
    assert frame.loc[0, "rate"] == 7
    assert len(frame.columns) == len(COLUMNS) + len(config)


def test_frame_has_the_hyperparameters_of_all_trials_between_number_and_error():
    log = TrialLog()
    log.append(Trial(0, {"a": 1}, [0.5]))
    log.append(Trial(1, {"b": 2}, [0.4]))
    assert list(log.to_frame().columns) == ["number", "a", "b", *COLUMNS[1:]]


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
    assert log.reports == [trial(0, 0.4)]


@pytest.mark.parametrize("errors", [[0.4, 0.3], [0.4], [0.7], []])
@pytest.mark.parametrize("status", [COMPLETED, FAILED])
def test_failed_trial_may_be_tried_again(tmp_path, errors, status):
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0, errors=[0.4]))
    log.append(trial(0, errors=[0.4], status=FAILED, reason="its worker died"))
    with pytest.raises(ValueError, match="trial 0 is in the log already, failed with 1 errors"):
        log.append(trial(0, errors=[0.4, 0.3], config={"x": 1}))
    again = trial(0, errors=errors or [0.1], status=status, start=5.0, end=6.0)
    log.append(again)
    for seen in (log, TrialLog(log.path)):
        assert seen.reports[-1] == seen.find(0) == again
        assert len(seen) == 1


@pytest.mark.parametrize("cut", [2, 10, 40])
def test_torn_last_line_is_passed_over_and_the_log_goes_on(tmp_path, cut):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    for number in range(3):
        log.append(trial(number))
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.warns(UserWarning, match="torn last line of .* next write cuts it off") as caught:
        torn = TrialLog(path)
    assert caught[0].filename == __file__
    assert [t.number for t in torn] == [0, 1]
    with torn.writing():
        assert path.read_bytes() == content[:-cut]
    torn.append(trial(2))
    assert path.read_bytes() == content


def test_last_line_without_its_end_counts(tmp_path, recwarn):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    log.append(trial(0))
    log.append(trial(1))
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    stripped = TrialLog(path)
    assert len(stripped) == 2
    with stripped.writing():
        assert path.read_bytes() == content[:-1]
    stripped.append(trial(2))
    assert path.read_bytes().startswith(content)
    assert list(TrialLog(path)) == [trial(0), trial(1), trial(2)]
    assert not recwarn.list


def test_log_is_read_where_nothing_can_be_written(tmp_path):
    folder = tmp_path / "logs"
    TrialLog(folder / "log.jsonl").append(trial(0))
    (folder / "log.jsonl.lock").unlink()
    (folder / "log.jsonl").write_bytes((folder / "log.jsonl").read_bytes()[:-1])
    folder.chmod(0o500)
    (folder / "log.jsonl").chmod(0o400)
    try:
        assert len(TrialLog(folder / "log.jsonl")) == 1
        assert [path.name for path in folder.iterdir()] == ["log.jsonl"]
    finally:
        folder.chmod(0o700)
    assert not TrialLog(tmp_path / "none" / "log.jsonl")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "edited",
    [
        lambda lines: b"\r\n".join([*lines, b""]),
        lambda lines: b"\r\n".join(lines),
        lambda lines: codecs.BOM_UTF8 + b"\n".join([*lines, b""]),
        lambda lines: b"\n" + b"\n\n  \n".join([*lines, b" "]),
        lambda lines: b"\n".join([*lines, b"\t"]),
    ],
    ids=["CRLF", "CRLF without the last", "BOM", "blank lines", "tab at the end"],
)
def test_file_that_an_editor_has_saved_is_read_and_gone_on_with(tmp_path, edited, recwarn):
    path = tmp_path / "log.jsonl"
    for number in range(3):
        TrialLog(path).append(trial(number))
    path.write_bytes(edited(path.read_bytes().splitlines()))
    log = TrialLog(path)
    assert [t.number for t in log] == [0, 1, 2]
    log.append(trial(3))
    assert [t.number for t in TrialLog(path)] == [0, 1, 2, 3]
    assert not recwarn.list


@pytest.mark.parametrize(
    "last",
    [
        '{"number": 1, "config": {"x": 1}, "errors": [NaN]}',
        '{"number": 0, "config": {"x": 0}, "errors": [0.5]}',
        "notes of mine",
        '{"number": 1, "config": {"x": "\xe4"}, "errors": [0.5]}',
    ],
)
def test_last_line_that_is_whole_and_no_trial_is_not_taken_for_torn(tmp_path, last):
    path = tmp_path / "log.jsonl"
    TrialLog(path).append(trial(0))
    with path.open("a", encoding="latin-1") as file:
        file.write(last)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2"):
        TrialLog(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        *["no json", '{"number": 1}', "[]", '{"number": 1, "x": 2}', "[" * 100_000, "\udcff"],
        *["9" * 5000, '{"number": "0", "config": {}, "errors": [0.5]}'],
        *['{"number": 1.5, "config": {}, "errors": [0.5]}'],
        *['{"number": 1, "config": null, "errors": [0.5]}'],
        *['{"number": 1, "config": {"x": [1]}, "errors": [0.5]}'],
        *[f'{{"number": 1, "config": {{}}, "errors": {e}}}' for e in ("[NaN]", '["a"]', "0.1")],
    ],
    ids=lambda damage: damage[:60].encode(errors="replace").decode(),
)
def test_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    for number in range(3):
        log.append(trial(number))
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = damage
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2 is not a trial"):
        TrialLog(path)


def test_line_that_repeats_a_trial_is_named(tmp_path):
    path = tmp_path / "log.jsonl"
    TrialLog(path).append(trial(0))
    path.write_bytes(b"\n" + path.read_bytes() * 2)
    with pytest.raises(ValueError, match=r"log\.jsonl, line 3: trial 0 is in the log already"):
        TrialLog(path)


class Silent:
    def __repr__(self):
        raise RuntimeError("no text")


IMPOSSIBLE = {
    "number": ["0", 1.5, 1.0, True, np.bool_(True), -1, None, math.nan, [0], 10**400, Silent()],
    "config": [None, [], "x", 3, [("x", 1)], {1: 2}, {None: 1}],
    "errors": [0.1, "0.1", None, {0.1}, {}, b"ab", range(2), np.array(0.1), np.ones((1, 2))]
    + [[x] for x in (math.nan, math.inf, "a", None, 0.1j, True, [0.1], 10**400, Silent())],
    "status": ["done", None, 1, np.array(["completed"])],
    "reason": [None, 3, ValueError("no")],
    "traceback": [None, b"", Silent()],
    "start": [math.nan, -math.inf, "now", None, True, 1j],
    "end": [math.nan, math.inf, [], 10**400],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in IMPOSSIBLE.items() for value in values],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_impossible_trials_are_refused_by_name(field, value):
    expected = rf"^({field}|configuration|hyperparameter)\b.* is .*; expected "
    with pytest.raises((ValueError, TypeError), match=expected):
        trial(0, **{field: value})


def test_error_that_is_none_is_named_with_its_place():
    with pytest.raises(ValueError, match=r"errors\[1\] is nan; expected a finite number"):
        trial(0, errors=[0.5, math.nan])
    with pytest.raises(ValueError, match="has no validation error"):
        trial(0, errors=[])


@pytest.mark.parametrize(
    "value",
    [
        *[math.nan, -math.inf, np.float32("nan"), 1j, [1], (1,), {}, b"x", object(), np.array(1)],
        *[np.datetime64("2020"), Fraction(1, 2), 10**400, Silent()],
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_that_no_log_could_give_back_is_refused_by_name(value):
    with pytest.raises(
        (ValueError, TypeError), match=r"of 'rate' is of type .*; expected a string"
    ):
        check_config({"layers": 1, "rate": value})


def test_trial_keeps_plain_copies(tmp_path):
    config = {np.str_("a"): np.int64(3), "b": np.float32(0.5), "c": np.bool_(True), "d": None}
    errors = np.array([0.5, 0.25], dtype=np.float32)
    kept = Trial(np.int32(2), config, errors, start=1, end=np.float64(2))
    config["a"], errors[:] = 9, 0.0
    assert kept == Trial(2, {"a": 3, "b": 0.5, "c": True, "d": None}, [0.5, 0.25], start=1.0, end=2)
    values = [kept.number, *kept.config, *kept.config.values(), *kept.errors, kept.start, kept.end]
    plain = [int, str, str, str, str, int, float, bool, type(None), float, float, float, float]
    assert [*map(type, values)] == plain
    assert trial(0, errors=[Fraction(1, 2), 1, np.int8(0)]).errors == [0.5, 1.0, 0.0]
    for same in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert same == kept


def test_option_that_is_a_string_of_a_kind_comes_back(tmp_path):
    option = StrEnum("Activation", ["RELU"]).RELU
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0, config={"activation": option}))
    assert TrialLog(log.path)[0].config == {"activation": "relu"}
    log.append(trial(1))


def test_traceback_is_kept_and_written_only_where_there_is_one(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0))
    log.append(trial(1, status=FAILED, reason="KeyError: 'x'", traceback="Traceback: \u00b1\n"))
    first, second = map(json.loads, log.path.read_bytes().splitlines())
    assert "traceback" not in first
    assert second["traceback"] == TrialLog(log.path)[1].traceback == "Traceback: \u00b1\n"
    assert "Traceback" not in repr(log[1])


@pytest.mark.parametrize("entry", [None, {"number": 0}, [], Silent()])
def test_only_trials_are_logged(entry):
    with pytest.raises(TypeError, match=r"a log was given .*; expected a Trial"):
        TrialLog().append(entry)


NO_FILES = ["", ".", "/", "new/", "a\0b", "a\ud800b", 3, b"log", [], os.devnull]
NO_FILES += ["~nobody of that name/log"] if os.name == "posix" else []


@pytest.mark.parametrize("path", NO_FILES, ids=repr)
def test_path_of_no_file_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"path is .*; expected that of a file"):
        TrialLog(path)
    assert not [*tmp_path.iterdir()]


def test_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        TrialLog(tmp_path / "file" / "log.jsonl").append(trial(0))


def test_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    log = TrialLog("log.jsonl")
    log.append(trial(0))
    monkeypatch.chdir(tmp_path / "there")
    log.append(trial(1))
    assert not [*Path.cwd().iterdir()]
    assert log.path == tmp_path / "here" / "log.jsonl"
    assert len(TrialLog(log.path)) == 2
    assert str(log.path) in repr(log)


def test_tilde_is_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    TrialLog("~/log.jsonl").append(trial(0))
    assert len(TrialLog(tmp_path / "log.jsonl")) == 1


def test_writing_may_be_taken_again_by_who_holds_it(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    with log.writing(), log.writing():
        log.append(trial(0))
    with TrialLog(log.path).writing():
        pass


def tries(log, number):
    """What comes of an append: nothing, or an error."""
    try:
        log.append(trial(number))
    except RuntimeError as error:
        return str(error)


def test_nobody_else_may_append_meanwhile(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    link = tmp_path / "link.jsonl"
    with log.writing():
        log.append(trial(0))
        link.symlink_to(log.path)
        refused = [tries(TrialLog(log.path), 1), tries(TrialLog(link), 1)]
        thread = threading.Thread(target=lambda: refused.append(tries(log, 1)))
        thread.start()
        thread.join()
        if hasattr(os, "fork"):
            with multiprocessing.get_context("fork").Pool(1) as pool:
                refused.append(pool.apply(tries, (log, 1)))
    assert all("is being written by another search" in message for message in refused)
    assert list(log) == list(TrialLog(log.path)) == [trial(0)]
    log.append(trial(1))
    assert len(TrialLog(link)) == 2


def test_processes_that_append_at_a_time_lose_nothing(tmp_path):
    path = tmp_path / "log.jsonl"
    appending = (
        "import sys\n"
        "from hpo_helpers.trials import Trial, TrialLog\n"
        "log = TrialLog(sys.argv[1])\n"
        "for number in range(int(sys.argv[2]), 60, 2):\n"
        "    while True:\n"
        "        try:\n"
        "            log.append(Trial(number, {}, [0.5]))\n"
        "            break\n"
        "        except RuntimeError:\n"
        "            pass\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", appending, str(path), first]) for first in "01"]
    assert [process.wait() for process in both] == [0, 0]
    assert sorted(t.number for t in TrialLog(path)) == [*range(60)]


def test_log_takes_in_what_another_has_written(tmp_path):
    early, log = (TrialLog(tmp_path / "log.jsonl") for _ in range(2))
    for number in range(3):
        log.append(trial(number, 0.5 - 0.1 * number))
    with pytest.raises(ValueError, match="trial 1 is in the log already"):
        early.append(trial(1))
    assert early.reports == log.reports
    assert early.incumbent == log.incumbent
    early.append(trial(3))
    with log.writing():
        assert len(log) == 4


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 2, None])
def test_what_was_deleted_between_two_writes_is_written_again(tmp_path, held, kept):
    log = TrialLog(tmp_path / "logs" / "log.jsonl")
    with log.writing() if held else contextlib.nullcontext():
        for number in range(3):
            log.append(trial(number))
        content = log.path.read_bytes()
        if kept is None:
            log.path.unlink() if held else shutil.rmtree(log.path.parent)
        else:
            log.path.write_bytes(b"".join(content.splitlines(keepends=True)[:kept]))
        assert len(TrialLog(log.path)) == (kept or 0)
        log.append(trial(3))
    assert log.path.read_bytes().startswith(content)
    assert list(TrialLog(log.path)) == list(log) == [trial(number) for number in range(4)]


def test_file_that_was_replaced_is_neither_overwritten_nor_lost(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    log.append(trial(0))
    other = TrialLog(tmp_path / "other.jsonl")
    other.append(trial(0, 0.4))
    other.append(trial(1))
    content = other.path.read_bytes()
    with log.writing():
        other.path.replace(log.path)
        for number in (1, 2):
            with pytest.raises(RuntimeError, match=r"log\.jsonl holds other trials than it did"):
                log.append(trial(number))
    assert [t.number for t in log] == [0, 1, 2]
    assert log.path.read_bytes() == content
    with pytest.raises(RuntimeError, match="holds other trials"), log.writing():
        pass


def test_what_a_full_disk_refused_is_written_with_the_next_trial(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    with log.writing():
        log.append(trial(0))
        with monkeypatch.context() as full:
            full.setattr(Path, "open", None)
            with pytest.raises(TypeError):
                log.append(trial(1))
        assert [len(log), len(TrialLog(path))] == [2, 1]
        log.append(trial(2))
    assert list(TrialLog(path)) == list(log)


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
    process.send_signal(signal.SIGKILL)
    reported = [int(line) for line in process.communicate()[0].splitlines() if line]
    survived = [t.number for t in TrialLog(path)]
    assert survived == list(range(len(survived)))
    assert len(survived) >= len(reported) > 50


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


LINES = [
    b'{"number": 0, "config": {"x": 1}, "errors": [0.5], "status": "completed", "end": 1.0}',
    b'{"number": 1, "config": {}, "errors": [], "status": "failed", "reason": "no"}',
]
PARTS = st.sampled_from(
    [
        *[*LINES, b"\n", b"\r\n", codecs.BOM_UTF8, b"\0", b"{", b"}", b'"', b"[", b"NaN", b"-1"],
        *[b"9" * 5000, b"null", b'"config"', b'"errors": [', b"\xff", b"\\ud800", b" ", b"1e999"],
    ]
)
FILES = st.lists(st.one_of(PARTS, st.binary(max_size=5)), max_size=10).map(b"".join)


@given(FILES, st.lists(st.tuples(st.integers(0), PARTS), max_size=3))
@example(b"\n".join(LINES), [])
def test_bytes_are_a_log_that_goes_on_or_are_refused_by_line(tmp_path_factory, content, strewn):
    for place, part in strewn:
        place %= len(content) + 1
        content = content[:place] + part + content[place:]
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            log = TrialLog(path)
        except ValueError as error:
            assert f"{path}, line " in str(error)
            return
        assert path.read_bytes() == content
        new = max((t.number for t in log), default=0) + 1
        log.append(trial(new))
        log.to_frame()
        assert TrialLog(path).reports == log.reports


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.complex_numbers(),
        st.fractions(),
        st.decimals(),
        st.builds(pow, st.just(10), st.just(5000)),
        st.builds(Silent),
        st.sampled_from([np.float32(0.5), np.int8(3), np.bool_(True), np.str_("x"), np.array(1)]),
        st.builds(np.longdouble, st.floats()),
        st.builds(np.array, st.lists(st.floats())),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.tuples(inner),
        st.builds(np.array, inner, dtype=st.just(object)),
    ),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {
            "number": st.one_of(st.integers(0, 9), ANYTHING),
            "config": st.one_of(CONFIGS, ANYTHING),
            "errors": st.one_of(ERRORS, ANYTHING),
        },
        optional={
            **dict.fromkeys(["reason", "traceback"], st.one_of(st.text(), ANYTHING)),
            **dict.fromkeys(["start", "end"], st.one_of(st.floats(), ANYTHING)),
            "status": st.one_of(st.sampled_from([COMPLETED, FAILED]), ANYTHING),
        },
    )
)
def test_arguments_are_a_trial_that_comes_back_or_are_refused(tmp_path_factory, arguments):
    try:
        made = Trial(**arguments)
    except (ValueError, TypeError) as error:
        assert "expected" in str(error) or "has no validation error" in str(error)
        return
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    TrialLog(path).append(made)
    assert list(TrialLog(path)) == [made]
