"""Print the whole book as one PDF, from the built site.

``python -m tools.make_pdf [PDF]``: the pages are joined into one document whose links lead to
places of its own. Explorers stand as their pictures, solutions are open, and the answers to the
questions come last.
"""

import sys
from copy import copy
from datetime import date
from pathlib import Path
from posixpath import dirname, normpath
from urllib.parse import unquote, urlparse

from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tools.browser import NoBrowserError, open_browser
from tools.built_site import ROOT, SITE, parts
from tools.execute_notebooks import VIEW

PDF = ROOT / "_build" / "turning-the-knobs.pdf"
# What a reader of paper cannot use, and the code of the figures.
LEFT_OUT = (
    f'.cell:has(script[type="{VIEW}"]), .tag_hide-input details.above-input,'
    " script, .headerlink, button"
)
LETTERS = "abcdefg"
FOOTER = """<div style="font-size: 9px; width: 100%; text-align: center">
<span class="pageNumber"></span></div>"""
STYLE = """
* { animation: none !important; transition: none !important; }
body { font-size: 10.5pt; padding: 0; }
main { display: block; }
img { max-width: 100%; max-height: 85mm; width: auto; height: auto; }
figure, .cell_output { text-align: left; }
pre { white-space: pre-wrap; font-size: 8.5pt; }
table { font-size: 9pt; }
.part, .chapter, .chapters { break-before: page; }
.part { border-bottom: 1px solid; padding-bottom: 0.3em; text-align: right; }
.part + .chapter, .cover { break-before: auto; }
.cover { padding-top: 35%; text-align: center; }
figure, .cell_input, .output, .admonition, tr, .option { break-inside: avoid; }
h2, h3, h4 { break-after: avoid; }
summary { list-style: none; }
summary svg, .tag_hide-cell summary { display: none !important; }
.option { margin: 0 0 0.3em 1.5em; }
.chapters li { display: flex; }
.chapters .caption { font-weight: bold; margin-top: 0.6em; }
.chapters li span { margin-left: auto; }
"""

FRAME = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>Turning the Knobs</title>{styles}<style>{style}</style></head>
<body><main class="bd-content">
<div class="cover"><p style="font-size: 3em">Turning the Knobs</p>
<p>An interactive book on hyperparameter optimization</p><p>{today}</p></div>
<nav class="chapters"><h1>Contents</h1><ul></ul></nav>
</main></body></html>"""


def place(page: str, fragment: str = "") -> str:
    """Return the id, in the whole book, of a place on a page."""
    return f"{page.replace('/', '-')}--{fragment}"


def chapter(page: str) -> Tag:
    """Return a page as a chapter of the whole book."""
    soup = BeautifulSoup((SITE / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article")
    for tag in article.select(LEFT_OUT):
        tag.decompose()
    for tag in article.find_all(id=True):
        tag["id"] = place(page, tag["id"])
    for link in article.find_all("a", href=True):
        link["href"] = inner(page, link["href"])
    for picture in article.find_all("img"):
        picture["src"] = (SITE / dirname(page) / unquote(picture["src"])).resolve().as_uri()
    for level in range(5, 0, -1):  # parts are the first level of the whole book
        for heading in article.find_all(f"h{level}"):
            heading.name = f"h{level + 1}"
    article.name = "section"
    article["class"], article["id"] = "chapter", place(page)
    return article


def inner(page: str, target: str) -> str:
    """Return where a link of a page leads in the whole book."""
    parts = urlparse(target)
    if parts.scheme:
        return target
    other = normpath(f"{dirname(page)}/{parts.path}") if parts.path else f"{page}.html"
    return f"#{place(other.removesuffix('.html'), parts.fragment)}"


def take_answers(article: Tag) -> list[Tag]:
    """Turn the questions of a chapter into plain ones; return their answers."""
    answers, asked, option = [], "", 0
    for tag in article.select('section[id$="--check-yourself"] > *'):
        if tag.name == "p":
            asked, option = tag.get_text().split(".")[0], 0
        elif tag.name == "details":
            reason = tag.select_one(".sd-summary-content")
            if reason.get_text().strip().startswith("Right."):
                reason.name, reason["class"] = "div", "option"
                reason.p.insert(0, f"{asked} ({LETTERS[option]}) ")
                answers.append(copy(reason))
            text = tag.select_one(".sd-summary-text")
            text.insert(0, f"({LETTERS[option]}) ")
            text.name, text["class"] = "p", "option"
            tag.replace_with(text)
            option += 1
    return answers


def book() -> BeautifulSoup:
    """Join the pages into one document."""
    front_page = BeautifulSoup(
        (SITE / "book" / "intro.html").read_text(encoding="utf-8"), "html.parser"
    )
    sheets = [sheet["href"] for sheet in front_page.select('link[rel="stylesheet"]')]
    files = [(SITE / "book" / urlparse(sheet).path).resolve().as_uri() for sheet in sheets]
    styles = "".join(f'<link rel="stylesheet" href="{file}">' for file in files)
    whole = BeautifulSoup(
        FRAME.format(styles=styles, style=STYLE, today=f"{date.today():%d %B %Y}"), "html.parser"
    )
    main, answers = whole.main, []
    for caption, files in parts():
        if caption:
            main.append(heading(whole, "h1", caption, "part"))
            whole.nav.ul.append(heading(whole, "li", caption, "caption"))
        for page in files:
            article = chapter(page)
            title = article.find("h2").get_text()
            whole.nav.ul.append(entry(whole, page, title))
            if taken := take_answers(article):
                answers += [heading(whole, "h3", title), *taken]
            for details in article.find_all("details"):
                details["open"] = ""
            main.append(article)
    if answers:
        last = whole.new_tag("section", attrs={"class": "chapter", "id": place("answers")})
        last.extend([heading(whole, "h2", "Answers to the questions"), *answers])
        whole.nav.ul.append(entry(whole, "answers", "Answers to the questions"))
        main.append(last)
    return whole


def heading(whole: BeautifulSoup, level: str, text: str, kind: str = "") -> Tag:
    """Return a heading."""
    tag = whole.new_tag(level, attrs={"class": kind})
    tag.string = text
    return tag


def entry(whole: BeautifulSoup, page: str, title: str) -> Tag:
    """Return a line of the table of contents."""
    line = whole.new_tag("li")
    link = whole.new_tag("a", href=f"#{place(page)}")
    link.string = title
    line.extend([link, whole.new_tag("span")])
    return line


def page_numbers(pdf: Path) -> dict[str, int]:
    """Return the page of each place in a PDF that a link leads to."""
    reader = PdfReader(pdf)
    return {
        name.lstrip("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }


def print_to(page: Page, document: Path, pdf: Path, for_good: bool = True) -> None:
    """Print a document; for good with its outline and tags, which take half of the time."""
    page.goto(document.as_uri(), wait_until="load")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.pdf(
        path=pdf,
        format="A4",
        outline=for_good,
        tagged=for_good,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        margin={"top": "20mm", "bottom": "20mm", "left": "22mm", "right": "22mm"},
    )


def make(pdf: Path, browser: Browser, whole: BeautifulSoup) -> None:
    """Print the book: once to learn on which page a chapter begins, and once for good."""
    document = pdf.with_suffix(".html")
    page = browser.new_page()
    page.set_default_timeout(300_000)  # a slow machine prints two hundred pages slowly
    document.write_text(str(whole), encoding="utf-8")
    print_to(page, document, pdf, for_good=False)
    numbers = page_numbers(pdf)
    for line in whole.select(".chapters li:has(a)"):
        line.span.string = str(numbers[line.a["href"].lstrip("#")])
    document.write_text(str(whole), encoding="utf-8")
    print_to(page, document, pdf)
    page.close()
    document.unlink()


if __name__ == "__main__":
    try:
        with open_browser() as browser:
            make(Path(sys.argv[1]) if len(sys.argv) > 1 else PDF, browser, book())
    except NoBrowserError as reason:
        sys.exit(f"make pdf prints with a browser: {reason}")
