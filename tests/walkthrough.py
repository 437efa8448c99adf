"""Reads a page of the docs as its reader does: what to run, what to change where, what to see at which address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`(content/[^`]+)`")
_URL = re.compile(r"`(http://[^`]+)`")


@dataclass(frozen=True)
class Run:
    """A command, and every line that it prints; `…` in one stands for anything."""

    command: str
    output: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Lines of a file that become other lines."""

    file: str
    hunks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class See:
    """What the page at `url` has in its source."""

    url: str
    lines: tuple[str, ...]


Step = Run | Change | See


def steps(page: str) -> Iterator[Step]:
    """What a page of the docs asks its reader to do, in order.

    A block of `console` is run, one of `diff` is applied to the file that was named last before it, and what a block of
    `html` shows is at the address that was named last before it.

    Raises:
        ValueError: at a block of another kind, of which nobody knows what is to be done with it.
    """
    end = 0
    for block in _BLOCK.finditer(page):
        before, end, text = page[: block.start()], block.end(), block["text"]
        if block["kind"] == "console":
            yield from _runs(text)
        elif block["kind"] == "diff":
            yield Change(_FILE.findall(before)[-1], tuple(_hunks(text)))
        elif block["kind"] == "html":
            yield See(_URL.findall(before)[-1], tuple(text.splitlines()))
        else:
            raise ValueError(f"nobody knows what to do with a block of {block['kind']}")
    if "```" in page[end:]:
        raise ValueError("a block is left open")


def runs(page: str) -> Iterator[Run]:
    """The commands of a page alone, in order."""
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            yield from _runs(block["text"])


def _runs(text: str) -> Iterator[Run]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *output = part.rstrip("\n").split("\n")
        yield Run(command, tuple(output))


def _hunks(text: str) -> Iterator[tuple[str, str]]:
    """(what stands there, what stands there then); the first line after an added one begins the next."""
    old: list[str] = []
    new: list[str] = []
    added = False
    for line in text.splitlines():
        if added and not line.startswith("+"):
            yield "".join(old), "".join(new)
            old, new = [], []
        added = line.startswith("+")
        if not added:
            old.append(f"{line[1:]}\n")
        if not line.startswith("-"):
            new.append(f"{line[1:]}\n")
    yield "".join(old), "".join(new)


def apply(change: Change, folder: Path) -> None:
    """Change the file. What is to be replaced must stand there exactly once, as whole lines."""
    path = folder / change.file
    text = path.read_text(encoding="utf-8")
    for old, new in change.hunks:
        places = [found.start() for found in re.finditer(f"^(?={re.escape(old)})", text, re.MULTILINE)]
        assert len(places) == 1, f"{change.file} has this {len(places)} times, not once:\n{old}"
        text = text[: places[0]] + new + text[places[0] + len(old) :]
    path.write_text(text, encoding="utf-8")


def matches(shown: tuple[str, ...], printed: str) -> bool:
    """Whether a command printed what is shown, to the letter.

    `…` stands for anything in its line; at the end of a line, for further lines too.
    """
    pattern = re.escape("\n".join(shown))
    pattern = re.sub("…(?=\\\\\n|$)", r"[\\s\\S]*", pattern).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip("\n")) is not None
