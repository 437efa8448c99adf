"""What is wrong with the dialect in a source, by line: blocks, formulas, and what the site's policy refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pymdownx.arithmatex import RE_BRACKET_BLOCK, RE_DOLLAR_BLOCK, RE_TEX_BLOCK

from milepost.errors import Finding
from milepost.prose import prose
from milepost.schema import nearest
from milepost.writing.dialect.formulas import INLINE, BadFormula, mathml
from milepost.writing.entries import Entry

RULES = {
    "block": "A block begins with /// and its name, and ends with as many strokes: `/// note`, the text, `///`. Its "
    "options stand in the lines below its beginning, indented by four spaces.",
    "math": "A formula is TeX: $a^2$ within a line, $$ around one of its own. Dollars that are money are written \\$.",
    "policy": "The site's Content-Security-Policy refuses styles, scripts and handlers within a page. Give the "
    "element a class instead, { .name } behind it, and let the theme say how that looks.",
}
BLOCKS = (
    "admonition", "attention", "caution", "danger", "error", "hint", "note", "tip", "warning",
    "caption", "figure-caption", "table-caption", "details", "tab",
)  # fmt: skip
_BLOCK = re.compile(r"^ *(?P<strokes>/{3,}) *(?P<name>[\w-]+)? *(?:\|.*)?$")
_DISPLAYED = re.compile(rf"(?s)\s*(?:{RE_DOLLAR_BLOCK}|{RE_BRACKET_BLOCK}|{RE_TEX_BLOCK})\s*")
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_INLINE = tuple(re.compile(pattern, re.DOTALL) for pattern in INLINE)
_REFUSED = re.compile(
    r"<(?P<tag>[a-z][a-z0-9]*)\b[^<>]*?\s(?P<name>style|on[a-z]+)\s*=\s*[\"']",
    re.IGNORECASE,
)
# Data in a script's clothes (JSON-LD) is not run, and not refused.
_SCRIPT = re.compile(r"<scrip_\b(?![^<>]*\bsrc=)(?![^<>]*\btype\s*=\s*[\"']?[\w.-]+/(?:[\w.-]+\+)?json)", re.IGNORECASE)
_STYLED = re.compile(r"\{[^{}\n]*?\b(?P<name>style|on[a-z]+)=[\"'][^{}\n]*\}")


def faults(entry: Entry) -> Iterator[Finding]:
    """Everything in one source, in the order of its kinds."""
    body, first = entry.source.body, entry.source.body_line
    text = prose(body)
    if "///" in text:
        yield from (_finding(entry, first + line, "block", *words) for line, *words in _of_blocks(text))
    if "$" in text or "\\" in text:
        yield from (_finding(entry, first + line, "math", *words) for line, *words in _of_formulas(text))
    if "<" in body or "{" in text:
        yield from (_finding(entry, first + line, "policy", *words) for line, *words in _of_policy(body, text))


def _finding(entry: Entry, line: int, rule: str, message: str, remedy: str) -> Finding:
    return Finding(entry.source.name, line, rule, message, remedy)


def _of_blocks(text: str) -> Iterator[tuple[int, str, str]]:
    """(line from 0, message, remedy) of blocks that nobody knows, that do not end, and of ends of none."""
    open_: list[tuple[str, str, int]] = []
    for number, line in enumerate(text.split("\n")):
        match = _BLOCK.match(line)
        if not match:
            continue
        strokes, name = match["strokes"], match["name"]
        if name is None:
            depth = next((at for at in reversed(range(len(open_))) if open_[at][0] == strokes), None)
            if depth is None:
                yield number, f"{strokes} ends no block", "take it out, or begin one above it"
                continue
            yield from (_unended(*block) for block in open_[depth + 1 :])
            del open_[depth:]
        elif name in BLOCKS:
            open_.append((strokes, name, number))
        else:
            near = nearest(name, BLOCKS)
            remedy = f'did you mean "{near}"?' if near else f"say one of {', '.join(BLOCKS)}"
            yield number, f'unknown block "{name}"', remedy
            open_.append((strokes, "", number))
    yield from (_unended(*block) for block in open_ if block[1])


def _unended(strokes: str, name: str, number: int) -> tuple[int, str, str]:
    return number, f'block "{name}" does not end', f"write {strokes} below its last line"


def _of_formulas(text: str) -> Iterator[tuple[int, str, str]]:
    for start, tex, display in _formulas(text):
        try:
            mathml(tex, display)
        except BadFormula as fault:
            yield text.count("\n", 0, start), f"formula {_short(tex)}: {fault}", "mend the TeX; write \\$ for money"


def _formulas(text: str) -> Iterator[tuple[int, str, bool]]:
    """(offset, TeX, whether it stands alone), as arithmatex finds them: in a paragraph of its own, or in a line."""
    for paragraph in _PARAGRAPH.finditer(text):
        if match := _DISPLAYED.fullmatch(paragraph.group()):
            tex = match["math"] or match["math2"] or match["math3"]
            yield paragraph.start(), tex, True
            continue
        for pattern in _INLINE:
            for found in pattern.finditer(paragraph.group()):
                if found[3] is not None:
                    yield paragraph.start() + found.start(), found[3], False


def _short(tex: str) -> str:
    one_line = " ".join(tex.split())
    return one_line if len(one_line) <= 40 else f"{one_line[:39]}…"


def _of_policy(body: str, text: str) -> Iterator[tuple[int, str, str]]:
    remedy = "give it a class, and the theme a style for it"
    for match in _REFUSED.finditer(text):
        what = f"{match['name'].lower()}= on <{match['tag']}>"
        yield text.count("\n", 0, match.start()), f"{what} is refused by the site's policy", remedy
    for match in _STYLED.finditer(text):
        yield text.count("\n", 0, match.start()), f"{match['name']}= is refused by the site's policy", remedy
    if "<script" in body.lower():
        yield from _of_scripts(body)


def _of_scripts(body: str) -> Iterator[tuple[int, str, str]]:
    """Scripts are no prose, so they are looked for in what is left of the body when its code is taken out."""
    outside = prose(re.sub(r"<(/?)script", r"<\1scrip_", body, flags=re.IGNORECASE))
    for match in _SCRIPT.finditer(outside):
        line = outside.count("\n", 0, match.start())
        yield line, "a script within the page is refused by the site's policy", "put it into a file of the theme"
