"""Jobs on real executors, whose workers are really killed."""

import functools
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest
from loky import get_reusable_executor
from scipy import stats

from hpo_helpers import workers
from hpo_helpers.jobs import Job, run_job
from hpo_helpers.objectives import NetworkObjective
from hpo_helpers.schedulers import ASHA, FixedEpochs
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.trials import COMPLETED, FAILED, TrialLog
from hpo_helpers.tuner import tune
from hpo_helpers.workers import Here, Workers, process_pool

SPACE = ConfigSpace({"x": stats.uniform(0, 1)})


def train(config, epochs, state=None):
    """An objective that counts: its state is the number of epochs so far."""
    begun = state or 0
    return [config["x"] + 1 / (1 + e) for e in range(begun, begun + epochs)], begun + epochs


class DiesAt:
    """Kills its own process in the trial that draws the given number, so many times."""

    def __init__(self, folder, x, times):
        self.folder, self.x, self.times = Path(folder), x, times

    def __call__(self, config, epochs, state=None):
        if config["x"] == self.x and len([*self.folder.glob("died*")]) < self.times:
            (self.folder / f"died{time.time_ns()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return train(config, epochs, state)


class Hangs:
    def __init__(self, x):
        self.x = x

    def __call__(self, config, epochs, state=None):
        while config["x"] == self.x:
            time.sleep(0.1)
        return train(config, epochs, state)


def loky_pool(workers):
    return functools.partial(get_reusable_executor, workers, timeout=60, reuse=False)


def same(one, other):
    return sorted((t.number, t.config, t.errors, t.status) for t in one) == sorted(
        (t.number, t.config, t.errors, t.status) for t in other
    )


def search(objective=train, trials=12, scheduler=None, **keywords):
    return tune(
        objective,
        RandomSearch(SPACE, seed=1),
        trials,
        scheduler=scheduler or FixedEpochs(3),
        progress=False,
        **keywords,
    )


def test_epochs_are_asked_for_one_by_one_only_under_a_time_limit():
    asked = []

    def objective(config, epochs, state=None):
        asked.append(epochs)
        return train(config, epochs, state)

    job = Job(0, {"x": 0.5}, epochs=4)
    assert run_job(objective, job).state == 4
    asked.clear()
    outcome = run_job(objective, job, time_limit=60)
    assert asked == [1, 1, 1, 1]
    assert outcome.state == 4
    assert outcome.trial.errors == run_job(objective, job).trial.errors


def test_time_limit_is_looked_at_between_epochs():
    def slow(config, epochs, state=None):
        time.sleep(0.05)
        return train(config, epochs, state)

    trial = run_job(slow, Job(0, {"x": 0.5}, epochs=100), time_limit=0.2).trial
    assert trial.status == FAILED
    assert trial.reason.startswith("its time limit of 0.2 s was over at epoch")
    assert 1 < len(trial.errors) < 10


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (lambda c, e, s: ([0.5] * (e + 1), s), "the objective gave 4 errors in all; expected 3"),
        (lambda c, e, s: ([], s), "the objective returned no error"),
        (lambda c, e, s: ([0.5, float("nan"), 0.1], s), "the validation error is nan in report 2"),
        (lambda c, e, s: [0.5], "TypeError: the objective returned [0.5]; with a scheduler it has"),
        (lambda c, e, s: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_goes_wrong_in_a_job_is_recorded(given, reason):
    trial = run_job(given, Job(0, {}, epochs=3)).trial
    assert trial.status == FAILED
    assert trial.reason.startswith(reason)


@pytest.mark.parametrize(
    ("executor", "workers"),
    [
        (Here, 1),
        (functools.partial(ThreadPoolExecutor, 3), 3),
        (process_pool(2), 2),
        (loky_pool(2), 2),
    ],
)
def test_same_trials_on_every_executor(executor, workers):
    assert same(search(executor=executor, workers=workers), search())


def test_networks_train_in_other_processes_from_where_they_stopped():
    space = ConfigSpace({"learning_rate": stats.loguniform(1e-3, 1)})
    logs = [
        tune(
            NetworkObjective(images=200),
            RandomSearch(space, seed=0),
            6,
            scheduler=ASHA(max_epochs=4, eta=2),
            executor=executor,
            workers=workers,
            progress=False,
        )
        for executor, workers in [(Here, 1), (process_pool(2), 2)]
    ]
    for trial in logs[1]:
        whole, _ = NetworkObjective(images=200)(trial.config, len(trial.errors))
        assert trial.errors == pytest.approx(whole, abs=0.01)
    assert len(logs[0]) == len(logs[1]) == 6


@pytest.mark.parametrize("executor", [process_pool(2), loky_pool(2)])
def test_trial_of_a_killed_worker_runs_again_and_counts_once(executor, tmp_path):
    x = RandomSearch(SPACE, seed=1).ask(5)["x"]
    log = search(DiesAt(tmp_path, x, times=1), executor=executor, workers=2)
    assert len([*tmp_path.glob("died*")]) == 1
    assert same(log, search())


def test_trial_that_kills_every_worker_fails_and_harms_no_other(tmp_path):
    x = RandomSearch(SPACE, seed=1).ask(5)["x"]
    log = search(DiesAt(tmp_path, x, times=9), executor=process_pool(2), workers=2)
    assert len([*tmp_path.glob("died*")]) == 2
    assert [t.number for t in log if t.status == FAILED] == [5]
    assert log.find(5).reason == "its worker died, twice"
    assert len(log) == 12


def test_trial_that_hangs_is_ended_where_the_engine_can(monkeypatch):
    monkeypatch.setattr(workers, "GRACE", 0.5)
    x = RandomSearch(SPACE, seed=1).ask(3)["x"]
    log = search(Hangs(x), trials=6, executor=loky_pool(2), workers=2, time_limit=3)
    assert [t.number for t in log if t.status == FAILED] == [3]
    assert log.find(3).reason.startswith("it hung: no answer")
    assert len(log) == 6


def test_what_cannot_be_pickled_is_named():
    with pytest.raises(RuntimeError, match=r"trial \d could not be handed to a worker"):
        search(lambda config, epochs, state: ([0.5] * epochs, None), executor=process_pool(1))


def test_ctrl_c_lets_the_workers_go_and_keeps_what_is_finished(tmp_path):
    class Stopping(Here):
        def submit(self, do, job):
            if job.number == 4:
                raise KeyboardInterrupt
            return super().submit(do, job)

    path = tmp_path / "log.jsonl"
    with pytest.warns(UserWarning, match="stopped by hand after 4 of 12 trials"):
        search(executor=Stopping, log=TrialLog(path))
    assert same(search(log=TrialLog(path)), search())


def test_workers_have_at_most_one_job_each():
    crew = Workers(train, 2, functools.partial(ThreadPoolExecutor, 2))
    for number in range(2):
        assert crew.idle
        crew.start(Job(number, {"x": 0.1}, epochs=1))
    assert not crew.idle
    outcomes = crew.finished()
    while crew.busy:
        outcomes += crew.finished()
    assert sorted(outcome.trial.number for outcome in outcomes) == [0, 1]
    assert crew.finished() == []
    crew.close()


class BreaksUnder(Executor):
    """Answers two jobs together, and breaks once when a deadly one is among them."""

    deadly: ClassVar[set] = set()
    together: ClassVar[int] = 2

    def __init__(self):
        self.jobs = []

    def submit(self, do, job):
        future = Future()
        self.jobs.append((future, job))
        if len(self.jobs) == self.together:
            # After a break each runs alone.
            type(self).together = 1
            dead = self.deadly & {job.number for _, job in self.jobs}
            self.deadly.difference_update(dead)
            for waiting, given in self.jobs:
                if dead:
                    waiting.set_exception(BrokenProcessPool())
                else:
                    waiting.set_result(do(given))
            self.jobs.clear()
        return future


def test_deaths_of_neighbours_do_not_add_up():
    crew = Workers(train, 2, BreaksUnder)
    for deadly, errors in [(1, []), (2, [0.5])]:
        BreaksUnder.deadly, BreaksUnder.together = {deadly}, 2
        crew.start(Job(0, {"x": 0.1}, errors, len(errors) + 1))
        crew.start(Job(deadly, {"x": 0.2}, [], 1))
        outcomes = []
        while crew.busy:
            outcomes += crew.finished()
        assert [outcome.trial.status for outcome in outcomes] == [COMPLETED] * 2


KILLED_TUNER = """
import os, sys, time
from pathlib import Path
from scipy import stats
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.tuner import tune

def objective(config):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(0.05)
    return config["x"]

if __name__ == "__main__":
    space = ConfigSpace({"x": stats.uniform(0, 1)})
    tune(objective, RandomSearch(space), 10_000, workers=2)
"""


def is_alive(process):
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def test_workers_end_with_a_tuner_that_is_killed(tmp_path):
    script, folder = tmp_path / "search.py", tmp_path / "workers"
    script.write_text(KILLED_TUNER, encoding="utf-8")
    folder.mkdir()
    tuner = subprocess.Popen([sys.executable, script, folder], stderr=subprocess.DEVNULL)
    while len([*folder.iterdir()]) < 2:
        assert tuner.poll() is None
        time.sleep(0.05)
    tuner.send_signal(signal.SIGKILL)
    tuner.wait()
    end = time.monotonic() + 30
    while any(is_alive(int(worker.name)) for worker in folder.iterdir()):
        assert time.monotonic() < end, "a worker outlived its tuner"
        time.sleep(0.05)


IN_NO_MODULE = """
from scipy import stats
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.tuner import tune

def objective(config):
    return 0.5

space = ConfigSpace({"x": stats.uniform(0, 1)})
tune(objective, RandomSearch(space), 2, workers=2)
"""


def test_objective_that_a_worker_cannot_find_is_named_and_kills_nobody():
    # As in a notebook, whose functions are in no module that a new process could import.
    run = subprocess.run(
        [sys.executable, "-c", IN_NO_MODULE], capture_output=True, encoding="utf-8"
    )
    # Whichever of the two trials comes back first.
    assert re.search(r"RuntimeError: trial [01] could not be handed to a worker or", run.stderr)


UNGUARDED = """
import sys
from scipy import stats
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.tuner import tune

def objective(config):
    return config["x"]

space = ConfigSpace({"x": stats.uniform(0, 1)})
tune(objective, RandomSearch(space), 4, workers=2, log=sys.argv[1], progress=False)
"""


def test_script_without_a_guard_is_told_so_and_logs_nothing(tmp_path):
    script, path = tmp_path / "search.py", tmp_path / "log.jsonl"
    script.write_text(UNGUARDED, encoding="utf-8")
    run = subprocess.run([sys.executable, script, path], capture_output=True, encoding="utf-8")
    assert 'has to guard its main part by if __name__ == "__main__":' in run.stderr
    assert run.stderr.rstrip().splitlines()[-2].startswith("RuntimeError: no worker has started")
    assert len(TrialLog(path)) == 0
    mended = UNGUARDED.replace("\ntune(", '\nif __name__ == "__main__":\n    tune(')
    script.write_text(mended, encoding="utf-8")
    subprocess.run([sys.executable, script, path], check=True)
    assert [trial.status for trial in TrialLog(path)] == [COMPLETED] * 4


def test_first_trial_that_kills_its_workers_fails_and_the_search_goes_on(tmp_path):
    x = RandomSearch(SPACE, seed=1).ask(0)["x"]
    log = search(DiesAt(tmp_path, x, times=9), trials=3, workers=2)
    assert [t.number for t in log if t.status == FAILED] == [0]
    assert log.find(0).reason == "its worker died, twice"


def where(config, epochs, state=None):
    """An objective whose state is the process that it ran in."""
    return [config["x"]] * epochs, os.getpid()


def test_several_workers_are_processes_of_their_own():
    crew = Workers(where, 2)
    for number in range(2):
        crew.start(Job(number, {"x": 0.1}, epochs=1))
    outcomes = []
    while crew.busy:
        outcomes += crew.finished()
    crew.close()
    assert os.getpid() not in {outcome.state for outcome in outcomes}
    alone = Workers(where)
    alone.start(Job(0, {"x": 0.1}, epochs=1))
    assert alone.finished()[0].state == os.getpid()
