"""The Markdown dialect: each construct's HTML beside its source in `dialect/`, and what is wrong in one, by line.

`GOLDEN=1 pytest tests/writing/test_dialect.py` writes the HTML anew; read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown import Markdown

from milepost.writing.dialect.formulas import BadFormula, mathml
from milepost.writing.dialect.settings import merged
from sites import Site, article

New = Callable[..., Site]
Faults = Callable[..., list[str]]
SOURCES = sorted((Path(__file__).parent / "dialect").glob("*.md"))
BIO = "Name: Ada Sample\n\nA sample.\n"
EVERYTHING = "\n\n".join(path.read_text() for path in SOURCES).replace("{static}/images/tree.png", "/favicon.svg")
EVERYTHING = EVERYTHING.replace("{filename}x.md", "#")


def html_of(text: str) -> str:
    return Markdown(**merged({})).convert(text) + "\n"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_construct_becomes_this_html(source: Path) -> None:
    golden = source.with_suffix(".html")
    html = html_of(source.read_text())
    if os.environ.get("GOLDEN"):
        golden.write_text(html)
    assert html == golden.read_text()


def test_one_instance_gives_the_same_html_whatever_it_read_before() -> None:
    reader = Markdown(**merged({}))
    first = [reader.reset().convert(path.read_text()) for path in SOURCES]
    again = [reader.reset().convert(path.read_text()) for path in reversed(SOURCES)]
    assert first == again[::-1] == [html_of(path.read_text()).removesuffix("\n") for path in SOURCES]


@pytest.mark.parametrize("theme", ["milepost", "simple"])
def test_nothing_in_the_dialect_has_a_style_or_a_script_or_an_id_twice(new_site: New, theme: str) -> None:
    site = new_site(
        {"content/articles/a.md": article("All", body=EVERYTHING), "content/extra/favicon.svg": "<svg/>"},
        conf="THEME = 'simple'" if theme == "simple" else "",
    )
    done = site.pelican(STATIC_PATHS=["extra"], EXTRA_PATH_METADATA={"extra/favicon.svg": {"path": "favicon.svg"}})
    assert done.returncode == 0, done.stdout
    page = site.soup("all/index.html")
    assert page.select("[style], [align], [onclick]") == []
    assert [
        script for script in page.find_all("script") if not script.get("src") and "ld+json" not in script["type"]
    ] == []
    ids = [element["id"] for element in page.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))
    feed = BeautifulSoup(site.json("feed.json")["items"][0]["content_html"], "lxml")
    assert feed.select("[style], script, [align]") == []
    assert {"math", "details", "kbd", "figcaption", "table"} <= {element.name for element in feed.find_all()}


def test_a_site_configures_the_dialect_and_adds_to_it() -> None:
    given = {
        "extension_configs": {"markdown.extensions.toc": {"permalink": True}, "pymdownx.mark": {}},
        "extensions": ["pymdownx.tilde", "markdown.extensions.extra"],
    }
    html = Markdown(**merged(given)).convert("# A\n\n==marked== ~~gone~~ $x$")
    assert 'class="headerlink"' in html
    assert "<mark>marked</mark>" in html
    assert "<del>gone</del>" in html
    assert "<math" in html


CASES = {
    "an unknown block": ("/// noet\nText.\n///", ['8: unknown block "noet"; did you mean "note"?']),
    "a block that does not end": (
        "Text.\n\n/// note\nText.",
        ['10: block "note" does not end; write /// below its last line']),
    "an end of nothing": ("Text.\n\n///\n", ["10: /// ends no block; take it out, or begin one above it"]),
    "a block within a block that does not end": (
        "//// note\n/// tip\nText.\n////",
        ['9: block "tip" does not end; write /// below its last line'],
    ),
    "blocks within blocks": ("//// note\n/// tip | A | B\n    type: x\n\nText.\n///\n////", []),
    "a block in code": ("```\n/// noet\n```", []),
    "a brace that is not closed": (
        r"Text $\frac{1$ here.",
        [r"8: formula \frac{1: a { that is not closed; mend the TeX; write \$ for money"],
    ),
    "a command that nobody knows": (
        "$$\na\n+ \\foo\n$$",
        [r"8: formula a + \foo: nobody knows \foo; mend the TeX; write \$ for money"],
    ),
    "two powers of one base": (
        "$a^2^3$",
        [r"8: formula a^2^3: double superscripts; mend the TeX; write \$ for money"],
    ),
    "money": ("It costs $5, or $10 for two, or $5-$10 \\$", []),
    "a formula in code": ("`$\\frac{1$`", []),
    "a style": (
        'A <span style="color: red">red</span> word.',
        ["8: style= on <span> is refused by the site's policy; give it a class, and the theme a style for it"],
    ),
    "a style by attribute": (
        'Text.\n\nA paragraph.\n{ style="color: red" }',
        ["11: style= is refused by the site's policy; give it a class, and the theme a style for it"],
    ),
    "a handler": (
        '<b onclick="go()">b</b>',
        ["8: onclick= on <b> is refused by the site's policy; give it a class, and the theme a style for it"],
    ),
    "a script": (
        "Text.\n\n<script>go()</script>",
        ["10: a script within the page is refused by the site's policy; put it into a file of the theme"],
    ),
    "data in a script": ('<script type="application/ld+json">{}</script>', []),
    "a script in code": ("`<script>go()</script>`\n\n```\n<script>go()</script>\n```", []),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES.keys())
def test_a_fault_is_told_at_its_line(faults_of: Faults, body: str, expected: list[str]) -> None:
    files = {
        "content/articles/a.md": article("First", body=body),
        "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n",
    }
    assert [fault.removeprefix("content/articles/a.md:") for fault in faults_of(files)] == expected


def test_links_in_blocks_are_checked_at_their_lines(faults_of: Faults) -> None:
    body = (
        "/// tab | One\n[x]({filename}gone.md)\n///\n\n/// details | Two\n    type: note\n\n[y]({filename}lost.md)\n///"
    )
    files = {
        "content/articles/a.md": article("First", body=body),
        "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n",
    }
    assert [fault.split(";")[0] for fault in faults_of(files)] == [
        "content/articles/a.md:9: dead link {filename}gone.md: there is no articles/gone.md",
        "content/articles/a.md:15: dead link {filename}lost.md: there is no articles/lost.md",
    ]


@pytest.mark.parametrize(
    "tex",
    ["{" * 3000 + "}" * 3000, "x" * 5000, r"\left(", "}", r"\begin{aligned} a &= b \end{aligned}", r"\begin{matrix}"],
)
def test_hostile_tex_is_refused_in_words(tex: str) -> None:
    with pytest.raises(BadFormula) as refused:
        mathml(tex, display=False)
    assert 0 < len(str(refused.value)) < 200
