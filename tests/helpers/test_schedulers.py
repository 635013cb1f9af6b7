import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_helpers.schedulers import (
    ASHA,
    FixedEpochs,
    Hyperband,
    Rung,
    SuccessiveHalving,
    SynchronousHalving,
    halving_rungs,
    hyperband_brackets,
)
from hpo_helpers.trials import FAILED, Trial

# R = 81, eta = 3: trials and epochs of each rung, as the paper prints them, and by its pseudocode.
PRINTED = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(27, 3), (9, 9), (3, 27), (1, 81)],
    [(9, 9), (3, 27), (1, 81)],
    [(6, 27), (2, 81)],
    [(5, 81)],
]
PSEUDOCODE = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]


def error_of(number, epochs):
    """Made up: the ranks do not change from epoch to epoch."""
    return (number * 37 % 101) / 101 + 1 / (1 + epochs)


def run(scheduler, trials, error_of=error_of, failing=()):
    """Run a search one job after another; return its jobs, and the epochs that each trial had."""
    jobs, epochs, started = [], {}, 0
    while True:
        job = scheduler.job(started if started < trials else None)
        if job is None:
            return jobs, epochs
        number, upto = job
        assert upto > epochs.get(number, 0)
        started += number == started
        jobs.append(job)
        if number in failing:
            scheduler.tell(Trial(number, {}, [], FAILED, "it fails"))
            continue
        epochs[number] = upto
        scheduler.tell(Trial(number, {}, [error_of(number, e) for e in range(1, upto + 1)]))


@pytest.mark.parametrize(("table", "expected"), [("printed", PRINTED), ("pseudocode", PSEUDOCODE)])
def test_published_hyperband_tables_come_out_exactly(table, expected):
    assert hyperband_brackets(max_epochs=81, table=table) == expected


@given(st.integers(1, 6), st.integers(2, 5), st.integers(1, 3))
def test_number_of_brackets_does_not_suffer_from_a_logarithm(power, eta, unit):
    brackets = hyperband_brackets(min_epochs=unit, max_epochs=unit * eta**power, eta=eta)
    assert len(brackets) == power + 1
    assert brackets[0][0] == (eta**power, unit)
    assert all(bracket[-1].epochs == unit * eta**power for bracket in brackets)


def test_successive_halving_keeps_the_best_third_at_every_rung():
    jobs, epochs = run(SuccessiveHalving(max_epochs=27, eta=3), trials=27)
    assert sorted(epochs.values()) == [1] * 18 + [3] * 6 + [9] * 2 + [27]
    ranked = sorted(range(27), key=lambda number: error_of(number, 1))
    assert {number for number, upto in epochs.items() if upto >= 3} == set(ranked[:9])
    assert epochs[ranked[0]] == 27
    assert [upto for _, upto in jobs] == [1] * 27 + [3] * 9 + [9] * 3 + [27]


def test_uneven_ratio_ends_with_a_smaller_step():
    assert ASHA(max_epochs=20, eta=3).levels == [1, 3, 9, 20]
    assert halving_rungs(30, min_epochs=2, max_epochs=16, eta=4) == [
        Rung(30, 2),
        Rung(7, 8),
        Rung(1, 16),
    ]
    _, epochs = run(SuccessiveHalving(max_epochs=20, eta=3), trials=27)
    assert max(epochs.values()) == 20


def test_hyperband_runs_its_brackets_one_after_another_and_begins_again():
    scheduler = Hyperband(max_epochs=9, eta=3)
    sizes = [bracket[0].trials for bracket in scheduler.brackets]
    jobs, epochs = run(scheduler, trials=2 * sum(sizes))
    firsts = [next(upto for number, upto in jobs if number == n) for n in range(2 * sum(sizes))]
    expected = [
        rung.epochs for rung in (b[0] for b in scheduler.brackets) for _ in range(rung.trials)
    ]
    assert firsts == expected * 2
    assert sum(upto == 9 for upto in epochs.values()) == 2 * sum(
        bracket[-1].trials for bracket in scheduler.brackets
    )


def test_rung_that_is_not_full_goes_on_when_no_more_trials_may_start():
    _, epochs = run(SuccessiveHalving(max_epochs=27, eta=3), trials=10)
    assert sorted(epochs.values()) == [1] * 7 + [3] * 2 + [27]


def test_synchronous_halving_waits_for_the_last_of_a_rung():
    scheduler = SuccessiveHalving(max_epochs=9, eta=3)
    for number in range(9):
        assert scheduler.job(new=number) == (number, 1)
    assert scheduler.job(new=9) is None
    for number in range(8):
        scheduler.tell(Trial(number, {}, [error_of(number, 1)]))
        assert scheduler.job(new=9) is None
    scheduler.tell(Trial(8, {}, [error_of(8, 1)]))
    assert scheduler.job(new=9)[1] == 3


def run_in_parallel(scheduler, trials, workers):
    """Let workers take random times; return the epochs of each trial, in the end."""
    rng = np.random.default_rng(0)
    running, epochs, started = [], {}, 0
    while True:
        while len(running) < workers:
            job = scheduler.job(started if started < trials else None)
            if job is None:
                break
            started += job[0] == started
            running.append(job)
        if not running:
            return epochs
        number, upto = running.pop(rng.integers(len(running)))
        epochs[number] = upto
        scheduler.tell(Trial(number, {}, [error_of(number, e) for e in range(1, upto + 1)]))


@pytest.mark.parametrize("trials", [2, 10, 27, 40])
@pytest.mark.parametrize(
    "make", [lambda: SuccessiveHalving(max_epochs=27), lambda: Hyperband(max_epochs=9)]
)
def test_number_of_workers_does_not_change_what_synchronous_halving_trains(make, trials):
    _, alone = run(make(), trials)
    for workers in (3, 8, 100):
        assert run_in_parallel(make(), trials, workers) == alone


@pytest.mark.parametrize(
    "make", [lambda: SuccessiveHalving(max_epochs=9), lambda: ASHA(max_epochs=9)]
)
def test_failed_trials_are_not_promoted_and_the_search_goes_on(make):
    _, epochs = run(make(), trials=9, failing={0, 4, 8})
    assert not {0, 4, 8} & set(epochs)
    assert max(epochs.values()) == 9
    _, epochs = run(make(), trials=9, failing=set(range(9)))
    assert epochs == {}


def test_asha_never_waits_and_ends_with_the_best_promoted():
    scheduler = ASHA(max_epochs=27, eta=3)
    _, epochs = run(scheduler, trials=100)
    best = min(range(100), key=lambda number: error_of(number, 1))
    assert epochs[best] == 27
    by_level = [sum(upto >= level for upto in epochs.values()) for level in (1, 3, 9, 27)]
    assert by_level[0] == 100
    for fewer, more in itertools.pairwise(reversed(by_level)):
        assert fewer >= more // 3
    assert sum(by_level[1:]) < 70


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=60, unique=True))
def test_asha_promotes_only_from_the_best_third_of_a_rung(errors):
    scheduler, seen = ASHA(max_epochs=9, eta=3), {}
    for number, error in enumerate(errors):
        assert scheduler.job(new=number) == (number, 1)
        scheduler.tell(Trial(number, {}, [error]))
        seen[number] = error
        while (job := scheduler.job(new=None)) is not None:
            promoted, upto = job
            scheduler.tell(Trial(promoted, {}, [float(seen[promoted])] * upto))
            if upto == 3:
                assert sorted(seen.values()).index(seen[promoted]) < len(seen) // 3


def test_stopping_variant_goes_on_at_once_or_never():
    scheduler = ASHA(max_epochs=9, eta=3, stopping=True)
    jobs, _ = run(scheduler, trials=60)
    for number in range(60):
        places = [place for place, job in enumerate(jobs) if job[0] == number]
        assert places == list(range(places[0], places[0] + len(places)))
    assert [job for job in jobs if job[0] == 0] == [(0, 1), (0, 3), (0, 9)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SuccessiveHalving(max_epochs=27),
        lambda: Hyperband(max_epochs=9),
        lambda: ASHA(max_epochs=27),
        lambda: ASHA(max_epochs=27, stopping=True),
        lambda: FixedEpochs(5),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 7, 20, 33])
def test_scheduler_that_hears_of_a_log_goes_on_as_the_one_before(make, cut):
    def reports_of(scheduler, after=()):
        reports, seen, started = list(after), {}, 0
        for trial in after:
            scheduler.tell(trial)
            seen[trial.number] = trial
            started = max(started, trial.number + 1)
        while (job := scheduler.job(started if started < 40 else None)) is not None:
            number, upto = job
            started += number == started
            curve = [error_of(number, e) for e in range(1, upto + 1)]
            reports.append(Trial(number, {}, curve))
            scheduler.tell(reports[-1])
        return reports

    whole = reports_of(make())
    assert reports_of(make(), whole[:cut]) == whole


@pytest.mark.parametrize(
    "make", [lambda: ASHA(max_epochs=81), lambda: SuccessiveHalving(max_epochs=81, trials=100_000)]
)
def test_100_000_trials_can_be_scheduled(make):
    rng = np.random.default_rng(0)
    jobs, _ = run(make(), trials=100_000, error_of=lambda number, epochs: rng.random())
    assert len(jobs) > 140_000


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SuccessiveHalving(min_epochs=3, max_epochs=2), "min_epochs is 3 and max_epochs 2"),
        (lambda: SuccessiveHalving(max_epochs=9, eta=1), "eta is 1; expected a whole number"),
        (lambda: SuccessiveHalving(max_epochs=9, trials=0), "trials is 0"),
        (lambda: SynchronousHalving([]), "expected at least one, each with a rung"),
        (lambda: Hyperband(max_epochs=0), "max_epochs is 0; expected a whole number"),
        (
            lambda: Hyperband(max_epochs=81, table="mine"),
            "table is 'mine'; expected 'pseudocode' or 'printed'",
        ),
        (lambda: SynchronousHalving(halving_rungs(9, max_epochs=9)), r"\[halving_rungs\(9, max_e"),
        (lambda: SynchronousHalving(None), "brackets are None; expected a list of brackets"),
        (lambda: SynchronousHalving([["9"]]), r"brackets are \[\['9'\]\]; expected a list of"),
        (lambda: SynchronousHalving([[Rung("9", 1), Rung(3, 3)]]), "trials of .* is '9'; expected"),
        (lambda: SynchronousHalving([[Rung(9, 1), Rung(3, None)]]), "epochs of .* is None; expec"),
        (lambda: ASHA(max_epochs=9.5), "max_epochs is 9.5"),
        (lambda: FixedEpochs(0), "max_epochs is 0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
