import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.spaces import ConfigSpace, choice, conditional

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
