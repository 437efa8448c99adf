"""Links and images in Markdown, found without rendering: the same ones that python-markdown renders."""

from __future__ import annotations

import time

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import markdown

from milepost.prose import Link, links, prose

BODIES = {
    "inline": "See [a](x.md) and ![b](y.png).",
    "with titles": '[a](x.md "t") [b](y.md \'t\') ![c](z.png "t")',
    "spaces and parentheses": "[a](<my file.md>) [b](my file.md) [c](x(1).md)",
    "an image that is a link": "[![a](y.png)](x.md)",
    "brackets in the text": "[a [b] c](x.md)",
    "references": '[a][1] ![b][2] ![3]\n\n[1]: x.md\n[2]: y.png "t"\n[3]: z.png',
    "a code span": "`[a](x.md)` and ``![b](`y.png`)`` but [c](z.md)",
    "a code span that never ends": "`[a](x.md)\n\nb` [c](z.md)",
    "an escaped tick": "\\`[a](x.md)`",
    "an escaped bang": "\\![a](x.md)",
    "an escaped bracket": "\\[a](x.md)",
    "a fence": "```\n[a](x.md)\n```\n[b](y.md)",
    "a fence of tildes around one of ticks": "~~~ md\n```\n[a](x.md)\n```\n~~~\n\n[b](y.md)",
    "indented code": "Text\n\n    [a](x.md)\n\n    ![b](y.png)\n\n[c](z.md)",
    "an indented line of a paragraph": "Text\n    [a](x.md)",
    "a paragraph of a list item": "1. a\n\n    [b](x.md)\n\n        [c](y.md)\n\nEnd [d](z.md)",
    "code in a nested item": "- a\n    - b\n\n        [in](x.md)\n\n            [c](y.md)",
    "an admonition": "!!! note\n    [a](x.md)\n\n    [b](y.md)\n\n        [c](z.md)",
    "a footnote": "Text[^1]\n\n[^1]: a\n\n    [b](x.md)",
    "a definition": "Term\n:   [a](x.md)\n\n    [b](y.md)",
    "html": '<a class="b" href="x.md">a</a> <img src=\'y.png\' alt="b">',
    "html that is code": '<pre><a href="x.md">a</a>\n![b](y.png)</pre>\n\n[c](z.md)',
    "a comment": "<!-- [a](x.md)\n\n![b](y.png) -->\n\n[c](z.md)",
    "entities": "[a](x.md?a=1&amp;b=2)",
    "nothing": "Plain text (with parentheses) [and brackets].",
}


def rendered(body: str) -> set[str]:
    html = markdown(body, extensions=["extra", "admonition"])
    soup = BeautifulSoup(html, "lxml")
    shown = [tag for tag in soup.select("[href], [src]") if not tag.find_parent(["pre", "code"])]
    found = {str(tag.get("href") or tag.get("src")) for tag in shown}
    return {target for target in found if not target.startswith("#")}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_found_is_what_is_rendered(body: str) -> None:
    assert {link.target for link in links(body)} == rendered(body)


def test_each_has_its_line_its_words_and_its_mark() -> None:
    body = '1\n\n![a b](x.png)\n[c](y.md)\n\n![](z.png){ .decorative }\n<img src="v.png" alt="">\n<img src="w.png">'
    assert list(links(body)) == [
        Link("x.png", 3, "a b"),
        Link("y.md", 4),
        Link("z.png", 6, "", decorative=True),
        Link("v.png", 7, "", decorative=True),
        Link("w.png", 8, ""),
    ]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_prose_has_every_line_in_its_place(body: str) -> None:
    assert prose(body).count("\n") == body.count("\n")


@given(st.text(alphabet="[]()!`~<>\\ \n{}a\"'=:.#-", max_size=400))
@settings(deadline=500)
def test_no_text_is_too_much(body: str) -> None:
    lines = body.count("\n")
    assert prose(body).count("\n") == lines
    assert all(1 <= link.line <= lines + 1 for link in links(body))


@pytest.mark.parametrize("text", ["[" * 5000, "[a](" * 3000, "`" * 5001 + "a" * 5000, "![a][b" * 3000, '<a b="' * 3000])
def test_brackets_left_open_take_no_time(text: str) -> None:
    began = time.perf_counter()
    list(links(f"[a](b) {text}"))
    assert time.perf_counter() - began < 2
