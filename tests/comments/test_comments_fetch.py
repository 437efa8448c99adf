"""Fetching: the real disqus-python over our transport, against a stand-in on a real TLS socket."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from disqus_standin import FORUM, KEY, StandIn, post, thread

from milepost.comments import disqus
from milepost.comments.fetch import fetched
from milepost.comments.model import CommentsError, Post, Snapshot, Thread
from milepost.errors import SettingsError

NOW = datetime(2026, 2, 1, 12, 0, 0, tzinfo=UTC)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@contextmanager
def reaching(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock, **more: Any) -> Iterator[Any]:
    monkeypatch.setenv("SSL_CERT_FILE", str(standin.ca))
    options = {"timeout_seconds": 5, "sleep": clock.sleep, "now": lambda: clock.now, **more}
    with disqus.Transport(standin.base, options.pop("key", KEY), **options) as transport:
        yield disqus.api(transport)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_forum_becomes_a_sorted_snapshot(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    standin.threads = [
        thread(12, link="https://x.example/b/?utm=1", isClosed=True),
        thread(3, identifiers=("blog/a",), posts=2),
    ]
    standin.posts = [post(61, 3, "<p>Second</p>", parent=7), post(7, 3, "<p>First</p>"), post(9, 99, "elsewhere")]
    with reaching(standin, monkeypatch, clock) as api:
        found = fetched(api, FORUM, NOW)

    def kept(number: int, at: datetime, message: str, parent: str | None = None) -> Post:
        return Post(id=str(number), parent=parent, author="Rita Reader", at=at, message=message, deleted=False)

    first = kept(7, datetime(2026, 1, 2, 9, 0, 7, tzinfo=UTC), "<p>First</p>")
    second = kept(61, datetime(2026, 1, 2, 9, 1, 1, tzinfo=UTC), "<p>Second</p>", "7")
    assert found == Snapshot(
        forum=FORUM,
        fetched=NOW,
        threads=(
            Thread(
                id="3", identifiers=("blog/a",), link="", title="Thread 3", closed=False,
                posts=(first, second), counted=2,
            ),
            Thread(
                id="12", identifiers=(), link="https://x.example/b/?utm=1", title="Thread 12", closed=True,
                posts=(), counted=0,
            ),
        ),
    )  # fmt: skip


def test_listings_are_read_a_hundred_at_once_by_cursor(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    standin.threads = [thread(1, posts=250)]
    standin.posts = [post(number, 1, f"<p>{number}</p>") for number in range(1, 251)]
    seen: list[tuple[str, int, int | None]] = []
    with reaching(standin, monkeypatch, clock) as api:
        found = fetched(api, FORUM, NOW, lambda *step: seen.append(step))
    assert [int(post.id) for post in found.threads[0].posts] == list(range(1, 251))
    asked = [(resource, wanted["limit"], wanted.get("cursor")) for resource, wanted in standin.asked]
    assert asked == [
        ("threads/list", ["100"], None),
        ("posts/list", ["100"], None),
        ("posts/list", ["100"], ["100:0:0"]),
        ("posts/list", ["100"], ["200:0:0"]),
    ]
    assert seen == [("threads", 1, None), ("posts", 100, 250), ("posts", 200, 250), ("posts", 250, 250)]


def test_only_the_public_key_is_sent(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with reaching(standin, monkeypatch, clock) as api:
        fetched(api, FORUM, NOW)
    assert standin.asked == [
        ("threads/list", {"forum": [FORUM], "limit": ["100"], "order": ["asc"], "api_key": [KEY]}),
        (
            "posts/list",
            {"forum": [FORUM], "limit": ["100"], "order": ["asc"], "include": ["approved"], "api_key": [KEY]},
        ),
    ]


def test_nothing_personal_but_the_name_is_kept(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    standin.threads = [thread(1)]
    standin.posts = [post(1, 1, "<p>Hi</p>")]
    with reaching(standin, monkeypatch, clock) as api:
        text = fetched(api, FORUM, NOW).model_dump_json()
    for private in ("rita@reader.example", "67f79ed8", "127.0.0.1", "avatars", "rita.example", "/by/reader"):
        assert private not in text


def test_what_a_moderator_did_not_let_through_is_left_out(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    standin.threads = [thread(1), thread(2, isDeleted=True)]
    standin.posts = [
        post(1, 1, "waiting", isApproved=False),
        post(2, 1, "spam", isSpam=True),
        post(3, 1, "kept"),
        post(4, 2, "of a deleted thread"),
    ]
    with reaching(standin, monkeypatch, clock) as api:
        found = fetched(api, FORUM, NOW)
    assert [(thread.id, [post.id for post in thread.posts]) for thread in found.threads] == [("1", ["3"])]


def test_deleted_words_are_not_kept(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    standin.threads, standin.deleted_listed = [thread(1)], True
    standin.posts = [post(5, 1, "regretted", isDeleted=True, isApproved=False)]
    with reaching(standin, monkeypatch, clock) as api:
        kept = fetched(api, FORUM, NOW).threads[0].posts[0]
    at = datetime(2026, 1, 2, 9, 0, 5, tzinfo=UTC)
    assert kept == Post(id="5", parent=None, author="", at=at, message="", deleted=True)


def test_text_that_no_file_can_hold_is_mended(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    standin.threads = [thread(1)]
    standin.posts = [post(1, 1, "a\x00b\ud83d c \U0001f600", author={"name": "\u202eevil\x07"})]
    with reaching(standin, monkeypatch, clock) as api:
        kept = fetched(api, FORUM, NOW).threads[0].posts[0]
    assert (kept.author, kept.message) == ("evil", "ab\ufffd c \U0001f600")


@pytest.mark.parametrize("fault", ["html", "truncated", "limit", "slow", "page", "garbled"])
def test_a_passing_fault_is_asked_again(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock, fault: str
) -> None:
    standin.threads, standin.posts = [thread(1)], [post(1, 1, "Hi")]
    standin.faults = ["", fault]
    with reaching(standin, monkeypatch, clock, timeout_seconds=0.4) as api:
        assert fetched(api, FORUM, NOW).count == 1
    assert [resource for resource, _ in standin.asked] == ["threads/list", "posts/list", "posts/list"]
    assert clock.slept == [0.5]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("html", "localhost: answered 502; tried 3 times, try again later"),
        ("page", "localhost: answered with something that is no JSON of Disqus; tried 3 times, try again later"),
        ("truncated", "localhost: answered with something that is no JSON of Disqus; tried 3 times, try again later"),
        (
            "limit",
            "localhost: You have exceeded the rate limit for this resource (code 13); tried 3 times, try again later",
        ),
        ("slow", "localhost: did not answer in time; tried 3 times, try again later"),
        ("loop", "Disqus sent what cannot be understood: page 1:0:0 of threads a second time; nothing was changed"),
    ],
)
def test_a_lasting_fault_is_one_line(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock, fault: str, line: str
) -> None:
    standin.faults = [fault] * 6
    impatient = reaching(standin, monkeypatch, clock, attempts=3, timeout_seconds=0.4)
    with impatient as api, pytest.raises(CommentsError) as failed:
        fetched(api, FORUM, NOW)
    assert str(failed.value) == line


def test_an_id_that_is_none_is_refused(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    standin.faults = ["strange"]
    with reaching(standin, monkeypatch, clock) as api, pytest.raises(CommentsError) as failed:
        fetched(api, FORUM, NOW)
    assert str(failed.value) == (
        "Disqus sent what cannot be understood: thread, id: String should match pattern '^[0-9]{1,20}$';"
        " nothing was changed"
    )


def test_nobody_there_is_one_line(clock: Clock) -> None:
    nobody = disqus.Transport("https://localhost:1/api/3.0", KEY, attempts=2, sleep=clock.sleep)
    with nobody as transport, pytest.raises(CommentsError) as failed:
        fetched(disqus.api(transport), FORUM, NOW)
    assert str(failed.value) == (
        "localhost: cannot be reached ([Errno 111] Connection refused); tried 2 times, try again later"
    )


def test_a_certificate_that_nobody_vouches_for_is_refused(standin: StandIn) -> None:
    with disqus.Transport(standin.base, KEY, attempts=1) as transport, pytest.raises(CommentsError) as failed:
        fetched(disqus.api(transport), FORUM, NOW)
    assert "certificate verify failed" in str(failed.value)
    assert standin.asked == []


def test_a_wrong_key_says_which_to_set_and_is_asked_once(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with reaching(standin, monkeypatch, clock, key="wrong") as api, pytest.raises(CommentsError) as failed:
        fetched(api, FORUM, NOW)
    assert str(failed.value) == (
        "Disqus: Invalid API key; set DISQUS_PUBLIC_KEY to the public key of your Disqus application"
    )
    assert len(standin.asked) == 1


def test_an_unknown_forum_is_named(standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with reaching(standin, monkeypatch, clock) as api, pytest.raises(CommentsError) as failed:
        fetched(api, "milepst", NOW)
    assert str(failed.value) == (
        "Disqus: Invalid argument, 'forum': Unable to find forum 'milepst' (code 2);"
        " is COMMENTS_FORUM 'milepst' the forum's short name?"
    )


def test_a_limit_that_is_lifted_soon_is_waited_for(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    standin.remaining, standin.reset = 1, clock.now + 30
    with reaching(standin, monkeypatch, clock) as api:
        fetched(api, FORUM, NOW)
    assert clock.slept == [30]


def test_a_limit_that_lasts_is_said_before_asking_again(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    standin.remaining, standin.reset = 1, clock.now + 1500
    with reaching(standin, monkeypatch, clock) as api, pytest.raises(CommentsError) as failed:
        fetched(api, FORUM, NOW)
    assert str(failed.value) == "localhost: its limit of requests is reached; try again in 26 minutes"
    assert (clock.slept, len(standin.asked)) == ([], 1)


def test_the_key_is_in_no_log_and_no_error(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults = ["", "html", "slow", "truncated"]
    with reaching(standin, monkeypatch, clock, attempts=3, timeout_seconds=0.3) as api:
        with pytest.raises(CommentsError) as failed:
            fetched(api, FORUM, NOW)
        shown = repr([api.transport, failed.value, failed.value.__cause__, failed.value.__context__])
    assert KEY not in caplog.text + shown
    assert len(standin.asked) == 4


def test_the_librarys_own_checks_and_tree_are_there(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with reaching(standin, monkeypatch, clock) as api:
        with pytest.raises(ValueError, match="Missing required argument: thread"):
            api.threads.listPosts()
        with pytest.raises(disqus.library.InterfaceNotDefined):
            api.no.such.resource()
        with pytest.raises(disqus.APIError, match="1: Endpoint not valid"):
            api.threads.details(thread="1")
    assert [resource for resource, _ in standin.asked] == ["threads/details"]


def test_importing_the_library_leaves_no_trace_of_python_2() -> None:
    with pytest.raises(ImportError):
        __import__("httplib")


@pytest.mark.parametrize("base", ["http://disqus.com/api/3.0", "disqus.com/api/3.0", "ftp://127.0.0.1/"])
def test_an_api_without_tls_is_refused(base: str) -> None:
    with pytest.raises(SettingsError) as refused:
        disqus.Transport(base, KEY)
    assert str(refused.value) == f"DISQUS_API_BASE is {base!r}; say https://…, as in https://disqus.com/api/3.0"
