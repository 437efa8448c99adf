"""The shape of a built page: the order of its headings, ids that stand twice, images that say nothing, its JSON-LD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from milepost.writing.built import structured
from milepost.writing.built.facts import Facts
from milepost.writing.built.fault import Fault, Needle
from milepost.writing.built.output import Output

HEADINGS = "heading-order"
IDS = "duplicate-id"


def faults(output: Output) -> Iterator[Fault]:
    """What is wrong with the shape of each page; one that only sends its reader on has none."""
    for page, facts in output.pages.items():
        if facts.redirect or not facts.is_whole:
            continue
        if not facts.is_shell:
            yield from _of_headings(page, facts)
        for name in facts.twice:
            message = f'id "{name}" stands twice in the page'
            yield Fault(page, IDS, message, "give one of them another", Needle("id", name), message)
        for source in facts.without_alt:
            yield _without_words(output, page, source)
        for message in facts.data_faults:
            needle = Needle("text", "", "application/ld+json")
            yield Fault(page, structured.RULE, message, "complete it", needle, message.partition(":")[0])


def _of_headings(page: str, facts: Facts) -> Iterator[Fault]:
    firsts = [text for level, text in facts.headings if level == 1]
    if not firsts:
        message = "the page has no h1"
        yield Fault(page, HEADINGS, message, "give it one that says what it is about", likeness=message)
    seen: Counter[tuple[int, str]] = Counter()
    before, was_first = 0, False
    for level, text in facts.headings:
        needle = Needle("heading", text, str(level), seen[level, text])
        seen[level, text] += 1
        if level == 1 and was_first:
            message = f'heading "{text}" is a second h1: the title is the first'
            yield Fault(page, HEADINGS, message, "make it an h2", needle, "a second h1")
        elif before and level > before + 1:
            message = f'heading "{text}" is an h{level} after an h{before}'
            yield Fault(page, HEADINGS, message, f"make it an h{before + 1}", needle, f"h{level} after h{before}")
        before, was_first = level, was_first or level == 1


def _without_words(output: Output, page: str, source: str) -> Fault:
    where = output.where(source, page)
    shown = output.shown(where.path) if where and where.inside else source
    needle = Needle("link", where.path if where else source, source)
    message = f"image {shown} says nothing to those who cannot see it"
    return Fault(page, "image-alt", message, 'give it an alt, or alt="" if it only adorns', needle, "no alt")
