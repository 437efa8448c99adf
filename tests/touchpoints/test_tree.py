"""Tagging a folder of pages that another tool has made: in place, in a copy, and again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from milepost.errors import ContentError, MilepostError
from milepost.touchpoints.tree import Served, Tagged, served_at, tag_tree
from sites import Site, article

NewSite = Callable[..., Site]
SERVED = Served("docs", "https://x.example/handbook/", "https://x.example")
HEAD = "<!doctype html><html><head><title>{title}</title>{more}</head><body><p>{title}</p></body></html>"


def page(title: str, more: str = "") -> str:
    return HEAD.format(title=title, more=more)


PAGES: dict[str, str | bytes] = {
    "index.html": page("Handbook", '<meta name="keywords" content="Install, Use"><meta name="author" content="Ada">'),
    "guide/index.html": page("Guide"),
    "guide/Install.html": page("Install & run").replace("\n", "\r\n"),
    "guide/install.html": page("install"),
    "moved.html": '<meta http-equiv="refresh" content="0; url=/">',
    "own.html": page("Own", '<meta content="docs/kept" name="touchpoint" />'),
    "search.html": page("Search"),
    "404.html": page("Lost"),
    "broken.htm": "<!DOCTYPE html><title>Broken</title><p>No head's end<p>and <b>no end",
    "latin.html": page("Latin").replace("<p>", "<p>caf\u00e9 ").encode("latin-1"),
    "style.css": "p { color: red }",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "built", PAGES)


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ids(tagged: Tagged) -> dict[str, str]:
    return {entry.touchpoint.id: entry.touchpoint.kind for entry in tagged.entries}


def test_every_page_is_tagged_in_place_and_a_second_time_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    found = tag_tree(folder, SERVED)
    apart = {id_: kind for id_, kind in ids(found).items() if id_.startswith("docs/handbook/guide/install-")}
    assert len(apart) == 2
    assert ids(found) == apart | {
        "docs/handbook/index": "doc", "docs/handbook/guide": "doc", "docs/kept": "doc",
        "docs/handbook/search": "search",
        "docs/handbook/404": "error", "docs/handbook/broken": "doc", "docs/handbook/latin": "doc",
    }  # fmt: skip
    assert (len(found.changed), found.redirects) == (9, 1)
    after = contents(folder)
    assert {name for name in before if before[name] == after[name]} == {"moved.html", "style.css"}
    assert b"caf\xe9" in after["latin.html"]
    assert b'<script src="/journey.v1.js" defer></script>' in after["guide/index.html"]
    [first] = [row for row in json.loads(after["touchpoints.json"])["touchpoints"] if row["title"] == "Handbook"]
    assert first == {
        "id": "docs/handbook/index", "url": "https://x.example/handbook/", "title": "Handbook", "surface": "docs",
        "kind": "doc", "topics": ["install", "use"], "authors": ["Ada"], "published": None, "updated": None,
        "objective": None, "strategy": None, "function": None, "tactic": None,
    }  # fmt: skip
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.html")}
    again = tag_tree(folder, SERVED)
    assert (again.changed, contents(folder)) == ((), after)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.html")} == times


def test_a_page_that_was_minified_since_is_tagged_once(folder: Path) -> None:
    tag_tree(folder, SERVED)
    path = folder / "guide/index.html"
    small = path.read_text().replace('"', "").replace("defer></script>", "defer></script >").replace("\n", "")
    path.write_text(small)
    tag_tree(folder, SERVED)
    text = path.read_text()
    assert (text.count("touchpoint:id"), text.count("journey.v1.js")) == (1, 1)


def test_a_copy_has_everything_and_the_original_stays(folder: Path, tmp_path: Path) -> None:
    before, out = contents(folder), tmp_path / "out"
    tag_tree(folder, SERVED, out=out)
    assert contents(folder) == before
    copy = contents(out)
    assert set(copy) == {*before, "touchpoints.json"}
    assert tag_tree(folder, SERVED, out=out).changed == ()
    assert contents(out) == copy


def test_another_host_gets_the_scripts_whole_address() -> None:
    assert Served("docs", "https://docs.x.example/", "https://x.example").script == "https://x.example/journey.v1.js"
    assert Served("docs", "https://x.example/below/docs/", "https://x.example/below").script == "/below/journey.v1.js"
    assert served_at("https://x.example/docs/", "", "docs").id_of("a/index.html") == "docs/a"
    with pytest.raises(ValueError, match="is no address"):
        served_at("", "", "docs")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.html": page("A", '<meta name="touchpoint" content="Not One">')}, 'a.html: "Not One" is no touchpoint; '),
        ({"a.html": page("A").encode("utf-16")}, "a.html: is not in UTF-8, nor in anything like it; "),
        (
            {name: page("A", '<meta name="touchpoint" content="docs/a">') for name in ("a.html", "b.html")},
            'b.html: touchpoint "docs/a" is that of ',
        ),
        ({"taken.html": page("A")}, 'taken.html: touchpoint "docs/handbook/taken" is that of https://x.example/t/ too'),
    ],
)
def test_a_page_that_cannot_be_tagged_is_named_and_nothing_is_written(
    tmp_path: Path, files: dict[str, str | bytes], message: str
) -> None:
    folder = written(tmp_path, {**files, "good.html": page("Good")})
    before = contents(folder)
    with pytest.raises(ContentError) as error:
        tag_tree(folder, SERVED, taken={"docs/handbook/taken": "https://x.example/t/"})
    assert message in str(error.value)
    assert contents(folder) == before


def test_a_folder_without_a_page_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MilepostError, match="no page in it"):
        tag_tree(tmp_path, SERVED)


def test_the_command_merges_checks_and_survives_the_next_build(new_site: NewSite) -> None:
    site = new_site({"content/articles/a.md": article()}, conf='TOUCHPOINT_MANIFESTS = ["handbook/touchpoints.json"]')
    written(site.root / "handbook", PAGES)
    first = site.pelican(SITEURL="https://x.example")
    assert (first.returncode, "TOUCHPOINT_MANIFESTS" in first.stdout + first.stderr) == (0, True)
    site.conf += '\nSITEURL = "https://x.example"'
    command = ("tag", "handbook", "--surface", "docs", "--base-url", "/handbook/")
    untagged = site.milepost(*command, "--check")
    assert untagged.returncode == 1
    assert "handbook/guide/index.html: not tagged as it would be now" in untagged.stderr
    done = site.milepost(*command)
    assert (done.returncode, done.stdout) == (
        0,
        "9 pages are touchpoints, 9 changed, 1 redirects left alone; see handbook/touchpoints.json and "
        "output/touchpoints.json\n",
    ), done.stderr
    listed = site.json("touchpoints.json")["touchpoints"]
    assert {"blog/first-post", "docs/handbook/index"} <= {row["id"] for row in listed}
    checked = site.milepost(*command, "--check")
    assert (checked.returncode, checked.stdout) == (0, "9 pages, each tagged\n"), checked.stderr
    assert site.milepost(*command).returncode == 0
    assert site.json("touchpoints.json")["touchpoints"] == listed
    assert site.pelican(SITEURL="https://x.example").returncode == 0
    assert site.json("touchpoints.json")["touchpoints"] == listed

    misuses = (
        "none --surface docs", "handbook --surface D", "output --surface docs",
        "handbook --surface docs --out handbook/x", "handbook --surface docs --base-url ftp://x/",
    )  # fmt: skip
    for wrong in misuses:
        assert site.milepost("tag", *wrong.split()).returncode == 2, wrong


def _timed(folder: Path, number: int) -> float:
    body = "<p>" + "Some words of a paragraph, as there are many. " * 400 + "</p>"
    written(
        folder,
        {f"{n % 100}/{n}/index.html": page(f"Page {n}").replace("</body>", f"{body}</body>") for n in range(number)},
    )
    began = time.perf_counter()
    found = tag_tree(folder, SERVED)
    seconds = time.perf_counter() - began
    assert len(found.changed) == number
    began = time.perf_counter()
    for path in folder.rglob("*.html"):
        data = path.read_bytes()
        new = path.with_suffix(".new")
        new.write_bytes(data)
        new.replace(path)
    print(f"{number} pages: {seconds:.1f} s, {seconds / (time.perf_counter() - began):.1f} x copying each")
    return seconds


def test_five_hundred_pages_take_a_second(tmp_path: Path) -> None:
    assert _timed(tmp_path, 500) <= 1.5


@pytest.mark.long
def test_ten_thousand_pages_take_at_most_twenty_seconds(tmp_path: Path) -> None:
    assert _timed(tmp_path, 10_000) <= 20
