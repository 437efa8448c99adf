"""Comments as readers see them: a tree of cleaned posts, and which thread belongs to which article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from milepost.comments.messages import cleaned
from milepost.comments.model import Post, Thread

DEEPEST = 8
"""Replies below this level stand beside each other: templates recurse, and narrow screens end."""

Key = TypeVar("Key")


@dataclass(frozen=True)
class Comment:
    """One post on a page. A deleted one has neither author nor words, and is there for the replies below it."""

    id: str
    author: str
    at: datetime
    html: Markup
    deleted: bool
    children: list[Comment] = field(default_factory=list)


@dataclass(frozen=True)
class Comments:
    """The thread below an article: `count` of what can be read, `posts` that start a branch, oldest first."""

    count: int = 0
    posts: tuple[Comment, ...] = ()
    closed: bool = False
    identifier: str = ""
    """The touchpoint id of the article, by which Disqus knows it."""
    title: str = ""
    """The article's, as plain text."""
    address: str = ""
    """The article's, below SITEURL."""
    feed: str = ""
    """The address of the comments' Atom feed, below SITEURL."""

    def newest(self, most: int) -> list[Comment]:
        """The comments that can be read, newest first."""
        found, waiting = [], list(self.posts)
        while waiting:
            comment = waiting.pop()
            waiting += comment.children
            if not comment.deleted:
                found.append(comment)
        return sorted(found, key=lambda comment: (comment.at, int(comment.id)), reverse=True)[:most]


def comments_of(thread: Thread, zone: tzinfo) -> Comments:
    """The thread as a tree, with times in `zone`."""
    posts = _with_lost_parents(thread.posts)
    shown = _shown(posts)
    replies: dict[str | None, list[Post]] = defaultdict(list)
    for post in sorted((posts[key] for key in shown), key=lambda post: (post.at, int(post.id))):
        replies[post.parent].append(post)
    roots: list[Comment] = []
    # No recursion: how deep replies go is in the hands of who writes them.
    waiting = [(post, roots, 1) for post in reversed(replies[None])]
    while waiting:
        post, siblings, level = waiting.pop()
        comment = Comment(post.id, post.author, post.at.astimezone(zone), cleaned(post.message), post.deleted)
        siblings.append(comment)
        below = comment.children if level < DEEPEST else siblings
        waiting += [(reply, below, level + 1) for reply in reversed(replies[post.id])]
    return Comments(sum(not post.deleted for post in thread.posts), tuple(roots), thread.closed)


def _with_lost_parents(posts: Iterable[Post]) -> dict[str, Post]:
    """Posts by id; a parent that Disqus no longer gives comes back as deleted, at the time of its first reply."""
    found = {post.id: post for post in posts}
    for post in sorted(found.values(), key=lambda post: post.at):
        if post.parent and post.parent not in found:
            found[post.parent] = Post(id=post.parent, parent=None, author="", at=post.at, message="", deleted=True)
    return _without_circles(found)


def _without_circles(posts: dict[str, Post]) -> dict[str, Post]:
    """The same, where a post that is its own ancestor (only a broken snapshot has one) starts a branch."""
    safe: set[str] = set()
    for key in sorted(posts, key=int):
        way: list[str] = []
        at: str | None = key
        while at is not None and at not in safe:
            if at in way:
                posts[at] = posts[at].model_copy(update={"parent": None})
                break
            way.append(at)
            at = posts[at].parent
        safe.update(way)
    return posts


def _shown(posts: dict[str, Post]) -> set[str]:
    """What can be read, and the deleted posts that something readable hangs on."""
    shown: set[str] = set()
    for post in posts.values():
        at = None if post.deleted else post.id
        while at is not None and at not in shown:
            shown.add(at)
            at = posts[at].parent
    return shown


@dataclass(frozen=True)
class Page:
    """By what a thread knows its page. Addresses are with or without a host."""

    touchpoint: str | None
    addresses: tuple[str, ...]
    old_addresses: tuple[str, ...] = ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        return (self.touchpoint,) if self.touchpoint else ()


def matched(threads: Iterable[Thread], pages: dict[Key, Page]) -> dict[Key, Thread]:
    """Which page each thread belongs to: by identifier, then by link, then by an address that the page once had.

    Returns:
        the pages that have a thread. Of two threads for one page, the one with more posts.
    """
    by_size = sorted(threads, key=lambda thread: (len(thread.posts), -int(thread.id)))
    rank = {thread.id: place for place, thread in enumerate(by_size)}
    found: dict[Key, Thread] = {}

    def match(names_of: Callable[[Thread], Iterable[str]], wanted_by: Callable[[Page], Iterable[str]]) -> None:
        taken = {thread.id for thread in found.values()}
        known = {name: thread for thread in by_size if thread.id not in taken for name in names_of(thread)}
        for key, page in pages.items():
            if key not in found:
                named = [known[name] for name in wanted_by(page) if name in known]
                if named:
                    found[key] = max(named, key=lambda thread: rank[thread.id])

    match(lambda thread: thread.identifiers, lambda page: page.identifiers)
    match(_links, lambda page: map(page_path, page.addresses))
    match(_links, lambda page: map(page_path, page.old_addresses))
    return found


def unmatched(threads: Iterable[Thread], found: Iterable[Thread]) -> list[Thread]:
    """The threads that have something to read, and no page to be read on."""
    shown = {thread.id for thread in found}
    return [thread for thread in threads if thread.count and thread.id not in shown]


def _links(thread: Thread) -> tuple[str, ...]:
    return (page_path(thread.link),) if thread.link else ()


def page_path(address: str) -> str:
    """What is left of an address when host, query and ways to write one page are gone: `/a/index.html` is `/a`."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    return "/" + path.removesuffix("index.html").strip("/")
