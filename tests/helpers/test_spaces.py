import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.spaces import ConfigSpace, choice, conditional, log_integer, stepped

CONTINUOUS = st.one_of(
    st.tuples(st.floats(-8, 0), st.floats(0.1, 6)).map(
        lambda t: stats.loguniform(10 ** t[0], 10 ** (t[0] + t[1]))
    ),
    st.tuples(st.floats(-100, 100), st.floats(0.01, 100)).map(lambda t: stats.uniform(*t)),
    st.tuples(st.floats(-5, 5), st.floats(0.1, 3)).map(lambda t: stats.triang(0.3, *t)),
)
INTEGER = st.tuples(st.integers(-50, 50), st.integers(1, 300)).map(
    lambda t: stats.randint(t[0], t[0] + t[1])
)
CATEGORY = st.lists(
    st.one_of(st.text(max_size=4), st.integers(2, 9)), min_size=1, max_size=6, unique=True
).map(choice)
# What a generator can draw.
QUANTILE = st.integers(0, 2**53).map(lambda i: i / 2**53)


def conditional_space() -> ConfigSpace:
    return ConfigSpace(
        {
            "layers": stats.randint(1, 4),
            "units_2": conditional(choice([32, 64]), "layers", 2, 3),
            "optimizer": choice(["sgd", "adam"]),
            "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "sgd"),
            "nesterov": conditional(choice([True, False]), "momentum", 0.5),
        }
    )


@given(CONTINUOUS, QUANTILE)
def test_float_round_trip_and_bounds(distribution, q):
    space = ConfigSpace({"x": distribution})
    config = space.from_unit([q])
    low, high = distribution.support()
    assert isinstance(config["x"], float)
    assert low <= config["x"] <= high
    back = space.from_unit(space.to_unit(config))["x"]
    assert np.isclose(back, config["x"], rtol=1e-6, atol=1e-6 * (high - low))


@given(INTEGER, QUANTILE)
def test_integer_round_trip_and_bounds(distribution, q):
    space = ConfigSpace({"x": distribution})
    config = space.from_unit([q])
    low, high = distribution.support()
    assert isinstance(config["x"], int)
    assert low <= config["x"] <= high
    assert space.from_unit(space.to_unit(config)) == config


@given(CATEGORY, QUANTILE)
def test_category_round_trip(distribution, q):
    space = ConfigSpace({"x": distribution})
    config = space.from_unit([q])
    assert config["x"] in distribution.options
    assert space.from_unit(space.to_unit(config)) == config


@given(INTEGER)
def test_every_integer_comes_back_from_the_cube(distribution):
    space = ConfigSpace({"x": distribution})
    low, high = map(int, distribution.support())
    for value in range(low, high + 1):
        assert space.from_unit(space.to_unit({"x": value})) == {"x": value}


@given(st.lists(QUANTILE, min_size=5, max_size=5))
def test_conditional_round_trip(point):
    space = conditional_space()
    config = space.from_unit(point)
    assert ("units_2" in config) == (config["layers"] >= 2)
    assert ("momentum" in config) == (config["optimizer"] == "sgd")
    again = space.from_unit(space.to_unit(config))
    assert again.keys() == config.keys()
    assert again == pytest.approx(config)
    absent = [name not in config for name in space]
    assert np.all(space.to_unit(config)[absent] == 0.5)


@pytest.mark.parametrize(
    "distribution",
    [stats.loguniform(1e-4, 1), stats.uniform(2, 3), stats.norm(0, 1), stats.beta(2, 5)],
)
def test_draws_follow_the_distribution(distribution):
    space = ConfigSpace({"x": distribution})
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng)["x"] for _ in range(2000)]
    assert stats.kstest(drawn, distribution.cdf).pvalue > 0.01


@pytest.mark.parametrize("options", [["a", "b", "c"], [16, 32], [None, "x", 0.5, True]])
def test_categories_are_equally_likely(options):
    rng = np.random.default_rng(0)
    space = ConfigSpace({"x": choice(options)})
    drawn = [space.sample(rng)["x"] for _ in range(3000)]
    counts = [drawn.count(option) for option in options]
    assert stats.chisquare(counts).pvalue > 0.01


def test_integers_are_equally_likely():
    rng = np.random.default_rng(0)
    space = ConfigSpace({"x": stats.randint(3, 8)})
    drawn = [space.sample(rng)["x"] for _ in range(3000)]
    assert stats.chisquare(np.bincount(drawn, minlength=8)[3:]).pvalue > 0.01


def test_same_generator_same_draws():
    space = conditional_space()
    first, second = (
        [space.sample(rng) for _ in range(20)] for rng in map(np.random.default_rng, [5, 5])
    )
    assert first == second


def test_mapping_gives_the_distributions_back():
    distribution = stats.loguniform(1e-4, 1)
    space = ConfigSpace({"learning_rate": distribution})
    assert space["learning_rate"] is distribution
    assert list(space) == ["learning_rate"]
    assert 1e-4 <= space["learning_rate"].rvs(random_state=0) <= 1
    assert repr(space) == "ConfigSpace({\n    'learning_rate': loguniform(0.0001, 1),\n})"


def test_grid_spans_the_bounds_evenly_in_quantiles():
    grid = ConfigSpace({"learning_rate": stats.loguniform(1e-4, 1)}).grid(5)
    rates = [config["learning_rate"] for config in grid]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert ConfigSpace({"x": stats.uniform(0, 2)}).grid(1) == [{"x": 1.0}]


def test_grid_crosses_axes_and_follows_conditions():
    space = ConfigSpace(
        {
            "optimizer": choice(["sgd", "adam"]),
            "momentum": conditional(stats.uniform(0, 0.8), "optimizer", "sgd"),
            "layers": stats.randint(1, 3),
        }
    )
    assert space.grid(3) == [
        {"optimizer": "sgd", "momentum": 0.0, "layers": 1},
        {"optimizer": "sgd", "momentum": 0.0, "layers": 2},
        {"optimizer": "sgd", "momentum": 0.4, "layers": 1},
        {"optimizer": "sgd", "momentum": 0.4, "layers": 2},
        {"optimizer": "sgd", "momentum": 0.8, "layers": 1},
        {"optimizer": "sgd", "momentum": 0.8, "layers": 2},
        {"optimizer": "adam", "layers": 1},
        {"optimizer": "adam", "layers": 2},
    ]


@given(st.integers(1, 12), INTEGER, CATEGORY)
def test_grid_repeats_no_configuration(n, integer, category):
    grid = ConfigSpace({"a": integer, "b": category}).grid(n)
    assert len({(config["a"], config["b"]) for config in grid}) == len(grid)


def test_many_configurations_are_placed_as_one_by_one():
    space = conditional_space()
    rng = np.random.default_rng(0)
    configs = [space.sample(rng) for _ in range(50)]
    assert np.array_equal(space.to_units(configs), [space.to_unit(config) for config in configs])
    assert space.to_units([]).shape == (0, 5)


def test_unbounded_distribution_has_no_grid():
    with pytest.raises(
        ValueError, match=r"quantile 0 of 'x' is -inf; expected a distribution with"
    ):
        ConfigSpace({"x": stats.norm()}).grid(3)


@pytest.mark.parametrize(
    ("hyperparameters", "error", "message"),
    [
        ({}, ValueError, "the configuration space is empty"),
        ({"x": [1, 2]}, TypeError, r"expected choice\(\[1, 2\]\)"),
        ({"x": 0.1}, TypeError, "expected a frozen SciPy distribution"),
        ({"x": stats.loguniform}, TypeError, r"with its bounds, such as stats\.loguniform"),
        ({"m": conditional(stats.uniform(), "o", "a")}, ValueError, "does not stand before it"),
        (
            {"o": choice(["a"]), "m": conditional(stats.uniform(), "o", "b")},
            ValueError,
            r"o is 'b'; expected one of \['a'\]",
        ),
        (
            {"o": choice(["a"]), "m": conditional([1], "o", "a")},
            TypeError,
            r"hyperparameter 'm' is \[1\]",
        ),
    ],
)
def test_bad_space_is_refused(hyperparameters, error, message):
    with pytest.raises(error, match=message):
        ConfigSpace(hyperparameters)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], ValueError),
        ("relu", ValueError),
        ([1, 1], ValueError),
        ([1, True], ValueError),
        ([float("nan")], ValueError),
        ([[64, 64]], TypeError),
    ],
)
def test_bad_options_are_refused(options, error):
    with pytest.raises(error, match="choice"):
        choice(options)


def test_condition_without_value_is_refused():
    with pytest.raises(ValueError, match="names no value"):
        conditional(stats.uniform(), "optimizer")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"optimizer": "adam"}, "'layers' is missing"),
        ({"layers": 1, "optimizer": "adam", "lr": 1}, "unknown hyperparameter 'lr'"),
        ({"layers": 1, "optimizer": "rmsprop"}, "optimizer is 'rmsprop'; expected one of"),
        ({"layers": 1.5, "optimizer": "adam"}, "layers is 1.5; expected an integer from 1 to 3"),
        ({"layers": 9, "optimizer": "adam"}, "layers is 9; expected an integer from 1 to 3"),
        ({"layers": True, "optimizer": "adam"}, "layers is True"),
        ({"layers": 1, "optimizer": "adam", "momentum": 0.5}, "exists only if 'optimizer' is one"),
        ({"layers": 1, "optimizer": "sgd", "momentum": "high"}, "momentum is 'high'"),
        ({"layers": 1, "optimizer": "sgd", "momentum": float("nan")}, "momentum is nan"),
    ],
)
def test_foreign_configuration_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        conditional_space().to_unit(config)


@pytest.mark.parametrize("point", [[], [0.5, 0.5], [-0.1], [1.1], [float("nan")]])
def test_point_outside_the_cube_is_refused(point):
    with pytest.raises(ValueError, match="expected 1 quantiles between 0 and 1"):
        ConfigSpace({"x": stats.uniform()}).from_unit(point)


def test_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match="n is 0"):
        ConfigSpace({"x": stats.uniform()}).grid(0)


GAPS = stats.rv_discrete(values=([1, 5, 9], [0.2, 0.3, 0.5]))()
TWO_BARS = stats.rv_histogram(([1, 0, 1], [0, 1, 2, 3]))()
UNBOUNDED = [
    stats.poisson(3),
    stats.geom(0.1),
    stats.nbinom(3, 0.2),
    stats.zipf(3),
    stats.skellam(3, 4),
    stats.dlaplace(0.5),
]


@pytest.mark.parametrize(
    ("distribution", "hint"),
    [
        (stats.loguniform(1, 1e-4), "two positive bounds, the lower first"),
        (stats.loguniform(0, 1), "two positive bounds"),
        (stats.loguniform(0.1, 0.1), "two positive bounds"),
        (stats.loguniform(-1, 1), "two positive bounds"),
        (stats.uniform(0.5, 0), "a positive width"),
        (stats.uniform(0.5, -1), "a positive width"),
        (stats.uniform(1e20, 1), "a positive width"),
        (stats.uniform(0, np.inf), "a positive width"),
        (stats.uniform(np.nan, 1), "a positive width"),
        (stats.uniform([0, 0], 1), "a positive width"),
        (stats.uniform(np.zeros((3, 1)), 1), "a positive width"),
        (stats.uniform("a", 1), "a positive width"),
        (stats.uniform(None, 1), "a positive width"),
        (stats.uniform(0, 1j), "a positive width"),
        (stats.norm(0, 0), "a number for each parameter"),
        (stats.norm(0, np.inf), "a number for each parameter"),
        (stats.norm(np.inf, 1), "a number for each parameter"),
        (stats.beta([1, 2], 3), "a number for each parameter"),
        (stats.randint(3, 3), "two integers, the upper one left out"),
        (stats.randint(4, 3), "two integers"),
        (stats.randint(1.5, 4), "two integers"),
        (stats.randint(1, 4, 0.5), "two integers"),
        (stats.randint(0, 2**60), "two integers"),
        (stats.randint(0, 2**64), "two integers"),
        (stats.pareto(True), "a number for each parameter"),
        # Nearly all of it lies closer to 0 and 1 than floats do.
        (stats.beta(1e-300, 1), "a number for each parameter"),
        # SciPy draws 0, which has no probability.
        (stats.geom(1), "a number for each parameter"),
        (stats.poisson(-1), "a number for each parameter"),
        (stats.poisson(3, loc=0.5), "a number for each parameter"),
        # The mean is infinite, and SciPy looks for a large quantile for minutes.
        (stats.zipf(1.1), "a number for each parameter"),
        (stats.yulesimon(0.3), "a number for each parameter"),
        (stats.nbinom(1e300, 0.5), "a number for each parameter"),
        (stats.nbinom(3, 1e-300), "a number for each parameter"),
        (stats.rv_discrete(values=([1, 1.5, 2], [0.49, 0.02, 0.49]))(), "a number for each"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: conditional(d, "parent", 1)])
@pytest.mark.filterwarnings("error")
def test_range_that_gives_no_values_is_refused(distribution, hint, wrap):
    with pytest.raises(ValueError, match=rf"(?s)hyperparameter 'rate' is .*; expected .*{hint}"):
        ConfigSpace({"parent": choice([1, 2]), "rate": wrap(distribution)})


@pytest.mark.parametrize(
    "distribution",
    [
        "loguniform",
        stats.Uniform(a=0, b=1),
        stats.Uniform,
        stats.Normal(mu=0, sigma=1),
        None,
        {1: 2},
    ],
)
def test_what_is_no_frozen_distribution_is_refused(distribution):
    with pytest.raises(TypeError, match=r"'rate' is .*a frozen SciPy distribution, in lower case"):
        ConfigSpace({"rate": distribution})


@pytest.mark.parametrize("name", [1, None, "", ("a",), b"x"])
def test_name_that_is_no_name_is_refused(name):
    with pytest.raises(TypeError, match=r"needs another name; expected a string"):
        ConfigSpace({name: stats.uniform()})


@pytest.mark.parametrize("hyperparameters", [None, 5, "rate", [("rate", stats.uniform())]])
def test_space_that_is_no_mapping_is_refused(hyperparameters):
    with pytest.raises(TypeError, match="expected distributions by name"):
        ConfigSpace(hyperparameters)


@pytest.mark.parametrize(
    ("distribution", "impossible"),
    [
        (GAPS, [2, 4, 0, 10, 1.5]),
        (stats.rv_discrete(values=([1, 5], [1, 0]))(), [5, 2]),
        (stats.poisson(3), [-1, 2.5, math.inf, 10**400]),
        (stats.geom(0.1), [0]),
        (stats.zipf(3), [0]),
        (stats.norm(), [math.inf, -math.inf, 10**400]),
        (TWO_BARS, [1.5, -0.1]),
        (stepped(0.1, 0.9, 0.1), [0.35, 0.1 + 0.2, 1.0, "0.1", True]),
        (stepped(2, 8, 2), [3, 0]),
        (log_integer(8, 256), [7, 257, 8.5]),
    ],
)
def test_what_has_no_probability_is_refused(distribution, impossible):
    space = ConfigSpace({"x": distribution})
    for value in impossible:
        with pytest.raises(ValueError, match=r"x is .*; expected a"):
            space.check({"x": value})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("distribution", "possible"),
    [
        (GAPS, [1, 5, 9, 5.0, np.int64(9), np.float32(1)]),
        (stats.poisson(3), [0, 3, 17]),
        (stats.norm(), [0, -38.0, 1e300, np.float32(0.5)]),
        (TWO_BARS, [0.0, 0.5, 2.5, 3.0]),
        (stats.triang(0.3), [0, 1]),
        # Its density is 0 in the middle, and only there.
        (stats.dweibull(5), [0, 1.0, -1]),
        (stats.randint(1, 4), [3.0, np.int64(3), np.float32(2), np.uint8(1)]),
        (stepped(0.1, 0.9, 0.1), [0.1, 0.3, np.float64(0.9)]),
        (choice([1, 0.5, "a", None]), [np.int64(1), np.float32(0.5), np.str_("a"), None, True]),
    ],
)
def test_what_has_probability_is_accepted(distribution, possible):
    space = ConfigSpace({"x": distribution})
    for value in possible:
        assert 0 <= space.to_unit({"x": value})[0] <= 1


@pytest.mark.parametrize("distribution", [GAPS, *UNBOUNDED, stats.binom(100, 0.5), stats.norm()])
def test_without_bounds_or_with_gaps_it_comes_back_from_the_cube(distribution):
    space = ConfigSpace({"x": distribution})
    for q in (1e-9, 0.001, 0.3, 0.5, 0.9, 0.999):
        config = space.from_unit([q])
        space.check(config)
        assert space.from_unit(space.to_unit(config)) == pytest.approx(config)


@pytest.mark.parametrize("distribution", UNBOUNDED)
def test_unbounded_integer_has_only_a_median_for_a_grid(distribution):
    space = ConfigSpace({"x": distribution})
    assert space.grid(1) == [{"x": distribution.median()}]
    with pytest.raises(ValueError, match=r"quantile [01] of 'x' is -?inf; expected a distribution"):
        space.grid(3)


def test_grid_takes_only_what_has_probability():
    end = stats.rv_discrete(values=([0, 1, 5, 7], [0, 0.5, 0.5, 0]))()
    assert [c["x"] for c in ConfigSpace({"x": GAPS}).grid(20)] == [1, 5, 9]
    assert [c["x"] for c in ConfigSpace({"x": end}).grid(5)] == [1, 5]
    assert [c["x"] for c in ConfigSpace({"x": TWO_BARS}).grid(3)][::2] == [0, 3]
    assert [c["x"] for c in ConfigSpace({"x": stepped(0, 1, 0.25)}).grid(3)] == [0, 0.5, 1]
    assert [c["x"] for c in ConfigSpace({"x": log_integer(1, 4)}).grid(9)] == [1, 2, 3, 4]


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None, math.nan])
def test_number_of_values_that_is_none_is_refused(n):
    with pytest.raises(ValueError, match="expected at least one value a hyperparameter"):
        ConfigSpace({"x": stats.uniform()}).grid(n)


@pytest.mark.parametrize(
    "distribution",
    [GAPS, *UNBOUNDED, TWO_BARS, stats.norm(), stats.rv_discrete(values=([1, 5], [1, 0]))()],
)
@pytest.mark.parametrize("step", [1e-9, 0.2, 3])
def test_a_move_leads_to_what_has_probability(distribution, step):
    space = ConfigSpace({"x": distribution})
    axis, rng = space.axes["x"], np.random.default_rng(0)
    value = space.from_unit([0.5])["x"]
    for _ in range(30):
        moved = axis.moved(value, step, rng)
        space.check({"x": moved})
        assert moved != value or not axis.movable
        value = moved


@pytest.mark.parametrize(
    ("distribution", "value", "neighbors"),
    [
        (stats.randint(1, 5), 2, {1, 3}),
        (stats.randint(1, 5), 1, {2}),
        (stats.randint(10**9, 10**9 + 5), 10**9 + 4, {10**9 + 3}),
        (GAPS, 5, {1, 9}),
        (GAPS, 9, {5}),
        (stats.poisson(3), 0, {1}),
        (stats.poisson(3), 9, {8, 10}),
        (log_integer(8, 256), 256, {255}),
        (log_integer(8, 256), 100, {99, 101}),
        (stepped(0.1, 0.9, 0.1), 0.3, {0.2, 0.4}),
        (stepped(0.1, 0.9, 0.1), 0.9, {0.8}),
        (choice(["a", "b", "c"]), "a", {"b", "c"}),
    ],
)
def test_a_tiny_step_leads_to_the_next_value(distribution, value, neighbors):
    axis, rng = ConfigSpace({"x": distribution}).axes["x"], np.random.default_rng(0)
    assert {axis.moved(value, 1e-12, rng) for _ in range(30)} == neighbors


SETTLED = {
    "conditions": conditional_space(),
    "numbers": ConfigSpace(
        {
            "whole": GAPS,
            "endless": stats.poisson(3),
            "log": log_integer(8, 256),
            "steps": stepped(0.1, 0.9, 0.1),
            "units": conditional(stats.randint(1, 9), "whole", 5),
            "deeper": conditional(conditional(stats.uniform(), "units", 2, 3), "whole", 5),
        }
    ),
}


@pytest.mark.parametrize("space", SETTLED.values(), ids=SETTLED)
def test_points_settle_where_their_configurations_lie(space):
    points = np.random.default_rng(0).random((300, len(space)))
    found = space.settled(points)
    configs = space.from_units(points)
    there = np.array([[name in config for name in space] for config in configs])
    assert (np.isnan(found) == ~there).all()
    assert np.allclose(found[there], space.to_units(configs)[there], rtol=0, atol=1e-12)
    assert np.array_equal(space.settled(np.nan_to_num(found, nan=0.5)), found, equal_nan=True)
    assert [space.to_unit(c)[t].tolist() for c, t in zip(configs, there, strict=True)] == [
        space.to_unit(c)[t].tolist()
        for c, t in zip(space.from_units(np.nan_to_num(found, nan=0.5)), there, strict=True)
    ]


@pytest.mark.parametrize("points", [[], np.empty((0, 2)), ()])
def test_of_no_points_there_are_no_configurations(points):
    assert ConfigSpace({"x": stats.uniform(), "y": stats.uniform()}).from_units(points) == []


@pytest.mark.parametrize(
    "point",
    [np.array([np.nan]), ["a"], [None], 0.5, None, "0.5", np.zeros((1, 1)), [[0.5], 1], [1j]],
)
def test_what_is_no_point_is_refused(point):
    with pytest.raises(ValueError, match=r"point is .* quantiles between 0 and 1, .* \['x'\]"):
        ConfigSpace({"x": stats.uniform()}).from_units([[0.5], point])


def test_points_may_be_arrays():
    space = conditional_space()
    points = np.random.default_rng(0).random((5, 5))
    configs = space.from_units(points)
    assert configs == space.from_units(points.tolist()) == [space.from_unit(p) for p in points]


@pytest.mark.parametrize("config", [None, 5, "x", ["x"], [("x", 0.5)]])
def test_configuration_that_is_no_mapping_is_refused(config):
    with pytest.raises(TypeError, match=r"configuration is .*; expected values by name: \['x'\]"):
        ConfigSpace({"x": stats.uniform()}).to_unit(config)


@pytest.mark.parametrize("value", [[1], np.array([1, 2]), np.array(1), {}, object(), 1j, b"a"])
@pytest.mark.parametrize("distribution", [stats.randint(1, 4), stats.uniform(), choice([1, "a"])])
def test_value_that_is_no_value_is_refused(distribution, value):
    with pytest.raises(ValueError, match=r"x is .*; expected"):
        ConfigSpace({"x": distribution}).check({"x": value})


def test_two_conditions_have_to_hold_both():
    momentum = conditional(conditional(stats.uniform(0, 0.99), "optimizer", "sgd"), "layers", 1, 2)
    space = ConfigSpace(
        {"optimizer": choice(["sgd", "adam"]), "layers": stats.randint(1, 4), "momentum": momentum}
    )
    for config in space.from_units(np.random.default_rng(0).random((50, 3))):
        assert ("momentum" in config) == (config["optimizer"] == "sgd" and config["layers"] < 3)
        assert space.from_unit(space.to_unit(config)) == pytest.approx(config)
    assert repr(momentum) == (
        "conditional(conditional(uniform(0, 0.99), 'optimizer', 'sgd'), 'layers', 1, 2)"
    )
    with pytest.raises(
        ValueError, match=r"only if 'optimizer' is one of \['sgd'\] and 'layers' is one of \[1, 2\]"
    ):
        space.check({"optimizer": "sgd", "layers": 3, "momentum": 0.5})
    with pytest.raises(ValueError, match="'x' depends on 'z', which does not stand before it"):
        ConfigSpace({"y": choice([1]), "x": conditional(conditional(choice([1]), "z", 1), "y", 1)})


@pytest.mark.parametrize("parent", [1, None, ["a"], np.array(["a"])])
def test_parent_that_is_no_name_is_refused(parent):
    with pytest.raises(TypeError, match="expected the name of a hyperparameter"):
        conditional(stats.uniform(), parent, 1)


@pytest.mark.parametrize(
    ("parent", "value"),
    [(stats.uniform(), 2.0), (GAPS, 2), (choice(["a"]), ["a"]), (stepped(0, 1, 0.5), 0.3)],
)
def test_condition_on_an_impossible_value_is_refused(parent, value):
    with pytest.raises(ValueError, match=r"p is .*; expected"):
        ConfigSpace({"p": parent, "x": conditional(stats.uniform(), "p", value)})
