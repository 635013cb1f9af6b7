import numpy as np
import pytest

from hpo_helpers.networks import DualNetworks, Networks
from hpo_helpers.optimizers import SCHEDULES, Adam, Momentum, rate_factor
from tests.helpers.test_networks import problem

SIZES = (12, 8, 7, 5)
RATES, DECAYS, SEEDS = [0.1, 0.03, 0.3], [0, 1e-2, 1e-1], [1, 2, 3]


def trained(factors, rates=RATES, decays=DECAYS, **options):
    images, labels = problem(40)
    networks = Networks(SIZES, rates, decays, SEEDS, **options)
    batches = np.random.default_rng(0).integers(40, size=(len(factors), 10))
    for batch, factor in zip(batches, factors, strict=True):
        networks.step(images[batch], labels[batch], factor)
    return networks


@pytest.mark.parametrize(
    ("schedule", "start", "middle", "last"),
    [("constant", 1, 1, 1), ("linear", 1, 0.5, 0.01), ("cosine", 1, 0.5, np.pi**2 / 4e4)],
)
def test_schedule_begins_whole_and_comes_down(schedule, start, middle, last):
    assert rate_factor(schedule, 0, 100) == start
    assert rate_factor(schedule, 50, 100) == pytest.approx(middle)
    assert rate_factor(schedule, 99, 100) == pytest.approx(last, rel=1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_warm_up_climbs_and_the_rest_is_the_schedule(schedule):
    warm = [rate_factor(schedule, update, 30, warmup=10) for update in range(30)]
    assert warm[:10] == [update / 10 for update in range(10)]
    assert warm[10:] == [rate_factor(schedule, update, 20) for update in range(20)]


@pytest.mark.parametrize("options", [{}, {"momentums": [0.9] * 3}, {"betas": [(0.9, 0.99)] * 3}])
def test_factor_is_as_good_as_other_rates(options):
    by_factor = trained([0.5] * 20, **options)
    by_rates = trained([1.0] * 20, rates=[rate / 2 for rate in RATES], **options)
    for ours, theirs in zip(by_factor.weights, by_rates.weights, strict=True):
        assert ours.dtype == np.float32
        assert np.array_equal(ours, theirs)
    whole = trained([1.0] * 20, **options)
    assert not np.allclose(by_factor.weights[0], whole.weights[0])


def test_a_factor_of_zero_moves_nothing_but_the_memory_of_adam():
    betas = [(0.9, 0.99)] * 3
    still, begun = trained([0.0] * 5, betas=betas), trained([], betas=betas)
    assert all(map(np.array_equal, still.weights, begun.weights))
    assert still.optimizer.updates == 5
    assert still.optimizer.means[0].any()


def test_networks_of_a_stack_have_betas_of_their_own():
    betas = [(0.9, 0.999), (0.5, 0.9), (0, 0)]
    together = trained([1.0] * 20, betas=betas)
    alike = trained([1.0] * 20, betas=betas[:1] * 3)
    same = [np.allclose(together.weights[0][:, k], alike.weights[0][:, k]) for k in range(3)]
    assert same == [True, False, False]


def test_adam_that_forgets_at_once_moves_by_the_sign_of_the_slope():
    optimizer = Adam(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))
    slopes = np.array([3.0, -1e-3, 0.0, 200.0]).reshape(4, 1, 1)
    for _ in range(3):
        (move,) = optimizer.moves([slopes], np.full((1, 1, 1), 0.1))
        assert np.allclose(move, 0.1 * np.sign(slopes))


def test_momentum_keeps_the_moves_of_larger_rates():
    # As Keras does: the velocity is made of moves, so a rate that falls leaves the old ones long.
    optimizer = Momentum(np.array([0.5]))
    (first,) = optimizer.moves([np.array([1.0])], np.array([1.0]))
    assert first == 1
    (second,) = optimizer.moves([np.array([0.0])], np.array([0.0]))
    assert second == 0.5


@pytest.mark.parametrize("momentums", [None, [0.9] * 3])
def test_decay_shrinks_weights_beside_the_moves_only_where_asked(momentums):
    coupled = trained([1.0] * 10, momentums=momentums)
    apart = trained([1.0] * 10, momentums=momentums, decoupled=True)
    alike = all(map(np.array_equal, coupled.weights, apart.weights))
    assert alike == (momentums is None)


def test_decoupled_decay_of_adam_is_that_of_its_rates():
    # Every slope is zero: no image and balanced scores leave only the decay.
    networks = Networks((4, 5), [0.1], [0.5], [0], betas=[(0.9, 0.999)], decoupled=True)
    before = networks.weights[0].copy()
    networks.step(np.zeros((5, 4), np.float32), np.arange(5), factor=0.5)
    assert np.allclose(networks.weights[0], before * (1 - 0.5 * 0.1 * 0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"betas": [(0.9, 0.999)]}, "expected one of each a network"),
        ({"betas": [(0.9, 0.999)] * 3, "momentums": [0.9] * 3}, "there are momentums and betas"),
    ],
)
def test_bad_optimizers_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Networks(SIZES, RATES, DECAYS, SEEDS, **options)


def test_dual_networks_refuse_adam():
    images, _ = problem()
    with pytest.raises(ValueError, match="train it with Networks"):
        DualNetworks(images, SIZES, RATES, DECAYS, SEEDS, betas=[(0.9, 0.999)] * 3)
