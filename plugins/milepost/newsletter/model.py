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

PENDING_LIFE = timedelta(days=7)
"""How long a signup waits for its confirmation."""

WORDING = "You ask for new articles by mail. We write once to ask whether it was you, and you can leave at any time."
WORDING_VERSION = "1"
"""Goes up whenever WORDING changes: a row of consent keeps both."""

TOUCHPOINT_PATTERN = r"[a-z0-9._/-]{1,120}"
UNKNOWN_TOUCHPOINT = "unknown"

SHELL = "newsletter/shell.html"
"""The page below the output folder that the build writes and the services fill."""


ISSUES = "issues/"
"""Where the site lists the issues that were sent, and shows each."""
OUTBOX_ISSUES = "issues.json"
"""Below MILEPOST_VAR, the issues that went to the outbox: a preview shows them too."""


class NewsletterError(MilepostError):
    """The newsletter could not do what it was asked; the text says why."""


class Withheld(NewsletterError):
    """A mail was not to be handed over any more, and was not."""


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
    bounces: str = Field("", alias="NEWSLETTER_BOUNCES")
    """The address that mails come back to, with `+` and a number before the `@`; empty: that of NEWSLETTER_FROM."""
    archive: str = Field("content/issues.json", alias="NEWSLETTER_ARCHIVE")
    """The issues that were sent, as `milepost newsletter send` keeps them for the site's pages, relative to the folder
    of the settings file."""
    dkim_selector: str = Field("milepost", alias="NEWSLETTER_DKIM_SELECTOR")
    """The selector below which the domain of NEWSLETTER_FROM publishes the public half of MILEPOST_DKIM_KEY."""

    def kept(self) -> tuple[str, ...]:
        return (OUTBOX_ISSUES,)
