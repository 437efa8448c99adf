"""The issues that were sent, as a file that the site is built of: what everybody was sent, and nothing of anybody.

Sending writes it, and the build reads it, perhaps on another machine. Knows no table and no Pelican.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, HttpUrl, StringConstraints, ValidationError

from milepost.newsletter.letter import Letter
from milepost.newsletter.model import OUTBOX_ISSUES, NewsletterError
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.replacing import replace
from milepost.settings import Settings

_FIELDS = ("title", "url", "summary", "topic", "touchpoint")
"""What is kept of a post: its picture is the site's own to show."""


class SentPost(BaseModel):
    """One post that an issue told of."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: HttpUrl
    summary: str = ""
    topic: str = ""
    touchpoint: str = ""


class SentIssue(BaseModel):
    """One issue, as it was sent. `html` is that of a text by hand, and safe."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
    sent: AwareDatetime
    subject: str
    opening: str = ""
    html: str = ""
    posts: tuple[SentPost, ...] = ()


class Archive(BaseModel):
    """The file: issues, newest first."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    issues: tuple[SentIssue, ...] = ()


def public(settings: Settings) -> Path:
    """Where the issues are that the site shows to everybody."""
    return settings.site.file.parent / settings.of(NewsletterSettings).archive


def of_outbox(settings: Settings) -> Path:
    """Where those are that never left this machine."""
    return settings.env.var / OUTBOX_ISSUES


def read(path: Path) -> tuple[SentIssue, ...]:
    """The issues in the file at `path`, newest first; none where there is no such file.

    Raises:
        NewsletterError: when it is no such file; names the first thing that is wrong with it.
    """
    name = os.path.relpath(path)
    try:
        return Archive.model_validate(json.loads(path.read_bytes())).issues
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise NewsletterError(f"{name}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"])
        raise NewsletterError(f"{name}: {where}: {fault['msg']}; restore the file") from error
    except json.JSONDecodeError as error:
        raise NewsletterError(f"{name}:{error.lineno}: {error.msg}; restore the file") from error
    except ValueError as error:
        raise NewsletterError(f"{name}: is not UTF-8; restore the file") from error


def remember(path: Path, letter: Letter, sent: datetime) -> None:
    """Keep an issue in the file at `path`, in the place of what it has of that issue.

    Raises:
        NewsletterError: when that cannot be done; the file is as it was.
    """
    others = [one for one in read(path) if one.id != letter.id]
    posts = [{name: value for name, value in asdict(post).items() if name in _FIELDS} for post in letter.posts]
    said: dict[str, Any] = {"id": letter.id, "subject": letter.subject, "opening": letter.opening}
    made = SentIssue.model_validate({**said, "sent": sent.replace(microsecond=0), "html": letter.html, "posts": posts})
    issues = sorted([*others, made], key=lambda one: (one.sent, one.id), reverse=True)
    rows = [one.model_dump(mode="json", exclude_defaults=True) for one in issues]
    try:
        replace(path, json.dumps({"version": 1, "issues": rows}, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise NewsletterError(f"{os.path.relpath(path)}: cannot be written ({error.strerror})") from error
