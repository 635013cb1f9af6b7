import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers import explorers
from hpo_helpers.explorers import (
    CoarseToFineRounds,
    FivePicks,
    GridOrRandom,
    Halving,
    LearningRateRange,
    PriceOfTime,
    SeedLottery,
    TrainAgain,
    ValidationNoise,
)
from hpo_helpers.explorers.five_picks import hidden, open_response, play, played
from hpo_helpers.explorers.modules import FOLDER, modules
from hpo_helpers.explorers.seed_lottery import SEARCHERS
from hpo_helpers.plots import METHODS
from hpo_helpers.recordings import MLP_SPACE, RecordedTrials, load_json, load_recording
from recorder.bayesian_searches import met

ALL = [getattr(explorers, name) for name in explorers.__all__]


@pytest.mark.parametrize(
    ("explorer", "settings", "message"),
    [
        (LearningRateRange, {"learning_rate_range": (1.0, 0.1)}, "the lowest first"),
        (LearningRateRange, {"learning_rate_range": (1e-9, 1)}, "two rates from 1e-6 to 10"),
        (LearningRateRange, {"batch_size": 7}, r"any of \[8, 16, 32"),
        (LearningRateRange, {"trials": 0}, "should not be less than 1"),
        (LearningRateRange, {"scale": "cubic"}, r"any of \['log', 'linear'\]"),
        (LearningRateRange, {"knobs": ["colour"]}, "any of"),
        (GridOrRandom, {"trials_per_axis": 9}, "should not be greater than 8"),
        (GridOrRandom, {"surface": "the moon"}, "'one axis matters', 'both axes matter'"),
        (CoarseToFineRounds, {"shrink": 0.0}, "should not be less than 0.1"),
        (CoarseToFineRounds, {"trial": 3}, "trial is no setting; expected one of .*'trials'"),
        (ValidationNoise, {"size": 150}, "any of"),
        (ValidationNoise, {"trials": 1}, "should not be less than 2"),
        (PriceOfTime, {"price": 0.0}, "should not be less than 0.001"),
        (PriceOfTime, {"limit": 30.0}, "should not be greater than 25"),
        (FivePicks, {"picks": [0.1, 0.1]}, "at most 5 learning rates .* none of them twice"),
        (FivePicks, {"picks": [0.1, 10.0]}, r"picks is \[0.1, 10.0\]; .* from 1e-6 to 1,"),
        (FivePicks, {"picks": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}, "expected at most 5"),
        (FivePicks, {"picks": ["much"]}, "expected a float"),
        (SeedLottery, {"seed": 51}, "should not be greater than 50"),
        (TrainAgain, {"new": "luck"}, "any of"),
        (FivePicks, {"learning_rate": 3.0}, "should not be greater than 1"),
    ],
)
def test_bad_settings_are_refused(explorer, settings, message):
    with pytest.raises((traitlets.TraitError, TypeError), match=message):
        explorer(**settings)


@pytest.mark.parametrize("explorer", ALL)
def test_number_that_is_none_is_refused(explorer):
    traits = explorer.class_traits()
    for name in explorer.settings:
        if isinstance(traits[name], traitlets.Float):
            with pytest.raises(traitlets.TraitError, match=f"'{name}' trait .* expected a float, "):
                explorer(**{name: math.nan})


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
def test_limits_that_the_module_reads_are_those_of_the_traits(explorer):
    limits = explorer().limits
    assert list(limits) == list(explorer.settings)
    for name, limit in limits.items():
        allowed = limit.get("options", [limit[end] for end in ("min", "max") if end in limit])
        for value in allowed if isinstance(getattr(explorer(), name), int | float | str) else []:
            assert getattr(explorer(**{name: value}), name) == value
        for value in [limit[end] + step for end, step in [("min", -1), ("max", 1)] if end in limit]:
            with pytest.raises(traitlets.TraitError):
                explorer(**{name: value})
    with pytest.raises(traitlets.TraitError, match="read-only"):
        explorer(searches=3)


@pytest.mark.parametrize("explorer", ALL)
def test_picture_of_every_explorer_can_be_drawn(explorer):
    explorer().picture()
    assert plt.gcf().axes
    plt.close("all")


@pytest.mark.parametrize(
    ("explorer", "label"),
    [
        (LearningRateRange, "best 5 % of all recorded rates"),
        (ValidationNoise, "true, of the best trial"),
        (Halving, "lowest last error"),
    ],
)
def test_picture_has_the_green_marks_that_the_text_speaks_of(explorer, label):
    explorer().picture()
    (mark,) = (line for line in plt.gca().lines if line.get_label() == label)
    assert mark.get_color() == "C2"
    assert len(mark.get_xdata()) > 0
    plt.close("all")


def test_explorers_are_read_alike_under_any_locale():
    code = "from hpo_helpers import explorers; print(ascii(explorers.FivePicks._esm))"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | plain, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ascii(FivePicks._esm)


@pytest.mark.parametrize("explorer", ALL)
def test_module_needs_nothing_from_elsewhere(explorer):
    module = explorer()._esm
    assert "\nimport " not in module
    assert "http" not in module.replace("http://www.w3.org/2000/svg", "")
    assert "export default { render };" in module


@pytest.mark.parametrize("explorer", ALL)
def test_joined_module_has_no_name_twice(explorer):
    parts = modules(f"{explorer.__module__.rpartition('.')[2]}.js")
    assert "shared.js" in parts
    assert explorer()._esm == "\n".join(parts.values())
    declared = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.M)
    names = [name for text in parts.values() for name in declared.findall(text)]
    assert len(names) > 30
    assert sorted(names) == sorted(set(names))


def test_surfaces_are_the_recordings():
    grid = load_recording("digits_grid")
    errors = grid.errors("validation")[:, -1].reshape(3, 49, 29)
    explorer = GridOrRandom()
    assert np.allclose(explorer.grid_of_errors(), errors.mean(axis=0), atol=5e-5)
    explorer.surface = "both axes matter"
    softmax = load_recording("softmax_full").where(seed=0)
    for row in [0, 70, 140]:
        rate = np.unique(softmax.table["learning_rate"])[row]
        for column, size in enumerate([8, 16, 32, 64, 128, 256]):
            trial = softmax.where(learning_rate=rate, batch_size=size)
            (error,) = trial.errors("validation")[:, -1]
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
    recording = load_recording("softmax_full").where(batch_size=16, seed=0)
    shown = LearningRateRange().response()
    assert np.allclose(shown, recording.errors("validation")[:, 7])


def test_validation_noise_shows_the_recording_and_its_law():
    recording = load_recording("softmax_blocks")
    truth = recording.errors("held_out")[:, :, -1].mean(axis=1)
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


@pytest.mark.parametrize("seed", range(2))
def test_prices_find_the_front_as_far_as_it_is_convex(seed):
    explorer = PriceOfTime(seed=seed, trials=200)
    _, wrong, costs = explorer.drawn()
    front = explorer.front()
    for place in range(200):
        better = (wrong <= wrong[place]) & (costs <= costs[place])
        strictly = better & ((wrong < wrong[place]) | (costs < costs[place]))
        alike = [one for one in front if (wrong[one], costs[one]) == (wrong[place], costs[place])]
        assert bool(alike) == (not strictly.any())
    found = set()
    for price in np.geomspace(1e-3, 100, 200):
        explorer.price = price
        found.add(explorer.winner())
    assert found <= set(explorer.priced()) < set(front)
    explorer.limit = float(costs[front[2]])
    explorer.price = 0.001
    assert explorer.winner() == front[2]


def test_price_of_time_shows_the_recording():
    recording = load_recording("mlp").where(seed=0)
    explorer = PriceOfTime(trials=300)
    rows, wrong, costs = explorer.drawn()
    for row, count, cost in list(zip(rows, wrong, costs, strict=True))[:20]:
        config, epochs = recording.table.iloc[row // 4], explorer.lengths[row % 4]
        assert recording.wrong("validation")[row // 4, epochs - 1] == count
        weights = 784 * config.units + (config.layers - 1) * config.units**2 + 10 * config.units
        assert cost == 3 * weights * 2000 * epochs / 1e9


def test_game_hides_what_was_recorded():
    softmax, six_layers = (load_recording(name) for name in ("softmax_full", "digits_grid"))
    drawn = RecordedTrials(softmax.where(seed=0))
    for row in (0, 33, 120):
        config = {"learning_rate": float(f"{10 ** (row / 20 - 6):.6g}"), "batch_size": 256}
        assert np.isclose(hidden()[0].wrong[row] / 12000, drawn(config, 16)[-1])
    for row in (0, 40, 48):
        config = {"learning_rate": float(f"{10 ** (row / 8 - 6):.6g}"), "weight_decay": 1e-4}
        errors = six_layers.where(**config).errors("validation")[:, 24]
        assert np.isclose(hidden()[1].wrong[row] / 300, np.mean(errors))
    assert {len(response.wrong) for response in hidden()} == {121, 49}


def test_game_hides_responses_that_differ_and_shows_none_of_them():
    about = [response.about for response in hidden()]
    assert len(set(about)) == len(about) == 12
    assert open_response().about not in about
    lowest = [response.rates[response.wrong.argmin()] for response in hidden()]
    assert max(lowest) > 50 * min(lowest)


def test_rates_are_answered_by_the_nearest_recorded_one():
    for response in (hidden()[0], hidden()[1]):
        logs = np.log(response.rates)
        for rate in 10 ** np.random.default_rng(0).uniform(-6, 0, 200):
            nearest = np.abs(logs - np.log(rate)).argmin()
            assert response.row(rate) == nearest
            assert response.error(rate) == response.wrong[nearest] / response.images


def test_recorded_game_is_what_the_searchers_play_again():
    about = load_json("five_picks")
    assert about["command"] == "python -m recorder five_picks"
    assert [game["hidden"] for game in about["games"]] == [each.about for each in hidden()]
    moves = played()
    assert moves.shape == (12, 3, 200, 5)
    for game, seed in [(0, 0), (0, 199), (1, 7), (11, 100)]:
        for place, name in enumerate(["random search", "Sobol search"]):
            assert moves[game, place, seed].tolist() == play(name, seed, hidden()[game])
    pairs = [(game, seed) for game in range(12) for seed in (game, 150 + game)]
    again = [play("Bayesian search", seed, hidden()[game]) for game, seed in pairs]
    stored = [moves[game, 2, seed] for game, seed in pairs]
    # Which of two candidates that promise alike is tried may change with the processor.
    changed = "the searcher has changed: run python -m recorder five_picks"
    assert np.mean(np.equal(again, stored)) > 0.9, changed


def test_reader_stands_among_the_searchers():
    game = FivePicks(picks=[1e-6], seed=14)
    assert game.response is hidden()[2]
    best = int(game.response.wrong.argmin())
    standing = game.standing()
    assert standing.place == 4
    assert max(standing.beaten) < 10
    game.picks = [1e-6, float(game.response.rates[best])]
    standing = game.standing()
    assert (standing.place, standing.best) == (1, game.response.wrong[best])
    assert [b + t for b, t in zip(standing.beaten, standing.level, strict=True)] == [200] * 3
    for found, seed in zip(game.found(), game.typical(), strict=True):
        assert sorted(found)[99] == found[seed]


def test_lottery_shows_the_searches_that_searchers_run_again():
    recorded = RecordedTrials(load_recording("mlp").where(seed=0), nearest=MLP_SPACE)
    stored = load_json("seed_lottery")["searches"]
    for searches, (name, make) in zip(stored, SEARCHERS.items(), strict=True):
        assert searches["method"] == name
        for seed in (1, 50):
            searcher = make(MLP_SPACE, seed)
            assert met(recorded, searcher, trials=20) == searches["met"][seed - 1][:20]


def test_tally_depends_on_the_seeds_and_the_intervals_on_their_number():
    lottery = SeedLottery(seeds=50)
    assert lottery.tally() == [9, 7, 5, 27]
    sobol, local, bayesian = lottery.leads()
    assert sobol.low < 0 < sobol.high
    assert local.high < 0 < bayesian.low
    lottery.seeds = 9
    assert all(lead.low == -math.inf < math.inf == lead.high for lead in lottery.leads())


def test_winner_that_is_trained_again_loses_under_all_but_new_weights():
    again = TrainAgain(runs=100)
    assert again.compared().gap > again.compared().margin > 0
    again.new = "weights"
    assert again.compared().gap < -again.compared().margin
    order = TrainAgain(runs=100, seed=1)
    assert sorted(order.errors()[0]) == sorted(TrainAgain(runs=100).errors()[0])


def test_methods_have_the_colours_of_the_book_in_explorers_too():
    with plt.style.context("hpo_helpers.book"):
        cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    css = (FOLDER / "explorers.css").read_text(encoding="utf-8")
    shared = (FOLDER / "shared.js").read_text(encoding="utf-8")
    for method, colour in re.findall(r"explorer \.(\w+) \{ --mark: #(\w+);", css)[:4]:
        name = method if method in METHODS else method.capitalize()
        assert cycle[int(METHODS[name][1])].lower() == f"#{colour}"
        assert f'{method}: "{METHODS[name][2]}"' in shared
