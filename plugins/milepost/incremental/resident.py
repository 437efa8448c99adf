"""After a build, with everything still in mind: one changed source is read again, and its page written at once."""

from __future__ import annotations

import gc
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pelican import signals
from pelican.contents import Article, Content, Page, Static
from pelican.generators import ArticlesGenerator
from pelican.readers import Readers

from milepost.incremental.writer import GatheringWriter

# What an address, a list or another page may depend on: with another one of these, more than one page changes at once.
_IDENTITY = ("save_as", "url", "status", "lang")


def remember_what_is_read() -> None:
    """Let each content keep what it was when it was read, before anybody added to it."""
    usual = Readers.read_file

    def read_file(self: Readers, *args: Any, **more: Any) -> Any:
        content = usual(self, *args, **more)
        if not isinstance(content, Static):
            content.__dict__["_as_read"] = dict(content.__dict__)
        return content

    Readers.read_file = read_file


class Refresher:
    """Makes single pages anew, out of what a build has left."""

    def __init__(self, context: dict[str, Any], generators: list[Any], writer: GatheringWriter, output: Path) -> None:
        self.context, self.writer, self.output = context, writer, output
        self.generators = generators

    def refresh(self, source: str) -> list[str]:
        """As `milepost.resident.Resident.refresh`."""
        place = os.path.relpath(source, self.writer.settings["PATH"])
        old = self.context["generated_content"].get(place)
        job = self.writer.pages.get(old.save_as) if isinstance(old, Content) else None
        if job is None:
            return []
        try:
            new = self._read(place, type(old))
            if type(new) is not type(old) or any(getattr(new, name) != getattr(old, name) for name in _IDENTITY):
                return []
            self._become(old, new)
            html = self.writer.rendered(job)
        except (Exception, SystemExit):  # whatever it is, the build that follows says it
            return []
        path = self.output / job.name
        mine = path.with_name(f".{path.name}.{os.getpid()}")
        mine.write_text(html, encoding="utf-8")
        mine.replace(path)
        return [job.name]

    def _read(self, place: str, kind: type[Content]) -> Content:
        generator = next(one for one in self.generators if isinstance(one, ArticlesGenerator))
        more: dict[str, Any] = {}
        if issubclass(kind, Article):
            more = {"context_signal": signals.article_generator_context, "context_sender": generator}
        elif kind is Page:
            more = {"context_signal": signals.page_generator_context, "context_sender": generator}
        found: Content = generator.readers.read_file(
            base_path=generator.path, path=place, content_class=kind, context=self.context, **more
        )
        return found

    def _become(self, old: Content, new: Content) -> None:
        """Let `old`, which every list has, be what `new` is, with all that was added to it after it was read."""
        new.refresh_metadata_intersite_links()
        was = old.__dict__.get("_as_read", {})
        made = {"_as_read", "_summary", *map(str.lower, old.settings["FORMATTED_FIELDS"])}
        added = {
            name: value
            for name, value in old.__dict__.items()
            if name not in made and (name not in was or was[name] is not value)
        }
        old.__dict__.clear()
        old.__dict__.update(new.__dict__ | added)
        for name in ("get_content", "get_summary"):
            kept = Content.__dict__[name].cache
            for site_url in {self.context.get("localsiteurl", ""), self.context["SITEURL"]}:
                kept.pop((old, site_url), None)


def serve(control: int, refresh: Callable[[str], list[str]]) -> None:
    """Answer every source that comes by the socket, until its other end is closed."""
    gc.enable()
    gc.freeze()
    with socket.socket(fileno=control) as ours, ours.makefile("r", encoding="utf-8") as asked:
        ours.sendall(b"\n")
        for line in asked:
            ours.sendall(json.dumps(refresh(json.loads(line))).encode() + b"\n")
