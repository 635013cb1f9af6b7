import math

import numpy as np
import pytest
from scipy import stats

from hpo_helpers.schedulers import ASHA, FixedEpochs, SuccessiveHalving
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.simulator import simulate
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.tuner import tune

SPACE = ConfigSpace({"x": stats.uniform(0, 1)})


def train(config, epochs, state=None):
    begun = state or 0
    return [config["x"] + 1 / (1 + e) for e in range(begun, begun + epochs)], begun + epochs


def run(workers, trials=None, scheduler=None, seconds_of=lambda config, epochs: epochs, **keywords):
    searcher = RandomSearch(SPACE, seed=2)
    scheduler = scheduler or FixedEpochs(3)
    return simulate(train, searcher, seconds_of, workers, trials, scheduler=scheduler, **keywords)


@pytest.mark.parametrize(
    "make", [lambda: ASHA(max_epochs=9), lambda: SuccessiveHalving(max_epochs=9)]
)
def test_one_simulated_worker_does_what_the_tuner_does(make):
    simulated = run(1, trials=20, scheduler=make())
    tuned = tune(train, RandomSearch(SPACE, seed=2), 20, scheduler=make(), progress=False)
    assert [(t.number, t.errors) for t in simulated.log.reports] == [
        (t.number, t.errors) for t in tuned.reports
    ]
    assert simulated.utilisation(1) == 1


def test_equal_times_fill_all_workers_evenly():
    simulated = run(4, trials=12)
    assert simulated.jobs.groupby("worker").size().tolist() == [3] * 4
    assert simulated.jobs["end"].max() == 9
    assert simulated.utilisation(4) == 1


def test_no_worker_has_two_jobs_at_once():
    jobs = run(
        5,
        trials=60,
        scheduler=ASHA(max_epochs=9),
        seconds_of=lambda config, epochs: epochs * config["x"],
    ).jobs
    for _, mine in jobs.sort_values("start").groupby("worker"):
        assert (mine["start"].to_numpy()[1:] >= mine["end"].to_numpy()[:-1] - 1e-12).all()
    assert (np.diff(jobs["end"]) >= 0).all()


def test_only_the_epochs_that_are_new_take_time():
    jobs = run(1, trials=9, scheduler=SuccessiveHalving(max_epochs=9)).jobs
    seconds = (jobs["end"] - jobs["start"]).tolist()
    assert seconds == [1] * 9 + [2] * 3 + [6]


def test_stragglers_stop_synchronous_halving_and_not_asha():
    def seconds_of(config, epochs):
        return epochs * (10 if config["x"] > 0.9 else 1)

    idle = [
        1 - run(9, scheduler=make, seconds_of=seconds_of, seconds=300).utilisation(9, until=300)
        for make in (SuccessiveHalving(max_epochs=9), ASHA(max_epochs=9))
    ]
    assert idle[0] > 0.4
    assert idle[1] < 0.1


def test_clock_stops_and_cuts_off_what_runs():
    simulated = run(2, seconds=10)
    assert simulated.jobs["end"].max() == 9
    assert len(simulated.log) == 6
    assert simulated.utilisation(2, until=10) == pytest.approx(0.9)


def test_utilisation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no job has ended; name the time to look at"):
        run(1, seconds=1).utilisation(1)
    assert run(1, seconds=1).utilisation(1, until=1) == 0
    for workers, until in [(0, 1), (1, 0), (1.5, 1), (1, "3")]:
        with pytest.raises((TypeError, ValueError), match="expected"):
            run(1, trials=1).utilisation(workers, until)


def test_error_takes_along_what_was_measured():
    def seconds_of(config, epochs):
        return epochs if config["x"] < 0.9 else math.nan

    with pytest.raises(ValueError, match="seconds_of") as raised:
        run(1, seconds=300, seconds_of=seconds_of)
    assert len(raised.value.log) > 0


def test_search_without_workers_or_end_is_refused():
    with pytest.raises(ValueError, match="workers is 0"):
        run(0, trials=3)
    with pytest.raises(ValueError, match="neither trials nor seconds"):
        run(1)


@pytest.mark.parametrize("seconds", [-1, 0, math.nan, math.inf, "3", None])
def test_job_that_takes_no_time_is_refused(seconds):
    with pytest.raises((TypeError, ValueError), match=r"seconds_of\(.*, 3\) is .*; expected a fin"):
        run(2, seconds=9, seconds_of=lambda config, epochs: seconds)


def test_seconds_that_are_no_function_are_refused():
    with pytest.raises(TypeError, match=r"seconds_of is 3.0; expected a function"):
        run(2, trials=3, seconds_of=3.0)
