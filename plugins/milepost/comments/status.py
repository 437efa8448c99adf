"""How comments stand: what is kept, what of it belongs to no article, what waits for a moderator. Imports late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from milepost.settings import Settings as AllSettings


def counted(number: int, noun: str) -> str:
    """`1 post`, `2 posts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def facts_of(settings: AllSettings) -> dict[str, Any]:
    """What `--format json` says. `unmatched` is None before the first build; `waiting` is None where it is not known.

    Raises:
        CommentsError: when the snapshot cannot be read.
    """
    from milepost.comments import beside, snapshot
    from milepost.comments.model import Settings

    path = snapshot.path_of(settings)
    found, pages = snapshot.read(path), beside.remembered(settings)
    shown = {page.thread for page in pages or ()}
    lost = [thread for thread in found.threads if thread.count and thread.id not in shown] if found else []
    waiting, why = _waiting(settings)
    return {
        "forum": settings.of(Settings).forum,
        "snapshot": snapshot.name_of(path),
        "fetched": found.fetched.isoformat() if found else None,
        "threads": len(found.threads) if found else 0,
        "posts": found.count if found else 0,
        "newest": found.newest.isoformat() if found and found.newest else None,
        "unmatched": None
        if pages is None
        else [{"thread": it.id, "link": it.link, "title": it.title, "posts": it.count} for it in lost],
        "waiting": waiting,
        "waiting_unknown": why,
    }


def lines_of(facts: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    from datetime import datetime

    forum, name = facts["forum"], facts["snapshot"]
    if not facts["fetched"]:
        yield f"{forum}: nothing in {name} yet; run `milepost comments fetch`"
    else:
        yield f"{forum}: {counted(facts['threads'], 'thread')}, {counted(facts['posts'], 'post')} in {name}"
        newest = (
            facts["newest"] and f"; the newest post is of {datetime.fromisoformat(facts['newest']):%Y-%m-%d %H:%M} UTC"
        )
        yield f"last new {datetime.fromisoformat(facts['fetched']):%Y-%m-%d %H:%M} UTC{newest or ''}"
    for lost in facts["unmatched"] or ():
        where = lost["link"] or lost["title"] or f"thread {lost['thread']}"
        yield f"belongs to no article: {where}, {counted(lost['posts'], 'post')}"
    if facts["waiting"] is None:
        yield f"waiting for a moderator: not known, {facts['waiting_unknown']}"
    else:
        yield f"waiting for a moderator: {facts['waiting']}, as far as Disqus shows them to a public key"


def _waiting(settings: AllSettings) -> tuple[int | None, str | None]:
    """The size of the moderation queue, or why it is not known."""
    from milepost.comments import disqus
    from milepost.comments.fetch import waiting
    from milepost.comments.model import Settings
    from milepost.comments.refresh import transport_of
    from milepost.errors import MilepostError

    forum = settings.of(Settings).forum
    if not settings.env.disqus_public_key:
        return None, "since DISQUS_PUBLIC_KEY is not set"
    try:
        with transport_of(settings, hurried=True) as transport:
            return waiting(disqus.api(transport), forum), None
    except MilepostError as error:
        return None, f"{error}; see https://{forum}.disqus.com/admin/moderate/"
