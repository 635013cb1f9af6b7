import itertools
import warnings

import numpy as np
import pytest

from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.networks import Networks, accuracy, draw_batches, train_networks
from hpo_helpers.objectives import hpo_objective_softmax_classification

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


@pytest.mark.parametrize("sizes", [FLAT, DEEP])
@pytest.mark.parametrize("shared", [True, False])
def test_analytic_gradients_agree_with_numerical_ones(sizes, shared):
    stack = networks(sizes, dtype=np.float64)
    parts = [problem(dtype=np.float64, seed=seed) for seed in range(3)]
    images, labels = parts[0] if shared else map(np.stack, zip(*parts, strict=True))
    analytic = stack.gradients(images, labels)
    for arrays, slopes in zip((stack.weights, stack.biases), analytic, strict=True):
        for array, slope in zip(arrays, slopes, strict=True):
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


def plainly_trained(sizes, rate, decay, seed, images, labels, batches):
    """One network in float64, one layer after another, as a textbook has it."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.standard_normal((a, b), np.float32).astype(float) * np.sqrt(2 / a)
        for a, b in itertools.pairwise(sizes)
    ]
    biases = [np.zeros(size) for size in sizes[1:]]
    for batch in batches:
        layers = [images[batch]]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layers.append(np.maximum(layers[-1] @ w + b, 0))
        scores = layers[-1] @ weights[-1] + biases[-1]
        delta = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        delta[np.arange(len(batch)), labels[batch]] -= 1
        delta /= len(batch)
        for index in reversed(range(len(weights))):
            of_weights = layers[index].T @ delta + decay * weights[index]
            of_biases = delta.sum(axis=0)
            delta = (delta @ weights[index].T) * (layers[index] > 0)
            weights[index] -= rate * of_weights
            biases[index] -= rate * of_biases
    return weights, biases


@pytest.mark.parametrize("sizes", [FLAT, DEEP])
def test_arithmetic_is_that_of_the_source(sizes):
    images, labels = problem(40)
    rates, decays = (0.1, 0.03, 0.3), (0, 1e-2, 1e-1)
    batches = draw_batches(40, 10, 30, np.random.default_rng(0))
    stack = networks(sizes, rates, decays)
    train_networks(stack, (images, labels), (images, labels), batches, 4)
    for k in range(3):
        weights, biases = plainly_trained(
            sizes, rates[k], decays[k], (7, k), images.astype(float), labels, batches
        )
        for ours, theirs in zip(stack.weights, weights, strict=True):
            assert np.allclose(ours[:, k], theirs, rtol=1e-3, atol=1e-4)
        for ours, theirs in zip(stack.biases, biases, strict=True):
            assert np.allclose(ours[k, 0], theirs, rtol=1e-3, atol=1e-4)


def test_stack_gives_what_separate_runs_give():
    part = problem(40)
    batches = draw_batches(40, 10, 50, np.random.default_rng(0))
    together = networks()
    curves = train_networks(together, part, part, batches, 4)
    for k, (rate, decay) in enumerate([(0.1, 0), (0.03, 1e-2), (0.3, 1e-4)]):
        alone = networks(rates=[rate], decays=[decay], numbers=[k])
        curve = train_networks(alone, part, part, batches, 4)
        assert np.allclose(alone.scores(part[0])[0], together.scores(part[0])[k], atol=1e-4)
        assert np.allclose(curve[1][:, 0], curves[1][:, k], atol=1 / 40 + 1e-9)


def test_evaluations_come_after_updates_1_5_9_to_197():
    part = problem(30)
    seen = []
    stack = networks()
    step = stack.step
    stack.step = lambda *batch: (seen.append("step"), step(*batch))
    scores = stack.scores
    stack.scores = lambda images: (seen.append("evaluation"), scores(images))[1]
    batches = draw_batches(30, 10, 200, np.random.default_rng(0))
    train, validation = train_networks(stack, part, part, batches, 4)
    assert train.shape == validation.shape == (50, 3)
    after = [seen[:i].count("step") for i, what in enumerate(seen) if what == "evaluation"]
    assert sorted(set(after)) == list(range(1, 198, 4))


def test_sizes_that_do_not_divide_evenly_are_evaluated_in_full():
    part = problem(37)
    uneven = [np.arange(10), np.arange(10, 37), np.arange(3)]
    train, _ = train_networks(networks(), part, part, uneven, 1)
    assert train.shape == (3, 3)
    assert np.allclose(train * 37, np.round(train * 37))


def test_diverging_network_is_marked_and_its_neighbours_are_untouched():
    part = problem(40)
    batches = draw_batches(40, 10, 60, np.random.default_rng(0))
    alone = networks(rates=[0.1], decays=[0], numbers=[0])
    _, expected = train_networks(alone, part, part, batches, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stack = networks(rates=[0.1, 1e30, 1e3], decays=[0, 0, 0])
        _, curves = train_networks(stack, part, part, batches, 4)
    assert np.allclose(curves[:, 0], expected[:, 0], atol=1 / 40 + 1e-9)
    assert np.isnan(curves[-1, 1])
    first = np.flatnonzero(np.isnan(curves[:, 1]))[0]
    assert np.isnan(curves[first:, 1]).all()


def test_start_is_he_initialization_and_depends_on_the_seed_alone():
    stack = Networks((400, 300, 10), [0.1, 0.2], [0, 0], [(0, 0), (0, 1)])
    assert stack.weights[0].dtype == np.float32
    assert np.isclose(stack.weights[0].std(), np.sqrt(2 / 400), rtol=0.01)
    assert all(not biases.any() for biases in stack.biases)
    other = Networks((400, 300, 10), [0.5], [0.1], [(0, 1)])
    assert np.array_equal(stack.weights[0][:, 1], other.weights[0][:, 0])


def test_batches_are_drawn_with_replacement():
    batches = draw_batches(50, 100, 3, np.random.default_rng(0))
    assert batches.shape == (3, 100)
    assert batches.min() >= 0
    assert batches.max() < 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((12, 5), [0.1], [0, 0], [1]), "expected one of each a network"),
        (((12,), [0.1], [0], [1]), r"sizes are \(12,\)"),
        (((12, 0, 5), [0.1], [0], [1]), r"sizes are \(12, 0, 5\)"),
    ],
)
def test_bad_networks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Networks(*arguments)


def test_evaluation_never_is_refused():
    with pytest.raises(ValueError, match="evaluate_every is 0"):
        train_networks(networks(), problem(), problem(), [], 0)


def test_keras_and_the_engine_agree_within_noise():
    splits = load_fashion_mnist()
    train, validation = (
        (part.images.reshape(-1, 784), part.labels) for part in (splits.train, splits.validation)
    )
    count, epochs = 10, 3
    ours = Networks((784, 10), [0.03] * count, [0] * count, [(0, k) for k in range(count)])
    rng = np.random.default_rng(0)
    batches = [b for _ in range(epochs) for b in rng.permutation(8000).reshape(-1, 16)]
    for batch in batches:
        ours.step(train[0][batch], train[1][batch])
    our_errors = 1 - accuracy(ours, *validation)
    keras_errors = [
        hpo_objective_softmax_classification({"learning_rate": 0.03}, epochs, seed=seed)
        for seed in range(count)
    ]
    difference = np.mean(our_errors) - np.mean(keras_errors)
    noise = np.sqrt((np.var(our_errors, ddof=1) + np.var(keras_errors, ddof=1)) / count)
    # Our ten share their batches, so their mean is as noisy as one run.
    assert abs(difference) < 3 * noise + 3 * np.std(keras_errors, ddof=1)
