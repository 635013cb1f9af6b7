import itertools

import numpy as np
import pytest

from hpo_helpers.networks import DualNetworks, Networks

DEEP = (12, 8, 7, 5)
FLAT = (12, 5)


def problem(n=23, inputs=12, classes=5, dtype=np.float32, seed=0):
    """Images with something to learn: each class brightens pixels of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    images = rng.random((n, inputs)) + 0.8 * np.eye(classes, inputs)[labels]
    return images.astype(dtype), labels


def networks(sizes=DEEP, rates=(0.1, 0.03, 0.3), decays=(0, 1e-2, 1e-4), numbers=None, **options):
    seeds = [(7, number) for number in (range(len(rates)) if numbers is None else numbers)]
    return Networks(sizes, rates, decays, seeds, **options)


def loss(stack, images, labels):
    """Mean cross-entropy of each network, written down again."""
    scores = stack.scores(images)
    labels = np.broadcast_to(labels, scores.shape[:2])
    normalizer = np.log(np.exp(scores).sum(axis=2))
    chosen = np.take_along_axis(scores, labels[..., None], axis=2)[..., 0]
    return (normalizer - chosen).mean(axis=1)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("sizes", [FLAT, DEEP])
@pytest.mark.parametrize("shared", [True, False])
def test_analytic_gradients_agree_with_numerical_ones(sizes, shared, activation):
    stack = networks(sizes, dtype=np.float64, activation=activation)
    parts = [problem(dtype=np.float64, seed=seed) for seed in range(3)]
    images, labels = parts[0] if shared else map(np.stack, zip(*parts, strict=True))
    analytic = stack.gradients(images, labels)
    for array, slope in zip(stack.weights + stack.biases, analytic, strict=True):
        assert slope.shape == array.shape
        numerical = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + 1e-6
            above = loss(stack, images, labels).sum()
            array[index] = kept - 1e-6
            below = loss(stack, images, labels).sum()
            array[index] = kept
            numerical[index] = (above - below) / 2e-6
        assert np.allclose(slope, numerical, rtol=1e-5, atol=1e-7)


def plainly_trained(sizes, rate, decay, momentum, seed, images, labels, batches):
    """One network in float64, one layer after another, as a textbook has it."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.standard_normal((a, b), np.float32).astype(float) * np.sqrt(2 / a)
        for a, b in itertools.pairwise(sizes)
    ]
    biases = [np.zeros(size) for size in sizes[1:]]
    velocities = [np.zeros_like(array) for array in weights + biases]
    for batch in batches:
        layers = [images[batch]]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layers.append(np.maximum(layers[-1] @ w + b, 0))
        scores = layers[-1] @ weights[-1] + biases[-1]
        delta = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        delta[np.arange(len(batch)), labels[batch]] -= 1
        delta /= len(batch)
        of_weights, of_biases = [], []
        for index in reversed(range(len(weights))):
            of_weights.insert(0, layers[index].T @ delta + decay * weights[index])
            of_biases.insert(0, delta.sum(axis=0))
            delta = (delta @ weights[index].T) * (layers[index] > 0)
        slopes = of_weights + of_biases
        for array, slope, velocity in zip(weights + biases, slopes, velocities, strict=True):
            velocity *= momentum
            velocity -= rate * slope
            array += velocity
    return weights, biases


@pytest.mark.parametrize("sizes", [FLAT, DEEP])
@pytest.mark.parametrize("momentums", [None, (0.5, 0, 0.9)])
def test_arithmetic_is_that_of_the_source(sizes, momentums):
    images, labels = problem(40)
    rates, decays = (0.1, 0.03, 0.1), (0, 1e-2, 1e-1)
    batches = np.random.default_rng(0).integers(40, size=(30, 10))
    stack = networks(sizes, rates, decays, momentums=momentums)
    for batch in batches:
        stack.step(images[batch], labels[batch])
    for k in range(3):
        momentum = momentums[k] if momentums else 0
        weights, biases = plainly_trained(
            sizes, rates[k], decays[k], momentum, (7, k), images.astype(float), labels, batches
        )
        for ours, theirs in zip(stack.weights, weights, strict=True):
            assert np.allclose(ours[:, k], theirs, rtol=1e-3, atol=1e-4)
        for ours, theirs in zip(stack.biases, biases, strict=True):
            assert np.allclose(ours[0, k], theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("momentums", [None, (0.5, 0, 0.9)])
@pytest.mark.parametrize("sizes", [(40, 5), (40, 8, 7, 5)])
def test_dual_networks_are_the_same_networks(sizes, momentums, independent):
    images, labels = problem(30, inputs=40, dtype=np.float64)
    arguments = sizes, [0.1, 0.03, 0.3], [0, 1e-2, 1e-1], [(7, k) for k in range(3)], momentums
    plain = Networks(*arguments, dtype=np.float64)
    dual = DualNetworks(images, *arguments, dtype=np.float64)
    rng = np.random.default_rng(0)
    for _ in range(20):
        batch = rng.integers(30, size=(3, 10) if independent else 10)
        plain.step(images[batch], labels[batch])
        dual.step(batch, labels[batch])
    assert np.allclose(plain.scores(images), dual.scores(np.arange(30)), atol=1e-9)
    for ours, theirs in zip(dual.weights[1:], plain.weights[1:], strict=True):
        assert np.allclose(ours, theirs, atol=1e-9)


def test_start_is_he_initialization_and_depends_on_the_seed_alone():
    stack = Networks((400, 300, 10), [0.1, 0.2], [0, 0], [(0, 0), (0, 1)])
    assert stack.weights[0].dtype == np.float32
    assert np.isclose(stack.weights[0].std(), np.sqrt(2 / 400), rtol=0.01)
    assert all(not biases.any() for biases in stack.biases)
    other = Networks((400, 300, 10), [0.5], [0.1], [(0, 1)])
    assert np.array_equal(stack.weights[0][:, 1], other.weights[0][:, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((12, 5), [0.1], [0, 0], [1]), "expected one of each a network"),
        (((12, 5), [0.1], [0], [1], [0, 0]), "expected one of each a network"),
        (((12, 5), [0.1], [0], [1], None, "sigmoid"), "activation is 'sigmoid'"),
        (((12,), [0.1], [0], [1]), r"sizes are \(12,\)"),
        (((12, 0, 5), [0.1], [0], [1]), r"sizes are \(12, 0, 5\)"),
    ],
)
def test_bad_networks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Networks(*arguments)
