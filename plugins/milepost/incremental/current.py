"""Whether a page is what it would be if it were written again: what it read the last time, beside what that is now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Environment, TemplateNotFound

from milepost.incremental.kept import Kept
from milepost.incremental.store import Row, Site, Store
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
        self.rows: dict[str, Row] = {}
        """Of what stays as it is."""
        self.reasons: dict[str, str] = {}
        """Why each other is written."""
        self._names: dict[str, bytes] = {}
        self._sites: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        self._templates: dict[str, bytes] = {}
        self._notes: dict[tuple[str, str], bytes] = {}
        self._globals: Mapping[str, Any] = {}
        self._environment: Environment | None = None
        before = store.site.states
        states = values.states()
        self._changed = {
            key for key in states.keys() | before.keys() if not states.get(key) or states[key] != before.get(key)
        }

    def why(self, name: str, own: Mapping[str, Any], environment: Environment) -> str:
        """Why the page at `name` must be written; empty where it is what it would be."""
        self._environment, self._globals = environment, environment.globals
        row = self.store.row(name)
        if row is None:
            return "it is new"
        why = self._why(row, own)
        if not why and not self.kept.has(name):
            why = "its file is not as it was written"
        if not why:
            self.rows[name] = row
        return why

    def _why(self, row: Row, own: Mapping[str, Any]) -> str:
        if not row.own or row.own != self.worth_of(row.local, own):
            return f"of its own values ({', '.join(row.local)}) one has changed"
        return self._why_site(row, own) or self._why_object(row) or self._why_note(row)

    def _why_site(self, row: Row, own: Mapping[str, Any]) -> str:
        if not own.keys().isdisjoint(row.shared):
            return f"{min(own.keys() & row.shared)} is of the page itself now"
        key = tuple(row.shared), tuple(row.templates)
        if key not in self._sites:  # most pages read the same
            self._sites[key] = self._why_names(row)
        return self._sites[key]

    def _why_names(self, row: Row) -> str:
        site = self.store.site
        for one in row.shared:
            if not self.of_name(one) or self.of_name(one) != site.names.get(one):
                return f"{one} has changed"
        for one in row.templates:
            if self.of_template(one) != site.templates.get(one):
                return f"the template {one} has changed"
        return ""

    def _why_object(self, row: Row) -> str:
        states = self.values.states()
        for key in row.objects:
            if key not in states:
                return f"{key} is gone"
        for key in self._changed.intersection(row.objects):
            for attribute, before in row.objects[key].items():
                if not before or self.values.attribute(key, attribute) != before:
                    what = "" if attribute == WHOLE else f"{attribute} of "
                    return f"{what}{key} has changed"
        return ""

    def _why_note(self, row: Row) -> str:
        for kind, key, before in row.notes:
            if not before or self.noted(kind, key) != before:
                return f"{kind} {key} has changed"
        return ""

    def why_feed(self, name: str, worth: bytes) -> str:
        """The same of a feed."""
        row = self.store.row(name)
        if row is None:
            return "it is new"
        if not worth or row.own != worth:
            return "an entry or a setting has changed"
        if not self.kept.has(name):
            return "its file is not as it was written"
        self.rows[name] = row
        return ""

    def worth_of(self, names: Iterable[str], own: Mapping[str, Any]) -> bytes:
        """The digest of the values of `names`, or empty bytes."""
        try:
            return self.values.of([[name, own.get(name, MISSING)] for name in names])
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

    def site(self, rows: Iterable[Row], **more: Any) -> Site:
        """What held for all of `rows`, for the next build to compare with."""
        every = list(rows)
        return Site(
            names={name: self.of_name(name) for row in every for name in row.shared},
            templates={name: self.of_template(name) for row in every for name in row.templates},
            states=self.values.states(),
            **more,
        )
