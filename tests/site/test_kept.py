"""What a reader sets is kept: in the address, and in the storage of the tab."""

from urllib.parse import parse_qsl, urlencode

import pytest
import traitlets
from playwright.sync_api import expect

from hpo_helpers import explorers
from hpo_helpers.explorers.explorer import limits_of
from tests.site.conftest import violations
from tests.site.test_explorers import (
    COARSE,
    GAME,
    GRID,
    PLACES,
    RANGE,
    page_with,
    press,
    says,
    twins,
)

# What the reading room keeps is seen in test_reading_room.py.
KINDS = [getattr(explorers, name) for name in explorers.__all__ if name != "ReadingRoom"]
SETTINGS = [(kind, name) for kind in KINDS for name in kind.settings]
every_setting = pytest.mark.parametrize(
    ("kind", "name"), SETTINGS, ids=[f"{kind.__name__}-{name}" for kind, name in SETTINGS]
)
GRID_PAGE, NEXT_PAGE = "book/search/grid_vs_random.html", "book/search/coarse_to_fine.html"
SECTION = "a-fair-comparison"
COUNT_WRITES = """
    window.writes = 0;
    const replace = history.replaceState;
    history.replaceState = function (...all) { writes += 1; return replace.apply(this, all); };
"""
# What was moved is drawn and kept. By the page's own clock, which a busy machine may hold up.
RESTED = """new Promise((resolve) => requestAnimationFrame(() =>
    requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(resolve), 200))))"""
STATUS = "document.querySelector('.explorer [role=status]').textContent"
TOP = "(id => document.getElementById(id).getBoundingClientRect().top)"
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
NO_STORAGE = """Object.defineProperty(window, "sessionStorage", {
    get() { throw new DOMException("denied", "SecurityError"); } });"""


def limits(kind, name):
    """What a setting may be, and what it is to begin with."""
    trait = kind.class_traits()[name]
    return limits_of(trait), trait.default()


def another(kind, name):
    """A value of a setting other than that which it comes with."""
    limit, default = limits(kind, name)
    if "options" in limit:
        return next(option for option in limit["options"] if option != default)
    low, high = limit["min"], limit["max"]
    if isinstance(default, list | tuple):
        return type(default)((low * 10, high))
    if "whole" in limit:
        return low if default == high else high
    return (low + high) / 3


def bad(kind, name):
    """Values that the trait refuses."""
    limit, default = limits(kind, name)
    if "options" in limit:
        return ["the moon", "", 7]
    low, high = limit["min"], limit["max"]
    if "length" in limit:
        many = [high / (i + 2) for i in range(limit["length"] + 1)]
        return [many, [low, low], [low / 2], [high * 2], [low, "much"], "much"]
    if isinstance(default, tuple):
        return [(high, low), (low / 2, high), (low, high * 2), (low,), (low, low, high), "much", ""]
    parts = [low + 0.5] if "whole" in limit else []
    return [low - 1, high + 1, *parts, (low, high), "NaN", "Infinity", "much", ""]


def text_of(value):
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def query(prefix="", **settings):
    return urlencode({prefix + name: text_of(value) for name, value in settings.items()})


def in_address(url):
    """The section that an address leads to, and its settings as texts."""
    parts = url.partition("#")[2].split("&")
    section = "" if "=" in parts[0] else parts.pop(0)
    return section, dict(parse_qsl("&".join(parts), keep_blank_values=True))


def settings_in(url, kind, prefix=""):
    """The settings of an explorer that an address names."""
    found = {}
    for name, text in in_address(url)[1].items():
        if not name.startswith(prefix) or name.removeprefix(prefix) not in kind.settings:
            continue
        default = limits(kind, name.removeprefix(prefix))[1]
        parts = [float(part) for part in text.split(",") if part] if default == [] else text
        if isinstance(default, tuple):
            parts = tuple(map(float, text.split(",")))
        elif isinstance(default, float | int):
            parts = float(text)
        found[name.removeprefix(prefix)] = parts
    return found


def whole(kind, **changes):
    """All settings of an explorer, some of them changed."""
    explorer = kind(**changes)
    return {name: getattr(explorer, name) for name in kind.settings}


def follow(page, after):
    """Follow a link within a page."""
    page.evaluate("after => { location.hash = after; }", after)


def rests_with(page, kind, prefix="", **changes):
    """Wait until the address names all settings of an explorer, as changed."""
    settings = whole(kind, **changes)
    page.wait_for_url(lambda url: settings_in(url, kind, prefix) == settings)


def rests_as_printed(page):
    page.wait_for_url(lambda url: "=" not in url)
    assert page.evaluate("sessionStorage.length") == 0


@pytest.fixture(scope="module")
def page_of(browser, tmp_path_factory):
    """The page of an explorer, which is opened once."""
    pages, problems = {}, []

    def page_of_(kind):
        if kind not in pages:
            place = next(each for each in PLACES if each.kind is kind and not each.settings)
            folder = tmp_path_factory.mktemp(kind.__name__)
            page = page_with(browser, folder, {"explorer-1": place.state}, ["explorer-1"])
            page.on("pageerror", lambda error: problems.append(str(error)))
            pages[kind] = page
        return pages[kind]

    yield page_of_
    assert problems == []
    for page in pages.values():
        page.close()


@every_setting
def test_setting_comes_back_by_link_by_reload_and_by_storage(page_of, kind, name):
    page, changes = page_of(kind), {name: another(kind, name)}
    plain = page.url.partition("#")[0]
    follow(page, query(**changes))
    rests_with(page, kind, **changes)
    link = page.url
    assert in_address(link)[0] == "explorer-1"
    for address in (link, plain):
        page.goto("about:blank")
        page.goto(address)
        says(page, kind(**changes))
        rests_with(page, kind, **changes)
        assert page.url == link
    page.get_by_role("button", name="Back to the start").click()
    rests_as_printed(page)
    says(page, kind())
    page.reload()
    says(page, kind())
    assert page.url == f"{plain}#explorer-1"


@every_setting
def test_bad_value_in_an_address_is_ignored_with_a_word(page_of, kind, name):
    page, values = page_of(kind), bad(kind, name)
    for value in values:
        with pytest.raises(traitlets.TraitError):
            kind(**{name: value})
    follow(page, "&".join(query(**{name: value}) for value in values))
    for value in values:
        word = f"{name}={text_of(value)} in the address is ignored: expected "
        page.wait_for_function(f"word => {STATUS}.includes(word)", arg=word)
    rests_as_printed(page)
    says(page, kind())
    # The next move takes the word away.
    page.get_by_role("button", name="Back to the start").click()
    page.wait_for_function(f"{STATUS} === ''")


@twins
def test_all_that_is_moved_stays(browser, address, place):
    """From one end to the other, by every input that a page has."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/book/{place.page}.html")
        words = page.locator(".explorer .words")
        for key in ("Home", "End"):
            for each in page.locator(".explorer .knob :is(input, select)").all():
                each.press(key)
            if place.is_game:
                page.get_by_role("button", name="Try this rate").click()
            page.evaluate(RESTED)
            said, link = words.inner_text(), page.evaluate("location.href")
            sliders = page.locator(".explorer .knob input")
            moved = [each.input_value() for each in sliders.all()]
            page.reload()
            expect(words).to_have_text(said, use_inner_text=True)
            assert [each.input_value() for each in sliders.all()] == moved
            page.wait_for_url(link)
            expect(page.locator(".explorer [role=status]")).to_be_empty()


def test_good_values_beside_bad_ones_are_taken_and_a_name_unknown_is_told(page_of):
    page = page_of(RANGE.kind)
    follow(page, "trials=40&seed=3&epochs=99&colour=red&=&x")
    rests_with(page, RANGE.kind, trials=40, seed=3)
    says(page, RANGE.explorer(trials=40, seed=3))
    expect(page.locator(".explorer [role=status]")).to_contain_text(
        "epochs=99 in the address is ignored: expected a whole number from 1 to 16. "
        "colour=red in the address is ignored: there is no such setting here."
    )


@pytest.fixture
def open_page(browser, site, address):
    """Open a page as a new reader; yield it with nothing to complain of."""
    contexts, problems = [], []

    def open_(link=f"{address}/{GRID_PAGE}", script="", permissions=(), **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.grant_permissions([*permissions])
        context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(link)
        page.locator(".explorer .words").first.wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("from_folder", [False, True], ids=["http", "file"])
def test_next_chapter_and_back_loses_nothing(open_page, site, address, from_folder):
    page = open_page(f"{site.as_uri() if from_folder else address}/{GRID_PAGE}")
    page.get_by_role("button", name="Draw again").click()
    # At once, before the move has rested.
    page.locator(".next-page, .right-next").first.click()
    page.wait_for_url(f"**/{NEXT_PAGE}")
    says(page, COARSE.explorer())
    page.locator(".prev-page, .left-prev").first.click()
    says(page, GRID.explorer(seed=1))
    page.go_back()
    page.go_back()
    says(page, GRID.explorer(seed=1))


def test_address_goes_before_storage_and_storage_before_what_is_printed(open_page):
    page = open_page()
    press(page, "trials along an axis", "End")
    rests_with(page, GRID.kind, trials_per_axis=8)
    plain = page.url.partition("#")[0]
    page.goto("about:blank")
    # What the link does not name is as printed.
    page.goto(f"{plain}#seed=5")
    says(page, GRID.explorer(seed=5))
    page.goto("about:blank")
    page.goto(plain)
    says(page, GRID.explorer(seed=5))
    # Where the whole of it is bad, the storage holds.
    page.goto("about:blank")
    page.goto(f"{plain}#seed=-5")
    says(page, GRID.explorer(seed=5))
    # What another hand has stored does no harm.
    key = page.evaluate("sessionStorage.key(0)")
    page.goto(plain.replace(GRID_PAGE, NEXT_PAGE))
    page.evaluate("key => sessionStorage.setItem(key, 'seed=x&%E0%A4%A&&=')", key)
    page.goto(plain)
    says(page, GRID.explorer())
    expect(page.locator(".explorer [role=status]")).to_be_empty()


def is_led_to(page, id_):
    """Below the bar at the top of the page."""
    page.wait_for_function(f"Math.abs({TOP}('{id_}') - 64) < 30")


def test_link_leads_to_a_section_and_to_the_explorer_beside_settings(open_page, address):
    for id_ in (SECTION, "explorer-1"):
        page = open_page(f"{address}/{GRID_PAGE}#{id_}&seed=2")
        says(page, GRID.explorer(seed=2))
        is_led_to(page, id_)
        assert in_address(page.url)[0] == id_
        # Who reloads stays where they are.
        page.evaluate("scrollBy(0, -400)")
        page.wait_for_function(f"{TOP}('{id_}') > 300")
        page.reload()
        says(page, GRID.explorer(seed=2))
        page.evaluate(RESTED)
        assert page.evaluate(f"{TOP}('{id_}')") > 300


def test_headings_lead_where_they_did_and_take_the_settings_along(open_page, address):
    page = open_page()
    page.get_by_role("button", name="Draw again").click()
    rests_with(page, GRID.kind, seed=1)
    steps = page.evaluate("history.length")
    page.locator(f".page-toc a[href='#{SECTION}']").first.click()
    is_led_to(page, SECTION)
    rests_with(page, GRID.kind, seed=1)
    assert in_address(page.url)[0] == SECTION
    says(page, GRID.explorer(seed=1))
    assert page.evaluate("history.length") == steps + 1
    # The section stays in the address while an explorer moves.
    page.get_by_role("button", name="Draw again").click()
    rests_with(page, GRID.kind, seed=2)
    assert in_address(page.url)[0] == SECTION
    # The way back leads to what an address names.
    page.go_back()
    says(page, GRID.explorer(seed=1))
    page.go_forward()
    says(page, GRID.explorer(seed=2))
    follow(page, "check-yourself&seed=9")
    says(page, GRID.explorer(seed=9))
    is_led_to(page, "check-yourself")
    # A page that nobody has moved leaves an address alone.
    page = open_page(f"{address}/{GRID_PAGE}#{SECTION}")
    is_led_to(page, SECTION)
    assert page.url.endswith(f"#{SECTION}")
    assert page.evaluate("history.state") is None


def test_moves_flood_neither_the_history_nor_the_address(open_page):
    page = open_page(script=COUNT_WRITES)
    steps = page.evaluate("history.length")
    page.evaluate("""async () => {
        const slider = document.querySelector(".explorer input");
        for (let i = 0; i < 60; i += 1) {
            slider.value = 2 + i % 7;
            slider.dispatchEvent(new Event("input"));
            await new Promise(requestAnimationFrame);
        }
    }""")
    rests_with(page, GRID.kind, trials_per_axis=5)
    assert page.evaluate("[writes, history.length]") == [1, steps]


def copy(page):
    page.get_by_role("button", name="Copy link").press("Enter")
    return page.locator(".explorer [role=status]")


def test_link_is_copied_by_keyboard_and_shows_another_reader_the_same(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    for changes in ({}, {"seed": 1}):
        if changes:
            page.get_by_role("button", name="Draw again").click()
        expect(copy(page)).to_have_text("Copied: a link to what you see.")
        link = page.evaluate("navigator.clipboard.readText()")
        # Even what is as printed is named: the book may change.
        assert settings_in(link, GRID.kind) == whole(GRID.kind, **changes)
        other = open_page(link)
        says(other, GRID.explorer(**changes))
        is_led_to(other, "explorer-1")


@pytest.mark.parametrize("from_folder", [False, True], ids=["http", "file"])
def test_link_stands_selected_where_it_cannot_be_copied(open_page, site, address, from_folder):
    page = open_page(
        f"{site.as_uri() if from_folder else address}/book/{GAME.page}.html",
        script=NO_CLIPBOARD,
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
    )
    press(page, "learning rate", *["ArrowLeft"] * 4, "Enter")
    expect(copy(page)).to_contain_text("Copy the selected link:")
    field = page.get_by_label("link to what you see")
    expect(field).to_be_focused()
    link = field.evaluate("each => each.value.slice(each.selectionStart, each.selectionEnd)")
    assert link == field.input_value()
    says(open_page(link), GAME.explorer(picks=[10**-3.2]))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # A link to what is no more to be seen goes with the next move.
    page.get_by_role("button", name="New game").click()
    expect(field).to_have_count(0)


def test_explorer_works_where_the_browser_grants_no_storage(browser, tmp_path):
    with browser.new_context() as context:
        context.add_init_script(NO_STORAGE)
        page = page_with(context, tmp_path, {"explorer-1": GRID.state}, ["explorer-1"])
        page.get_by_role("button", name="Draw again").click()
        rests_with(page, GRID.kind, seed=1)
        page.reload()
        says(page, GRID.explorer(seed=1))


def test_two_explorers_and_two_views_of_one_are_kept_apart(browser, tmp_path):
    models = {"explorer-1": RANGE.state, "explorer-2": GRID.state}
    page = page_with(browser, tmp_path, models, ["explorer-1", "explorer-2", "explorer-1"])
    trials = page.get_by_label("trials", exact=True)
    trials.nth(1).press("End")
    rests_with(page, RANGE.kind, trials=100)
    assert in_address(page.url)[0] == "explorer-1"
    # Only what was moved is in the address.
    assert settings_in(page.url, GRID.kind, "2.") == {}
    page.get_by_role("button", name="Draw again").nth(1).click()
    rests_with(page, GRID.kind, "2.", seed=1)
    rests_with(page, RANGE.kind, trials=100)
    assert in_address(page.url)[0] == "explorer-2"
    page.reload()
    for explorer, view in [(RANGE.explorer(trials=100), 0), (GRID.explorer(seed=1), 1)]:
        says(page, explorer, view)
    expect(trials.nth(1)).to_have_attribute("aria-valuetext", "100")
    # An address that speaks of one leaves the other to the storage.
    plain = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{plain}#2.trials_per_axis=8&2.seed=x")
    for explorer, view in [(RANGE.explorer(trials=100), 2), (GRID.explorer(trials_per_axis=8), 1)]:
        says(page, explorer, view)
    expect(page.locator(".explorer [role=status]").first).to_contain_text(
        "2.seed=x in the address is"
    )
    # Every view leads back to what is printed.
    page.get_by_role("button", name="Back to the start").nth(2).click()
    page.get_by_role("button", name="Back to the start").nth(1).click()
    rests_as_printed(page)
    for explorer, view in [(RANGE.explorer(), 0), (GRID.explorer(), 1), (RANGE.explorer(), 2)]:
        says(page, explorer, view)
    page.close()


def test_axe_finds_nothing_in_a_link_and_a_word_on_a_phone(open_page, address):
    for scheme in ("light", "dark"):
        page = open_page(
            f"{address}/{GRID_PAGE}#seed=-1&{'long' * 60}=1",
            script=NO_CLIPBOARD,
            viewport={"width": 390, "height": 844},
            color_scheme=scheme,
        )
        expect(page.locator(".explorer [role=status]")).to_contain_text("is ignored")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for _ in range(2):
            assert violations(page, ".explorer") == []
            expect(copy(page)).to_contain_text("Copy the selected link")
