"""The built pages, read as files: links, pictures, weight, and nothing from elsewhere."""

import functools
import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from bs4 import BeautifulSoup

from tests.site.conftest import all_pages, pages
from tools.built_site import SITE, contents

every_chapter = pytest.mark.parametrize("page", pages() or ["none"])
every_page = pytest.mark.parametrize("page", all_pages() or ["none"])
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
FETCHED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}


@functools.cache
def parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def loaded(soup: BeautifulSoup) -> list[str]:
    """The addresses that a browser fetches to show a page."""
    return [
        tag[attribute]
        for name, attribute in LOADS.items()
        for tag in soup.find_all(name)
        if tag.get(attribute) and (name != "link" or FETCHED_LINKS & set(tag.get("rel", [])))
    ]


def test_site_has_a_page_for_every_chapter(site):
    assert sorted(f"{file}.html" for file in contents()) == pages()
    assert "book/intro.html" in (site / "index.html").read_text(encoding="utf-8")


@every_page
def test_nothing_comes_from_another_host(site, page):
    soup = parse(site / page)
    assert not [address for address in loaded(soup) if urlparse(address).netloc]
    inline = "".join(tag.string or "" for tag in soup.find_all(["script", "style"]))
    assert not re.search(r"(import|url)\s*\(\s*['\"]?(https?:)?//", inline)


def test_no_style_sheet_reaches_another_host(site):
    for style in site.rglob("*.css"):
        assert not re.search(
            r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")
        ), style


@every_page
def test_no_broken_link_picture_or_script(site, page):
    soup = parse(site / page)
    targets = [a["href"] for a in soup.find_all("a", href=True)] + loaded(soup)
    broken = [target for target in targets if not leads_somewhere(site / page, target)]
    assert not broken


def leads_somewhere(page: Path, target: str) -> bool:
    parts = urlparse(target)
    if parts.scheme:
        return True
    file = page.parent / unquote(parts.path) if parts.path else page
    if not file.is_file():
        return False
    if not parts.fragment or file.suffix != ".html":
        return True
    return unquote(parts.fragment) in places(file.resolve())


@functools.cache
def places(file: Path) -> set[str]:
    return {tag["id"] for tag in parse(file).find_all(id=True)}


@every_chapter
def test_every_picture_has_alternative_text(site, page):
    pictures = parse(site / page).select("main img")
    assert all(len(picture.get("alt", "")) > 20 for picture in pictures)


@every_chapter
def test_every_solution_is_behind_a_toggle(site, page):
    main = parse(site / page).find("main")
    for summary in main.find_all("summary"):
        if "olution" in summary.text:
            assert not summary.parent.has_attr("open")


@every_chapter
def test_no_progress_and_no_path_of_a_machine_is_shown(site, page):
    text = parse(site / page).find("main").text
    assert not re.search(r"/(home|Users|root|work|tmp)/", text)
    assert "epoch/s" not in text


def test_text_page_weighs_under_half_a_megabyte(site):
    """As a browser loads it: the page, what it names, and the icon font of the theme."""
    page = site / "book" / "foundations" / "what_is_hpo.html"
    files = {(page.parent / urlparse(address).path).resolve() for address in loaded(parse(page))}
    files |= set(site.rglob("fa-*.woff2"))
    weight = sum(len(gzip.compress(file.read_bytes())) for file in {page, *files})
    assert weight < 500_000


def test_theme_icons_come_from_the_font_alone():
    assert list(SITE.rglob("fa-solid*.woff2"))
    assert not list(SITE.rglob("fontawesome.js"))
