import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hpo_helpers.schedulers import ASHA, Hyperband, SuccessiveHalving
from hpo_helpers.searchers import RandomSearch
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
    for curve in ([0.5, 0.4], (0.5, 0.4), np.array([0.5, 0.4])):
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
    class Listener(RandomSearch):
        def __init__(self):
            super().__init__(SPACE)
            self.heard = []

        def tell(self, trial):
            self.heard.append(trial.number)

    log = tune(lambda config: 0.5, Listener(), 3, progress=False)
    listener = Listener()
    tune(lambda config: 0.5, listener, 5, log=log, progress=False)
    assert listener.heard == [0, 1, 2, 3, 4]


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
    with pytest.raises(ValueError, match="workers is 0; expected at least one"):
        tune(lambda config: 0.5, RandomSearch(SPACE), trials=1, workers=0, progress=False)


def test_budget_of_epochs_ends_a_search_in_which_everything_fails():
    def broken(config, epochs, state=None):
        return [math.nan], None

    with pytest.warns(UserWarning, match="all 30 trials failed"):
        search(broken, trials=None, epochs=30, scheduler=ASHA(1, 9))


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
    "asha": lambda: ASHA(1, 9),
    "stopping": lambda: ASHA(1, 9, stopping=True),
    "halving": lambda: SuccessiveHalving(1, 9),
    "hyperband": lambda: Hyperband(9),
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
    log = search(going_on, scheduler=scheduler(), log=TrialLog(path))
    assert reports(log) == reports(whole)
    assert reports(TrialLog(path)) == reports(whole)
    if not lost:
        assert sum(epochs for *_, epochs in stopped.trained + going_on.trained) == sum(
            len(trial.errors) for trial in whole
        )


def test_trial_is_continued_and_not_begun_again():
    objective = Counting()
    log = search(objective, trials=9, scheduler=SuccessiveHalving(1, 9))
    best = log.incumbent.config["x"]
    assert [(begun, n) for x, begun, n in objective.trained if x == best] == [
        (0, 1),
        (1, 2),
        (3, 6),
    ]
    assert sum(epochs for *_, epochs in objective.trained) == sum(len(t.errors) for t in log)


def test_states_lie_beside_the_log_only_as_long_as_they_are_needed(tmp_path):
    path = tmp_path / "log.jsonl"
    log = search(Counting(), trials=9, scheduler=SuccessiveHalving(1, 9), log=TrialLog(path))
    left = sorted(state.name for state in (tmp_path / "log.jsonl.states").iterdir())
    paused = [trial for trial in log if len(trial.errors) < 9]
    assert left == sorted(f"{trial.number}-{len(trial.errors)}.pickle" for trial in paused)


def test_state_that_cannot_be_stored_is_named(tmp_path):
    log = TrialLog(tmp_path / "log.jsonl")
    with pytest.raises(TypeError, match="the state of trial 0 cannot be stored"):
        search(lambda config, epochs, state: ([0.5], lambda: 0), scheduler=ASHA(1, 9), log=log)


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
    process.send_signal(signal.SIGKILL)
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
