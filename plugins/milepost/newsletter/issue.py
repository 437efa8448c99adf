"""What an issue is made of: the posts of `feed.json`, of this or any other site.

Knows no Pelican, no table and no mail.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    HttpUrl,
    NonNegativeInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from milepost.newsletter.model import NewsletterError
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.settings import Settings

SECONDS = 20.0


def readable(text: str) -> str:
    """`text` in one line, without what is no character and what not every database keeps."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", text).split())


Text = Annotated[str, AfterValidator(readable)]


class Shown(BaseModel):
    """The picture of a post. Sizes are in pixels, 0 where the feed does not say them."""

    model_config = ConfigDict(frozen=True)

    url: HttpUrl
    width: NonNegativeInt = 0
    height: NonNegativeInt = 0
    alt: Text = ""


class Item(BaseModel):
    """One post of a feed: what a mail says of it. What is wrong with anything below `summary` is left out."""

    model_config = ConfigDict(frozen=True)

    id: Text
    url: HttpUrl
    title: Text
    summary: Text = ""
    topic: Text = ""
    """The first of its tags, which on our own sites is its category."""
    tags: tuple[Text, ...] = ()
    published: AwareDatetime | None = None
    picture: Shown | None = None
    touchpoint: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _of_feed(cls, given: Any) -> Any:
        """The names of JSON Feed, and of what our own feed adds to it, are not all ours."""
        if not isinstance(given, dict):
            return given
        ours = found if isinstance(found := given.get("_milepost"), dict) else {}
        tags = found if isinstance(found := given.get("tags"), list) else []
        extra: dict[str, Any] = {"topic": next(iter(tags), None), "touchpoint": ours.get("touchpoint")}
        extra = {name: value for name, value in extra.items() if isinstance(value, str)}
        extra |= {
            "tags": [tag for tag in tags if isinstance(tag, str)],
            "published": _time(given.get("date_published")),
        }
        given = {name: value for name, value in given.items() if name not in ("tags", "published")}
        return extra | given | {"picture": given.get("picture") or _picture(given.get("image"), ours.get("image"))}


def _picture(url: Any, said: Any) -> dict[str, Any] | None:
    """The picture at `url`, if mail programs show such; what `said` has of its size and text."""
    if not isinstance(url, str) or urlsplit(url).path.endswith(".svg"):
        return None
    for more in (said if isinstance(said, dict) else {}, {}):
        with suppress(ValidationError):
            return Shown.model_validate({**more, "url": url}).model_dump(mode="json")
    return None


def _time(text: Any) -> datetime | None:
    """A time with its zone, as JSON Feed asks for; what is none says nothing."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def posts_of(settings: Settings, feed: str | None = None) -> list[Item]:
    """The posts of `feed`, or else of the one that the settings name, or else of the site's own; see `read_feed`."""
    return read_feed(feed or settings.of(NewsletterSettings).feed or str(feed_of(settings)))


def feed_of(settings: Settings) -> Path:
    """The site's own feed, as built last: in the output folder, or by the preview."""
    built = [settings.site.output / "feed.json", settings.env.var / "preview" / "feed.json"]
    there = [path for path in built if path.is_file()]
    if not there:
        raise NewsletterError(f"{built[0]}: no feed; build the site first")
    return max(there, key=lambda path: path.stat().st_mtime)


def read_feed(where: str) -> list[Item]:
    """The posts of the JSON Feed at a path or an address, newest first as it lists them.

    Raises:
        NewsletterError: when it cannot be read, or is no JSON Feed; the text says where.
    """
    import httpx

    try:
        if where.startswith(("http://", "https://")):
            text = httpx.get(where, timeout=SECONDS, follow_redirects=True).raise_for_status().content
        else:
            text = Path(where).read_bytes()
        return TypeAdapter(list[Item]).validate_python(json.loads(text)["items"])
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(step) for step in ("items", *fault["loc"]))
        raise NewsletterError(f"{where}: {place}: {fault['msg']}; is it a JSON Feed?") from error
    except httpx.HTTPStatusError as error:
        raise NewsletterError(f"{where}: the server answers {error.response.status_code}") from error
    except OSError as error:
        raise NewsletterError(f"{where}: {error.strerror}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NewsletterError(f"{where}: {' '.join(str(error).split()) or type(error).__name__}") from error
    except json.JSONDecodeError as error:
        raise NewsletterError(f"{where}:{error.lineno}: {error.msg}; is it a JSON Feed?") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise NewsletterError(f'{where}: no list of "items"; is it a JSON Feed?') from error
