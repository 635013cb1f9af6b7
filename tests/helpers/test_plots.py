import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from hpo_helpers import plots

matplotlib.use("agg")


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_incumbent_never_rises_and_passes_over_failed_trials(ax):
    plots.plot_incumbent(ax, [0.5, np.nan, 0.3, 0.4], "random")
    (line,) = ax.get_lines()
    assert line.get_xdata().tolist() == [1, 2, 3, 4]
    assert line.get_ydata().tolist() == [0.5, 0.5, 0.3, 0.3]
    assert not ax.collections


def test_incumbent_of_several_searches_is_their_median_with_quartiles(ax):
    errors = np.linspace(0.1, 0.5, 5)[:, None] * np.ones((5, 3))
    plots.plot_incumbent(ax, errors, "random", color="C3")
    (line,) = ax.get_lines()
    assert np.allclose(line.get_ydata(), 0.3)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert np.allclose([heights.min(), heights.max()], [0.2, 0.4])


def test_response_of_several_seeds_is_their_mean_between_the_extremes(ax):
    plots.plot_response(ax, [0.01, 0.1], [[0.2, 0.4], [0.4, 0.8]], "mean")
    (line,) = ax.get_lines()
    assert np.allclose(line.get_ydata(), [0.3, 0.6])
    assert ax.get_xscale() == "log"
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert np.allclose([heights.min(), heights.max()], [0.2, 0.8])


def test_coverage_shows_the_projection_of_every_trial(ax):
    points = [[0.1, 0.5], [0.1, 0.9], [0.7, 0.2]]
    plots.plot_coverage(ax, points)
    trials, above, beside = (np.transpose(line.get_data()) for line in ax.get_lines())
    assert trials.tolist() == points
    assert above[:, 0].tolist() == [0.1, 0.1, 0.7]
    assert beside[:, 1].tolist() == [0.5, 0.9, 0.2]
    assert (above[:, 1] > 1).all()
    assert (beside[:, 0] > 1).all()


def test_learning_curves_count_epochs_from_one(ax):
    plots.plot_learning_curves(ax, [[0.5, 0.4], [0.9, 0.9]], ["C0", "C1"])
    assert [line.get_xdata().tolist() for line in ax.get_lines()] == [[1, 2], [1, 2]]


def test_best_trials_stand_in_order_with_validation_solid_and_training_dashed():
    train = np.arange(60).reshape(20, 3) / 100
    fig = plots.plot_best(train, train + 0.1)
    panels = fig.axes
    assert [panel.get_title() for panel in panels] == [f"Best-{n}" for n in range(1, 21)]
    for panel, curve in zip(panels, train, strict=True):
        solid, dashed = panel.get_lines()
        assert np.allclose(solid.get_ydata(), curve + 0.1)
        assert np.allclose(dashed.get_ydata(), curve)
        assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
        assert panel.get_ylim() == (0, 1)
    plt.close(fig)
