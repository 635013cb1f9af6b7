import math
import pickle

import numpy as np
import pytest

from hpo_helpers.data import Split, load_fashion_mnist
from hpo_helpers.loaders import FashionMNIST
from hpo_helpers.objectives import (
    NetworkObjective,
    hpo_objective_scores_as_probabilities,
    hpo_objective_softmax_classification,
    train_softmax_regression,
)

OBJECTIVES = [hpo_objective_softmax_classification, hpo_objective_scores_as_probabilities]


@pytest.fixture(scope="module")
def few_images():
    splits = load_fashion_mnist()
    train, validation = (Split(s.images[:800], s.labels[:800]) for s in splits[:2])
    return FashionMNIST(16, splits=splits._replace(train=train, validation=validation))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf, "0.1", None])
def test_useless_learning_rate_is_refused_before_training(objective, rate):
    with pytest.raises(ValueError, match=r"learning_rate is .*expected a positive, finite number"):
        objective({"learning_rate": rate}, data="never touched")


@pytest.mark.parametrize("config", [{}, {"lr": 0.1}, {"learning_rate": 0.1, "momentum": 0.9}])
def test_other_names_are_refused_before_training(config):
    with pytest.raises(ValueError, match="expected 'learning_rate' and no other"):
        hpo_objective_softmax_classification(config, data="never touched")


@pytest.mark.parametrize("epochs", [0, -1])
def test_no_epochs_are_refused_before_training(epochs):
    with pytest.raises(ValueError, match=f"max_epochs is {epochs}"):
        hpo_objective_softmax_classification(
            {"learning_rate": 0.1}, max_epochs=epochs, data="never touched"
        )


def test_curve_has_an_error_an_epoch_and_ends_with_the_value(few_images):
    arguments = {"config": {"learning_rate": 0.1}, "max_epochs": 3, "data": few_images}
    curve = hpo_objective_softmax_classification(**arguments, return_curve=True)
    assert len(curve) == 3
    assert curve[-1] == hpo_objective_softmax_classification(**arguments)
    assert 0 <= min(curve) < max(curve) < 0.6


def test_seed_decides_the_error(few_images):
    first, again, other = (
        hpo_objective_softmax_classification(
            {"learning_rate": 0.1}, max_epochs=2, data=few_images, seed=seed
        )
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_integer_rate_is_a_rate(few_images):
    assert hpo_objective_softmax_classification({"learning_rate": 1}, 1, data=few_images) < 0.9


def test_diverged_training_gives_nan(few_images):
    error = hpo_objective_softmax_classification({"learning_rate": 1e38}, 2, data=few_images)
    assert math.isnan(error)


def test_progress_is_shown_when_asked_for(few_images, capfd):
    hpo_objective_softmax_classification({"learning_rate": 0.1}, 2, data=few_images)
    assert "epoch" not in capfd.readouterr().err
    hpo_objective_softmax_classification({"learning_rate": 0.1}, 2, data=few_images, progress=True)
    assert "2/2" in capfd.readouterr().err


def test_mended_loss_learns_where_the_documented_one_does_not():
    mended, documented = (objective({"learning_rate": 0.1}, 2) for objective in OBJECTIVES)
    assert mended < 0.35
    assert documented > 0.5


def test_steps_per_execution_changes_no_error(few_images, monkeypatch):
    def error():
        return hpo_objective_softmax_classification({"learning_rate": 0.1}, 2, data=few_images)

    together = error()
    monkeypatch.setattr("hpo_helpers.objectives._STEPS_PER_EXECUTION", 1)
    assert error() == pytest.approx(together, abs=0.003)


def test_trained_model_agrees_with_its_history(few_images):
    model, history = train_softmax_regression(0.1, max_epochs=2, data=few_images)
    images, labels = few_images.val
    scores = model(images[..., None].astype(np.float32) / 255).numpy()
    assert scores.shape == (800, 10)
    assert np.mean(scores.argmax(axis=1) == labels) == pytest.approx(
        history["val_accuracy"][-1], abs=1e-6
    )


def test_network_goes_on_where_it_stopped():
    objective = NetworkObjective(images=300)
    config = {"learning_rate": 0.1, "layers": 2, "units": 16, "momentum": 0.5}
    whole, _ = objective(config, 5)
    first, state = objective(config, 2)
    further, (_, epochs) = objective(config, 3, pickle.loads(pickle.dumps(state)))
    assert first + further == whole
    assert epochs == 5
    assert whole[-1] < whole[0] < 0.9


def test_network_that_diverges_says_nan():
    errors, _ = NetworkObjective(images=100)({"learning_rate": 1e38}, 3)
    assert math.isnan(errors[-1])


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ({"images": 0}, "images is 0; expected a whole number, at least 1"),
        ({"images": 8001}, "images is 8001; expected at most the 8,000"),
        ({"images": 100.5}, "images is 100.5; expected a whole number"),
        ({"images": "all"}, "images is 'all'; expected a whole number"),
        ({"batch_size": 0}, "batch_size is 0; expected a whole number"),
        ({"batch_size": 16.5}, "batch_size is 16.5; expected a whole number"),
        ({"seed": None}, "seed is None; expected a whole number, at least 0"),
    ],
)
def test_network_on_impossible_images_is_refused(bad, expected):
    with pytest.raises((TypeError, ValueError), match=expected):
        NetworkObjective(**bad)


@pytest.mark.parametrize("bad", [{}, {"units": 16}, {"learning_rate": 0.1, "unit": 16}])
def test_network_of_unknown_hyperparameters_is_refused(bad):
    with pytest.raises(ValueError, match="expected 'learning_rate' and no other than"):
        NetworkObjective(images=100)(bad, 1)
