"""The site that is shipped: nothing in it is to be mended, and what was published stays where it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sites import ROOT, Site, lend_pictures

MOVED = {
    "journeys": "explanation/journeys",
    "newsletter": "explanation/newsletter",
    "architecture": "explanation/architecture",
}
"""Docs that had another address in an earlier version."""
FOLDERS = ("how-to", "reference", "explanation")


def milepost(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "MILEPOST_VAR": str(folder / "var")}
    command = [sys.executable, "-m", "milepost.cli", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("shipped"))
    lend_pictures(site.root / "var")
    done = milepost(site.root, "build", "--strict", "-o", str(site.output))
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_the_check_finds_nothing(tmp_path: Path) -> None:
    lend_pictures(tmp_path / "var")
    done = milepost(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" files checked, nothing to mend\n")


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_page_of_the_docs_that_moved_is_found_at_its_old_address_and_is_the_same_touchpoint(
    shipped: Site, old: str, new: str
) -> None:
    link = shipped.soup(f"docs/{old}/index.html").select_one("a")
    assert link is not None
    assert link["href"] == f"http://127.0.0.1:8000/docs/{new}/"
    urls = {row["id"]: row["url"] for row in shipped.json("touchpoints.json")["touchpoints"]}
    assert urls[f"docs/{old}"] == link["href"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_of_a_folder_of_the_docs_lists_everything_below_it(shipped: Site, folder: str) -> None:
    listed = {str(link["href"]).split("/")[-2] for link in shipped.soup(f"docs/{folder}/index.html").select(".below a")}
    written = {path.stem for path in (ROOT / "content" / "docs" / folder).glob("*.md")} - {"index"}
    assert listed == written


def test_every_article_has_a_picture_with_words_a_place_and_an_author_with_a_bio(shipped: Site) -> None:
    rows = [row for row in shipped.json("touchpoints.json")["touchpoints"] if row["kind"] == "article"]
    assert len(rows) >= 6
    for row in rows:
        page = shipped.soup(f"{row['id'].removeprefix('blog/')}/index.html")
        assert page.select_one(".article-picture img")["alt"]
        assert page.select(".author-box"), row["id"]
        assert row["tactic"], row["id"]
