"""Whether a page is what it would be if it were written again: what it read the last time, beside what that is now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Environment, TemplateNotFound

from milepost.incremental.kept import Kept
from milepost.incremental.store import Line, Made, Reads, Site, Store
from milepost.incremental.values import MISSING, SETTINGS, WHOLE, Undigestible, Values, digest


class Now:
    """What everything is in this build, and what the last one knew."""

    def __init__(
        self,
        store: Store,
        kept: Kept,
        shared: Mapping[str, Any],
        values: Values,
        readers: Mapping[str, Callable[[str], Any]],
    ) -> None:
        self.store, self.kept, self.shared, self.values, self.readers = store, kept, shared, values, readers
        self.lines: dict[str, Line] = {}
        """Of what stays as it is."""
        self.reasons: dict[str, str] = {}
        """Why each other is written."""
        self._names: dict[str, bytes] = {}
        self._sites: dict[int, str] = {}
        self._shared: dict[int, frozenset[str]] = {}
        self._templates: dict[str, bytes] = {}
        self._notes: dict[tuple[str, str], bytes] = {}
        self._globals: Mapping[str, Any] = {}
        self._environment: Environment | None = None
        before = store.site.states
        states = values.states()
        self._changed = {
            key for key in states.keys() | before.keys() if not states.get(key) or states[key] != before.get(key)
        }
        self._touched = store.naming(self._changed)

    def why(self, name: str, own: Mapping[str, Any], environment: Environment) -> str:
        """Why the page at `name` must be written; empty where it is what it would be."""
        self._environment, self._globals = environment, environment.globals
        line = self.store.line(name)
        if line is None or line.reads < 0:
            return "it is new"
        reads = self.store.site.reads[line.reads]
        if not line.own or line.own != self.worth_of(reads.local, own):
            return f"of its own values ({', '.join(reads.local)}) one has changed"
        why = self._why_site(line.reads, reads, own) or self._why_note(line)
        if not why and name in self._touched:
            why = self._why_object(name)
        return why or self._left(name, line)

    def _left(self, name: str, line: Line) -> str:
        if not self.kept.has(name):
            return "its file is not as it was written"
        self.lines[name] = line
        return ""

    def _why_site(self, number: int, reads: Reads, own: Mapping[str, Any]) -> str:
        if number not in self._sites:  # most pages read the same
            self._sites[number] = self._why_names(reads)
            self._shared[number] = frozenset(reads.shared)
        if not self._shared[number].isdisjoint(own):
            return f"{min(own.keys() & self._shared[number])} is of the page itself now"
        return self._sites[number]

    def _why_names(self, reads: Reads) -> str:
        site = self.store.site
        for one in reads.shared:
            if not self.of_name(one) or self.of_name(one) != site.names.get(one):
                return f"{one} has changed"
        for one in reads.templates:
            if self.of_template(one) != site.templates.get(one):
                return f"the template {one} has changed"
        return ""

    def _why_object(self, name: str) -> str:
        row, states = self.store.row(name), self.values.states()
        if row is None:
            return "what it was made of cannot be read"
        for key in row.objects:
            if key not in states:
                return f"{key} is gone"
        for key in self._changed.intersection(row.objects):
            for attribute, before in row.objects[key].items():
                if not before or self.values.attribute(key, attribute) != before:
                    what = "" if attribute == WHOLE else f"{attribute} of "
                    return f"{what}{key} has changed"
        return ""

    def _why_note(self, line: Line) -> str:
        for kind, key, before in line.notes:
            if not before or self.noted(kind, key) != before:
                return f"{kind} {key} has changed"
        return ""

    def why_feed(self, name: str, worth: bytes) -> str:
        """The same of a feed."""
        line = self.store.line(name)
        if line is None:
            return "it is new"
        if not worth or line.own != worth:
            return "an entry or a setting has changed"
        return self._left(name, line)

    def worth_of(self, names: Iterable[str], own: Mapping[str, Any]) -> bytes:
        """The digest of the values of `names`, or empty bytes."""
        try:
            return self.values.of_own([(name, own.get(name, MISSING)) for name in names])
        except (Undigestible, RecursionError):
            return b""

    def of_name(self, name: str) -> bytes:
        """The digest of what all pages know by `name`."""
        if name not in self._names:
            value = self.shared.get(name, self._globals.get(name, MISSING))
            try:
                self._names[name] = self.values.settings if name == SETTINGS else self.values.of(value)
            except (Undigestible, RecursionError):
                self._names[name] = b""
        return self._names[name]

    def of_template(self, name: str) -> bytes:
        """The digest of the text that a template is found as."""
        if name not in self._templates:
            text = MISSING
            if self._environment and self._environment.loader:
                with contextlib.suppress(TemplateNotFound):
                    text = self._environment.loader.get_source(self._environment, name)[0]
            self._templates[name] = digest(text.encode())
        return self._templates[name]

    def noted(self, kind: str, key: str) -> bytes:
        """The digest of what a page has noted that it read."""
        if (kind, key) not in self._notes:
            try:
                self._notes[kind, key] = self.values.of(self.readers[kind](key))
            except (KeyError, Undigestible, RecursionError):
                self._notes[kind, key] = b""
        return self._notes[kind, key]

    def site(self, made: Mapping[str, Made], others: dict[str, Line]) -> Site:
        """What the next build is to compare with: `made` in this one, and `others`, which are copies."""
        before = self.store.site.reads
        left = {line.reads: before[line.reads] for line in self.lines.values() if line.reads >= 0}
        every = dict.fromkeys([*left.values(), *(one.reads for one in made.values() if one.reads)])
        numbers = {reads: number for number, reads in enumerate(every)}
        moved = {-1: -1} | {number: numbers[reads] for number, reads in left.items()}
        lines = {name: Line(line.own, moved[line.reads], line.notes) for name, line in self.lines.items()}
        lines |= {name: one.line._replace(reads=numbers[one.reads] if one.reads else -1) for name, one in made.items()}
        return Site(
            names={name: self.of_name(name) for one in every for name in one.shared},
            templates={name: self.of_template(name) for one in every for name in one.templates},
            states=self.values.states(),
            reads=list(every),
            lines=lines | others,
        )
