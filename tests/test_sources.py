"""Sources: front matter as python-markdown reads it, with the line of every field."""

from __future__ import annotations

from pathlib import Path

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.errors import Finding
from milepost.sources import Source, parse, read

PATH = Path("content/a.md")


def of(text: str) -> Source:
    return parse(PATH, "article", text)


def test_every_field_has_its_line_and_the_body_begins_where_it_begins() -> None:
    source = of("Title: A post\nSummary: Two\n    lines\nTags: a, b\n\nFirst.\nSecond.")
    assert source.fields == {"title": ("A post", 1), "summary": ("Two\nlines", 2), "tags": ("a, b", 4)}
    assert (source.body, source.body_line) == ("First.\nSecond.", 6)
    assert (source.line("title"), source.line("date"), source.get("date")) == (1, 1, None)


def test_a_field_keeps_its_name_as_written_and_says_where_it_stands_again() -> None:
    source = of("TITLE: One\nDate: 2026-01-01\ntitle: Two\n\nText")
    assert source.names == {"title": "TITLE", "date": "Date"}
    assert source.fields["title"] == ("One", 1)
    assert source.repeated == (("title", 3),)


@pytest.mark.parametrize(
    "text",
    [
        "Title: a\n\nbody",
        "---\nTitle: a\n---\nbody",
        "--- # yaml\nTitle: a\n...\nbody",
        "Title: a\n----\nbody",
        "Title: a\nno field\n\nbody",
        "Title: a\n\tmore\n\nbody",
        "   Title: a\n    Not: a field\n\nbody",
        "\nTitle: a\n\nbody",
        "Title: a\r\nDate: 2026\r\n\r\nbody",
        "Title: a\x0cb\nDate: c\n\nbody",
        "Title:\n\nbody",
        "Title: http://x: y\n\nbody",
        "body alone",
        "",
    ],
)
def test_front_matter_is_what_python_markdown_takes_it_for(text: str) -> None:
    assert first_values(text) == {name: value for name, (value, _) in of(text).fields.items()}


def first_values(text: str) -> dict[str, str]:
    """What the `meta` extension makes of `text`; a field of several lines joined, a repeated one its first."""
    md = markdown.Markdown(extensions=["meta"])
    md.convert(text)
    repeated = {name.lower() for name, _ in of(text).repeated}
    meta: dict[str, list[str]] = getattr(md, "Meta", {})
    return {
        name: of(text).fields[name][0] if name in repeated else "\n".join(values).strip()
        for name, values in meta.items()
    }


@given(st.lists(st.sampled_from(["A: b", "B:", "c: d: e", "    more", "\tmore", "---", "...", "", "text", " x: y"])))
def test_no_arrangement_of_lines_is_read_otherwise(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert first_values(text) == {name: value for name, (value, _) in of(text).fields.items()}


def test_sources_are_read_in_the_order_of_paths_and_of_the_first_kind_that_has_them(tmp_path: Path) -> None:
    for name in ("docs/b.md", "docs/a/index.markdown", "posts/x.md", "posts/.hidden.md", ".git/x.md", "old/y.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Title: t\n\n")
    (tmp_path / "posts/picture.png").write_bytes(b"\x89PNG")
    sources = read(tmp_path, {"doc": ("docs",), "article": ("",)}, {"article": ("old",)})
    assert [(sources.place(source), source.kind) for source in sources.all] == [
        ("docs/a/index.markdown", "doc"),
        ("docs/b.md", "doc"),
        ("posts/x.md", "article"),
    ]
    assert [source.kind for source in sources.of_kind("article")] == ["article"]


def test_a_file_that_is_no_text_is_named_with_its_line_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.md").write_bytes(b"Title: a\n\nsm\xf8rrebr\xf8d")
    (tmp_path / "good.md").write_text("\ufeffTitle: a", encoding="utf-8")
    sources = read(tmp_path, {"article": ("",)})
    assert [source.fields for source in sources.all] == [{"title": ("a", 1)}]
    assert sources.unreadable == (
        Finding("bad.md", 3, "text", "byte 0xf8 is not UTF-8", "save the file as UTF-8"),
    )  # fmt: skip
