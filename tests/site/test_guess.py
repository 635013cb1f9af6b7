"""Predict, then see: a guess before what a cell has found, and all of them on the last page."""

import json
import re

import nbformat
import pytest
from playwright.sync_api import expect

from tests.site.conftest import pages, violations
from tests.site.test_pages import parse
from tools.built_site import ROOT, SITE
from tools.site_guess import answer_in, in_letters

LAST = "book/judgement/checklist.html"
ASKING = [page for page in pages() if 'class="guess"' in (SITE / page).read_text(encoding="utf-8")]
NUMBER, CHOICE = "book/smarter/successive_halving.html", "book/smarter/changing_rate.html"
CURVE = "book/search/numpy_search.html"
every_asking_page = pytest.mark.parametrize("page", ASKING or ["none"])
ABOUT = {"pattern": r"^best (\d+)$", "range": [0, 10, 1]}


def asked_on(page):
    (place,) = parse(SITE / page).select(".guess")
    return json.loads(place["data-guess"])


def test_answer_is_what_the_cell_prints():
    assert answer_in("worst 9\nbest 4\n", ABOUT) == "4"
    choice = {"pattern": "won: (.*)", "options": [["a", "The first"], ["b", "The second"]]}
    assert answer_in("won: b", choice) == "b"
    curve = {"pattern": r"^at (\d): (\d)$", "range": [0, 10], "axes": ["trials", "error"]}
    assert answer_in("at 1: 9\nat 2: 4\nat 5: 3", curve) == [["1", "9"], ["2", "4"], ["5", "3"]]
    for text, about, message in [
        ("at 1: 9\nat 2: 4", curve, r"the curve is at \[1.0, 2.0\]; expected three places"),
        ("at 1: 9\nat 3: 4\nat 2: 3", curve, "in order"),
        ("at 1: 9\nat 2: 4\nat 3: 8", curve | {"range": [0, 8]}, "at 1 the curve is 9; expected"),
        ("worst 9", ABOUT, "is found 0 times"),
        ("best 4\nbest 5", ABOUT, "is found 2 times"),
        ("best 12", ABOUT, "the answer is 12; expected it between 0 and 10"),
        ("won: c", choice, "the answer is 'c'; expected one of"),
    ]:
        with pytest.raises(ValueError, match=message):
            answer_in(text, about)


def test_chapters_ask_where_a_guess_bites_most():
    assert len(ASKING) >= 5


@every_asking_page
def test_page_asks_once_for_what_its_next_cell_has_printed(page):
    about = asked_on(page)
    notebook = nbformat.read(ROOT / page.replace(".html", ".ipynb"), as_version=4)
    (place,) = (i for i, cell in enumerate(notebook.cells) if ":::{guess}" in cell.source)
    assert notebook.cells[place].source.endswith("\n:::"), "the cell comes right after it"
    printed = "".join(output.get("text", "") for output in notebook.cells[place + 1].outputs)
    found = re.findall(about["pattern"], printed, re.MULTILINE)
    if "axes" in about:
        assert [list(point) for point in found] == about["answer"]
        assert about["ticks"] and about["below"] and about["above"]
        return
    assert found == [about["answer"]]
    # Not in the middle, where the slider begins.
    if "range" in about:
        low, high, _ = about["range"]
        assert abs(float(about["answer"]) - (low + high) / 2) > (high - low) / 10
        assert about["below"]
        assert about["above"]
    else:
        assert len(about["options"]) >= 2


@pytest.fixture
def open_page(browser, site, address):
    """Open pages in one visit; nothing that they complain about is forgiven."""
    contexts, problems = [], []

    def open_(path, context=None, base=address, **options):
        if context is None:
            context = browser.new_context(**options)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{base}/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def tabs(reader, browser):
    """One tab with JavaScript, and one without, for pages that are only looked at."""
    with browser.new_context(java_script_enabled=False) as without:
        yield reader.new_page(), without.new_page()


def cell_of(page):
    return page.locator(".guess + .waiting > .cell:first-child")


def commit(page):
    page.get_by_role("button", name="That is my guess").press("Enter")


@pytest.mark.parametrize("from_folder", [False, True], ids=["http", "file"])
def test_number_is_guessed_by_keyboard_and_stays_for_the_visit(
    open_page, site, address, from_folder
):
    base = site.as_uri() if from_folder else address
    page, about = open_page(NUMBER, base=base), asked_on(NUMBER)
    expect(cell_of(page)).to_be_hidden()
    slider = page.get_by_label(about["question"])
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "1.00")
    commit(page)
    words = page.locator(".guess [role=status]")
    off = round(1 - float(about["answer"]), 2)
    verdict = f"{about['above']} about {about['about']}"
    said = f"You said 1.00, it is {about['answer']}: {verdict}, {off} off."
    expect(words).to_have_text(said)
    expect(words).to_be_focused()
    expect(cell_of(page)).to_be_visible()
    page.reload()
    expect(words).to_have_text(said)
    expect(cell_of(page)).to_be_visible()
    # In the same tab, the last page tells of it.
    page.goto(f"{base}/{LAST}")
    shown = page.locator(".guesses")
    expect(shown).to_contain_text(f"You were {verdict}.")
    expect(shown).to_contain_text(said)
    shown.get_by_role("link", name=about["page"]).click()
    expect(words).to_have_text(said)
    page.goto(f"{base}/{LAST}")
    shown.get_by_role("button", name="Forget my guesses").press("Enter")
    expect(shown).to_have_text("In this visit you have not guessed yet.")
    page.goto(f"{base}/{NUMBER}")
    expect(cell_of(page)).to_be_hidden()


def shown_at(page):
    inputs = page.locator(".guess-columns input")
    return [float(each.get_attribute("aria-valuetext")) for each in inputs.all()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curve_is_moved_by_keys_and_stays_for_the_visit(open_page, scheme):
    page, about = open_page(CURVE, color_scheme=scheme), asked_on(CURVE)
    commit(page)
    words = page.locator(".guess [role=status]")
    expect(words).to_have_text("Draw the curve first.")
    expect(cell_of(page)).to_be_hidden()
    for x, _ in about["answer"]:
        slider = page.get_by_label(f"{about['axes'][1]} at {about['axes'][0]} {x}", exact=True)
        slider.press("End")
        expect(slider).to_have_attribute("aria-valuetext", "1.00")
        expect(page.locator(".guess circle.at")).to_have_count(1)
    for made in (False, True):
        if made:
            commit(page)
        assert violations(page, ".guess") == []
    x, y = min(about["answer"], key=lambda point: float(point[1]))
    said = (
        f"Your curve: {about['above']} about {about['about']}. It is off most at "
        f"{about['axes'][0]} {x}: you drew 1.00, it is {y}."
    )
    expect(words).to_have_text(said)
    expect(cell_of(page)).to_be_visible()
    page.reload()
    expect(words).to_have_text(said)
    assert page.locator(".guess circle.said").count() == len(about["answer"])
    page.goto(page.url.replace(CURVE, LAST))
    expect(page.locator(".guesses")).to_contain_text(said)


def test_curve_is_drawn_by_the_pointer_and_a_quick_hand_leaves_no_place_out(open_page):
    page = open_page(CURVE)
    about = asked_on(CURVE)
    picture = page.locator(".guess-curve svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()

    def at(x, y):
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(0.13, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.97, 0.3))
    page.mouse.up()
    first, *others = shown_at(page)
    assert first > 0.85
    assert all(0.7 < each < 0.8 for each in others)
    assert len(others) == len(about["answer"]) - 1
    # Nothing is drawn by a pointer that is not down.
    page.mouse.move(*at(0.5, 0.8))
    assert min(shown_at(page)) > 0.7


def test_curve_that_is_near_is_called_close(open_page):
    page, about = open_page(CURVE), asked_on(CURVE)
    for (_, y), slider in zip(
        about["answer"], page.locator(".guess-columns input").all(), strict=True
    ):
        slider.fill(str(round(100 * float(y))))
    commit(page)
    expect(page.locator(".guess [role=status]")).to_have_text("Your curve: close.")


@pytest.mark.parametrize("place", [0, 1])
def test_choice_is_made_by_touch_on_a_phone(open_page, place):
    page = open_page(CHOICE, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    about = asked_on(CHOICE)
    words = page.locator(".guess [role=status]")
    page.get_by_role("button", name="That is my guess").tap()
    expect(words).to_have_text("Choose one first.")
    expect(cell_of(page)).to_be_hidden()
    printed, said = about["options"][place]
    page.locator(".guess label").nth(place).tap()
    page.get_by_role("button", name="That is my guess").tap()
    right = dict(about["options"])[about["answer"]]
    follows = "So it is." if printed == about["answer"] else f"It is: {right}."
    expect(words).to_have_text(f"You said: {said}. {follows}")
    expect(cell_of(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_close_guess_is_called_close(open_page):
    about = asked_on(NUMBER)
    for near, follows in [(0, ", and so it is."), (-0.02, ": close, 0.02 off.")]:
        page = open_page(NUMBER)
        page.get_by_label(about["question"]).fill(f"{float(about['answer']) + near:.2f}")
        commit(page)
        expect(page.locator(".guess [role=status]")).to_contain_text(follows)


def test_who_does_not_guess_is_shown_it_and_nothing_is_kept(open_page):
    page = open_page(NUMBER)
    page.get_by_role("button", name="Show me without one").press("Enter")
    expect(cell_of(page)).to_be_visible()
    expect(page.locator(".guess [role=status]")).to_be_focused()
    assert page.evaluate("sessionStorage.getItem('guesses')") is None


def test_link_to_what_waits_shows_it(open_page):
    page = open_page("book/foundations/validation.html#fig-optimism")
    expect(page.locator("#fig-optimism")).to_be_visible()
    page = open_page("book/foundations/validation.html")
    expect(page.locator("#fig-optimism")).to_be_hidden()
    page.evaluate("location.hash = 'fig-optimism'")
    expect(page.locator("#fig-optimism")).to_be_in_viewport()


def test_what_speaks_of_the_answer_waits_but_no_other_section_and_no_explorer(open_page):
    page = open_page("book/search/random_search.html")
    speaks = page.get_by_text("Fifty-nine trials reach the best 5 %")
    expect(speaks).to_be_hidden()
    expect(page.locator(".explorer")).to_be_visible()
    page = open_page(CHOICE)
    assert page.locator(".waiting section").count() == 0
    waiting = page.locator(".waiting")
    assert waiting.evaluate("box => box.hidden") == "until-found"
    assert waiting.bounding_box()["height"] == 0
    # As a browser does that has found a word in it.
    waiting.dispatch_event("beforematch")
    expect(waiting.locator("p").last).to_be_visible()


def test_question_is_in_plain_letters():
    assert in_letters("What is $2^8 - 1$?") == "What is 2⁸ \u2212 1?"
    with pytest.raises(ValueError, match="say it in words"):
        in_letters(r"What is $\sqrt 2$?")


def test_what_another_hand_has_stored_does_no_harm(open_page):
    page = open_page(NUMBER)
    for text in ("{", "null", "[]", '{"/x": {}}'):
        page.evaluate("text => sessionStorage.setItem('guesses', text)", text)
        page.reload()
        expect(page.get_by_role("button", name="That is my guess")).to_be_visible()


@every_asking_page
def test_cell_stands_there_without_javascript_and_in_print(tabs, address, page):
    for tab in tabs:
        tab.goto(f"{address}/{page}")
        for media in ["print"] if tab is tabs[0] else ["print", "screen"]:
            tab.emulate_media(media=media)
            expect(cell_of(tab)).to_be_visible()
            expect(tab.locator(".guess")).to_be_hidden()


def test_axe_finds_nothing_before_and_after_a_guess(open_page):
    for scheme in ("light", "dark"):
        for path in (NUMBER, CHOICE):
            page = open_page(path, color_scheme=scheme)
            for made in (False, True):
                if made:
                    if path == CHOICE:
                        page.locator(".guess input").first.check()
                    commit(page)
                assert violations(page, ".guess") == []
