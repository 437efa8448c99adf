"""A forum's threads and posts, read page by page through disqus-python, as one snapshot. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from milepost.comments import disqus
from milepost.comments.model import CommentsError, Post, Snapshot, Thread, storable

PAGE = 100
"""The most that Disqus gives at once."""
OVERLAP = timedelta(days=7)
"""How far before the newest post that is kept posts are read again, since they may have been edited."""
Progress = Callable[[str, int, int | None], None]
"""Called after each page: what is read ("threads" or "posts"), how many are there, of how many (None: unknown)."""

_Raw = dict[str, Any]
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVALID_KEY = 5


def fetched(
    api: Any, forum: str, now: datetime, progress: Progress = lambda *_: None, kept: Snapshot | None = None
) -> Snapshot:
    """Everything that can be read in `forum`.

    Oldest first, so that a comment written meanwhile moves none to another page.

    Args:
        api: what `disqus.api` makes.
        now: aware; said to be the snapshot's time.
        kept: what was fetched before. Then only posts since a week before its newest one are read, and the whole of
            each thread whose number of posts has changed otherwise: one was deleted, or let through late.
    Raises:
        CommentsError: one line for whatever went wrong; there is no half snapshot.
    """
    try:
        listed = _all(api.threads.list, "threads", None, progress, forum=forum)
        threads = {str(raw["id"]): raw for raw in listed if not raw.get("isDeleted")}
        found = _Forum(api, forum, threads, progress)
        posts = found.since(kept) if kept and kept.newest else found.everything()
        made = [_thread(raw, posts[thread]) for thread, raw in threads.items()]
    except disqus.APIError as error:
        raise CommentsError(_refused(error, forum)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommentsError(f"Disqus sent what cannot be understood: {_what(error)}; nothing was changed") from error
    return Snapshot(
        forum=forum, fetched=now.replace(microsecond=0), threads=tuple(sorted(made, key=lambda made: int(made.id)))
    )


def waiting(api: Any, forum: str) -> int:
    """How many posts wait for a moderator, as far as Disqus shows them to whom the key belongs.

    Raises:
        CommentsError: one line for whatever went wrong; Disqus may well refuse.
    """
    try:
        listed = _all(api.posts.list, "posts", None, lambda *_: None, forum=forum, include=["unapproved"])
        return sum(not (raw.get("isApproved") or raw.get("isDeleted") or raw.get("isSpam")) for raw in listed)
    except disqus.APIError as error:
        raise CommentsError(f"Disqus: {error.message} (code {error.code})") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommentsError(f"Disqus sent what cannot be understood: {_what(error)}") from error


class _Forum:
    """The posts of the threads that are listed, by thread and id. What is in no such thread, readers cannot see."""

    def __init__(self, api: Any, forum: str, threads: dict[str, _Raw], progress: Progress) -> None:
        self._api, self._forum, self._threads, self._progress = api, forum, threads, progress

    def everything(self) -> dict[str, dict[str, Post]]:
        return self._read(sum(_counted(raw) or 0 for raw in self._threads.values()))

    def since(self, kept: Snapshot) -> dict[str, dict[str, Post]]:
        """What is kept, with what is new, edited or gone."""
        before = {thread.id: thread for thread in kept.threads}
        newest = max(post.at for thread in kept.threads for post in thread.posts)
        start = newest - OVERLAP
        posts = self._read(None, since=int(start.timestamp()))
        for thread, fresh in posts.items():
            old = before[thread].posts if thread in before else ()
            posts[thread] = {post.id: post for post in old if post.at <= start} | fresh
        changed = [thread for thread, raw in self._threads.items() if _miscounted(raw, posts[thread], before)]
        # Each thread costs a call at least, so that many of them cost more than all there is.
        if len(changed) * PAGE > max(PAGE, sum(map(len, posts.values()))):
            return self.everything()
        for thread in changed:
            posts[thread] = self._read(None, thread=[thread])[thread]
        return posts

    def _read(self, total: int | None, **wanted: Any) -> dict[str, dict[str, Post]]:
        posts: dict[str, dict[str, Post]] = {thread: {} for thread in self._threads}
        arguments = {"forum": self._forum, "include": ["approved"], **wanted}
        for raw in _all(self._api.posts.list, "posts", total, self._progress, **arguments):
            if str(raw["thread"]) in posts and _readable(raw):
                post = _post(raw)
                posts[str(raw["thread"])][post.id] = post
        return posts


def _miscounted(raw: _Raw, posts: dict[str, Post], before: dict[str, Thread]) -> bool:
    """Whether Disqus counts otherwise than what is kept and what is new explain."""
    counted, old = _counted(raw), before.get(str(raw["id"]))
    readable = sum(not post.deleted for post in posts.values())
    if counted is None:
        return False
    if old is None or old.counted is None:
        return counted != readable
    return counted - old.counted != readable - old.count


def _counted(raw: _Raw) -> int | None:
    return raw["posts"] if isinstance(raw.get("posts"), int) else None


def _all(endpoint: Any, what: str, total: int | None, progress: Progress, **arguments: Any) -> Iterator[_Raw]:
    """Every item of a listing, through disqus-python's paginator."""
    cursors: set[str] = set()
    count = 0

    def page(**wanted: Any) -> Any:
        nonlocal count
        result = endpoint(**wanted)
        cursor = result.cursor.get("id")
        if result.cursor.get("more") and cursor in cursors:
            raise ValueError(f"page {cursor} of {what} a second time")
        cursors.add(cursor)
        count += len(result)
        progress(what, count, total)
        return result

    yield from disqus.Paginator(page, limit=PAGE, order="asc", **arguments)


def _readable(raw: _Raw) -> bool:
    """Whether a moderator let the post through. A deleted one is kept without its words: replies hang on it."""
    return bool(raw.get("isDeleted") or (raw.get("isApproved", True) and not raw.get("isSpam")))


def _post(raw: _Raw) -> Post:
    deleted = bool(raw.get("isDeleted"))
    author = raw.get("author") or {}
    name = _DIRECTION.sub("", storable(author.get("name") or author.get("username"))).strip()
    return Post(
        id=str(raw["id"]),
        parent=None if raw.get("parent") is None else str(raw["parent"]),
        author="" if deleted else name or "Anonymous",
        at=_moment(raw["createdAt"]),
        message="" if deleted else raw["message"],
        deleted=deleted,
    )


def _thread(raw: _Raw, posts: dict[str, Post]) -> Thread:
    return Thread(
        id=str(raw["id"]),
        identifiers=tuple(sorted({storable(name) for name in raw.get("identifiers") or ()})),
        link=raw.get("link"),
        title=raw.get("clean_title") or raw.get("title"),
        closed=bool(raw.get("isClosed")),
        posts=tuple(sorted(posts.values(), key=lambda post: (post.at, int(post.id)))),
        counted=_counted(raw),
    )


def _moment(text: str) -> datetime:
    """Disqus writes UTC without saying so."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _refused(error: Any, forum: str) -> str:
    if error.code == _INVALID_KEY:
        return f"Disqus: {error.message}; set DISQUS_PUBLIC_KEY to the public key of your Disqus application"
    return f"Disqus: {error.message} (code {error.code}); is COMMENTS_FORUM {forum!r} the forum's short name?"


def _what(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{error.title.lower()}, {'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
    return f"no {error}" if isinstance(error, KeyError) else str(error)
