"""Links to other sites: which there are, what is known of them, and what is wrong with them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urldefrag

import msgspec

from milepost.errors import Severity
from milepost.writing.built.asking import Answer, Manners, answers
from milepost.writing.built.cache import write
from milepost.writing.built.fault import Fault, Needle
from milepost.writing.built.output import Output

RULE = "external-link"
GOOD_SECONDS = 7 * 24 * 3600
"""How long an address that answered is believed to answer."""

_Known = dict[str, tuple[float, str]]
Told = Callable[[str], None]


class Asked:
    """Answers of other sites. Good ones are kept in `path`: address -> when it answered, where it has moved."""

    def __init__(
        self,
        path: Path,
        manners: Manners,
        progress: Callable[[int], contextlib.AbstractContextManager[Told]] | None = None,
    ) -> None:
        self.path, self.manners = path, manners
        self._progress = progress or (lambda _: contextlib.nullcontext(lambda url: None))

    def of(self, urls: Iterable[str], now: float | None = None) -> dict[str, Answer]:
        """The answer of every address, asked only where it is not known. `now`: seconds since 1970."""
        now = time.time() if now is None else now
        known = {url: row for url, row in self._read().items() if 0 <= now - row[0] < GOOD_SECONDS}
        wanted = set(urls)
        found = {url: Answer(moved_to=known[url][1]) for url in wanted & known.keys()}
        new = sorted(wanted - known.keys())
        if new:
            with self._progress(len(new)) as told:
                found |= answers(new, self.manners, told)
            known |= {url: (now, found[url].moved_to) for url in new if not found[url].fault}
            write(self.path, msgspec.json.encode(known))
        return found

    def _read(self) -> _Known:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(self.path.read_bytes(), type=_Known)
        return {}


def faults(output: Output, asked: Asked) -> Iterator[Fault]:
    """What is wrong with the links to other sites, in every page that has them."""
    links = list(_links(output))
    found = asked.of(urldefrag(where)[0] for _, _, where in links)
    for page, address, where in links:
        answer = found[urldefrag(where)[0]]
        needle = Needle("link", where, address)
        if answer.fault:
            message = f"{address} {answer.fault}"
            severity: Severity = "warning" if answer.is_refusal else "error"
            remedy = "look at it in a browser" if answer.is_refusal else "mend it, or take it out"
            yield Fault(page, RULE, message, remedy, needle, message, severity)
        elif answer.moved_to:
            message = f"{address} has moved for good"
            yield Fault(page, RULE, message, f"write {answer.moved_to}", needle, message, "warning")


def _links(output: Output) -> Iterator[tuple[str, str, str]]:
    """(page, address as written, whole address) of every link that leaves the site."""
    for page, facts in output.pages.items():
        for address, _ in facts.links:
            where = output.where(address, page)
            if where and not where.inside and where.path.startswith(("http://", "https://")):
                yield page, address, where.path
