"""The explorers on the built site, in a browser and without a kernel."""

import base64
import re

import nbformat
import numpy as np
import pytest

from hpo_helpers.explorers import LearningRateRange
from hpo_helpers.recordings import load_recording
from tests.site.conftest import SITE

NOTEBOOK = SITE.parents[1] / "book" / "foundations" / "configuration_spaces.ipynb"
PAGE = "book/foundations/configuration_spaces.html"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(params=["http", "file"])
def page(request, browser, site, address):
    """The page over http and from a folder, with whatever it complains about."""
    context = browser.new_context(viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and page.problems.append(m.text))
    page.goto(f"{address}/{PAGE}" if request.param == "http" else f"file://{site / PAGE}")
    page.locator(".explorer").wait_for()
    yield page
    assert page.problems == []
    context.close()


def words(explorer):
    """What the explorer has to say, from the model in Python."""
    _, errors = explorer.drawn()
    return f"Best validation error {errors.min():.3f}"


def test_explorer_says_what_the_model_in_python_says(page):
    explorer = LearningRateRange()
    shown = page.locator(".words")
    assert shown.inner_text().startswith(words(explorer))
    for seed in range(1, 6):
        page.get_by_role("button", name="Draw again").click()
        explorer.seed = seed
        assert shown.inner_text().startswith(words(explorer))
    for label, name, value in [
        ("scale of the draw", "scale", "linear"),
        ("batch size", "batch_size", 128),
    ]:
        page.get_by_label(label).select_option(str(value))
        setattr(explorer, name, value)
        assert shown.inner_text().startswith(words(explorer))
    page.get_by_role("button", name="Back to the start").click()
    assert shown.inner_text().startswith(words(LearningRateRange()))


def test_sliders_move_by_keyboard_and_speak_in_learning_rates(page):
    slider = page.get_by_label("lowest learning rate")
    slider.focus()
    before = page.locator(".words").inner_text()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "0.001"
    assert page.locator(".words").inner_text() != before
    trials = page.get_by_label("trials", exact=True)
    trials.focus()
    page.keyboard.press("End")
    assert page.locator(".explorer circle.trial").count() == 100
    explorer = LearningRateRange(learning_rate_range=(1e-3, 1.0), trials=100)
    assert page.locator(".words").inner_text().startswith(words(explorer))


def test_ends_of_the_range_push_each_other(page):
    low, high = (page.get_by_label(f"{end} learning rate") for end in ("lowest", "highest"))
    low.focus()
    page.keyboard.press("End")
    assert low.get_attribute("aria-valuetext") == high.get_attribute("aria-valuetext") == "10"
    high.focus()
    page.keyboard.press("Home")
    assert low.get_attribute("aria-valuetext") == high.get_attribute("aria-valuetext") == "1e-6"


def test_explorer_fits_a_phone(page):
    box = page.locator(".explorer").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_picture_gives_way_to_the_explorer_and_stands_without_javascript(page, browser, site):
    assert not page.locator("#fig-explorer img").is_visible()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"file://{site / PAGE}")
    assert plain.locator("#fig-explorer img").is_visible()
    assert plain.locator(".explorer").count() == 0
    context.close()


def test_stored_state_equals_the_recording():
    stored = nbformat.read(NOTEBOOK, as_version=4).metadata["widgets"][STATE]["state"]
    ((name, model),) = stored.items()
    assert name == "explorer-1"
    (buffer,) = model["buffers"]
    assert buffer["path"] == ["wrong"]
    explorer = LearningRateRange()
    assert base64.b64decode(buffer["data"]) == explorer.wrong
    for trait in ("rates", "batch_sizes", "epochs_recorded", "images", "_esm", "_css"):
        assert model["state"][trait] == getattr(explorer, trait), trait
    recording = load_recording("softmax_full")
    chosen = (recording.table["batch_size"] == 16) & (recording.table["seed"] == 0)
    assert np.allclose(explorer.response(), recording.errors["validation"][chosen, 7])


def test_module_needs_nothing_from_elsewhere():
    module = LearningRateRange()._esm
    assert not re.search(r"^\s*import\b|https?://(?!www\.w3\.org/2000/svg)", module, re.MULTILINE)
    assert "export default { render };" in module
