"""The words of the newsletter: states, wording of the consent, and the slice's settings.

Knows no database, no HTTP and no Pelican.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

from pydantic import Field

from milepost.errors import MilepostError
from milepost.schema import SliceSettings

SubscriberState = Literal["pending", "active", "unsubscribed", "bounced", "complained"]
NoticeKind = Literal["confirm", "already"]
NoticeState = Literal["queued", "sent", "failed"]
IssueState = Literal["draft", "scheduled", "frozen", "sending", "paused", "done"]
DeliveryState = Literal["queued", "leased", "armed", "accepted", "deferred", "rejected", "uncertain", "skipped"]

Rhythm = Literal["each", "daily", "weekly"]
RHYTHMS: tuple[Rhythm, ...] = ("each", "daily", "weekly")

PENDING_LIFE = timedelta(days=7)
"""How long a signup waits for its confirmation."""

WORDING = "You ask for new articles by mail. We write once to ask whether it was you, and you can leave at any time."
WORDING_VERSION = "1"
"""Goes up whenever WORDING changes: a row of consent keeps both."""

TOUCHPOINT_PATTERN = r"[a-z0-9._/-]{1,120}"
UNKNOWN_TOUCHPOINT = "unknown"

SHELL = "newsletter/shell.html"
"""The page below the output folder that the build writes and the services fill."""

TOPICS = "newsletter/topics.json"
"""The topics that readers may choose, below the output folder: a list of `{"slug", "name"}`, which the build writes."""


class NewsletterError(MilepostError):
    """The newsletter could not do what it was asked; the text says why."""


class Topic(NamedTuple):
    """Something that readers may choose: its slug, and its name as the site has it."""

    slug: str
    name: str


class Choices(NamedTuple):
    """What a reader wants to be sent, and when."""

    topics: tuple[str, ...] = ()
    """Slugs; empty: all of them."""
    rhythm: Rhythm = "each"
    zone: str = ""
    """An IANA name, or empty: the site's."""


class Confirmed(NamedTuple):
    """A signup that was confirmed just now, and for the first time."""

    touchpoint: str
    person: str | None
    """Who said yes to being remembered when they signed up; None for everybody else."""


class Settings(SliceSettings):
    """The settings of the newsletter, as `pelicanconf.py` names them. All three are printed in mails."""

    name: str = Field("", alias="NEWSLETTER_NAME")
    """What the newsletter is called; empty: the site's name."""
    sender: str = Field("", alias="NEWSLETTER_FROM")
    """The address that mails come from; empty: `newsletter@` and the host of SITEURL."""
    postal_address: str = Field("", alias="NEWSLETTER_POSTAL_ADDRESS")
    """Where the publisher can be written to on paper; law asks for it in many places."""
