"""The book as a PDF: every chapter where the contents say, every link with a place to lead to."""

import re
from unicodedata import normalize

import pytest
from pypdf import PdfReader

from tools import make_pdf
from tools.built_site import contents


@pytest.fixture(scope="session")
def pdf(whole, browser, tmp_path_factory) -> PdfReader:
    """The book, printed; `browser` skips where there is none."""
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    make_pdf.make(path, browser, whole)
    return PdfReader(path)


@pytest.fixture(scope="session")
def whole(site):
    return make_pdf.book()


def text(pdf: PdfReader, *numbers: int) -> str:
    """The text of pages, counted from one, without ligatures."""
    return normalize("NFKC", "\n".join(pdf.pages[number - 1].extract_text() for number in numbers))


def test_contents_name_the_page_of_every_chapter(pdf, whole):
    printed = text(pdf, 2, 3)
    destinations = pdf.named_destinations
    for page in contents():
        number = pdf.get_destination_page_number(destinations[f"/{make_pdf.place(page)}"]) + 1
        title = whole.find(id=make_pdf.place(page)).h2.get_text()
        assert re.search(rf"{re.escape(title)}\s*{number}\b", printed), title
        assert title.split()[0] in text(pdf, number)


def test_every_link_in_the_document_has_a_place(whole):
    places = {tag["id"] for tag in whole.find_all(id=True)}
    targets = {a["href"][1:] for a in whole.find_all("a", href=re.compile("^#"))}
    assert len(targets) > 30
    assert targets <= places


def test_no_id_stands_twice(whole):
    ids = [tag["id"] for tag in whole.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_explorers_stand_as_figures(whole):
    figures = whole.select('figure[id*="--fig-explorer"], div[id*="--fig-explorer"]')
    assert len(figures) >= 9
    assert all(figure.find("img") for figure in figures)
    assert not whole.find("script")


def test_answers_come_last(whole):
    """A question shows its options alone; the answer stands at the end of the book."""
    asked = whole.select('section[id$="--check-yourself"]')
    answers = whole.find(id=make_pdf.place("answers"))
    assert len(answers.select("div.option")) == 3 * len(asked)
    for section in asked:
        assert len(section.select("p.option")) >= 9
        assert not re.search(r"\b(Right|No)\.", section.get_text())


def test_solutions_are_open(whole):
    assert all(details.has_attr("open") for details in whole.find_all("details"))
