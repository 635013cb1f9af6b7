import math
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy import stats

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


def test_search_of_nothing_is_refused():
    with pytest.raises(ValueError, match="trials is 0"):
        search(lambda config: 0.5, trials=0)


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
