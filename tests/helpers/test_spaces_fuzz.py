"""Whatever is given to a space, only a clear error comes out, or what goes back in."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from scipy import stats

from hpo_helpers.spaces import ConfigSpace, choice, conditional, log_integer, stepped

FUZZ = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])

SPACE = ConfigSpace(
    {
        "rate": stats.loguniform(1e-4, 1),
        "layers": stats.randint(1, 5),
        "units": log_integer(8, 256),
        "dropout": stepped(0.1, 0.9, 0.1),
        "optimizer": choice(["sgd", None, 1]),
        "momentum": conditional(stats.norm(), "optimizer", "sgd", None),
    }
)
NUMBER = st.one_of(
    st.integers(-5, 300),
    st.floats(-10, 300),
    st.floats(),
    st.integers(),
    st.sampled_from([0, 1, 0.5, 1e-4, 1e300, 10**400, np.int64(3), np.float32(0.5), np.uint8(2)]),
)
WEIRD = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.complex_numbers(),
    st.just(object()),
    st.sampled_from([np.bool_(True), np.str_("a"), np.longdouble(1), np.datetime64("2020")]),
    st.builds(np.timedelta64, st.integers(-5, 5)),
)
ANYTHING = st.recursive(
    st.one_of(NUMBER, WEIRD),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(st.integers(0, 3), max_size=3).map(np.array),
        st.lists(st.text(max_size=2), max_size=3).map(set),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
    max_leaves=4,
)
# Without those in which SciPy counts one by one: from enormous parameters it does not come back.
FAMILIES = [
    *(stats.uniform, stats.loguniform, stats.norm, stats.lognorm, stats.beta, stats.triang),
    *(stats.gamma, stats.truncnorm, stats.dweibull, stats.powerlaw, stats.expon, stats.pareto),
    *(stats.randint, stats.poisson, stats.geom, stats.nbinom, stats.binom, stats.bernoulli),
    *(stats.skellam, stats.dlaplace, stats.planck, stats.logser),
]
# Parameters of a good size, and of none.
ARGUMENT = st.one_of(st.integers(-2, 20), st.floats(-1, 5), NUMBER, WEIRD)
QUANTILE = st.one_of(st.floats(0.001, 0.999), st.sampled_from([0.0, 1.0]))


@contextlib.contextmanager
def clear(*names):
    """Let only errors pass that name what was wrong and what was expected."""
    try:
        yield
    except (TypeError, ValueError) as error:
        assert "expected" in str(error) or "exists only if" in str(error), error
        assert any(name in str(error) for name in names), error


@st.composite
def own(draw):
    make = draw(st.sampled_from([choice, log_integer, stepped, conditional]))
    if make is choice:
        options = st.lists(st.one_of(NUMBER, WEIRD), max_size=4)
        return make, [
            draw(st.one_of(options, options.map(lambda o: np.array(o, object)), ANYTHING))
        ]
    if make is conditional:
        values = draw(st.lists(st.one_of(st.sampled_from([1, "a"]), ANYTHING), max_size=2))
        return make, [stats.uniform(), draw(st.one_of(st.just("parent"), ANYTHING)), *values]
    number = 2 if make is log_integer else 3
    return make, draw(st.lists(st.one_of(ARGUMENT, ANYTHING), min_size=number, max_size=number))


@st.composite
def scipys(draw):
    family = draw(st.sampled_from(FAMILIES))
    discrete = isinstance(family, stats.rv_discrete)
    number = family.numargs + (0 if discrete else draw(st.integers(0, 2)))
    moved = {"loc": draw(st.sampled_from([0, 3, 0.5]))} if discrete else {}
    try:
        return family(*draw(st.lists(ARGUMENT, min_size=number, max_size=number)), **moved)
    # SciPy refuses it by itself, in one way or another.
    except Exception:
        reject()


@st.composite
def listed(draw):
    numbers = st.one_of(st.integers(-5, 20), st.floats(-2, 9), st.just(1e300))
    values = sorted(draw(st.lists(numbers, min_size=1, max_size=5, unique=True)))
    weights = draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    assume(sum(weights))
    return stats.rv_discrete(values=(values, np.array(weights) / sum(weights)))()


def put_to_use(space, data, name="rate"):
    """Go every way in and out of a space with one hyperparameter that matters."""
    config = space.from_unit([data.draw(QUANTILE) for _ in space])
    space.check(config)
    space.to_unit(config)
    inner = space.from_unit([data.draw(st.floats(0.001, 0.999)) for _ in space])
    again = space.from_unit(space.to_unit(inner))
    assert space.to_unit(again) == pytest.approx(space.to_unit(inner), abs=1e-6)
    step, rng = data.draw(st.floats(1e-12, 10)), np.random.default_rng(0)
    for each in (config, inner):
        if name in each and space.axes[name].movable:
            space.check({**each, name: space.axes[name].moved(each[name], step, rng)})
    for each in space.grid(data.draw(st.integers(1, 4))):
        space.check(each)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@FUZZ
@given(own(), st.data())
def test_own_distributions_work_or_are_refused(made, data):
    make, arguments = made
    space = None
    with clear(make.__name__, "rate", "parent"):
        space = ConfigSpace({"parent": choice([1, "a"]), "rate": make(*arguments)})
    if space:
        put_to_use(space, data)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@FUZZ
@given(st.one_of(scipys(), listed()), st.data())
def test_distributions_of_scipy_work_or_are_refused(distribution, data):
    with clear("'rate'"):
        put_to_use(ConfigSpace({"rate": distribution}), data)


@FUZZ
@given(st.dictionaries(st.one_of(st.text(max_size=2), st.integers(), st.none()), ANYTHING))
def test_hyperparameters_that_are_none_are_refused(hyperparameters):
    with pytest.raises((TypeError, ValueError), match=r"hyperparameter|space is .*; expected"):
        ConfigSpace(hyperparameters)


@FUZZ
@given(ANYTHING, ANYTHING, st.sampled_from(list(SPACE)))
def test_values_points_and_configurations_are_in_the_space_or_refused(value, point, name):
    for config in (value, {name: value}, {**SPACE.from_unit([0.4] * 6), name: value}):
        with clear(*SPACE):
            inside = SPACE.to_unit(config)
            assert ((inside >= 0) & (inside <= 1)).all()
    for points in ([point], [[0.5] * 5 + [point]], [point, [0.5] * 6]):
        with clear(*SPACE):
            for config in SPACE.from_units(points):
                SPACE.check(config)
