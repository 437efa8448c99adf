"""What an issue says, before anybody's copy is made of it: posts, and a text by hand. Knows no table and no mail."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from milepost.arrivals import link, touchpoint_of

_LONGEST = 110
"""Characters of a preheader: more is cut off by every mail program."""
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


@dataclass(frozen=True)
class Picture:
    """A picture of a post: its absolute address, and its size in pixels, 0 where nobody has said it."""

    url: str
    width: int = 0
    height: int = 0
    alt: str = ""

    def within(self, most: int) -> tuple[int, int]:
        """(width, height) where there is room for a width of `most`; a height of 0 is unknown."""
        if not (self.width and self.height):
            return most, 0
        width = min(most, self.width)
        return width, round(self.height * width / self.width)


@dataclass(frozen=True)
class Post:
    """One post that an issue tells of. `touchpoint` is empty where the feed names none."""

    title: str
    url: str
    summary: str = ""
    topic: str = ""
    picture: Picture | None = None
    touchpoint: str = ""
    topics: tuple[str, ...] = field(default=(), compare=False)
    """Slugs, by which readers choose."""
    number: int = field(default=0, compare=False)
    """Which of all posts that there ever were it is."""


@dataclass(frozen=True)
class Letter:
    """An issue: posts, and above them, if there is one, a text by hand in both forms."""

    id: str
    subject: str
    posts: tuple[Post, ...] = ()
    older: tuple[Post, ...] = ()
    """Posts of earlier issues, for readers who had none of those: their rhythm was another. Of nobody's web page."""
    topics: tuple[str, ...] = ()
    """What a text by hand is about, as slugs; empty: it is for everybody."""
    preheader: str = ""
    """What mail programs show beside the subject."""
    html: str = ""
    """Safe HTML of a text by hand, its addresses absolute."""
    text: str = ""
    """The same as it is written in the text part."""

    def theirs(self, topics: Collection[str], since: int) -> Letter:
        """What one reader gets of it: posts behind number `since` that are of their `topics`; empty: of all.

        `audience.wanted` says the same to the database.
        """
        if self.html:
            return self
        mine = tuple(
            post
            for post in (*self.posts, *self.older)
            if (post.number > since or not post.number) and (not topics or not set(topics).isdisjoint(post.topics))
        )
        return replace(self, posts=mine, older=(), subject=subject_of([post.title for post in mine]))

    @property
    def touchpoint(self) -> str:
        """That of the mail, which its links carry."""
        return touchpoint_of(self.id)

    @property
    def opening(self) -> str:
        """The preheader, or what there is in its place: the only post's summary, or the titles of the others."""
        first = self.posts[0].summary if len(self.posts) == 1 else ""
        others = "; ".join(post.title for post in self.posts[1:])
        return shortened(self.preheader or first or (f"Also: {others}" if others else ""))

    def link(self, post: Post) -> str:
        """The address of a post, which says which mail it was followed from where its page is measured."""
        return link(post.url, self.touchpoint) if post.touchpoint else post.url

    def marked_html(self, site: str) -> str:
        """The text by hand, whose links into `site` say which mail they were followed from."""
        from bs4 import BeautifulSoup

        soup = BeautifulSoup(self.html, "html.parser")
        for anchor in soup.select("a[href]"):
            anchor["href"] = self._marked(str(anchor["href"]), site)
        return str(soup)

    def marked_text(self, site: str) -> str:
        """The same of the text part."""
        return _ADDRESS.sub(lambda found: self._marked(found[0], site), self.text)

    def _marked(self, url: str, site: str) -> str:
        return link(url, self.touchpoint) if url == site or url.startswith(f"{site}/") else url


def letter_of(issue: Any) -> Letter:
    """What the row of an issue says: `content` is a JSON list of posts, or of one text by hand."""
    entries = json.loads(issue.content)
    new, older = (
        [_post(one) for one in entries if "url" in one and one.get("older", False) is is_old]
        for is_old in (False, True)
    )
    by_hand: dict[str, Any] = next((one for one in entries if "html" in one), {})
    more = {"preheader": by_hand.get("preheader", ""), "html": by_hand.get("html", ""), "text": by_hand.get("text", "")}
    return Letter(issue.id, issue.subject, tuple(new), tuple(older), tuple(by_hand.get("topics", ())), **more)


def subject_of(titles: Sequence[str]) -> str:
    """The subject of a mail that tells of posts: the first, and how many more."""
    if not titles:
        return ""
    return titles[0] + (f", and {len(titles) - 1} more" if len(titles) > 1 else "")


def _post(one: dict[str, Any]) -> Post:
    picture = one.get("picture")
    return Post(
        title=one["title"],
        url=one["url"],
        summary=one.get("summary") or "",
        topic=one.get("topic") or "",
        picture=Picture(**picture) if picture else None,
        touchpoint=one.get("touchpoint") or "",
        topics=tuple(one.get("topics", ())),
        number=one.get("number", 0),
    )


def shortened(text: str) -> str:
    """`text` in one line, cut between two words where it is too long."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rpartition(' ')[0] or words[:_LONGEST]} …"
