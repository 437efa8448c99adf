"""Fetching what is new: how many calls it takes, what is noticed, and what is never lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from disqus_standin import FORUM, KEY, StandIn, post, thread

from milepost.comments import disqus
from milepost.comments.fetch import fetched
from milepost.comments.model import Snapshot

NOW = datetime(2026, 2, 1, 12, 0, 0, tzinfo=UTC)


def fetch(standin: StandIn, monkeypatch: pytest.MonkeyPatch, kept: Snapshot | None = None) -> Snapshot:
    monkeypatch.setenv("SSL_CERT_FILE", str(standin.ca))
    standin.asked.clear()
    with disqus.Transport(standin.base, KEY) as transport:
        return fetched(disqus.api(transport), FORUM, NOW, kept=kept)


def of_day(day: int, number: int, of: int, message: str, **more: Any) -> dict[str, Any]:
    return post(number, of, message, createdAt=f"2026-01-{day:02}T09:00:00", **more)


def messages(found: Snapshot, thread: str = "1") -> list[str]:
    return [post.message for made in found.threads if made.id == thread for post in made.posts]


@pytest.fixture
def talk(standin: StandIn) -> StandIn:
    """One thread with a post of the 1st, the 10th and the 20th of January, another with one of the 1st."""
    standin.threads = [thread(1, posts=3), thread(2, posts=1)]
    standin.posts = [of_day(1, 1, 1, "old"), of_day(10, 2, 1, "ten"), of_day(20, 3, 1, "twenty"), of_day(1, 4, 2, "b")]
    return standin


def test_ten_thousand_comments_are_a_hundred_calls(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    standin.remaining = 10_000
    standin.threads = [thread(number, posts=100) for number in range(1, 101)]
    standin.posts = [post(number, number % 100 + 1, f"<p>{number}</p>") for number in range(1, 10_001)]
    found = fetch(standin, monkeypatch)
    assert (found.count, len(standin.asked)) == (10_000, 101)
    assert fetch(standin, monkeypatch, found).threads == found.threads


def test_only_a_week_before_the_newest_is_read_again(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fetch(talk, monkeypatch)
    talk.posts.append(of_day(21, 5, 2, "new"))
    talk.threads[1]["posts"] = 2
    found = fetch(talk, monkeypatch, kept)
    assert (messages(found), messages(found, "2")) == (["old", "ten", "twenty"], ["b", "new"])
    week_before = str(int(datetime(2026, 1, 13, 9, tzinfo=UTC).timestamp()))
    assert [(resource, wanted.get("since")) for resource, wanted in talk.asked] == [
        ("threads/list", None),
        ("posts/list", [week_before]),
    ]


def test_what_was_edited_or_deleted_within_the_week_is_noticed(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.posts.append(of_day(19, 5, 1, "regretted"))
    talk.threads[0]["posts"] = 4
    kept = fetch(talk, monkeypatch)
    talk.posts[2]["message"] = "twenty, edited"
    del talk.posts[-1]
    talk.threads[0]["posts"] = 3
    found = fetch(talk, monkeypatch, kept)
    assert messages(found) == ["old", "ten", "twenty, edited"]
    assert len(talk.asked) == 2


def test_an_old_post_that_was_deleted_is_noticed_by_the_count(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fetch(talk, monkeypatch)
    del talk.posts[0]
    talk.threads[0]["posts"] = 2
    found = fetch(talk, monkeypatch, kept)
    assert messages(found) == ["ten", "twenty"]
    assert [wanted.get("thread") for _, wanted in talk.asked] == [None, None, ["1"]]


def test_a_post_that_was_let_through_late_is_noticed_by_the_count(
    talk: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.posts.append(of_day(2, 5, 2, "waited long", isApproved=False))
    kept = fetch(talk, monkeypatch)
    assert messages(kept, "2") == ["b"]
    talk.posts[-1]["isApproved"] = True
    talk.threads[1]["posts"] = 2
    assert messages(fetch(talk, monkeypatch, kept), "2") == ["b", "waited long"]


def test_a_count_that_is_always_off_is_not_read_again_each_time(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.threads[0]["posts"] = 17
    kept = fetch(talk, monkeypatch)
    assert fetch(talk, monkeypatch, kept).threads == kept.threads
    assert len(talk.asked) == 2


def test_many_threads_that_changed_are_read_as_one_listing(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fetch(talk, monkeypatch)
    del talk.posts[3], talk.posts[0]
    talk.threads[0]["posts"], talk.threads[1]["posts"] = 2, 0
    found = fetch(talk, monkeypatch, kept)
    assert (messages(found), messages(found, "2")) == (["ten", "twenty"], [])
    assert [(wanted.get("since") is None, "thread" in wanted) for _, wanted in talk.asked] == [
        (True, False), (False, False), (True, False),
    ]  # fmt: skip


def test_an_old_edit_is_seen_when_everything_is_read(talk: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fetch(talk, monkeypatch)
    talk.posts[0]["message"] = "old, edited"
    assert messages(fetch(talk, monkeypatch, kept))[0] == "old"
    assert messages(fetch(talk, monkeypatch))[0] == "old, edited"
