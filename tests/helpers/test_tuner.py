import asyncio
import math
import re
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hpo_helpers.jobs import Job, run_job
from hpo_helpers.recordings import RecordedTrials, load_recording
from hpo_helpers.schedulers import ASHA, FixedEpochs, Hyperband, SuccessiveHalving
from hpo_helpers.search import Search
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.simulator import simulate
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.trials import COMPLETED, FAILED, TrialLog
from hpo_helpers.tuner import tune

SPACE = ConfigSpace({"x": stats.uniform(0, 1), "layers": stats.randint(1, 5)})


def search(objective, trials=20, **keywords):
    return tune(objective, RandomSearch(SPACE, seed=3), trials, progress=False, **keywords)


def test_search_finds_the_best_of_what_it_tried():
    log = search(lambda config: abs(config["x"] - 0.3))
    errors = [abs(trial.config["x"] - 0.3) for trial in log]
    assert [trial.error for trial in log] == errors
    assert log.incumbent.error == min(errors)
    assert [trial.number for trial in log] == list(range(20))
    assert all(trial.start <= trial.end for trial in log)


def test_curve_is_kept():
    for curve in ([0.5, 0.4], np.array([0.5, 0.4]), pd.Series([0.5, 0.4])):
        log = search(lambda config, curve=curve: curve, trials=1)
        assert log[0].errors == [0.5, 0.4]


def test_draws_depend_on_seed_and_number_alone():
    searcher = RandomSearch(SPACE, seed=3)
    assert searcher.ask(7) == RandomSearch(SPACE, seed=3).ask(7)
    assert searcher.ask(7) != searcher.ask(8)
    assert searcher.ask(7) != RandomSearch(SPACE, seed=4).ask(7)


def test_failures_are_recorded_and_the_search_goes_on():
    outcomes = {
        0: ZeroDivisionError("by zero"),
        1: math.nan,
        2: [0.5, 0.4, math.inf, 0.1],
        3: [],
        4: None,
        5: 0.25,
    }
    asked = iter(outcomes.values())

    def objective(config):
        outcome = next(asked)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    log = search(objective, trials=6)
    assert [trial.status for trial in log] == [FAILED] * 5 + [COMPLETED]
    assert log[0].reason == "ZeroDivisionError: by zero"
    assert log[1].reason == "the validation error is nan in report 1"
    assert log[2].reason == "the validation error is inf in report 3"
    assert log[2].errors == [0.5, 0.4]
    assert log[3].reason == "the objective returned no error"
    assert log[4].reason.startswith("TypeError")
    assert log.incumbent.number == 5


def test_search_in_which_everything_fails_says_so():
    def misspelt(config):
        return config["learningrate"]

    with pytest.warns(UserWarning, match="all 3 trials failed; the first one: KeyError"):
        log = search(misspelt, trials=3)
    assert log.incumbent is None


def test_objective_cannot_change_what_is_logged():
    def objective(config):
        config.clear()
        return 0.5

    assert search(objective, trials=1)[0].config == RandomSearch(SPACE, seed=3).ask(0)


def test_searcher_hears_of_every_trial_also_of_those_in_the_log():
    heard = []

    class Listener(RandomSearch):
        def tell(self, trial):
            heard.append(trial.number)

    log = tune(lambda config: 0.5, Listener(SPACE), 3, progress=False)
    heard.clear()
    tune(lambda config: 0.5, Listener(SPACE), 5, log=log, progress=False)
    assert heard == [0, 1, 2, 3, 4]


def test_stopped_by_hand_returns_what_is_finished_and_goes_on():
    calls = []

    def objective(config):
        calls.append(config)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return config["x"]

    with pytest.warns(UserWarning, match="after 3 of 6 trials"):
        log = search(objective, trials=6)
    assert len(log) == 3
    search(objective, trials=6, log=log)
    assert [t.config for t in log] == [t.config for t in search(lambda c: 0.5, trials=6)]


def test_search_without_a_budget_is_refused():
    with pytest.raises(ValueError, match="trials is 0"):
        search(lambda config: 0.5, trials=0)
    with pytest.raises(ValueError, match=r"expected at least one of \['trials', 'epochs', 'sec"):
        search(lambda config: 0.5, trials=None)


def test_search_stops_at_its_goals():
    assert len(search(lambda config: config["x"], trials=None, epochs=7)) == 7
    log = search(lambda config: config["x"], trials=1000, target=0.05)
    assert log[-1] is log.incumbent
    assert log.incumbent.error <= 0.05 < min(trial.error for trial in log[:-1])
    log = search(lambda config: config["x"], trials=1000, patience=12)
    assert log[-13] is log.incumbent
    assert len(search(lambda config: time.sleep(0.05) or 0.5, trials=1000, seconds=0.5)) <= 11


def test_search_without_a_worker_is_refused():
    with pytest.raises(ValueError, match="workers is 0; expected a whole number, at least 1"):
        tune(lambda config: 0.5, RandomSearch(SPACE), trials=1, workers=0, progress=False)


def test_budget_of_epochs_ends_a_search_in_which_everything_fails():
    def broken(config, epochs, state=None):
        return [math.nan], None

    with pytest.warns(UserWarning, match="all 30 trials failed"):
        search(broken, trials=None, epochs=30, scheduler=ASHA(max_epochs=9))


def test_initial_configurations_go_first():
    first = {"x": 0.123, "layers": 2}
    log = search(lambda config: 0.5, trials=5, initial=[first])
    assert log[0].config == first
    assert [t.config for t in log[1:]] == [t.config for t in search(lambda c: 0.5, trials=5)[1:]]
    with pytest.raises(ValueError, match="layers is 9; expected an integer from 1 to 4"):
        search(lambda config: 0.5, trials=5, initial=[{"x": 0.1, "layers": 9}])


def test_log_of_another_space_is_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    other = ConfigSpace({"y": stats.uniform(0, 1)})
    tune(lambda config: 0.5, RandomSearch(other), 3, log=TrialLog(path), progress=False)
    with pytest.raises(ValueError, match="is of another space: in trial 0, unknown hyperparame"):
        search(lambda config: 0.5, log=TrialLog(path))
    assert len(TrialLog(path)) == 3


def test_two_searches_cannot_write_one_log(tmp_path):
    path = tmp_path / "log.jsonl"
    refused = []

    def objective(config):
        if not refused:
            with pytest.raises(RuntimeError, match=r"log\.jsonl is being written by another sear"):
                search(lambda config: 0.1, log=TrialLog(path))
            refused.append(True)
        return 0.5

    assert {trial.error for trial in search(objective, trials=5, log=TrialLog(path))} == {0.5}
    assert len(search(lambda config: 0.1, trials=6, log=TrialLog(path))) == 6


def test_search_begins_with_what_another_has_written_since_its_log_was_opened(tmp_path):
    path = tmp_path / "log.jsonl"
    early = TrialLog(path)
    search(lambda config: config["x"], trials=5, log=TrialLog(path))
    search(lambda config: config["x"], trials=8, log=early)
    assert [trial.number for trial in TrialLog(path)] == list(range(8))


SCHEDULERS = {
    "asha": lambda: ASHA(max_epochs=9),
    "stopping": lambda: ASHA(max_epochs=9, stopping=True),
    "halving": lambda: SuccessiveHalving(max_epochs=9),
    "hyperband": lambda: Hyperband(max_epochs=9),
}


class Counting:
    """An objective that carries its epochs in its state, and stops the search when told."""

    def __init__(self, stop_at=None):
        self.trained, self.stop_at = [], stop_at

    def __call__(self, config, epochs, state=None):
        if len(self.trained) == self.stop_at:
            raise KeyboardInterrupt
        begun = 0 if state is None else state["epochs"]
        self.trained.append((config["x"], begun, epochs))
        errors = [config["x"] + 1 / (2 + epoch) for epoch in range(begun, begun + epochs)]
        return errors, {"epochs": begun + epochs}


def reports(log):
    return [(trial.number, trial.config, trial.errors) for trial in log.reports]


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
@pytest.mark.parametrize("stop_at", [1, 10, 17])
@pytest.mark.parametrize("lost", [False, True], ids=["states", "states lost"])
def test_interrupted_search_with_a_scheduler_ends_as_if_it_never_was(
    tmp_path, scheduler, stop_at, lost
):
    whole = search(Counting(), scheduler=scheduler())
    path = tmp_path / "log.jsonl"
    stopped = Counting(stop_at)
    with pytest.warns(UserWarning, match="stopped by hand"):
        search(stopped, scheduler=scheduler(), log=TrialLog(path))
    if lost:
        for state in (tmp_path / "log.jsonl.states").iterdir():
            state.unlink()
    going_on = Counting()
    with warnings.catch_warnings(record=True) as caught:
        log = search(going_on, scheduler=scheduler(), log=TrialLog(path))
    assert all("begins anew, for its state cannot be read" in str(w.message) for w in caught)
    assert lost or not caught
    assert reports(log) == reports(whole)
    assert reports(TrialLog(path)) == reports(whole)
    if not lost:
        assert sum(epochs for *_, epochs in stopped.trained + going_on.trained) == sum(
            len(trial.errors) for trial in whole
        )


def test_trial_is_continued_and_not_begun_again():
    objective = Counting()
    log = search(objective, trials=9, scheduler=SuccessiveHalving(max_epochs=9))
    best = log.incumbent.config["x"]
    assert [(begun, n) for x, begun, n in objective.trained if x == best] == [
        (0, 1),
        (1, 2),
        (3, 6),
    ]
    assert sum(epochs for *_, epochs in objective.trained) == sum(len(t.errors) for t in log)


def test_states_lie_beside_the_log_only_as_long_as_they_are_needed(tmp_path):
    path = tmp_path / "log.jsonl"
    log = search(
        Counting(), trials=9, scheduler=SuccessiveHalving(max_epochs=9), log=TrialLog(path)
    )
    left = sorted(state.name for state in (tmp_path / "log.jsonl.states").iterdir())
    paused = [trial for trial in log if len(trial.errors) < 9]
    assert left == sorted(f"{trial.number}-{len(trial.errors)}.pickle" for trial in paused)


def test_state_that_cannot_be_stored_is_named(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    with pytest.raises(TypeError, match="the state of trial 0 cannot be stored"):
        search(
            lambda config, epochs, state: ([0.5], lambda: 0), scheduler=ASHA(max_epochs=9), log=log
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_full_disk_stops_the_search_and_keeps_what_was_written(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    log = TrialLog(path)
    search(lambda config: 0.5, trials=3, log=log)

    def objective(config):
        monkeypatch.setattr(log, "path", Path("/dev/full"))
        return 0.5

    with pytest.raises(OSError, match="No space left on device"):
        search(objective, trials=5, log=log)
    assert len(TrialLog(path)) == 3
    assert len(search(lambda config: 0.5, trials=5, log=TrialLog(path))) == 5


def test_progress_names_the_incumbent(capfd):
    tune(lambda config: 0.25, RandomSearch(SPACE), 2)
    assert "best error 0.2500" in capfd.readouterr().err


SLOW_SEARCH = """
import sys, time
from scipy import stats
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import tune

def objective(config):
    time.sleep(0.05)
    return config["x"]

space = ConfigSpace({"x": stats.uniform(0, 1), "layers": stats.randint(1, 5)})
tune(objective, RandomSearch(space, seed=3), 30, log=TrialLog(sys.argv[1]), progress=False)
"""


def test_killed_search_resumes_and_ends_as_if_never_interrupted(tmp_path):
    path = tmp_path / "search.jsonl"
    command = [sys.executable, "-c", SLOW_SEARCH, str(path)]
    process = subprocess.Popen(command)
    while not (path.exists() and path.read_bytes().count(b"\n") >= 5):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = list(TrialLog(path))
    assert 5 <= len(before) < 30

    subprocess.run(command, check=True)
    resumed = TrialLog(path)
    assert list(resumed)[: len(before)] == before
    whole = search(lambda config: config["x"], trials=30)
    assert [(t.number, t.config, t.errors) for t in resumed] == [
        (t.number, t.config, t.errors) for t in whole
    ]


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
def test_used_scheduler_schedules_the_next_search_as_a_new_one_does(scheduler):
    used = scheduler()
    first = search(Counting(), scheduler=used)
    assert reports(search(Counting(), scheduler=used)) == reports(first)
    assert reports(search(Counting(), trials=31, scheduler=used)) == reports(
        search(Counting(), trials=31, scheduler=scheduler())
    )


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
@pytest.mark.parametrize("stop_at", [1, 10, 17])
def test_search_stopped_by_hand_goes_on_with_the_same_objects(scheduler, stop_at):
    whole, used = search(Counting(), scheduler=scheduler()), scheduler()
    with pytest.warns(UserWarning, match="stopped by hand"):
        log = search(Counting(stop_at), scheduler=used)
    assert reports(search(Counting(), scheduler=used, log=log)) == reports(whole)


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
def test_more_trials_than_before_can_be_asked_for(scheduler):
    used = scheduler()
    log = search(Counting(), trials=6, scheduler=used)
    assert len(search(Counting(), trials=12, scheduler=used, log=log)) == 12


@pytest.mark.parametrize("before", SCHEDULERS.values(), ids=SCHEDULERS)
@pytest.mark.parametrize(
    "after",
    [
        lambda: ASHA(min_epochs=2, max_epochs=20, eta=3),
        lambda: ASHA(min_epochs=2, max_epochs=8, eta=2, stopping=True),
        lambda: SuccessiveHalving(min_epochs=2, max_epochs=16, eta=2),
        lambda: Hyperband(max_epochs=16, eta=4),
        lambda: FixedEpochs(12),
    ],
)
def test_log_of_another_scheduler_is_gone_on_with(before, after):
    log = search(Counting(), trials=15, scheduler=before())
    log = search(Counting(), trials=30, scheduler=after(), log=log)
    assert len(log) == 30
    most = after().max_epochs
    assert max(len(trial.errors) for trial in log) >= most
    assert {len(trial.errors) for trial in log} - {1, 3, 9} <= {1, 2, 4, 6, 8, 12, 16, 18, 20}
    if isinstance(after(), FixedEpochs):
        assert {len(trial.errors) for trial in log} == {12}


class Raises(RandomSearch):
    """Fails in one of its two methods, at trial 3."""

    def __init__(self, method):
        super().__init__(SPACE, seed=3)
        self.method = method

    def ask(self, number):
        if (self.method, number) == ("ask", 3):
            raise LookupError("lost the thread")
        return super().ask(number)

    def tell(self, trial):
        if (self.method, trial.number) == ("tell", 3):
            raise LookupError("lost the thread")


@pytest.mark.parametrize(("method", "kept"), [("ask", 3), ("tell", 4)])
def test_error_that_ends_a_search_brings_back_what_was_measured(method, kept):
    with pytest.raises(LookupError, match="lost the thread") as raised:
        tune(lambda config: config["x"], Raises(method), 9, progress=False)
    assert [trial.number for trial in raised.value.log] == list(range(kept))
    assert f"The {kept} trials measured so far" in raised.value.__notes__[0]


@pytest.mark.parametrize("trials", [3, 9])
def test_warning_that_is_made_an_error_brings_back_what_was_measured(trials):
    begun = []

    def objective(config):
        begun.append(config)
        raise KeyboardInterrupt if len(begun) > 3 else ValueError("no")

    with warnings.catch_warnings(), pytest.raises(UserWarning, match=r"3 .*trials") as raised:
        warnings.simplefilter("error")
        search(objective, trials)
    assert len(raised.value.log) == 3


def test_who_is_told_of_a_trial_cannot_change_what_is_logged():
    class Changing(RandomSearch):
        def tell(self, trial):
            trial.config.clear()
            trial.errors.clear()

    class ChangingScheduler(FixedEpochs):
        def tell(self, trial):
            super().tell(trial)
            trial.config["x"] = 7

    log = tune(Counting(), Changing(SPACE), 3, scheduler=ChangingScheduler(2), progress=False)
    as_it_is = tune(Counting(), RandomSearch(SPACE), 3, scheduler=FixedEpochs(2), progress=False)
    assert reports(log) == reports(as_it_is)
    assert [trial.config for trial in log] == [trial.config for trial in as_it_is]


def test_what_ended_together_with_a_trial_that_ends_the_search_is_kept():
    class Together:
        """Four workers that end at the same time."""

        def __init__(self):
            self.jobs = []

        idle = property(lambda self: len(self.jobs) < 4)
        busy = property(lambda self: bool(self.jobs))

        def start(self, job):
            self.jobs.append(job)

        def finished(self):
            jobs, self.jobs = self.jobs, []
            return [run_job(lambda config: 0.5, job) for job in jobs]

    run = Search(Raises("tell"), None, TrialLog(), trials=9)
    with pytest.raises(LookupError):
        run.run(Together())
    assert len(run.log) == 4

    class First(Raises):
        def tell(self, trial):
            raise LookupError("lost the thread")

    run = Search(First("tell"), None, TrialLog(), trials=9)
    with pytest.raises(LookupError):
        run.run(Together())
    assert len(run.log) == 4


def test_trial_is_logged_though_its_state_cannot_be_stored(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    with pytest.raises(TypeError, match="the state of trial 0 cannot be stored"):
        search(
            lambda config, epochs, state: ([0.5], lambda: 0),
            scheduler=ASHA(max_epochs=9),
            log=log,
        )
    assert TrialLog(log.path)[0].errors == [0.5]


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"torn"), Path.unlink])
def test_state_that_cannot_be_read_is_named_and_its_trial_begins_anew(tmp_path, spoil):
    path = tmp_path / "log.jsonl"
    whole = search(Counting(), scheduler=ASHA(max_epochs=9))
    with pytest.warns(UserWarning, match="stopped by hand"):
        search(Counting(10), scheduler=ASHA(max_epochs=9), log=TrialLog(path))
    for state in (tmp_path / "log.jsonl.states").iterdir():
        spoil(state)
    with pytest.warns(
        UserWarning, match=r"begins anew, for its state cannot be read from .*pickle"
    ):
        log = search(Counting(), scheduler=ASHA(max_epochs=9), log=TrialLog(path))
    assert reports(log) == reports(whole)


def test_searcher_that_has_no_more_ends_a_search_with_a_scheduler_too():
    class Few(RandomSearch):
        def ask(self, number):
            return super().ask(number) if number < 5 else None

    for make in SCHEDULERS.values():
        with pytest.warns(UserWarning, match="nothing more to try after 5 of 20 trials"):
            log = tune(Counting(), Few(SPACE), 20, scheduler=make(), progress=False)
        assert [trial.number for trial in log] == list(range(5))
        assert max(len(trial.errors) for trial in log) > 1


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ((0.3, 0.9), r"the objective returned \(0.3, 0.9\); expected the validation error"),
        (0.3 + 0.1j, "the objective returned"),
        ("0.3", "the objective returned '0.3'"),
        (True, "the objective returned True"),
        ([0.5, "0.4"], "the objective returned"),
        ([0.5, None], "the objective returned"),
        ({"error": 0.3}, "the objective returned"),
        ([[0.5, 0.4]], "the objective returned"),
        ([0.5, [0.4]], r"the objective returned \[0.5, \[0.4\]\]; expected the validation error"),
        (10**400, "the objective returned 1000.*; expected the validation error"),
        ([np.array([0.5])] * 10**6, r"the objective returned \[array\(.{,100} \.\.\.\]; expected"),
        (np.ma.masked_array([0.5, 0.4], [False, True]), "the objective returned masked_array"),
    ],
)
def test_what_is_no_error_is_refused(returned, reason):
    with pytest.warns(UserWarning, match="all 1 trials failed"):
        trial = search(lambda config: returned, trials=1)[0]
    assert re.match("TypeError: " + reason, trial.reason)
    with pytest.warns(UserWarning, match="all 1 trials failed"):
        search(lambda config, epochs, state: (returned, None), 1, scheduler=FixedEpochs(1))


@pytest.mark.parametrize(
    "returned", [[0.3, 0.2], np.array([0.3, 0.2]), 0.3, ([0.3], None, 1), {"errors": 1, "state": 2}]
)
def test_what_is_no_pair_of_errors_and_state_is_refused(returned):
    with pytest.warns(UserWarning, match="all 1 trials failed"):
        trial = search(lambda config, epochs, state: returned, 1, scheduler=FixedEpochs(1))[0]
    assert re.match(r"TypeError: the objective returned .* return \(errors, state\)", trial.reason)


class Scalar:
    """What a library of tensors gives: no number, and an array if asked."""

    def __array__(self, dtype=None, copy=None):
        return np.array(0.25, np.float32)

    def __float__(self):
        return 0.25


def test_numbers_of_every_library_are_errors():
    assert search(lambda config: [Scalar(), Scalar()], trials=1)[0].errors == [0.25, 0.25]
    assert search(lambda config: pd.Series([0.25], index=[7]), trials=1)[0].errors == [0.25]
    assert search(lambda config: Scalar(), trials=1)[0].errors == [0.25]
    for error in (Fraction(1, 4), np.float32(0.25), np.array(0.25), np.array([0.25]), 0.25):
        assert search(lambda config, error=error: error, trials=1)[0].errors == [0.25]


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize("error", [SystemExit(2), Silent(), asyncio.CancelledError("by a library")])
def test_whatever_an_objective_raises_is_a_failure(error):
    def objective(config):
        raise error

    with pytest.warns(UserWarning, match="all 2 trials failed"):
        log = search(objective, trials=2)
    assert log[0].reason.startswith(type(error).__name__)


def test_failure_keeps_its_traceback(tmp_path):
    def deep(config):
        return config["learning_rate"]

    with pytest.warns(UserWarning, match="all 1 trials failed"):
        search(lambda config: deep(config), trials=1, log=tmp_path / "log.jsonl")
    (trial,) = TrialLog(tmp_path / "log.jsonl")
    assert trial.reason == "KeyError: 'learning_rate'"
    assert 'return config["learning_rate"]' in trial.traceback
    assert "in deep" in trial.traceback


@pytest.mark.parametrize("scheduler", [None, *SCHEDULERS.values()])
def test_failed_trials_can_be_tried_again(tmp_path, scheduler):
    make = scheduler or (lambda: None)
    mended = Counting() if scheduler else (lambda config: config["x"])

    def broken(config, *more):
        if config["layers"] == 2:
            raise OSError("no such file")
        return mended(config, *more)

    path = tmp_path / "log.jsonl"
    objective = broken if scheduler else (lambda config: broken(config))
    log = search(objective, log=path, scheduler=make())
    failed = [trial.number for trial in log if trial.status == FAILED]
    assert failed
    assert len(search(mended, log=path, scheduler=make()).reports) == len(log.reports)
    again = search(mended, log=path, scheduler=make(), retry_failed=True)
    assert all(trial.status == COMPLETED for trial in again)
    assert sorted(trial.number for trial in again) == list(range(20))
    whole = {trial.number: trial.config for trial in search(mended, scheduler=make())}
    assert {trial.number: trial.config for trial in TrialLog(path)} == whole


def test_clock_of_the_day_decides_nothing(monkeypatch):
    today = iter([10_000.0, 3_000.0, 90_000.0, 4.0, 5.0, 6.0, *range(1000)])
    monkeypatch.setattr(time, "time", lambda: next(today))
    log = search(lambda config: config["x"], trials=3, seconds=60)
    assert len(log) == 3
    assert all(0 <= trial.end - trial.start < 1 for trial in log)
    trial = run_job(Counting(), Job(0, {"x": 0.5}, epochs=4), time_limit=60).trial
    assert trial.status == COMPLETED


@pytest.mark.parametrize(
    ("answer", "message", "has_space"),
    [
        ({"x": math.nan, "layers": 1}, "x", True),
        ({"x": math.nan, "layers": 1}, "x", False),
        ({"x": math.inf, "layers": 1}, "x", False),
        ({"x": 0.5}, "'layers' is missing", True),
        ([0.5, 1], "expected", True),
        ([0.5, 1], "expected", False),
    ],
)
def test_configuration_that_cannot_be_trained_is_refused_before_it_is(answer, message, has_space):
    class Mine:
        def ask(self, number):
            return answer

        def tell(self, trial):
            pass

    mine, trained = Mine(), []
    if has_space:
        mine.space = SPACE
    with pytest.raises((TypeError, ValueError), match=f"trial 0: .*{message}"):
        tune(trained.append, mine, 3, progress=False)
    assert not trained


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 2.5}, "trials is 2.5; expected a whole number"),
        ({"trials": True}, "trials is True; expected a whole number"),
        ({"epochs": -1}, "epochs is -1; expected a whole number"),
        ({"seconds": -1}, "seconds is -1; expected a finite number above 0"),
        ({"seconds": math.nan}, "seconds is nan; expected a finite number above 0"),
        ({"patience": 0}, "patience is 0; expected a whole number, at least 1"),
        ({"patience": -1}, "patience is -1; expected a whole number, at least 1"),
        ({"target": math.nan}, "target is nan; expected a finite number"),
        ({"target": "0.1"}, "target is '0.1'; expected a finite number"),
        ({"time_limit": -1}, "time_limit is -1; expected a finite number above 0"),
        ({"time_limit": 0}, "time_limit is 0; expected a finite number above 0"),
        ({"workers": 1.5}, "workers is 1.5; expected a whole number"),
        ({"initial": {"x": 0.5, "layers": 1}}, r"expected a list of configurations: \[\{"),
        ({"initial": [3]}, "initial: "),
        ({"initial": None}, "initial is None; expected a list of configurations"),
        ({"executor": ThreadPoolExecutor(2)}, "executor is .*; expected what makes a new one"),
        ({"executor": lambda: None}, "executor made None; expected that it returns a concurrent"),
        ({"scheduler": ASHA}, r"and this is a class; make one of it: ASHA\(...\)"),
        ({"scheduler": RandomSearch(SPACE)}, "and it lacks 'job'"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    objective = Counting() if "scheduler" in options else (lambda config: 0.5)
    with pytest.raises((TypeError, ValueError), match=message):
        search(objective, **options)


@pytest.mark.parametrize("given", [RandomSearch, None, 3, {"x": 0.5}])
def test_what_is_no_searcher_is_refused(given):
    with pytest.raises(TypeError, match=r"searcher is .*; expected an object with ask, tell"):
        tune(lambda config: 0.5, given, 3, progress=False)


def test_searcher_that_cannot_be_copied_says_how_it_can():
    class Connected(RandomSearch):
        def __init__(self):
            super().__init__(SPACE)
            self.connection = threading.Lock()

    with pytest.raises(TypeError, match="give its class a method __deepcopy__"):
        tune(lambda config: 0.5, Connected(), 3, progress=False)


@pytest.mark.parametrize(
    ("objective", "scheduler", "message"),
    [
        (Counting(), None, r"a search calls objective\(config\), but this one takes"),
        (lambda config: 0.5, ASHA(max_epochs=9), "leave the scheduler out"),
        (
            RecordedTrials(load_recording("mlp").where(seed=0)),
            ASHA(max_epochs=9),
            r"this one takes \(config.*give its method `train`",
        ),
        (lambda: 0.5, None, r"but this one takes \(\)"),
        (0.5, None, "objective is 0.5; expected a function"),
    ],
)
def test_objective_of_the_other_form_is_refused_before_a_trial(objective, scheduler, message):
    log = TrialLog()
    with pytest.raises(TypeError, match=message):
        search(objective, scheduler=scheduler, log=log)
    with pytest.raises(TypeError, match=message):
        simulate(
            objective, RandomSearch(SPACE), lambda config, epochs: 1, 1, 3, scheduler=scheduler
        )
    assert not len(log)


JOBS = [(7, 3), (0, 0), (0, -1), (0, 1.5), ("0", 1), 3, (0,), (0, 1, 2), ([0], 1), (0, None)]


@pytest.mark.parametrize("job", JOBS)
def test_what_a_scheduler_must_not_ask_for_is_named(job):
    class Odd(FixedEpochs):
        def job(self, new):
            return job

    with pytest.raises((TypeError, ValueError), match="scheduler"):
        search(Counting(), scheduler=Odd(3))


def test_scheduler_that_asks_for_a_failed_trial_is_named():
    class Stubborn(FixedEpochs):
        def job(self, new):
            return 0, 3

    def diverges(config, epochs, state):
        return [math.nan] * epochs, None

    with pytest.raises(ValueError, match=r"asks for trial 0 up to epoch 3; expected .* not failed"):
        search(diverges, scheduler=Stubborn(3))


@pytest.mark.parametrize("max_epochs", [None, "9", math.inf, 2.5])
def test_most_epochs_of_a_scheduler_are_a_whole_number(max_epochs):
    scheduler = FixedEpochs(3)
    scheduler.max_epochs = max_epochs
    with pytest.raises((TypeError, ValueError), match="the scheduler's max_epochs is "):
        search(Counting(), scheduler=scheduler)


def test_path_is_enough_for_a_log(tmp_path):
    path = tmp_path / "log.jsonl"
    assert len(search(lambda config: 0.5, trials=3, log=str(path))) == 3
    assert len(search(lambda config: 0.5, trials=5, log=path)) == 5
    assert len(TrialLog(path)) == 5


def test_epochs_of_numpy_are_epochs(tmp_path):
    scheduler = SuccessiveHalving(max_epochs=np.int64(9), eta=np.int32(3))
    assert reports(search(Counting(), scheduler=scheduler, log=tmp_path / "log.jsonl")) == reports(
        search(Counting(), scheduler=SuccessiveHalving(max_epochs=9))
    )
