"""A writer for Pelican that first gathers what is to be written, and then writes what is not there already."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from jinja2 import TemplateError
from pelican.contents import Content
from pelican.paginator import Paginator
from pelican.urlwrappers import URLWrapper
from pelican.utils import get_relative_path, path_to_url
from pelican.writers import FileOverwriteFailedError, Writer

from milepost import hooks
from milepost.errors import Finding, MilepostError
from milepost.incremental.current import Now
from milepost.incremental.quick import sanitised_join
from milepost.incremental.recording import Noticing, Reading, noticed_objects, recorded
from milepost.incremental.store import Line, Made, Reads, Row
from milepost.incremental.values import SETTINGS
from milepost.incremental.workers import shared_out

ALWAYS = ("_MILEPOST", "SITEURL", "SITENAME")
"""What the slices' steps with a page read, beside the page and its content."""


NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Job(NamedTuple):
    """One page to be: `own` are the values of its context that are not the site's."""

    name: str
    template: Any
    context: dict[str, Any]
    own: dict[str, Any]


class Feed(NamedTuple):
    """One feed to be: the arguments of Pelican's `write_feed`."""

    name: str
    elements: list[Any]
    context: dict[str, Any]
    more: dict[str, Any]


class GatheringWriter(Writer):  # type: ignore[misc]
    """Pelican's writer for a build whose pages are written together, at its end."""

    def __init__(self, output_path: str, settings: dict[str, Any], jobs: int, shared: dict[str, Any]) -> None:
        super().__init__(output_path, settings=settings)
        self.jobs = jobs
        self.shared = shared
        """The context that pages have in common."""
        self.pages: dict[str, Job] = {}
        self.feeds: dict[str, Feed] = {}

    def write_file(
        self,
        name: str,
        template: Any,
        context: dict[str, Any],
        relative_urls: bool = False,
        paginated: dict[str, list[Any]] | None = None,
        template_name: str | None = None,
        override_output: bool = False,
        url: str | None = None,
        **kwargs: Any,
    ) -> None:
        """As Pelican's own; the page is rendered when all are known."""
        if not name:
            return
        if paginated is None:
            paginated = {key: value for key, value in kwargs.items() if key in ("articles", "dates")}
        if not (paginated and template_name in self.settings["PAGINATED_TEMPLATES"]):
            self._gather(name, template, context, relative_urls, override_output, kwargs)
            return
        per_page = self.settings["PAGINATED_TEMPLATES"][template_name] or self.settings["DEFAULT_PAGINATION"]
        paginators = {
            key: Paginator(name, url, listed, self.settings, per_page) for key, listed in paginated.items()
        }  # fmt: skip
        last = next(iter(paginators.values())).num_pages
        listed = {key: [None, *map(one.page, range(1, last + 1)), None] for key, one in paginators.items()}
        for number in range(1, last + 1):
            own = dict(kwargs)
            for key, pages in listed.items():
                own[f"{key}_paginator"] = paginators[key]
                own[f"{key}_previous_page"], own[f"{key}_page"], own[f"{key}_next_page"] = pages[
                    number - 1 : number + 2
                ]
            self._gather(own[f"{key}_page"].save_as, template, context, relative_urls, override_output, own)

    def _gather(
        self, name: str, template: Any, context: dict[str, Any], relative: bool, override: bool, own: dict[str, Any]
    ) -> None:  # fmt: skip
        if context is not self.shared:
            own = {key: value for key, value in context.items() if self.shared.get(key) is not value} | own
        own = {"output_file": name, "localsiteurl": context.get("localsiteurl"), **own}
        if relative:
            own["SITEURL"] = own["localsiteurl"] = path_to_url(get_relative_path(name))
        if self._may_write(sanitised_join(self.output_path, name), override):
            self.pages[name] = Job(name, template, context, own)

    def _may_write(self, path: str, override: bool) -> bool:
        """Whether a page is to be written to `path`, by Pelican's rules of who may write over whom.

        Raises:
            FileOverwriteFailedError: when two want to write there and neither gives way.
        """
        is_final = path in self._overridden_files
        if is_final if override else path in self._written_files and not is_final:
            raise FileOverwriteFailedError(f'Failed to overwrite "{path}": two pages have that address')
        self._written_files.add(path)
        if override:
            self._overridden_files.add(path)
        return override or not is_final

    def write_feed(
        self, elements: Any, context: dict[str, Any], path: str | None = None, *args: Any, **more: Any
    ) -> Any:
        """As Pelican's own; the feed is made when all pages are known, unless somebody wants it in hand."""
        if not path:
            return super().write_feed(elements, context, path, *args, **more)
        names = ("url", "feed_type", "override_output", "feed_title")
        kept = elements[: self.settings["FEED_MAX_ITEMS"]]
        self.feeds[path] = Feed(path, kept, context, dict(zip(names, args, strict=False)) | more)
        return None

    def write_all(self, now: Now) -> dict[str, Made]:
        """Write what `now` does not know as written; what is known of each that was.

        Raises:
            MilepostError: when a page or feed cannot be made; says which template, at which line.
        """
        stale: list[Job | Feed] = []
        for feed in self.feeds.values():
            if why := now.why_feed(feed.name, self._worth(feed, now)):
                stale.append(feed)
                now.reasons[feed.name] = why
        for job in self.pages.values():
            # A text with relative addresses is another one on each page that shows it.
            if self.settings["RELATIVE_URLS"]:
                why = "RELATIVE_URLS is set"
            else:
                why = now.why(job.name, job.own, job.template.environment)
            if why:
                stale.append(job)
                now.reasons[job.name] = why

        def work(one: Job | Feed) -> bytes:
            return msgspec.msgpack.encode(self._feed(one, now) if isinstance(one, Feed) else self._page(one, now))

        with noticed_objects():
            made = shared_out("Pages", stale, work, self.jobs, lambda one: one.name)
        return {
            one.name: msgspec.msgpack.decode(packed, type=Made) for one, packed in zip(stale, made, strict=True)
        }  # fmt: skip

    def _create_new_feed(self, *args: Any) -> Any:
        """As Pelican's own; one without an entry is of no time, and not of the time at which it was made."""
        feed = super()._create_new_feed(*args)
        usual = feed.latest_post_date
        feed.latest_post_date = lambda: usual() if feed.items else NEVER
        return feed

    def _worth(self, feed: Feed, now: Now) -> bytes:
        """What says whether a feed would be the same again: all that its entries are, and every setting."""
        return now.values.of_all([feed.name, sorted(feed.more.items()), feed.elements], feed.elements)

    def _feed(self, feed: Feed, now: Now) -> Made:
        super().write_feed(feed.elements, feed.context, feed.name, **feed.more)
        row = Row(changed=now.reasons[feed.name])
        return Made(Line(self._worth(feed, now)), None, msgspec.msgpack.encode(row))

    def _page(self, job: Job, now: Now) -> Made:
        content = job.own.get("article") or job.own.get("page")
        reading = Reading(content if isinstance(content, Content) else None)
        with recorded(reading):
            html, records = self._rendered(job)
        # The template's own; Jinja's cache may have loaded it long ago.
        reading.templates.add(job.template.name)
        path = Path(sanitised_join(self.output_path, job.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
        return _made(reading, job, records, now)

    def rendered(self, job: Job) -> str:
        """The page, as it is to be written.

        Raises:
            MilepostError: when it cannot be made; says which template, at which line.
        """
        return self._rendered(job)[0]

    def _rendered(self, job: Job) -> tuple[str, dict[str, Any]]:
        context = {**job.context, **job.own}
        job.context["localsiteurl"] = job.own["localsiteurl"] or job.context.get("localsiteurl")
        try:
            html = job.template.render(context)
        except Exception as error:
            raise _fault_of(error, job, job.own.get("article") or job.own.get("page")) from error
        return hooks.finished(html, Noticing(context)) if job.name.endswith(".html") else (html, {})


def _made(reading: Reading, job: Job, records: dict[str, Any], now: Now) -> Made:
    own = job.own
    names = {name for name in reading.names if name in ALWAYS or not name.startswith("_MILEPOST")}
    local = sorted(name for name in names if name in own)
    objects, is_known = {}, True
    for key, (one, attributes) in sorted(reading.of_objects().items()):
        if key in now.values.objects:
            objects[key] = now.values.attributes(key, frozenset(attributes))
        elif isinstance(one, URLWrapper):
            names.add(SETTINGS)  # made for a link while it was rendered, of a name and the settings
        else:
            is_known = False
    line = Line(
        own=now.worth_of(local, own) if is_known else b"",
        notes=tuple((kind, key, now.noted(kind, key)) for kind, key in sorted(reading.notes)),
    )
    reads = Reads(tuple(local), tuple(sorted((names | set(ALWAYS)) - set(local))), tuple(sorted(reading.templates)))
    row = Row(objects, msgspec.to_builtins(records), now.reasons[job.name])
    return Made(line, reads, msgspec.msgpack.encode(row))


def _fault_of(error: Exception, job: Job, content: Any) -> MilepostError:
    """What is wrong, by the line of the template that it happened at."""
    frames = traceback.extract_tb(error.__traceback__)
    at = next((frame for frame in reversed(frames) if frame.filename.endswith((".html", ".xml"))), None)
    file = getattr(error, "filename", None) or (at.filename if at else job.template.filename)
    line = getattr(error, "lineno", None) or (at.lineno if at else 1)
    text = error.message if isinstance(error, TemplateError) and error.message else str(error)
    source = os.path.relpath(str(content.source_path)) if isinstance(content, Content) else job.name
    what = f"{type(error).__name__}: {text}, while {source} was rendered"
    return MilepostError(str(Finding(os.path.relpath(file or job.name), line or 1, "template", what)))
