"""The explorers on the built site, in a browser and without a kernel."""

import base64
import json
import math
import re
from dataclasses import dataclass, field

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from hpo_helpers import explorers
from hpo_helpers.explorers import (
    BayesianSteps,
    CoarseToFineRounds,
    FivePicks,
    GridOrRandom,
    Halving,
    Ladder,
    LearningRateRange,
    PriceOfTime,
    ReadingRoom,
    SeedLottery,
    TrainAgain,
    ValidationNoise,
    WorkersClock,
)
from hpo_helpers.explorers.five_picks import SEARCHERS
from tests.site.conftest import in_scheme, settled, violations
from tools.built_site import ROOT
from tools.execute_notebooks import STATE, VIEW

BOOK = ROOT / "book"


@dataclass(frozen=True)
class Place:
    """Where an explorer stands, and how it is set there."""

    page: str
    kind: type
    settings: dict = field(default_factory=dict)

    @property
    def is_game(self):
        return self.kind is FivePicks

    def explorer(self, **changes):
        return self.kind(**{**self.settings, **changes})

    @property
    def state(self):
        notebook = nbformat.read(BOOK / f"{self.page}.ipynb", as_version=4)
        ((name, model),) = notebook.metadata["widgets"][STATE]["state"].items()
        assert name == "explorer-1"
        return model


SHORT = ["learning_rate_range", "trials"]
FRONT = Place("intro", FivePicks)
RANDOM = Place("search/random_search", LearningRateRange, {"knobs": SHORT})
RANGE = Place("foundations/configuration_spaces", LearningRateRange)
NOISE = Place("foundations/validation", ValidationNoise)
GRID = Place("search/grid_vs_random", GridOrRandom)
COARSE = Place("search/coarse_to_fine", CoarseToFineRounds)
HALVING = Place("smarter/successive_halving", Halving)
CLOCK = Place("smarter/asynchronous", WorkersClock)
BAYESIAN = Place("smarter/bayesian_optimization", BayesianSteps)
GAME = Place("smarter/five_picks", FivePicks)
LADDER = Place("search/fast_objective", Ladder)
LOTTERY = Place("judgement/comparing_methods", SeedLottery)
AGAIN = Place("judgement/replication", TrainAgain)
PRICE = Place("smarter/several_goals", PriceOfTime)
PLACES = [
    FRONT,
    RANGE,
    NOISE,
    RANDOM,
    GRID,
    COARSE,
    HALVING,
    CLOCK,
    BAYESIAN,
    GAME,
    LADDER,
    LOTTERY,
    AGAIN,
    PRICE,
]
# Its model is JavaScript alone; see test_reading_room.py.
ROOM = Place("judgement/reading_room", ReadingRoom)
everywhere = pytest.mark.parametrize("place", [*PLACES, ROOM], ids=lambda place: place.page)
twins = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.page)


# A tab keeps what was set; here the next test is a new reader.
NEW_READER = "try { sessionStorage.clear(); } catch {}"


def noting(page):
    """The page, which notes in `problems` what it complains about."""
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and page.problems.append(m.text))
    return page


@pytest.fixture(scope="module")
def tab(reader):
    """The one tab of a reader, for a new one takes as long as the page that it loads."""
    page = noting(reader.new_page())
    page.add_init_script(NEW_READER)
    return page


@pytest.fixture
def open_page(browser, tab, site, address):
    """Open the page of an explorer; nothing that it complains about is forgiven."""
    opened = []

    def open_(place, from_folder=False, **options):
        page = tab
        if options:
            options = {"viewport": {"width": 1280, "height": 900}, **options}
            page = noting(browser.new_context(**options).new_page())
        path = f"book/{place.page}.html"
        page.goto(f"file://{site / path}" if from_folder else f"{address}/{path}")
        if options.get("java_script_enabled", True):
            # The room reads its first search before it speaks.
            expect(page.locator(".explorer .words")).not_to_be_empty()
        opened.append(page)
        return page

    yield open_
    for page in opened:
        problems, page.problems = page.problems, []
        assert problems == []
        if page is not tab:
            page.context.close()


@pytest.fixture(scope="module", params=[*PLACES, ROOM], ids=lambda place: place.page)
def seen(request, reader, address):
    """The page of an explorer that is only looked at, so that its tests share it."""
    page = noting(reader.new_page())
    page.goto(f"{address}/book/{request.param.page}.html")
    expect(page.locator(".explorer .words")).not_to_be_empty()
    yield page
    page.close()
    assert page.problems == []


def per_cent(share):
    return f"{math.floor(round(100 * share, 9) + 0.5)} %"


def words(explorer):
    """What an explorer has to say, from its model in Python, in parts."""
    if getattr(explorer, "source", "") == "here" and not isinstance(explorer, Ladder):
        return [words_before_training(explorer)]
    if isinstance(explorer, LearningRateRange):
        rates, errors = explorer.drawn()
        number = int(errors.argmin()) + 1
        return [
            f"Best validation error {errors.min():.3f}, at",
            f"found by trial {number} of {len(rates)}.",
        ]
    if isinstance(explorer, ValidationNoise):
        search = explorer.search()
        seen, truth = search.measured[search.winner], search.true[search.winner]
        margin = np.sqrt(seen * (1 - seen) / explorer.size)
        picked, optimism = explorer.found()
        return [
            f"On {explorer.size:,} images its error is {seen:.3f} ± {margin:.3f}",
            f"its true error {truth:.3f}",
            f"{per_cent(picked)} pick the truly best of their {explorer.trials} trials",
            f"better than it is by {optimism:.3f} on average",
        ]
    if isinstance(explorer, Halving):
        cut, images = explorer.search(), explorer.images
        winner, spent = cut.last[0], cut.trained.sum()
        kept, shortfall = explorer.found()
        return [
            f"Best error found: {cut.curves[winner, cut.trained[winner] - 1] / images:.4f}, after",
            f"under this seed, is {cut.curves[:, -1].min() / images:.4f} after 27 epochs; it was "
            + ("kept." if cut.is_kept else "cut after"),
            f"{spent:,} epochs spent, {27 * explorer.trials - spent:,} saved.",
            f"kept in {per_cent(kept / 200)}; the winner, trained to the end, lies above it by "
            f"{shortfall / (200 * images):.4f} on average",
        ]
    if isinstance(explorer, WorkersClock):
        shown = {method: explorer.run(method) for method in ("synchronous halving", "ASHA")}
        chosen = shown.pop(explorer.method)
        said = [
            f"busy {per_cent(run.busy)} of the time; {run.trials:,} trials, {run.epochs:,} epochs, "
            f"best error {run.best:.4f}."
            for run in (chosen, *shown.values())
        ]
        return [f": {said[0]}", f"With {next(iter(shown))} instead: {said[1]}"]
    if isinstance(explorer, BayesianSteps):
        errors, belief = explorer.response(), explorer.beliefs()[-1]
        incumbent = min(belief.tried, key=lambda row: errors[row])
        best, following = (say_rate(explorer.rates[row]) for row in (incumbent, belief.next))
        said = "and will" if errors[belief.next] < errors[incumbent] else "and will not"
        return [
            f"After {len(belief.tried)} trials the incumbent has a validation error of "
            f"{errors[incumbent]:.3f}, at a learning rate of {best}.",
            f"The lowest recorded error is {errors.min():.3f}.",
            f"The next trial is at {following}, {said} improve on it.",
        ]
    if isinstance(explorer, Ladder):
        first, *_, last = explorer.seconds_of_steps().values()
        return [
            f"{explorer.trials} trials, 1,000 updates each, took {say_seconds(first)} as",
            f"and {say_seconds(last)} all at once",
        ]
    if isinstance(explorer, PriceOfTime):
        return words_of_prices(explorer)
    if isinstance(explorer, FivePicks):
        return words_of_a_game(explorer)
    if isinstance(explorer, SeedLottery):
        return words_of_a_lottery(explorer)
    if isinstance(explorer, TrainAgain):
        return words_of_runs(explorer)
    first, second = explorer.found()
    if isinstance(explorer, GridOrRandom):
        good = explorer.about["good"]
        reached = [per_cent(np.mean(found <= good + 1e-9)) for found in (first, second)]
        grid, drawn = (explorer.look_up(points).min() for points in explorer.designs())
        return [
            f"its best error is {grid:.2f}.",
            f"theirs is {drawn:.2f}.",
            f"{reached[0]} reach an error of {good} with the grid, {reached[1]} at random",
        ]
    fine = explorer.look_up(explorer.search()[0]).min()
    drawn = explorer.look_up(explorer.random()).min()
    unlucky = [np.sort(found)[180] for found in (first, second)]
    return [
        f"best error {fine:.3f}; at random: {drawn:.3f}.",
        f"better in {per_cent(np.mean(first < second - 1e-9))}, "
        f"worse in {per_cent(np.mean(first > second + 1e-9))}",
        f"ends at {unlucky[0]:.3f} or above, one random search in ten at {unlucky[1]:.3f} or",
    ]


def words_of_prices(explorer):
    (rows, wrong, costs), place = explorer.drawn(), explorer.winner()
    front, priced = explorer.front(), explorer.priced()
    said = [
        f"Of {explorer.trials} trials {len(front)} are on the front; {len(priced)} of them win",
    ]
    if place is None:
        return [*said, f"No trial costs {explorer.limit:.2g} billion or less."]
    row, epochs = rows[place] // 4, explorer.lengths[rows[place] % 4]
    price = f"{float(f'{explorer.price:.2g}'):g}"
    said += [
        f"At a price of {price} point",
        f"a billion the winner has {explorer.about[row]} and trains {epochs} epoch",
        f"an error of {wrong[place] / explorer.images:.3f} for {costs[place]:.2g} billion",
        f"{float(f'{explorer.seconds[row] * epochs:.2g}'):g} s where it was recorded.",
    ]
    return said if place in priced else [*said, "Without a limit no price finds it."]


def words_before_training(explorer):
    if isinstance(explorer, LearningRateRange):
        return f"{explorer.trials} learning rate"
    if isinstance(explorer, Halving):
        return f"{explorer.trials} networks of your own"
    if isinstance(explorer, GridOrRandom):
        return f"{explorer.trials_per_axis**2} networks on a grid and"
    if isinstance(explorer, CoarseToFineRounds):
        return f"{explorer.rounds * explorer.trials} networks from coarse to fine and"
    return f"Game {explorer.seed + 1}, which nobody has recorded"


def say_seconds(seconds):
    return f"{float(f'{seconds:.2g}'):g} s"


def say_rate(rate):
    mantissa, exponent = f"{rate:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if rate < 1e-4 else f"{rate:.2g}"


def words_of_a_game(explorer):
    picks, errors = [say_rate(rate) for rate in explorer.picks], explorer.errors()
    if not picks:
        return [f"Game {explorer.seed + 1}. ", "You have five picks"]
    incumbent = int(np.argmin(errors))
    if len(picks) < 5:
        return [
            f"Pick {len(picks)} of 5: an error of {errors[-1]:.3f} at {picks[-1]}. ",
            "It is your incumbent. "
            if incumbent == len(picks) - 1
            else f"Your incumbent stays {errors[incumbent]:.3f}, at {picks[incumbent]}. ",
            f"Move the slider for pick {len(picks) + 1}.",
        ]
    standing, images = explorer.standing(), explorer.response.images
    said = [f"Your best error: {standing.best / images:.3f}, at {picks[incumbent]}. "]
    place = ("first", "second", "third", "last")[standing.place - 1]
    said.append(f"By the median of 200 seeds you come {place} of four: ")
    ranked = [(standing.best, f"you {standing.best / images:.3f}")]
    for name, median, beaten, level in zip(
        SEARCHERS, standing.medians, standing.beaten, standing.level, strict=True
    ):
        tie = f", tie {per_cent(level / 200)}" if level else ""
        text = f"{name} {median / images:.3f}, you beat {per_cent(beaten / 200)}{tie}"
        ranked.append((median, text))
    # At the same error the reader is named first.
    said.append("; ".join(text for _, text in sorted(ranked, key=lambda pair: pair[0])) + ". ")
    response = explorer.response
    lowest = response.wrong.argmin()
    said.append(f"Hidden: {response.about}. Its lowest error: ")
    said.append(f"{response.wrong[lowest] / images:.3f}, at {say_rate(response.rates[lowest])}.")
    return said


def words_of_a_lottery(explorer):
    say = [
        f"{wrong / explorer.images:.4f}" for wrong in sorted(explorer.ends()[:, explorer.seed - 1])
    ]
    first = explorer.winners()
    said = [
        f"Seed {explorer.seed}: {first[0]} wins with {say[0]}, the next has {say[1]}."
        if len(first) == 1
        else f"{' and '.join(first)} share the win, with {say[0]}."
    ]
    if explorer.seeds > 1:
        counts = zip(explorer.methods, explorer.tally(), strict=True)
        said += [f"{method} {count}" for method, count in counts if count]
    if explorer.seeds >= 10:
        said += [f"[{lead.low / 2000:.4f}, {lead.high / 2000:.4f}]" for lead in explorer.leads()]
    return said


def words_of_runs(explorer):
    if not explorer.runs:
        return ["In the search A had an error of 0.1555, and B 0.1690. Would A win again?"]
    (a, b), found = explorer.errors().mean(axis=1), explorer.compared()
    said = [f"new each time: {explorer.new}. A has {a:.4f}", f"B {b:.4f}. A was the lower one in "]
    if explorer.runs > 1:
        gap, margin = abs(found.gap) / explorer.images, found.margin / explorer.images
        ahead = "B" if found.gap > 0 else "A"
        verdict = f"{ahead} is ahead" if gap > margin else "undecided"
        said.append(f"{ahead} is lower by {gap:.4f} ± {margin:.4f}: {verdict}.")
    return [*said, f"{found.lower} of {explorer.runs}."]


def says(page, explorer, view=0):
    shown = page.locator(".explorer .words").nth(view)
    for part in words(explorer):
        expect(shown).to_contain_text(part)


def press(page, label, *keys):
    slider = page.get_by_label(label, exact=True)
    slider.focus()
    for key in keys:
        page.keyboard.press(key)
    return slider


def test_explorers_stand_on_the_pages_in_places_and_on_no_others():
    holding = [
        str(path.relative_to(BOOK).with_suffix(""))
        for path in BOOK.rglob("*.ipynb")
        if f'"{VIEW}"' in path.read_text(encoding="utf-8")
    ]
    assert sorted(holding) == sorted(place.page for place in [*PLACES, ROOM])
    assert {place.kind.__name__ for place in [*PLACES, ROOM]} == set(explorers.__all__)


def finish(page, place):
    """Bring an explorer to where all of its marks are drawn: a game to its end."""
    if place.is_game:
        for exponent in TRIED:
            move_to(page, exponent).press("Enter")
    if place is AGAIN:
        press(page, "runs", "End")


def legend_of(page):
    """The words of the legend, by the selector of the mark that they explain."""
    entries = page.eval_on_selector_all(
        ".explorer .legend > span",
        "all => all.map((each) => [each.querySelector('svg > *'), each.textContent])"
        ".map(([mark, text]) => [mark.tagName + '.' + [...mark.classList].join('.'), text])",
    )
    assert len(dict(entries)) == len(entries)
    return dict(entries)


@twins
def test_marks_of_the_legend_are_those_of_the_picture(open_page, place):
    page = open_page(place)
    # The ends of a scale of colours stand for an image, dots in a stroke for a path of them.
    legend = {mark[mark.index(".") :]: text for mark, text in legend_of(page).items()}
    missing = legend.keys() - {".low", ".high"}
    for bring in (lambda *_: None, finish):
        bring(page, place)
        missing = {
            kind for kind in missing if not page.locator(f".explorer .panels {kind}").count()
        }
    assert not {legend[kind] for kind in missing}


def test_steps_tell_random_trials_from_chosen_ones(open_page):
    page = open_page(BAYESIAN)
    press(page, "trials", *["ArrowRight"] * 4)
    legend, drawn = legend_of(page), page.locator(".explorer .panels")
    for mark, text, count in [
        ("circle.trial.first", "random trial", 2),
        ("circle.trial", "trial chosen by the search", 7),
        ("line.next", "next trial", 2),
    ]:
        assert legend[mark] == text
        expect(drawn.locator(mark)).to_have_count(count)


@pytest.mark.parametrize("from_folder", [False, True], ids=["http", "file"])
@twins
def test_explorer_says_what_the_model_in_python_says(open_page, place, from_folder):
    page = open_page(place, from_folder)
    says(page, place.explorer())
    first = place.explorer().seed
    # A ladder draws nothing.
    for seed in () if place is LADDER else (first + 1, first + 2):
        page.get_by_role("button", name="New game" if place.is_game else "Draw again").click()
        says(page, place.explorer(seed=seed))
    page.get_by_role("button", name="Back to the start").click()
    says(page, place.explorer())


@pytest.mark.parametrize(
    ("place", "label", "keys", "spoken", "changes"),
    [
        (
            RANDOM,
            "highest learning rate",
            ["ArrowLeft"] * 40,
            "0.01",
            {"learning_rate_range": (1e-4, 0.01)},
        ),
        (
            RANGE,
            "lowest learning rate",
            ["ArrowRight"] * 20,
            "0.001",
            {"learning_rate_range": (1e-3, 1)},
        ),
        (RANGE, "trials", ["End"], "100", {"trials": 100}),
        (RANGE, "epochs", ["Home"], "1", {"epochs": 1}),
        (NOISE, "validation images", ["ArrowRight"] * 3, "2,000", {"size": 2000}),
        (NOISE, "trials", ["End"], "30", {"trials": 30}),
        (GRID, "trials along an axis", ["ArrowRight"] * 2, "5", {"trials_per_axis": 5}),
        (COARSE, "rounds", ["Home"], "1", {"rounds": 1}),
        (COARSE, "trials a round", ["ArrowLeft"] * 4, "2", {"trials": 2}),
        (COARSE, "side of the next box", ["Home"], "\N{MULTIPLICATION SIGN} 0.10", {"shrink": 0.1}),
        (HALVING, "trials, first rung", ["End"], "81", {"trials": 81}),
        (HALVING, "eta", ["ArrowLeft"], "2", {"eta": 2}),
        (HALVING, "r_min in epochs", ["ArrowRight"] * 4, "9", {"r_min": 9}),
        (CLOCK, "workers", ["End"], "16", {"workers": 16}),
        (CLOCK, "spread of times", ["Home"], "equal", {"spread": 0.0}),
        (LADDER, "trials", ["ArrowRight"] * 2, "30", {"trials": 30}),
        (PRICE, "price", ["Home"], "0.001", {"price": 0.001}),
        (PRICE, "limit", ["Home"], "0.1", {"limit": 0.1}),
        (PRICE, "trials", ["End"], "300", {"trials": 300}),
        (BAYESIAN, "trials", ["End"], "15", {"trials": 15}),
        (LOTTERY, "seed", ["Home"], "1", {"seed": 1}),
        (LOTTERY, "seeds counted", ["End"], "50", {"seeds": 50}),
        (LOTTERY, "trials", ["ArrowLeft"] * 50, "10", {"trials": 10}),
        (AGAIN, "runs", ["ArrowRight"] * 3, "3", {"runs": 3}),
        (BAYESIAN, "length scale", ["ArrowLeft"] * 5, "0.10", {"length_scale": 0.1}),
        (BAYESIAN, "noise", ["End"], "1.00", {"noise": 1.0}),
        (BAYESIAN, "exploration", ["ArrowRight"] * 10, "0.50", {"exploration": 0.5}),
    ],
)
def test_slider_moves_by_keyboard_and_says_its_value(
    open_page, place, label, keys, spoken, changes
):
    page = open_page(place)
    slider = press(page, label, *keys)
    expect(slider).to_have_attribute("aria-valuetext", spoken)
    says(page, place.explorer(**changes))


@pytest.mark.parametrize(
    ("place", "label", "value", "changes"),
    [
        (RANGE, "scale of the draw", "linear", {"scale": "linear"}),
        (RANGE, "batch size", "128", {"batch_size": 128}),
        (GRID, "recorded errors", "both axes matter", {"surface": "both axes matter"}),
        (COARSE, "recorded errors", "both axes matter", {"surface": "both axes matter"}),
        (CLOCK, "method", "ASHA", {"method": "ASHA"}),
        (AGAIN, "new each time", "weights", {"new": "weights"}),
    ],
)
def test_choice_is_made_by_its_name(open_page, place, label, value, changes):
    page = open_page(place)
    page.get_by_role("combobox", name=label).select_option(value)
    says(page, place.explorer(**changes))


def test_winner_is_trained_again_by_a_press(open_page):
    page = open_page(AGAIN)
    button = page.get_by_role("button", name="Train A and B again")
    for runs in (1, 2):
        button.press("Enter")
        says(page, AGAIN.explorer(runs=runs))
    press(page, "runs", "End")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    says(page, AGAIN.explorer(runs=100))


def test_every_seed_of_the_lottery_can_be_drawn(open_page):
    page = open_page(LOTTERY)
    press(page, "seed", "End")
    page.get_by_role("button", name="Draw again").click()
    says(page, LOTTERY.explorer(seed=1))


TRIED = [-6, -2, -1, -1.5, 0]
RATES = [10**exponent for exponent in TRIED]


def move_to(page, exponent, view=0):
    slider = page.get_by_label("learning rate", exact=True).nth(view)
    slider.fill(str(exponent))
    return slider


def test_game_is_played_by_keyboard_and_ends_with_the_fifth_pick(open_page):
    page = open_page(GAME)
    button = page.get_by_role("button", name="Try this rate")
    drawn = page.locator(".explorer .panels svg").first
    slider = press(page, "learning rate", "Home", "Enter", "Enter")
    # The same rate is not tried twice, by whichever key.
    button.press("Enter")
    says(page, GAME.explorer(picks=RATES[:1]))
    expect(button).to_have_attribute("aria-disabled", "true")
    press(page, "learning rate", *["ArrowRight"] * 80)
    expect(slider).to_have_attribute("aria-valuetext", "0.01")
    expect(button).to_have_attribute("aria-disabled", "false")
    button.press("Enter")
    expect(button).to_be_focused()
    says(page, GAME.explorer(picks=RATES[:2]))
    press(page, "learning rate", *["ArrowRight"] * 20, "Enter")
    says(page, GAME.explorer(picks=RATES[:3]))
    press(page, "learning rate", *["ArrowLeft"] * 10, "Enter")
    says(page, GAME.explorer(picks=RATES[:4]))
    assert drawn.locator(".response").count() == 0
    press(page, "learning rate", "End", "Enter")
    says(page, GAME.explorer(picks=RATES))
    assert drawn.locator(".response, .method").count() == 4
    assert drawn.locator(".trial").count() == 5
    press(page, "learning rate", "ArrowLeft", "Enter")
    button.press("Enter")
    says(page, GAME.explorer(picks=RATES))
    page.get_by_role("button", name="New game").press("Enter")
    says(page, GAME.explorer(seed=1))
    expect(slider).to_have_attribute("aria-valuetext", "0.001")
    assert drawn.locator(".trial").count() == 0


@pytest.mark.parametrize("seed", range(12))
def test_every_game_ends_as_the_model_in_python_says(open_page, seed):
    page = open_page(GAME)
    for _ in range(seed):
        page.get_by_role("button", name="New game").click()
    for exponent in TRIED:
        move_to(page, exponent).press("Enter")
    says(page, GAME.explorer(seed=seed, picks=RATES))


def test_click_on_the_picture_brings_the_slider_there_and_spends_no_pick(open_page):
    page = open_page(GAME)
    drawn = page.locator(".explorer .panels svg").first
    tick = drawn.get_by_text("0.01", exact=True).bounding_box()
    box = drawn.bounding_box()
    x = tick["x"] + tick["width"] / 2 - box["x"]
    drawn.click(position={"x": x, "y": box["height"] / 2})
    slider = page.get_by_label("learning rate", exact=True)
    expect(slider).to_have_attribute("aria-valuetext", "0.01")
    says(page, GAME.explorer())
    drawn.click(position={"x": 1, "y": 5})
    expect(slider).to_have_attribute("aria-valuetext", "1e-6")


def try_it(page, place):
    """Make a game say more: it answers to a pick, not to the slider."""
    if place.is_game:
        page.get_by_role("button", name="Try this rate").click()


def slider_and_place(page, share):
    """The first slider of the page, and a point at a share of its length."""
    slider = page.locator(".explorer input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    return slider, (box["x"] + share * box["width"], box["y"] + box["height"] / 2)


@everywhere
def test_slider_is_dragged_by_mouse(open_page, place):
    page = open_page(place)
    before = page.locator(".explorer .words").inner_text()
    slider, (x, y) = slider_and_place(page, 0.1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*slider_and_place(page, 0.97)[1], steps=5)
    page.mouse.up()
    try_it(page, place)
    expect(page.locator(".explorer .words")).not_to_have_text(before)
    assert slider.evaluate("each => each.value > (+each.min + +each.max) / 2")


# Words of a picture that lie beyond its edges, or are too small to read.
LOST = """() => [...document.querySelectorAll(".explorer .panels > svg text")].filter((text) => {
  const [word, all] = [text, text.closest("svg")].map((each) => each.getBoundingClientRect());
  return word.left < all.left - 2 || word.right > all.right + 2 || word.bottom > all.bottom + 2 ||
    Math.min(word.width, word.height) < 10 && text.textContent.length > 2;
}).map((text) => text.textContent)"""


@everywhere
def test_slider_is_moved_by_touch_on_a_phone(open_page, place):
    page = open_page(place, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    before = page.locator(".explorer .words").inner_text()
    slider, (x, y) = slider_and_place(page, 0.95)
    page.touchscreen.tap(x, y)
    try_it(page, place)
    expect(page.locator(".explorer .words")).not_to_have_text(before)
    assert slider.evaluate("each => each.value > (+each.min + +each.max) / 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(LOST) == []
    # Large enough for a finger.
    assert all(
        box["height"] >= 28
        for each in page.locator(".explorer :is(input, select, button)").all()
        if (box := each.bounding_box()) and box["width"]
    )


def test_a_reader_of_the_front_page_can_play_at_once(open_page):
    for width, height in [(1280, 900), (390, 844)]:
        page = open_page(FRONT, viewport={"width": width, "height": height})
        box = page.get_by_role("button", name="Try this rate").bounding_box()
        assert box["y"] + box["height"] < height


def test_ends_of_the_range_push_each_other(open_page):
    page = open_page(RANGE)
    low = press(page, "lowest learning rate", "End")
    high = page.get_by_label("highest learning rate")
    for end in (low, high):
        expect(end).to_have_attribute("aria-valuetext", "10")
    press(page, "highest learning rate", "Home")
    for end in (low, high):
        expect(end).to_have_attribute("aria-valuetext", "1e-6")


def test_explorer_fits_while_the_window_is_resized(seen):
    seen.evaluate("document.querySelector('.explorer').dataset.same = 'yes'")
    for width in (390, 700, 1280):
        seen.set_viewport_size({"width": width, "height": 900})
        settled(seen)
        box = seen.locator(".explorer[data-same]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        for svg in seen.locator(".explorer .panels svg").all():
            inner = svg.bounding_box()
            assert inner["width"] > 150
            assert inner["x"] + inner["width"] <= width


COLOUR_OF_WORDS = """(name) => {
  let at = document.querySelector(".explorer .words");
  while (name !== "color" && getComputedStyle(at)[name] === "rgba(0, 0, 0, 0)")
    at = at.parentElement;
  return getComputedStyle(at)[name];
}"""


def test_drawing_is_read_in_the_dark(seen):
    for scheme in ("light", "dark"):
        in_scheme(seen, scheme)
        ink, ground = (
            sum(map(int, re.findall(r"\d+", seen.evaluate(COLOUR_OF_WORDS, name))[:3]))
            for name in ("color", "background-color")
        )
        assert (ink > ground + 300) == (scheme == "dark")
        assert abs(ink - ground) > 300


def test_axe_finds_nothing_inside_an_explorer(seen):
    for scheme in ("light", "dark"):
        in_scheme(seen, scheme)
        assert violations(seen, ".explorer") == []


def test_every_slider_has_a_name_and_a_value_in_words(seen):
    sliders = seen.locator(".explorer input[type=range]")
    assert sliders.count() >= 1
    for slider in sliders.all():
        assert slider.get_attribute("aria-label")
        assert slider.get_attribute("aria-valuetext")
        assert slider.get_attribute("data-lm-suppress-shortcuts") == "true"
    assert seen.locator(".words[aria-live=polite]").count() == 1


def test_picture_gives_way_and_stands_in_print(seen):
    picture = seen.locator("[id^=fig-explorer] img")
    expect(picture).to_be_hidden()
    seen.emulate_media(media="print")
    expect(seen.locator(".explorer")).to_be_hidden()
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.complete && each.naturalWidth > 300")
    assert picture.bounding_box()["width"] > 300
    expect(
        seen.locator("[id^=fig-explorer] figcaption, [id^=fig-explorer] .caption")
    ).to_be_visible()
    seen.emulate_media(media="screen")


def test_nothing_moves_by_itself(seen):
    seen.emulate_media(reduced_motion="reduce")
    seen.locator(".explorer .buttons button").first.click()
    moving = (
        "[...document.querySelectorAll('.explorer, .explorer *')].flatMap((e) => e.getAnimations())"
    )
    assert seen.evaluate(f"{moving}.length") == 0
    seen.emulate_media(reduced_motion="no-preference")


@everywhere
def test_picture_stands_without_javascript(open_page, place):
    plain = open_page(place, from_folder=True, java_script_enabled=False)
    expect(plain.locator("[id^=fig-explorer] img")).to_be_visible()
    assert plain.locator(".explorer").count() == 0


@everywhere
def test_stored_state_is_what_the_recording_gives(place):
    explorer, stored = place.explorer(), place.state
    buffers = {buffer["path"][0]: buffer["data"] for buffer in stored.get("buffers", [])}
    synced = {*explorer.trait_names(sync=True)} - {"layout"}
    for name in synced:
        value = getattr(explorer, name)
        if isinstance(value, bytes):
            assert base64.b64decode(buffers.pop(name)) == value, name
        elif not name.startswith("_") or name in ("_esm", "_css"):
            # As it is stored: tuples become lists.
            assert stored["state"][name] == json.loads(json.dumps(value)), name
    assert not buffers


def page_with(browser, folder, models, views, head="", theme=""):
    """A page that shows these views of some models, one below the other."""
    page_of_views = "".join(
        f'<div><script type="{VIEW}">{json.dumps({"model_id": view})}</script></div>'
        for view in views
    )
    scripts = [BOOK / "assets" / name for name in ("kept.js", "explorers.js")]
    host = "".join(f"<script>{each.read_text(encoding='utf-8')}</script>" for each in scripts)
    (folder / "views.html").write_text(
        f'<html lang="en"><meta charset="utf-8">{head}<body class="{theme}">{page_of_views}'
        f'<script type="{STATE}">{json.dumps({"state": models})}</script>'
        f"{host}</html>",
        encoding="utf-8",
    )
    page = browser.new_page()
    page.goto((folder / "views.html").as_uri())
    expect(page.locator(".explorer .words")).to_have_count(len(views))
    return page


def test_two_views_of_one_model_stay_in_step(browser, tmp_path):
    models = {"one": RANGE.state, "other": GRID.state}
    page = page_with(browser, tmp_path, models, ["one", "other", "one"])
    trials = page.get_by_label("trials", exact=True)
    trials.nth(1).focus()
    page.keyboard.press("End")
    expect(trials.nth(0)).to_have_attribute("aria-valuetext", "100")
    for explorer, view in [(RANGE.explorer(trials=100), 0), (GRID.explorer(), 1)]:
        says(page, explorer, view)
    assert page.locator(".words").nth(0).inner_text() == page.locator(".words").nth(2).inner_text()
    page.close()


def test_explorer_that_no_picture_stands_for_is_printed(browser, tmp_path):
    page = page_with(browser, tmp_path, {"one": RANGE.state}, ["one"])
    page.emulate_media(media="print")
    expect(page.locator(".explorer svg").first).to_be_visible()
    page.close()


@pytest.mark.parametrize(
    ("theme", "ink", "ground", "trial"),
    [
        ("vscode-dark", "rgb(204, 204, 204)", "rgb(31, 31, 31)", "rgb(86, 180, 233)"),
        ("vscode-light", "rgb(59, 59, 59)", "rgb(255, 255, 255)", "rgb(0, 114, 178)"),
    ],
)
def test_explorer_takes_the_colours_of_vs_code(browser, tmp_path, theme, ink, ground, trial):
    # VS Code sets the pale colours of JupyterLab as well, whatever its own theme.
    head = f"""<style>:root {{ --vscode-editor-foreground: {ink}; --jp-layout-color0: white;
        --vscode-editor-background: {ground}; --jp-ui-font-color1: rgba(0, 0, 0, 0.87); }}
        body {{ background: {ground}; }}</style>"""
    page = page_with(browser, tmp_path, {"one": RANGE.state}, ["one"], head, theme)
    for selector, name, colour in [
        (".explorer .words", "color", ink),
        (".explorer svg text", "fill", ink),
        (".explorer .buttons button", "color", ink),
        (".explorer .panels .trial", "fill", trial),
        (".explorer .panels .trial", "stroke", ground),
    ]:
        expect(page.locator(selector).first).to_have_css(name, colour)
    page.close()


def test_two_views_play_the_same_game(browser, tmp_path):
    page = page_with(browser, tmp_path, {"game": GAME.state}, ["game", "game"])
    for number, exponent in enumerate(TRIED):
        slider = move_to(page, exponent, number % 2)
        other = page.get_by_label("learning rate", exact=True).nth(1 - number % 2)
        expect(other).to_have_value(slider.input_value())
        slider.press("Enter")
        for view in (0, 1):
            says(page, GAME.explorer(picks=RATES[: number + 1]), view)
    page.close()


def test_live_twins_are_stored_as_picture_and_text():
    for place in PLACES:
        notebook = nbformat.read(BOOK / f"{place.page}.ipynb", as_version=4)
        for cell in notebook.cells:
            if "\nLive(" in cell.source:
                picture, text = cell.outputs
                assert "image/png" in picture.data
                assert list(text.data) == ["text/plain"]
    live = [p for p in PLACES if "Live(" in (BOOK / f"{p.page}.ipynb").read_text(encoding="utf-8")]
    assert len(live) == 4
