"""Check yourself: three questions a chapter, each with one right answer, and a reason for each."""

import re
from pathlib import Path

import pytest

from tests.notebooks.test_chapters import teaches
from tests.site.conftest import pages
from tests.site.test_pages import parse

SECTION = "check-yourself"
CHAPTERS = [page for page in pages() if teaches(Path(page))]
every_chapter = pytest.mark.parametrize("page", CHAPTERS or ["none"])


def questions(site, page) -> list[tuple[str, list]]:
    """The questions of a page, each with its options."""
    found = []
    for tag in parse(site / page).select(f"#{SECTION} > p, #{SECTION} > details"):
        if tag.name == "details":
            found[-1][1].append(tag)
        elif re.match(r"\d\.", tag.text):
            found.append((tag.text, []))
    return found


def reason(option) -> str:
    return option.select_one(".sd-summary-content").text.strip()


@every_chapter
def test_three_questions_with_one_right_answer_each(site, page):
    asked = questions(site, page)
    assert [text[:2] for text, _ in asked] == ["1.", "2.", "3."]
    for text, options in asked:
        assert len(options) >= 3, text
        verdicts = [re.match(r"(Right|No)\. \S", reason(option)) for option in options]
        assert all(verdicts), text
        assert [verdict[1] for verdict in verdicts].count("Right") == 1, text
        assert all(len(reason(option)) > 40 for option in options), text


@every_chapter
def test_no_answer_is_shown_before_it_is_asked_for(site, page):
    for _, options in questions(site, page):
        for option in options:
            assert not option.has_attr("open")
            assert "right" not in " ".join(option["class"])


def test_right_answer_has_no_place_of_its_own(site):
    places = [
        [reason(option).startswith("Right") for option in options].index(True)
        for page in CHAPTERS
        for _, options in questions(site, page)
    ]
    assert max(places.count(place) for place in set(places)) < 0.6 * len(places)


@pytest.mark.parametrize("javascript", [True, False])
def test_answer_opens_by_keyboard_with_and_without_javascript(browser, address, javascript):
    with browser.new_context(java_script_enabled=javascript) as context:
        opened = context.new_page()
        opened.goto(f"{address}/{CHAPTERS[0]}")
        section = opened.locator(f"#{SECTION}")
        option = section.locator("details").first
        assert not re.search(r"\b(Right|No)\.", section.inner_text())
        option.locator("summary").focus()
        opened.keyboard.press("Enter")
        assert re.search(r"\b(Right|No)\.", option.inner_text())
        opened.keyboard.press("Tab")
        opened.keyboard.press("Space")
        assert re.search(r"\b(Right|No)\.", section.locator("details").nth(1).inner_text())
