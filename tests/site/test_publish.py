"""What `milepost build --strict` makes of a site: the same pages to readers, lighter, compressed, named for ever."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from bs4 import BeautifulSoup

from milepost.reading import publishing
from sites import ROOT, Site, lend_pictures

URL = "https://x.example"
CONF = f"SITEURL = {URL!r}\nPATH = {str(ROOT / 'content')!r}\nCOMMENTS_SNAPSHOT = 'none.json'"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Path]]:
    """The shipped content: as it is built, in the site's output, and as it is published."""
    site = Site(tmp_path_factory.mktemp("publish"), CONF)
    lend_pictures(site.root / "var")
    published = site.root / "published"
    for arguments in (("build",), ("build", "--strict", "-o", str(published))):
        done = site.milepost(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    yield site, published


def words(page: Path) -> tuple[list[str], list[str]]:
    """The words of a page, and its preformatted texts as they are."""
    soup = BeautifulSoup(page.read_bytes(), "lxml")
    return soup.body.get_text(" ").split(), [pre.get_text() for pre in soup.select("pre")]


def test_every_page_says_the_same_as_before(sites: tuple[Site, Path]) -> None:
    site, published = sites
    pages = [page.relative_to(site.output) for page in site.output.rglob("*.html")]
    assert len(pages) > 20
    assert [str(page) for page in pages if words(site.output / page) != words(published / page)] == []
    shell = (published / "newsletter/shell.html").read_text()
    assert "<!-- milepost:slot -->" in shell and "<!-- /milepost:slot -->" in shell


def test_pages_ask_for_files_whose_names_change_with_what_is_in_them(sites: tuple[Site, Path]) -> None:
    _, published = sites
    soup = BeautifulSoup((published / "index.html").read_bytes(), "lxml")
    asked = [soup.select_one('link[rel="stylesheet"]')["href"], soup.select_one("script[src]")["src"]]
    for address, plain in zip(asked, ("theme/css/style.css", "theme/js/site.js"), strict=True):
        name = address.removeprefix(f"{URL}/")
        assert name != plain
        assert (published / name).read_bytes() == (published / plain).read_bytes()
    metas = [str(meta) for meta in soup.head.find_all(["meta", "link", "script"])]
    assert "Content-Security-Policy" in metas[1]


def test_each_compressed_file_is_that_file(sites: tuple[Site, Path]) -> None:
    _, published = sites
    made = [path for path in published.rglob("*") if path.suffix in (".gz", ".br")]
    assert {path.stem for path in made} >= {"index.html", "feed.json", "sitemap.xml", "journey.v1.js", "favicon.svg"}
    for path in made:
        unpack = gzip.decompress if path.suffix == ".gz" else brotli.decompress
        assert unpack(path.read_bytes()) == path.with_suffix("").read_bytes(), path


def test_what_is_published_twice_is_the_same_to_the_byte(sites: tuple[Site, Path]) -> None:
    site, published = sites
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    assert site.milepost("build", "--strict", "-o", str(published)).returncode == 0
    assert {path: path.read_bytes() for path in published.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (b"const f = (first) => first + 1;\nf(2);\n", True),
        (b"document.title = '</script>' + 1;  \n", False),
        (b"// caf\xe9\nlet a = 1;  \n", False),
        (b"let a = ;;; no script at all", False),
    ],
    ids=["shorter", "it would end around itself", "another encoding", "no script"],
)
def test_a_script_gets_shorter_or_stays_as_it_is(script: bytes, expected: bool) -> None:
    short = publishing.shortened(script)
    assert (len(short) < len(script)) is expected
    assert expected or short == script
