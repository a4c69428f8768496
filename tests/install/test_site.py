"""The documentation builds as a site that is whole and asks nothing of other hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .conftest import ROOT

_FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class _Page(HTMLParser):
    """What a page fetches by itself, where its links go, and which places it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.prose: list[str] = []
        self._literal = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if tag in ("code", "pre", "script", "style"):
            self._literal += 1
        if tag in _FETCHED and _FETCHED[tag] in found and found.get("rel") not in ("next", "prev"):
            self.fetched.append(found[_FETCHED[tag]])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("code", "pre", "script", "style"):
            self._literal -= 1

    def handle_data(self, data: str) -> None:
        if not self._literal:
            self.prose.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    return {
        path: _Page(path.read_text("utf-8"))
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links are those of a server's root
    }


def test_every_document_is_a_page(pages: dict[Path, _Page], site: Path) -> None:
    names = {path.relative_to(site).as_posix() for path in pages}
    documents = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    outside = {"index.html", "card.html", "contributing.html", "licences.html", "changelog.html"}
    assert names >= documents | outside


def test_no_page_asks_another_host(pages: dict[Path, _Page], site: Path) -> None:
    fetched = {(path.name, each) for path, page in pages.items() for each in page.fetched}
    assert {pair for pair in fetched if urlsplit(pair[1]).netloc} == set()
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert styles and not any("url(http" in text or "@import" in text for text in styles)


def test_every_link_leads_somewhere(pages: dict[Path, _Page], site: Path) -> None:
    lost = []
    for path, page in pages.items():
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            here = pages.get(target)
            if not target.is_file() or (here and parts.fragment.strip() not in here.places | {""}):
                lost.append(f"{path.name} → {link}")
    assert lost == []


def test_no_markdown_is_left_over(pages: dict[Path, _Page]) -> None:
    """A table or list without an empty line above it is text to one reader and not to another."""
    marks = ("|---", "| --- ", "](", "**", "\n- ", "\n1. ")
    left = {
        (path.name, line.strip()[:60])
        for path, page in pages.items()
        for line in page.prose
        if any(mark in line for mark in marks)
    }
    assert left == set()
