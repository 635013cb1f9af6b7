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


NOTHING = [[], [[]], [np.nan, np.nan], [[np.nan], [np.nan]], np.empty((0, 2)), [None]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("errors", NOTHING, ids=str)
def test_incumbent_of_nothing_is_an_empty_picture_with_labels(ax, errors):
    plots.plot_incumbent(ax, errors, "no trial")
    ax.figure.canvas.draw()
    assert ax.get_lines()[0].get_xdata().size == 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("trials", "error of the incumbent")


@pytest.mark.filterwarnings("error")
def test_incumbent_begins_with_the_first_trial_that_has_not_failed(ax):
    plots.plot_incumbent(ax, [[np.nan, 0.5, 0.4], [np.nan, np.nan, 0.6]], "two searches")
    assert ax.get_lines()[0].get_xydata().tolist() == [[2, 0.5], [3, 0.5]]


@pytest.mark.parametrize("points", [[], np.empty((0, 2)), [[0.1, 0.2]]], ids=str)
def test_coverage_by_so_many_trials(ax, points):
    plots.plot_coverage(ax, points)
    ax.figure.canvas.draw()
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [len(points)] * 3


@pytest.mark.parametrize("points", [[0.1, 0.2], [[0.1], [0.2]], [[0.1, 0.2, 0.3]] * 2], ids=str)
def test_coverage_in_other_than_two_dimensions_is_refused(ax, points):
    with pytest.raises(ValueError, match=r"into shape \(2,2\)"):
        plots.plot_coverage(ax, points)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("trials", [0, 1])
def test_pictures_of_next_to_nothing(ax, trials):
    plots.plot_learning_curves(ax, [[0.5]] * trials, ["C0"] * trials)
    assert len(ax.get_lines()) == trials
    assert ax.get_xlabel() == "epoch"


def test_differences_are_drawn_with_the_interval_of_students_t(ax):
    plots.plot_differences(ax, [2, 1], [[1, 2, 3], [0, 0, 0]], "gap", "C1s")
    (drawn,) = ax.containers
    mean, _, (bars,) = drawn.lines
    assert mean.get_xdata().tolist() == [2, 0]
    assert mean.get_ydata().tolist() == [2, 1]
    (low, high), none = (segment[:, 0] for segment in bars.get_segments())
    assert np.allclose([low, high], [2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5], atol=1e-4)
    assert none.tolist() == [0, 0]


@pytest.mark.parametrize("differences", [[0.1, 0.2], [[0.1], [0.2]]])
def test_what_was_not_repeated_has_no_interval(ax, differences):
    with pytest.raises(ValueError, match="two repetitions or more"):
        plots.plot_differences(ax, [1, 2], differences, "gap")
