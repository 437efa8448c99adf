"""What is in the search index of a whole build: everything published, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from milepost.errors import MilepostError
from milepost.reading import index
from sites import Site, article

NewSite = Callable[..., Site]
FILES: dict[str, str | bytes] = {
    "content/articles/1.md": article("Seen", 1),
    "content/articles/2.md": article("A draft", 2).replace("Summary:", "Status: draft\nSummary:"),
    "content/articles/3.md": article("Hidden", 3).replace("Summary:", "Status: hidden\nSummary:"),
    "content/articles/4.md": article("Tomorrow", 4).replace("2026-01-04", "2999-01-04"),
    "content/docs/index.md": "Title: Docs\n\nBegin.\n",
    "content/pages/404.md": "Title: Lost\nSlug: lost\nSave_as: 404.html\nUrl: 404.html\n\nNothing.\n",
    "content/pages/about.md": "Title: About & <b>us</b>\nSlug: about\n\nWe.\n",
}  # fmt: skip


def test_what_is_published_can_be_found_and_nothing_else(new_site: NewSite) -> None:
    site = new_site(FILES)
    done = site.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.json(index.TITLES) == [["about/", "About & us"], ["docs/", "Docs"], ["seen/", "Seen"]]
    entry = site.json("pagefind/pagefind-entry.json")
    assert {lang: found["page_count"] for lang, found in entry["languages"].items()} == {"en": 3}
    left = {path.name for path in (site.output / "pagefind").iterdir() if path.is_file()}
    assert [name for name in left if name.endswith((".html", "-ui.js", "-ui.css", "records.json"))] == []
    assert "wasm.en.pagefind" in left


def test_the_search_page_is_a_touchpoint_of_its_own_and_in_no_sitemap(new_site: NewSite) -> None:
    site = new_site(FILES)
    assert site.pelican().returncode == 0
    found = [entry for entry in site.json("touchpoints.json")["touchpoints"] if entry["kind"] == "search"]
    assert [(entry["id"], entry["url"]) for entry in found] == [("site/search", "http://127.0.0.1:8000/search/")]
    assert "/search/" not in (site.output / "sitemap.xml").read_text()
    (script,) = site.soup("search/index.html").select("head script[type=module]")
    assert (site.output / script["src"].removeprefix("http://127.0.0.1:8000/")).exists()


def record(**values: Any) -> index.Record:
    return index.Record(**{"file": "a.html", "address": "a", "title": "A", "lang": "en", "html": "<p>A</p>", **values})


def test_a_record_that_means_harm_stays_text(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script>'
    page = record(title=hostile, filters={"category": (hostile,)}, meta={"date": hostile}).page()
    assert "<script" not in page


def test_an_index_is_not_put_into_a_newer_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.write([record()], tmp_path)
    run = index.subprocess.run

    def rebuilt_meanwhile(*arguments: Any, **options: Any) -> Any:
        index.write([record(title="B")], tmp_path)
        return run(*arguments, **options)

    monkeypatch.setattr(index.subprocess, "run", rebuilt_meanwhile)
    index.build(tmp_path, tmp_path / "var")
    assert not (tmp_path / "pagefind" / "pagefind.js").exists()
    monkeypatch.setattr(index.subprocess, "run", run)
    index.build(tmp_path, tmp_path / "var")
    assert (tmp_path / "pagefind" / "pagefind.js").exists()


def test_pagefinds_own_words_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.write([record()], tmp_path)
    monkeypatch.setattr(index.sys, "executable", "false")
    with pytest.raises(MilepostError, match="Pagefind ended with status 1"):
        index.build(tmp_path, tmp_path / "var")
