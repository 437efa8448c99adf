"""The nouns of comments as they are kept: post, thread, snapshot; the slice's settings and front-matter fields.

Knows no HTTP, no file and no Pelican. What readers see is made of these in `tree.py`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from milepost.errors import MilepostError
from milepost.schema import FrontMatter, SliceSettings

ID = r"^[0-9]{1,20}$"
"""Ids of posts and threads: Disqus counts. They become part of `id` attributes, so nothing else is let in."""


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def storable(value: Any) -> str:
    """Text that can stand in a file, on a page and in XML: no control characters, no half surrogate pairs."""
    whole = str(value or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub("", whole)


Text = Annotated[str, BeforeValidator(storable)]


class CommentsError(MilepostError):
    """Comments could not be fetched, or their snapshot cannot be read."""


class Settings(SliceSettings):
    """The settings of comments, as `pelicanconf.py` names them."""

    forum: str = Field("", alias="COMMENTS_FORUM", pattern=r"^[A-Za-z0-9-]{0,100}$")
    """The forum's short name on Disqus; empty switches comments off."""
    snapshot: str = Field("content/comments.json", alias="COMMENTS_SNAPSHOT", min_length=1)
    """Where fetched comments are kept, relative to the folder of the settings file."""
    fetch_at_build: bool = Field(False, alias="COMMENTS_FETCH_AT_BUILD")
    """Whether a build first fetches what is new. The preview never does."""
    close_after_days: int = Field(0, alias="COMMENTS_CLOSE_AFTER_DAYS", ge=0)
    """How long after its date an article takes comments, unless it says `Comments: open`; 0 is for ever."""


class ArticleFields(FrontMatter):
    """`Comments: closed` keeps what was said and takes no more."""

    comments: Literal["open", "closed"] = "open"
    """open, however old the article is; or closed: what was said stays, and nothing more is taken."""

    @field_validator("comments", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


fields: dict[str, type[FrontMatter]] = {"article": ArticleFields}


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Post(_Kept):
    """One comment as Disqus has it. `message` is HTML that others wrote: never to be shown as it is."""

    id: str = Field(pattern=ID)
    parent: str | None = Field(pattern=ID)
    author: Text
    at: AwareDatetime
    message: Text
    deleted: bool


class Thread(_Kept):
    """The posts below one page, by (time, id), and how the page is known to Disqus."""

    id: str = Field(pattern=ID)
    identifiers: tuple[Text, ...]
    """What the page called itself: its touchpoint id."""
    link: Text
    """The page's address when the thread was opened, or empty."""
    title: Text
    closed: bool
    posts: tuple[Post, ...]
    counted: int | None = None
    """How many posts Disqus counts; when that changes otherwise than by what is new, the thread is read again."""

    @property
    def count(self) -> int:
        """How many posts can be read; deleted ones cannot."""
        return sum(not post.deleted for post in self.posts)


class Snapshot(_Kept):
    """All threads of a forum at one moment, by id."""

    version: Literal[1] = 1
    forum: str
    fetched: AwareDatetime
    """When it was fetched, the last time that anything in it was new."""
    threads: tuple[Thread, ...]

    @property
    def count(self) -> int:
        """How many posts can be read; deleted ones cannot."""
        return sum(thread.count for thread in self.threads)

    @property
    def newest(self) -> datetime | None:
        """When the newest post that can be read was written."""
        return max((post.at for thread in self.threads for post in thread.posts if not post.deleted), default=None)
