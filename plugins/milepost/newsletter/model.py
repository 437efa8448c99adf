"""The words of the newsletter: states, wording of the consent, and the slice's settings.

Knows no database, no HTTP and no Pelican.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, StringConstraints

from milepost.errors import MilepostError
from milepost.schema import FieldFault, FrontMatter, SliceSettings

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

GRACE = timedelta(hours=3)
"""How late an issue may be that was to be sent at a time: one that is later waits for a word of its publisher."""

TOUCHPOINT_PATTERN = r"[a-z0-9._/-]{1,120}"
UNKNOWN_TOUCHPOINT = "unknown"

SHELL = "newsletter/shell.html"
"""The page below the output folder that the build writes and the services fill."""

TOPICS = "newsletter/topics.json"
"""The topics that readers may choose, below the output folder: a list of `{"slug", "name"}`, which the build writes."""


ISSUES = "issues/"
"""Where the site lists the issues that were sent, and shows each."""
OUTBOX_ISSUES = "issues.json"
"""Below MILEPOST_VAR, the issues that went to the outbox: a preview shows them too."""


class NewsletterError(MilepostError):
    """The newsletter could not do what it was asked; the text says why."""


class Withheld(NewsletterError):
    """A mail was not to be handed over any more, and was not."""


class Topic(NamedTuple):
    """Something that readers may choose: its slug, and its name as the site has it."""

    slug: str
    name: str


DOCS = Topic("docs", "Docs")
"""The topic of docs, as the feed tags them."""


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
    """The settings of the newsletter, as `pelicanconf.py` names them. The first three are printed in mails."""

    name: str = Field("", alias="NEWSLETTER_NAME")
    """What the newsletter is called; empty: the site's name."""
    sender: str = Field("", alias="NEWSLETTER_FROM")
    """The address that mails come from; empty: `newsletter@` and the host of SITEURL."""
    postal_address: str = Field("", alias="NEWSLETTER_POSTAL_ADDRESS")
    """Where the publisher can be written to on paper; law asks for it in many places."""
    connections: int = Field(4, alias="NEWSLETTER_CONNECTIONS", ge=1, le=50)
    """How many connections to the mail server an issue is sent on; after a crash, at most one mail of each is
    uncertain."""
    rate: int = Field(0, alias="NEWSLETTER_RATE", ge=0)
    """The most mails a minute that the mail server is given; 0: as many as it takes."""
    domain_rates: dict[str, int] = Field({}, alias="NEWSLETTER_DOMAIN_RATES")
    """The most mails a minute to one domain, such as `{"example.com": 100}`; others are not held back meanwhile."""
    feed: str = Field("", alias="NEWSLETTER_FEED")
    """The JSON Feed that issues are made of, a path or an address; empty: that of the built site."""
    issues_path: str = Field("issues", alias="NEWSLETTER_ISSUES_PATH")
    """The folder of issues that are written by hand, below PATH. None of it is published before it is sent."""
    bounces: str = Field("", alias="NEWSLETTER_BOUNCES")
    """The address that mails come back to, with `+` and a number before the `@`; empty: that of NEWSLETTER_FROM."""
    archive: str = Field("content/issues.json", alias="NEWSLETTER_ARCHIVE")
    """The issues that were sent, as `milepost newsletter send` keeps them for the site's pages, relative to the folder
    of the settings file."""
    dkim_selector: str = Field("milepost", alias="NEWSLETTER_DKIM_SELECTOR")
    """The selector below which the domain of NEWSLETTER_FROM publishes the public half of MILEPOST_DKIM_KEY."""

    def folders(self) -> Mapping[str, tuple[str, ...]]:
        return {"issue": (self.issues_path,)}

    def kept(self) -> tuple[str, ...]:
        return (OUTBOX_ISSUES,)


def _date(value: object) -> object:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise FieldFault(f'"{value}" is no date', "write it like 2026-01-31 09:00", "date") from error


Text = Annotated[str, StringConstraints(min_length=1)]


class IssueFields(FrontMatter):
    """What an issue by hand has above its text."""

    title: Text
    """The subject of the mail, and the heading of its text."""
    preheader: str = ""
    """What mail programs show beside the subject, in a sentence of at most 110 characters."""
    topics: str = ""
    """Whom it is for, by names of categories, or Docs, separated by commas; left out, everybody."""
    date: Annotated[datetime, BeforeValidator(_date)] | None = None
    """When it is to be sent, in the site's time zone: 2026-01-31 09:00. Left out, when you say so."""


fields: dict[str, type[FrontMatter]] = {"issue": IssueFields}
