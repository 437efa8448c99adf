"""The snapshot's file: what a diff shows, what a fault leaves, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milepost.comments import snapshot
from milepost.comments.model import CommentsError, Post, Snapshot, Thread

WHEN = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
POST = Post(id="7", parent=None, author="Ada “A” 😀", at=WHEN, message="<p>é</p>", deleted=False)
THREAD = Thread(id="1", identifiers=("blog/a",), link="", title="A", closed=False, posts=(POST,))
SNAPSHOT = Snapshot(forum="f", fetched=WHEN, threads=(THREAD,))


def test_a_snapshot_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "comments.json"
    snapshot.write(path, SNAPSHOT)
    assert snapshot.read(path) == SNAPSHOT
    assert [file.name for file in path.parent.iterdir()] == ["comments.json"]


def test_a_new_comment_is_lines_of_its_own_in_a_diff(tmp_path: Path) -> None:
    path = tmp_path / "comments.json"
    snapshot.write(path, SNAPSHOT)
    before = path.read_text(encoding="utf-8").splitlines()
    assert '     "author": "Ada “A” 😀",' in before
    more = THREAD.model_copy(update={"posts": (POST, POST.model_copy(update={"id": "8", "parent": "7"}))})
    snapshot.write(path, SNAPSHOT.model_copy(update={"threads": (more,)}))
    after = path.read_text(encoding="utf-8").splitlines()
    assert len(after) == len(before) + 8
    assert [line for line in before if line not in after] == []


def test_no_file_is_no_snapshot(tmp_path: Path) -> None:
    assert snapshot.read(tmp_path / "comments.json") is None


WRITER = """
import sys
from pathlib import Path
from milepost.comments import snapshot
path = Path(sys.argv[1])
kept = snapshot.read(path)
one, other = kept, kept.model_copy(update={"threads": kept.threads[:1]})
print("writing", flush=True)
while True:
    snapshot.write(path, one)
    snapshot.write(path, other)
"""


def test_a_writer_that_is_killed_leaves_a_whole_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "comments.json"
    many = tuple(THREAD.model_copy(update={"id": str(number)}) for number in range(1, 2001))
    whole = [SNAPSHOT.model_copy(update={"threads": many}), SNAPSHOT.model_copy(update={"threads": many[:1]})]
    for round in range(12):
        snapshot.write(path, whole[0])
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout and writer.stdout.readline() == b"writing\n"
        time.sleep(0.003 * round)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        assert snapshot.read(path) in whole


def test_what_a_killed_writer_left_is_swept_up_later(tmp_path: Path) -> None:
    path = tmp_path / "comments.json"
    old, fresh = tmp_path / ".comments.json.1", tmp_path / ".comments.json.2"
    for left in (old, fresh):
        left.write_text("half")
    os.utime(old, (0, 0))
    snapshot.write(path, SNAPSHOT)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".comments.json.2", "comments.json"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<<<<<<< HEAD", "Invalid JSON: expected value at line 1 column 1"),
        ('{"version": 1, "forum": "f", "fetched": "2026-02-01T12:00:00Z"}', "threads: Field required"),
        (
            json.dumps(SNAPSHOT.model_dump(mode="json")).replace('"id": "7"', '"id": "7\\" onclick="'),
            "threads.0.posts.0.id: String should match pattern '^[0-9]{1,20}$'",
        ),
        (json.dumps({"version": 2, "forum": "f", "fetched": "2026-02-01T12:00:00Z", "threads": []}), "version: Input"),
    ],
)
def test_a_broken_snapshot_says_what_is_wrong_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "comments.json").write_text(text)
    with pytest.raises(CommentsError) as refused:
        snapshot.read(tmp_path / "comments.json")
    line = str(refused.value)
    assert line.startswith(f"comments.json: not a snapshot of comments: {fault}")
    assert line.endswith("; restore the file, or remove it and run `milepost comments fetch`")
    assert "\n" not in line


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "content").write_text("a file where a folder should be")
    with pytest.raises(CommentsError) as refused:
        snapshot.write(tmp_path / "content" / "comments.json", SNAPSHOT)
    assert str(refused.value) == "content/comments.json: cannot be written (File exists); nothing was changed"
