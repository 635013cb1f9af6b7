import copy
import math
import pickle
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.spaces import ConfigSpace, choice, conditional, log_integer, stepped

QUANTILE = st.integers(0, 2**53).map(lambda i: i / 2**53)
LOG_INTEGER = st.tuples(st.integers(1, 10**8), st.integers(1, 10**8)).map(
    lambda t: log_integer(t[0], t[0] + t[1])
)
STEPPED = st.tuples(
    st.integers(-(10**6), 10**6), st.integers(1, 1000), st.integers(1, 1000), st.integers(0, 6)
).map(lambda t: stepped(*(n / 10 ** t[3] for n in (t[0], t[0] + t[1] * t[2], t[2]))))


@given(LOG_INTEGER, QUANTILE)
def test_logarithmic_integer_round_trip_and_bounds(distribution, q):
    space = ConfigSpace({"x": distribution})
    low, high = distribution.support()
    for config in (space.from_unit([q]), {"x": int(low)}, {"x": int(high)}):
        assert type(config["x"]) is int
        assert low <= config["x"] <= high
        space.check(config)
        assert space.from_unit(space.to_unit(config)) == config
    assert space.from_units([[0], [1]]) == [{"x": low}, {"x": high}]
    # The share up to an integer leads back to it, as with SciPy's own.
    assert distribution.ppf(distribution.cdf(config["x"])) == config["x"]


@given(STEPPED, QUANTILE)
def test_steps_round_trip_and_bounds(distribution, q):
    space = ConfigSpace({"x": distribution})
    low, high = distribution.support()
    config = space.from_unit([q])
    assert config["x"] in distribution.options
    assert space.from_unit(space.to_unit(config)) == config
    assert space.from_units([[0], [1]]) == [{"x": low}, {"x": high}]


@pytest.mark.parametrize(
    "distribution",
    [log_integer(1, 8), log_integer(8, 24), stepped(0.1, 0.9, 0.1), stepped(0, 9, 3)],
)
def test_values_are_drawn_as_often_as_they_should_be(distribution):
    space = ConfigSpace({"x": distribution})
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng)["x"] for _ in range(5000)]
    if isinstance(distribution, stepped):
        values, shares = distribution.options, 1 / len(distribution.options)
    else:
        low, high = map(int, distribution.support())
        values = range(low, high + 1)
        ends = np.log(np.arange(low, high + 2) - 0.5)
        shares = np.diff(ends) / (ends[-1] - ends[0])
        assert distribution.pmf(values) == pytest.approx(shares)
    counts = np.array([drawn.count(value) for value in values])
    assert counts.sum() == 5000
    assert stats.chisquare(counts, np.broadcast_to(shares, len(counts)) * 5000).pvalue > 0.01


def test_logarithmic_integers_spread_evenly_over_octaves():
    distribution = log_integer(8, 255)
    octaves = np.diff(distribution.cdf([7, 15, 31, 63, 127, 255]))
    assert octaves == pytest.approx(np.full(5, 0.2), rel=0.05)


def test_draws_of_a_seed_stay():
    space = ConfigSpace({"units": log_integer(8, 256), "rate": stepped(0.1, 0.9, 0.1)})
    rng = np.random.default_rng(0)
    assert [space.sample(rng) for _ in range(3)] == [
        {"units": 71, "rate": 0.3},
        {"units": 9, "rate": 0.1},
        {"units": 133, "rate": 0.9},
    ]


def test_steps_are_decimal_and_whole_steps_integers():
    assert stepped(0.1, 0.9, 0.1).options == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert stepped(-0.3, 0.3, 0.1).options == (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
    assert list(map(type, stepped(16, np.int64(48), 16).options)) == [int] * 3
    assert list(map(type, stepped(1, 2, 0.5).options)) == [float] * 3
    assert repr(ConfigSpace({"x": stepped(0, 1, 0.5)})).count("stepped(0, 1, 0.5)") == 1
    assert repr(ConfigSpace({"x": log_integer(1, 9)})).count("log_integer(1, 9)") == 1


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0, 8),
        (8, 8),
        (9, 8),
        (1.5, 8),
        (1, 1e3),
        ("1", 8),
        (1, 10**10),
        (-1, 8),
        (2**63, np.timedelta64(1)),
    ],
)
def test_impossible_logarithmic_integers_are_refused(low, high):
    with pytest.raises(ValueError, match=r"log_integer\(.*expected two integers.*such as log_inte"):
        log_integer(low, high)


@pytest.mark.parametrize(
    "arguments",
    [
        (0.1, 0.95, 0.1),
        (0.9, 0.1, 0.1),
        (0.1, 0.1, 0.1),
        (0, 1, 0),
        (0, 1, -0.1),
        (0, 1, 2),
        (0, 1, 1e-6),
        (0, math.inf, 1),
        (0, math.nan, 1),
        ("0", 1, 1),
        (0, 1, None),
        (0, 10**400, 1),
        (-(10**308), 10**308, 1),
    ],
)
def test_impossible_steps_are_refused(arguments):
    with pytest.raises(ValueError, match=r"stepped\(.*steps; expected .* such as stepped\(0\.1"):
        stepped(*arguments)


def test_steps_finer_than_floats_are_refused():
    with pytest.raises(ValueError, match="equals another option"):
        stepped(1e16, 1e16 + 4, 0.5)


@pytest.mark.parametrize("options", [{"a", "b"}, frozenset("ab"), {"a": 1}, iter("ab"), 5, None])
def test_options_without_an_order_are_refused(options):
    with pytest.raises(ValueError, match=r"choice got .*; expected a list, in an order that stays"):
        choice(options)


@pytest.mark.parametrize("options", ["ab", b"ab", np.array("ab"), np.array(5), (c for c in "ab")])
def test_what_is_no_list_of_options_is_refused(options):
    with pytest.raises(ValueError, match="expected a list"):
        choice(options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([np.int64(1), np.float32(0.5), np.bool_(False), np.str_("a")], (1, 0.5, False, "a")),
        (np.array([16, 32]), (16, 32)),
        (np.array(["a", "b"]), ("a", "b")),
        (np.array([True, False]), (True, False)),
        (range(2, 4), (2, 3)),
        (deque("ab"), ("a", "b")),
    ],
)
def test_options_of_numpy_become_those_of_python(options, expected):
    distribution = choice(options)
    assert distribution.options == expected
    assert list(map(type, distribution.options)) == list(map(type, expected))


@pytest.mark.parametrize("option", [np.float64("nan"), np.float32("inf"), -math.inf])
def test_option_that_is_not_finite_is_refused(option):
    with pytest.raises(ValueError, match="is not finite"):
        choice([1, option])


@pytest.mark.parametrize("options", [[1, True], [1, 1.0], [np.int64(1), 1], np.zeros(2)])
def test_equal_options_are_refused(options):
    with pytest.raises(ValueError, match="equals another option"):
        choice(options)


@pytest.mark.parametrize("option", [np.datetime64("2020"), np.array([1]), 1j, b"a", object])
def test_option_that_a_log_cannot_store_is_refused(option):
    with pytest.raises(TypeError, match=r"choice option .* is of type"):
        choice([option])


def test_copy_of_what_never_changes_is_itself():
    dropout_rate = stepped(0.1, 0.5, 0.1)
    parts = [
        choice([1, 2]),
        dropout_rate,
        conditional(dropout_rate, "layers", 2),
        ConfigSpace({"layers": stats.randint(1, 3), "units": log_integer(8, 256)}),
    ]
    for part in parts:
        assert copy.copy(part) is copy.deepcopy(part) is part
    # The way to another process makes a new one, which draws the same.
    again = pickle.loads(pickle.dumps(parts[-1]))
    assert again.from_unit([0.3, 0.3]) == parts[-1].from_unit([0.3, 0.3])
