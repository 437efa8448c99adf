"""Links and images of built pages that lead nowhere, anchors that no page has, and redirects to nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from milepost.schema import nearest
from milepost.writing.built.fault import Fault, Needle
from milepost.writing.built.output import Output, Where, address_of
from milepost.writing.redirects import LIST
from milepost.writing.redirects import RULE as REDIRECT

ANCHOR = "dead-anchor"
_MOST_NEAR = 200
"""How many faults get a guess of what was meant; looking for one costs more than all the rest."""


class _Verdict(NamedTuple):
    rule: str
    message: str
    remedy: str
    needle: Needle
    likeness: str


class Links:
    """The links of one built site."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self._known: dict[tuple[str, str, str], _Verdict | None] = {}
        self._guesses = 0

    def faults(self) -> Iterator[Fault]:
        """Every dead link, anchor and image of every page that is no redirect, and every dead redirect."""
        for page, facts in self.output.pages.items():
            if facts.redirect:
                yield from self._of_redirect(page, facts.redirect)
                continue
            folder = posixpath.dirname(page)
            for address, kind in (*facts.links, *((image, "data") for image in facts.data_images)):
                if address[:1] == "#":
                    verdict = self._of_own_anchor(page, address)
                else:
                    # An absolute address leads to one place, wherever it stands.
                    key = ("" if "://" in address[:8] or address[:1] == "/" else folder, address, kind)
                    if key not in self._known:
                        self._known[key] = self._judged(address, page, kind)
                    verdict = self._known[key]
                if verdict:
                    yield Fault(page, *verdict)
        yield from self._of_list()

    def _of_own_anchor(self, page: str, address: str) -> _Verdict | None:
        where = self.output.where(address, page)
        if not where or not where.fragment or where.fragment == "top" or where.fragment in self.output.ids[page]:
            return None
        return self._dead_anchor(address, Where(True, address_of(page), where.fragment), page, "this page")

    def _judged(self, address: str, page: str, kind: str) -> _Verdict | None:
        where = self.output.where(address, page)
        if where is None:
            return None
        if not where.inside:
            return self._without_prefix(address, where)
        file = self.output.file_of(where.path)
        if file is None:
            return None if self.output.is_answered(where.path) else self._dead(address, where, kind)
        ids = self.output.ids.get(file)
        if ids is None or not where.fragment or where.fragment == "top" or where.fragment in ids:
            return None
        if self.output.pages[file].redirect:
            return None
        shown = f"{self.output.shown(where.path)}#{where.fragment}"
        return self._dead_anchor(shown, where, file, "that page")

    def _dead_anchor(self, shown: str, where: Where, file: str, which: str) -> _Verdict:
        near = nearest(where.fragment, self.output.ids[file])
        remedy = f"did you mean #{near}?" if near else "mend it, or take it out"
        message = f'dead link {shown}: {which} has no "{where.fragment}"'
        return _Verdict(ANCHOR, message, remedy, Needle("link", where.key, shown), message)

    def _without_prefix(self, address: str, where: Where) -> _Verdict | None:
        """A path that would be right if the site were at the top of its host."""
        path = urlsplit(address).path[1:]
        if address[:1] != "/" or address[:2] == "//" or not path or not self.output.is_answered(path):
            return None
        message = f"dead link {address}: the site's own addresses begin with {self.output.prefix}/"
        remedy = f"write {self.output.prefix}{address}"
        return _Verdict("dead-link", message, remedy, Needle("link", where.key, address), message)

    def _dead(self, address: str, where: Where, kind: str) -> _Verdict:
        shown = self.output.shown(where.path)
        needle = Needle("data" if kind == "data" else "link", where.path, address)
        likeness = f"dead {kind} {posixpath.dirname(where.path)}"
        if kind in ("image", "data"):
            message = f"image {shown} is not there"
            return _Verdict("missing-image", message, "add the file, or mend the address", needle, likeness)
        near = self._near(where.path)
        remedy = f"did you mean {self.output.shown(near)}?" if near is not None else "mend it, or take it out"
        return _Verdict("dead-link", f"dead link {shown}: nothing is published there", remedy, needle, likeness)

    def _near(self, path: str) -> str | None:
        self._guesses += 1
        return nearest(path, self._addresses, cutoff=0.8) if self._guesses <= _MOST_NEAR else None

    @cached_property
    def _addresses(self) -> list[str]:
        return [address_of(file) for file in self.output.pages]

    def _of_redirect(self, page: str, target: str) -> Iterator[Fault]:
        """A chain of redirects has to end at something that is there."""
        seen, at, address = {page}, page, target
        while where := self.output.where(address, at):
            if not where.inside:
                return
            file = self.output.file_of(where.path)
            if file is None and self.output.is_answered(where.path):
                return
            needle = Needle("text", address_of(page), target)
            if file is None or file in seen:
                what = "nothing is published there" if file is None else "it leads back here"
                message = f"redirect to {self.output.shown(where.path)}: {what}"
                yield Fault(page, REDIRECT, message, "lead it to a page that is there", needle)
                return
            facts = self.output.pages.get(file)
            if not facts or not facts.redirect:
                return
            seen.add(file)
            at, address = file, facts.redirect

    def _of_list(self) -> Iterator[Fault]:
        """The same of `_redirects`, the list that hosts read."""
        if LIST not in self.output.files:
            return
        for line in (self.output.root / LIST).read_text(encoding="utf-8").splitlines():
            old, _, rest = line.partition("#")[0].strip().partition(" ")
            new = rest.split()[0] if rest.split() else ""
            where = self.output.where(new, LIST) if new and ":" not in new.removeprefix("http") else None
            if where and where.inside and "*" not in old and not self.output.is_answered(where.path):
                shown = self.output.shown(where.path)
                message = f"redirect of {old} to {shown}: nothing is published there"
                yield Fault(LIST, REDIRECT, message, "lead it to a page that is there", Needle("text", "", old))
