import numpy as np
import pytest
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers import explorers
from hpo_helpers.explorers import (
    CoarseToFineRounds,
    GridOrRandom,
    LearningRateRange,
    ValidationNoise,
)
from hpo_helpers.recordings import load_recording

ALL = [getattr(explorers, name) for name in explorers.__all__]


@pytest.mark.parametrize(
    ("explorer", "settings", "message"),
    [
        (LearningRateRange, {"learning_rate_range": (1.0, 0.1)}, "the lowest first"),
        (LearningRateRange, {"learning_rate_range": (1e-9, 1)}, "two rates from 1e-6 to 10"),
        (LearningRateRange, {"batch_size": 7}, r"batch_size is 7; expected one of \[8, 16"),
        (LearningRateRange, {"trials": 0}, "should not be less than 1"),
        (LearningRateRange, {"scale": "cubic"}, r"any of \['log', 'linear'\]"),
        (LearningRateRange, {"knobs": ["colour"]}, "any of"),
        (GridOrRandom, {"trials_per_axis": 9}, "should not be greater than 8"),
        (GridOrRandom, {"surface": "the moon"}, "'one axis matters', 'both axes matter'"),
        (CoarseToFineRounds, {"shrink": 0.0}, "should not be less than 0.1"),
        (CoarseToFineRounds, {"trial": 3}, "trial is no setting; expected one of .*'trials'"),
        (ValidationNoise, {"size": 150}, "any of"),
        (ValidationNoise, {"trials": 1}, "should not be less than 2"),
    ],
)
def test_bad_settings_are_refused(explorer, settings, message):
    with pytest.raises((traitlets.TraitError, TypeError), match=message):
        explorer(**settings)


@pytest.mark.parametrize("explorer", ALL)
def test_explorer_can_be_observed_and_says_how_it_is_set(explorer):
    shown = explorer()
    seen = []
    shown.observe(lambda change: seen.append(change["new"]), "seed")
    shown.seed = 3
    assert seen == [3]
    assert repr(shown).startswith(f"{explorer.__name__}({explorer.settings[0]}=")
    assert "seed=3" in repr(shown)


@pytest.mark.parametrize("explorer", ALL)
def test_picture_of_every_explorer_can_be_drawn(explorer):
    explorer().picture()
    assert plt.gcf().axes
    plt.close("all")


@pytest.mark.parametrize("explorer", ALL)
def test_module_needs_nothing_from_elsewhere(explorer):
    module = explorer()._esm
    assert "\nimport " not in module
    assert "http" not in module.replace("http://www.w3.org/2000/svg", "")
    assert "export default { render };" in module


def test_surfaces_are_the_recordings():
    grid = load_recording("source2_grid")
    errors = np.nan_to_num(grid.errors["validation"][:, -1], nan=1.0).reshape(3, 49, 29)
    explorer = GridOrRandom()
    assert np.allclose(explorer.grid_of_errors(), errors.mean(axis=0), atol=5e-5)
    explorer.surface = "both axes matter"
    softmax = load_recording("softmax_full")
    table = softmax.table
    for row in [0, 70, 140]:
        rate = np.unique(table["learning_rate"])[row]
        for column, size in enumerate([8, 16, 32, 64, 128, 256]):
            chosen = (
                (table["learning_rate"] == rate)
                & (table["batch_size"] == size)
                & (table["seed"] == 0)
            )
            (error,) = softmax.errors["validation"][chosen, -1]
            assert np.isclose(explorer.grid_of_errors()[row, column], error, atol=5e-5)


def test_points_are_answered_by_the_cell_that_they_lie_in():
    explorer = GridOrRandom()
    errors = explorer.grid_of_errors()
    points = np.array([[0.0, 0.0], [1.0, 1.0], [0.5 / 49, 0.999], [20.9 / 49, 3.1 / 29]])
    assert explorer.look_up(points).tolist() == [
        errors[0, 0],
        errors[-1, -1],
        errors[0, -1],
        errors[20, 3],
    ]


def test_learning_rate_range_shows_the_recording():
    recording = load_recording("softmax_full")
    chosen = (recording.table["batch_size"] == 16) & (recording.table["seed"] == 0)
    shown = LearningRateRange().response()
    assert np.allclose(shown, recording.errors["validation"][chosen, 7])


def test_validation_noise_shows_the_recording_and_its_law():
    recording = load_recording("softmax_blocks")
    truth = recording.errors["held_out"][:, :, -1].mean(axis=1)
    explorer = ValidationNoise(trials=30)
    for seed in range(5):
        search = explorer.search(seed)
        assert len(set(search.rates)) == 30
        rows = [explorer.rates.index(rate) for rate in search.rates]
        assert np.allclose(search.true, truth[rows])
    gaps = [explorer.search(seed, 500) for seed in range(400)]
    spread = np.std([search.measured[0] - search.true[0] for search in gaps])
    assert np.isclose(spread, np.sqrt(0.17 * 0.83 / 500), rtol=0.15)


def test_larger_validation_sets_pick_better_and_flatter_less():
    picked, optimism = zip(*[ValidationNoise().found(size) for size in (100, 10_000)], strict=True)
    assert picked[1] > picked[0] + 0.3
    assert optimism[0] > 0.01 > abs(optimism[1])
