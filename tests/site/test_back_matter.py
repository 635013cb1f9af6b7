"""The back matter of the built site: glossary, reference, downloads, a list to print."""

import csv
import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.notebooks.test_chapters import CHAPTERS
from tests.proof import proof
from tests.site.test_pages import parse
from tools.built_site import ROOT, contents

GLOSSARY = "book/back/glossary.html"
# Terms whose form in a sentence is also a plain English word: linked by hand where meant.
PLAIN = {
    "slice",
    "kernel",
    "job",
    "posterior",
    "bracket",
    "response",
    "recording",
    "noise",
    "optimism",
    "exploration",
    "parameter",
    "importance",
    "power",
    "target",
    "survivor",
}


@pytest.fixture(scope="module")
def terms(site) -> dict[str, str]:
    """The terms of the glossary, and the names of their places."""
    found = {
        dt.contents[0].strip(): dt["id"] for dt in parse(site / GLOSSARY).select("dl.glossary dt")
    }
    assert len(found) > 60
    return found


def paragraphs(site, page):
    """The paragraphs of a page: their own words, and the terms that they link to."""
    for paragraph in parse(site / f"{page}.html").select("article p, article td"):
        aside = ["a", "code", "figcaption"]
        own = [text for text in paragraph.find_all(string=True) if not text.find_parent(aside)]
        places = {
            a["href"].partition("glossary.html#")[2] for a in paragraph.find_all("a", href=True)
        }
        yield "".join(own).replace("\u2019", "'"), places


def test_every_term_leads_to_its_chapter(site, terms):
    entries = parse(site / GLOSSARY).select("dl.glossary dd")
    assert len(entries) == len(terms)
    assert all(entry.select("a.reference.internal") for entry in entries)


def test_every_term_is_linked_where_it_first_stands(site, terms):
    chapters = [page for page in contents() if "/back/" not in page]
    read = [found for page in chapters for found in paragraphs(site, page)]
    late = []
    for term, place in terms.items():
        word = re.compile(rf"\b{re.escape(term)}s?\b", re.IGNORECASE)
        linked = next((i for i, (_, places) in enumerate(read) if place in places), None)
        first = next((i for i, (words, _) in enumerate(read) if word.search(words)), None)
        if linked is None or (term not in PLAIN and first is not None and first < linked):
            late.append((term, first, linked))
    assert not late


# What the page of the search does for a query in its address, for one after another; the lines
# that it quotes from what it finds would have it load every page.
SEARCH = """async (terms) => {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const missing = [];
  for (const term of terms) {
    const results = document.querySelector("#search-results");
    results.replaceChildren();
    Search.performSearch(term);
    while (Search.title.innerText !== "Search Results") {
      await new Promise((next) => setTimeout(next, 5));
    }
    if (!results.querySelector('a[href*="back/glossary.html"]')) missing.push(term);
  }
  return missing;
}"""


def test_search_finds_every_term(browser, address, terms):
    opened = browser.new_page()
    opened.goto(f"{address}/search.html")
    opened.wait_for_function("Search.hasIndex()")
    assert opened.evaluate(SEARCH, [*terms, "qwertz"]) == ["qwertz"]
    opened.close()


def test_reference_names_everything_public(site):
    page = parse(site / "book/back/reference.html")
    documented = {dt["id"] for dt in page.select("dt.sig[id]")}
    for module in ("distributions", "axes", "spaces", "trials", "searchers", "schedulers", "tuner"):
        names = re.findall(
            r"^(?:class|def) ([a-zA-Z]\w*)",
            (ROOT / f"hpo_helpers/{module}.py").read_text(encoding="utf-8"),
            re.M,
        )
        assert {f"hpo_helpers.{module}.{name}" for name in names} <= documented
    assert len(page.select(".highlight-default, .doctest")) > 40


def test_every_notebook_can_be_downloaded(site):
    for path in CHAPTERS:
        page = site / path.relative_to(ROOT).with_suffix(".html")
        links = [a["href"] for a in parse(page).select("a.btn-download-source-button")]
        assert links, page
        stored = (page.parent / links[0]).resolve()
        assert stored.read_bytes() == path.read_bytes()


def test_page_shows_the_last_proof(site):
    shown = parse(site / "book/back/verification.html").select_one("table")
    stored = dict(csv.reader((ROOT / "book/back/proof.csv").open(encoding="utf-8")))
    assert stored.keys() == dict(proof({"passed": 1, "skipped": 0}, 60)).keys()
    assert all(value in shown.text for value in stored.values())


def test_checklist_is_one_page_to_print(browser, address):
    opened = browser.new_page()
    opened.goto(f"{address}/book/judgement/checklist.html")
    printed = PdfReader(BytesIO(opened.pdf(format="A4")))
    opened.close()
    first, second = (printed.pages[number].extract_text() for number in (0, 1))
    assert first.count("☐") == 16
    assert "The list at work" not in first
    assert "The list at work" in second
