"""The tutorial is true: each of its commands is run, each change is made, and what it shows is what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from serving import Served, serving
from sites import ROOT, lend_pictures
from walkthrough import Change, Run, See, Step, apply, matches, runs, steps

PAGE = ROOT / "content" / "docs" / "first-post.md"
POST = "/hello-from-the-road/"
NOT_CHECKED_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", "node_modules", "output", "output.*", ".*_cache", "__pycache__", "*.egg-info"
)
SECONDS = 60


def checkout(folder: Path) -> Path:
    """A copy of the working tree with this environment in `.venv`, which make finds to be current and leaves alone."""
    copy = shutil.copytree(ROOT, folder / "checkout", ignore=NOT_CHECKED_OUT)
    lend_pictures(copy / "var")
    venv = copy / ".venv"
    venv.mkdir()
    for part in Path(sys.prefix).iterdir():
        # What begins with a dot are make's stamps: new ones, so that everything is older than they are.
        if part.name.startswith("."):
            (venv / part.name).touch()
        else:
            (venv / part.name).symlink_to(part)
    return copy


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within a minute: the preview builds when it sees that a file was saved."""
    deadline = time.monotonic() + SECONDS
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def run(step: Run, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command as it is written, and compare what it prints with what the page shows."""
    done = subprocess.run(
        step.command, check=False, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=120
    )
    assert matches(step.output, done.stdout + done.stderr), f"$ {step.command}\n{done.stdout}{done.stderr}"
    return done


def follow(step: Step, served: Served) -> None:
    """Do what the tutorial asks for, and look whether what it says happens."""
    if isinstance(step, Change):
        apply(step, served.folder)
    elif isinstance(step, Run):
        done = run(step, served.folder, served.env)
        if done.returncode:
            assert eventually(lambda: done.stdout.strip() in served.log.read_text()), "the preview does not say so"
            assert httpx.get(f"{served.url}{POST}").status_code == 200
    else:
        url, lines = (here(step.url, served), [here(line, served) for line in step.lines])
        assert eventually(lambda: all(line in httpx.get(url).text for line in lines)), f"{url} does not show {lines}"


def here(text: str, served: Served) -> str:
    """With the port of this preview; the tutorial has that which is free on most machines."""
    return text.replace("http://127.0.0.1:8000", served.url)


def test_every_step_of_the_tutorial_does_what_it_says_and_the_post_is_live(tmp_path: Path) -> None:
    first, *rest = steps(PAGE.read_text(encoding="utf-8"))
    assert isinstance(first, Run)
    assert first.command == "make serve"
    assert {type(step) for step in rest} == {Run, Change, See}
    copy = checkout(tmp_path)
    with serving(copy, copy / "var", *first.command.split()) as served:
        output = tuple(here(line, served) for line in first.output)
        assert eventually(lambda: matches(output, served.log.read_text())), served.log.read_text()
        for step in rest:
            follow(step, served)
        post = httpx.get(f"{served.url}{POST}")
        assert post.status_code == 200
        assert ">Hello from the road</h1>" in post.text
        assert "Dana writes about what broke, and why." in post.text
        assert "unpublished" not in post.text
        served.interrupt()
        with pytest.raises(httpx.ConnectError):
            httpx.get(served.url)


WAITING = re.compile(r"^(?:due ([\d-]+ [\d:]+)|draft) +(content/articles/(\S+)\.md)$", re.MULTILINE)


def test_what_waits_is_listed_as_the_guide_shows(tmp_path: Path) -> None:
    copy = checkout(tmp_path)
    page = (ROOT / "content" / "docs" / "how-to" / "drafts-and-schedules.md").read_text(encoding="utf-8")
    text = page.partition("```text\n")[2].partition("```")[0]
    for date, path, name in WAITING.findall(text):
        status = f"Date: {date}" if date else "Date: 2026-01-31\nStatus: draft"
        front = f"Title: {name}\n{status}\nAuthors: Ada Sample\nCategory: Strategy\n\nText.\n"
        (copy / path).write_text(front, encoding="utf-8")
    assert run(Run(".venv/bin/milepost check", tuple(text.splitlines())), copy, os.environ).returncode == 0


def test_a_new_file_is_begun_as_the_guide_shows(tmp_path: Path) -> None:
    copy = checkout(tmp_path)
    page = ROOT / "content" / "docs" / "how-to" / "begin-a-file.md"
    statuses = [run(step, copy, os.environ).returncode for step in runs(page.read_text(encoding="utf-8"))]
    assert statuses == [0, 1]


LIES = {
    "another output": ("```console\n$ echo one\ntwo\n```\n", "one"),
    "more output": ("```console\n$ printf 'one\\ntwo\\n'\none\n```\n", "two"),
    "less than shown": ("```console\n$ echo one\none …\n```\n", "one"),
    "lines that are not there": ("In `content/a.md`:\n\n```diff\n-Three\n+Four\n```\n", "0 times, not once"),
    "lines that are there twice": ("In `content/a.md`:\n\n```diff\n-Two\n+Four\n```\n", "2 times, not once"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_page_that_shows_what_is_not_so_is_found(tmp_path: Path, lie: str) -> None:
    page, told = LIES[lie]
    (tmp_path / "content").mkdir()
    (tmp_path / "content/a.md").write_text("One\nTwo\nTwo\n", encoding="utf-8")
    (step,) = steps(page)
    with pytest.raises(AssertionError, match=told):
        apply(step, tmp_path) if isinstance(step, Change) else run(step, tmp_path, os.environ)


def test_a_block_of_which_nobody_knows_what_to_do_with_it_is_refused() -> None:
    with pytest.raises(ValueError, match="block of toml"):
        list(steps("```toml\na = 1\n```\n"))
