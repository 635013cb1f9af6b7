"""Explorers that train, on the built site and from its folder: pressed, drawn, given up."""

import gzip
import itertools
import json
import re
import shutil

import pytest
from playwright.sync_api import expect

from hpo_helpers.explorers.modules import modules
from hpo_helpers.explorers.training import TrainingExplorer
from tests.site.conftest import violations
from tests.site.test_explorers import (
    COARSE,
    GAME,
    GRID,
    HALVING,
    LADDER,
    PLACES,
    RANDOM,
    RANGE,
    press,
    says,
)
from tools.execute_notebooks import STATE, VIEW
from tools.firefox import find_firefox, open_firefox

TRAINING = [place for place in PLACES if issubclass(place.kind, TrainingExplorer)]
KINDS = [RANDOM, GRID, COARSE, HALVING, GAME, LADDER]
PARTS = "**/training_parts.js"
# More than the second that lies between two sentences of the status.
LONG = {"trials": 100, "epochs": 16, "batch_size": 8}
SOME_WORK = 60_000


@pytest.fixture(scope="module")
def opened(browser, site):
    """Open pages from the folder, in one context; nothing that they complain about is forgiven."""
    contexts = {}

    def open_(path, **options):
        key = json.dumps(options)
        if key not in contexts:
            contexts[key] = browser.new_context(
                **{"viewport": {"width": 1280, "height": 900}, **options}
            )
        page = contexts[key].new_page()
        page.problems, page.asked = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on(
            "console", lambda m: m.type in ("error", "warning") and page.problems.append(m.text)
        )
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path if "://" in path else f"file://{site}/book/{path}.html")
        page.locator(".explorer .words").first.wait_for()
        return page

    yield open_
    for context in contexts.values():
        context.close()


def closed(page):
    """Close a page that had nothing to complain about, and asked for nothing from elsewhere."""
    assert page.problems == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in page.asked), page.asked
    page.close()


def switch(page, text, view=0):
    button = page.get_by_role("button", name=text, exact=True).nth(view)
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    return button


def label_of(place):
    return "Train a game" if place.is_game else "Train"


def train(page, name="Train", view=0):
    page.get_by_role("button", name=name, exact=True).nth(view).press("Enter")


def status(page, view=0):
    return page.locator(".explorer .status[aria-live=polite]").nth(view)


def trained(page, view=0):
    said = re.compile(r"^trained \d+ networks in \d+\.\d\d s$")
    expect(status(page, view)).to_have_text(said, timeout=SOME_WORK)
    return page.locator(".explorer .words").nth(view).inner_text()


def test_every_explorer_that_trains_is_tried_here():
    assert {place.kind for place in TRAINING} == {place.kind for place in KINDS}
    assert len(TRAINING) == 8


def test_page_that_nobody_asks_to_train_pays_little():
    files = modules("training.js")
    del files["shared.js"]
    text = "\n".join(files.values()).encode()
    assert len(gzip.compress(text, 9)) < 8_000


@pytest.mark.parametrize("place", KINDS, ids=lambda place: place.kind.__name__)
def test_explorer_trains_by_keyboard_from_a_folder_and_shows_recorded_trials_again(opened, place):
    page = opened(place.page)
    says(page, place.explorer())
    recorded = page.locator(".explorer .words").inner_text()
    assert not page.get_by_role("button", name=label_of(place), exact=True).is_visible()
    switch(page, "train here")
    expect(status(page)).to_have_text("ready")
    says(page, place.explorer(source="here"))
    waiting = page.locator(".explorer .words").inner_text()
    train(page, label_of(place))
    found = trained(page)
    assert len({recorded, waiting, found}) == (3 if place is not LADDER else 2)
    assert sum("training_parts" in url for url in page.asked) == 1
    assert page.get_by_label("epochs trained").evaluate("each => each.value") == 1
    assert violations(page, ".explorer") == []
    # A second press trains others; so does a third, of which the first two are told apart.
    train(page, label_of(place))
    expect(page.locator(".explorer .words")).not_to_have_text(found)
    trained(page)
    switch(page, "recorded")
    expect(status(page)).to_be_empty()
    says(page, place.explorer(seed=1))
    closed(page)


WATCH = """() => {
  window.seen = { statuses: [], heights: [], frames: [] };
  const [status, svg] = ['.status', '.panels svg'].map((s) => document.querySelector(s));
  const look = () => {
    const text = status.textContent;
    if (text && text !== seen.statuses.at(-1)?.text)
      seen.statuses.push({ text, at: performance.now() });
    const high = [...svg.querySelectorAll('.trial')].map((each) => Number(each.getAttribute('cy')));
    if (JSON.stringify(high) !== JSON.stringify(seen.heights.at(-1))) seen.heights.push(high);
  };
  new MutationObserver(look).observe(document.querySelector('.explorer'),
    { subtree: true, childList: true, characterData: true });
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def test_points_fall_epoch_by_epoch_from_guessing_to_their_errors(opened):
    page = opened(RANGE.page)
    switch(page, "train here")
    expect(status(page)).to_have_text("ready")
    page.evaluate(WATCH)
    train(page)
    words = trained(page)
    heights = page.evaluate("seen.heights")
    assert len(set(heights[0])) == 1 and len(heights) == 9
    best = float(re.match(r"Best validation error (0\.\d+), at", words)[1])
    assert 0.15 < best < 0.3
    # The lowest mark of the picture is the incumbent, and none is below where it starts.
    assert max(heights[-1]) > heights[0][0] + 100
    assert page.locator(".panels .shadow").count() == 1
    closed(page)


def test_another_press_trains_the_rates_of_the_next_seed(opened):
    page = opened(RANGE.page)
    switch(page, "train here")
    for seed in range(2):
        train(page)
        rate = float(re.search(r"at a learning rate of ([\d.e-]+),", trained(page))[1])
        rates, _ = RANGE.explorer(seed=seed).drawn()
        assert any(abs(rate / each - 1) < 0.06 for each in rates)
        status(page).evaluate("each => { each.textContent = '' }")
    closed(page)


def set_to(page, **settings):
    for name, value in settings.items():
        if name == "batch_size":
            page.get_by_role("combobox", name="batch size").select_option(str(value))
        else:
            page.get_by_label(name, exact=True).fill(str(value))


def test_status_tells_of_epochs_and_is_not_chatty_on_a_slow_machine(opened):
    page = opened(RANGE.page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    set_to(page, **LONG)
    switch(page, "train here")
    expect(status(page)).to_have_text("ready", timeout=SOME_WORK)
    page.evaluate(WATCH)
    page.wait_for_function("seen.frames.length > 30")
    at_rest = page.evaluate("seen.frames.splice(0)")
    train(page)
    trained(page)
    seen = page.evaluate("seen")
    # What ends a training is said at once.
    *told, _ = seen["statuses"]
    assert told[0]["text"] == "training"
    assert all(
        re.fullmatch(r"training, epoch \d+ of 16, best 0\.\d\d", s["text"]) for s in told[1:]
    )
    assert len(told) > 1
    assert all(b["at"] - a["at"] > 900 for a, b in itertools.pairwise(told))
    # Of ten frames nine come in time, even so; where other tests want the cores, no page is quick.
    before, meanwhile = (
        sorted(frames)[int(0.9 * len(frames))] for frames in (at_rest, seen["frames"])
    )
    assert meanwhile < max(150, 3 * before)
    closed(page)


def test_moving_on_gives_the_training_up(opened):
    page = opened(RANGE.page)
    set_to(page, **LONG)
    switch(page, "train here")
    train(page)
    expect(status(page)).to_have_text(re.compile("^training, epoch"), timeout=SOME_WORK)
    press(page, "trials", "ArrowLeft")
    expect(status(page)).to_be_empty()
    page.evaluate(WATCH)
    page.wait_for_timeout(400)
    # Nothing of it comes in any more: the points wait where all start.
    assert page.evaluate("seen.heights.length") == 0
    assert page.get_by_label("epochs trained").evaluate("each => each.value") == 0
    train(page)
    page.get_by_role("button", name="recorded", exact=True).press("Enter")
    says(page, RANGE.explorer(**{**LONG, "trials": 99}))
    closed(page)


def test_where_motion_is_unwelcome_only_the_ends_are_drawn(opened):
    page = opened(RANGE.page, reduced_motion="reduce")
    switch(page, "train here")
    expect(status(page)).to_have_text("ready")
    page.evaluate(WATCH)
    train(page)
    trained(page)
    assert len(page.evaluate("seen.heights")) == 2
    closed(page)


@pytest.mark.parametrize("place", KINDS, ids=lambda place: place.kind.__name__)
def test_phone_trains_by_touch_and_nothing_hangs_over(opened, place):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = opened(place.page, **phone, color_scheme="dark")
    page.get_by_role("button", name="train here").tap()
    page.get_by_role("button", name=label_of(place), exact=True).tap()
    trained(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for each in page.locator(".explorer .training button").all():
        assert each.bounding_box()["height"] >= 28
    closed(page)


def test_halving_trains_what_its_rungs_leave_and_no_more(opened):
    page = opened(HALVING.page)
    switch(page, "train here")
    train(page)
    words = trained(page)
    assert "81 epochs trained in" in words and "648 never were" in words
    # One curve has come to the last rung, the others were cut.
    assert page.locator(".panels .curve.kept.end").get_attribute("d").count("M") == 1
    assert page.locator(".panels .curve.cut.end").get_attribute("d").count("M") == 26
    assert page.locator(".panels .curve.best").count() == 0
    closed(page)


def test_game_keeps_its_errors_to_itself_until_they_are_asked_for(opened):
    page = opened(GAME.page)
    switch(page, "train here")
    pick = page.get_by_role("button", name="Try this rate")
    expect(pick).to_have_attribute("aria-disabled", "true")
    page.evaluate(WATCH)
    train(page, "Train a game")
    trained(page)
    assert not any("best" in each["text"] for each in page.evaluate("seen.statuses"))
    assert page.locator(".panels .response").count() == 0
    for exponent in (-4, -3, -2, -1, -0.5):
        page.get_by_label("learning rate", exact=True).fill(str(exponent))
        pick.click()
    expect(page.locator(".explorer .words")).to_contain_text("of four:")
    assert page.locator(".panels .response").count() == 1
    page.get_by_role("button", name="New game").click()
    expect(page.locator(".explorer .words")).to_contain_text("Game 2, which nobody has recorded")
    closed(page)


def test_page_finds_the_errors_that_numpy_finds(opened):
    page = opened(LADDER.page)
    switch(page, "train here")
    train(page)
    assert trained(page).endswith("3 of 3 agree.")
    assert page.locator(".panels .own-step").count() == 1
    closed(page)


PRESS_AND_WAIT = """async () => {
  const wait = () => new Promise((resolve) => setTimeout(resolve, 50));
  const one = (selector) => document.querySelector(`.explorer ${selector}`);
  while (!one(".words")) await wait();
  for (const text of ["train here", "Train"])
    [...document.querySelectorAll(".explorer button")].find((b) => b.textContent === text).click();
  while (!/^trained|stay\\.$/.test(one(".status").textContent)) await wait();
  return [one(".status").textContent, one(".words").textContent];
}"""


def check_two_presses(page, site):
    page.goto(f"file://{site}/book/{RANDOM.page}.html")
    said, words = page.evaluate(PRESS_AND_WAIT)
    assert said.startswith("trained 10 networks in ")
    assert words.startswith("Best validation error 0.")


def test_page_trains_at_two_presses(site, browser):
    page = browser.new_page()
    check_two_presses(page, site)
    page.close()


if find_firefox():

    def test_page_trains_in_firefox(site):
        with open_firefox() as page:
            check_two_presses(page, site)


def page_of(site, folder, **models):
    """A page from a folder with these explorers, one below the other, and the site's scripts."""
    views = "".join(
        f'<div><script type="{VIEW}">{json.dumps({"model_id": name})}</script></div>'
        for name in models
    )
    static = site / "_static"
    scripts = "".join(
        f'<script src="file://{static / name}"></script>'
        for name in ("kept.js", "explorers.js")
        if (static / name).exists()
    )
    (folder / "views.html").write_text(
        f'<html lang="en"><meta charset="utf-8"><body>{views}<script type="{STATE}">'
        f"{json.dumps({'state': models})}</script>"
        f"{scripts}</html>",
        encoding="utf-8",
    )
    return (folder / "views.html").as_uri()


def test_two_explorers_of_a_page_train_at_once(opened, site, tmp_path):
    page = opened(page_of(site, tmp_path, first=RANGE.state, second=HALVING.state))
    for view in (0, 1):
        switch(page, "train here", view)
    for view in (0, 1):
        train(page, view=view)
    assert trained(page, 0).startswith("Best validation error")
    assert trained(page, 1).startswith("Best error found")
    assert sum("training_parts" in url for url in page.asked) == 1
    closed(page)


def stays_recorded(page, reason):
    expect(status(page)).to_have_text(re.compile(f"{reason}.*, so the recorded trials stay\\.$"))
    expect(page.get_by_role("button", name="recorded", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_without_simd_the_recorded_trials_stay(browser, site, tmp_path):
    state = {**RANGE.state, "state": {**RANGE.state["state"], "source": "here"}}
    page = browser.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    # From a link that wants to train.
    page.goto(page_of(site, tmp_path, linked=state))
    stays_recorded(page, "SIMD")
    says(page, RANGE.explorer())
    page.goto(f"file://{site}/book/{RANDOM.page}.html")
    page.get_by_role("button", name="train here").click()
    stays_recorded(page, "SIMD")
    says(page, RANDOM.explorer())
    page.close()


def trains_once_mended(page, mend):
    """Ask for a damaged file, see the recorded trials stay, and ask again when it is whole."""
    page.get_by_role("button", name="train here").click()
    stays_recorded(page, "missing or damaged")
    says(page, RANDOM.explorer())
    mend()
    switch(page, "train here")
    train(page)
    trained(page)
    page.close()


def test_damaged_file_leaves_the_recorded_trials_and_is_asked_for_again(browser, address):
    page = browser.new_page()
    page.route(PARTS, lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"{address}/book/{RANDOM.page}.html")
    trains_once_mended(page, lambda: page.unroute(PARTS))


def test_damaged_file_in_a_folder_leaves_the_recorded_trials_and_is_asked_for_again(
    browser, site, tmp_path
):
    shutil.copytree(site / "_static", tmp_path / "_static")
    parts = tmp_path / "_static" / "training_parts.js"
    whole = parts.read_bytes()
    # As where a disk was full.
    parts.write_bytes(whole[: len(whole) // 2])
    page = browser.new_page()
    page.goto(page_of(tmp_path, tmp_path, alone=RANDOM.state))
    trains_once_mended(page, lambda: parts.write_bytes(whole))


def test_networks_that_do_not_fit_the_memory_leave_the_recorded_trials(browser, address):
    page = browser.new_page()
    page.add_init_script(
        """const { Worker: Whole } = window;
        window.Worker = class extends Whole {
          set onmessage(hear) {
            const short = ({ run }) => ({ kind: "failed", run, code: "memory" });
            super.onmessage = ({ data }) => hear({ data: data.run ? short(data) : data });
          }
        };"""
    )
    page.goto(f"{address}/book/{RANDOM.page}.html")
    switch(page, "train here")
    train(page)
    stays_recorded(page, "not enough memory")
    says(page, RANDOM.explorer())
    page.close()
