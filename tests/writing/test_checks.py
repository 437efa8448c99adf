"""The checks of what is written: a fault is one line, and what is right is none."""
# ruff: noqa: E501 - a case is a line, and a finding is one too

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import png

Find = Callable[..., list[str]]
PNG = png(2, 2)
HEAD = "Title: {title}\nDate: 2026-01-01\n\n"
A, B = "content/articles/a.md", "content/articles/b.md"


def post(body: str = "Text.", title: str = "A post", head: str = "") -> str:
    return f"Title: {title}\nDate: 2026-01-01\n{head}\n{body}"


FIELDS = {
    "a wrong date": ("Title: A\nDate: 2026-13-01\n", '2: "2026-13-01" is no date; write it like 2026-01-31 09:00'),
    "a date that is a word": ("Title: A\nDate: soon\n", '2: "soon" is no date; write it like 2026-01-31 09:00'),
    "an empty date": ("Title: A\nDate:\n", '2: "" is no date; write it like 2026-01-31 09:00'),
    "a huge date": ("Title: A\nDate: 99999999999999999999\n", '2: "99999999999999999999" is no date; write it like 2026-01-31 09:00'),
    "a wrong change": ("Title: A\nDate: 2026-01-01\nModified: x\n", '3: "x" is no date; write it like 2026-01-31 09:00'),
    "no date": ("Title: A\n", '1: no "Date"; add "Date: …"'),
    "no title": ("Date: 2026-01-01\n", '1: no "Title"; add "Title: …"'),
    "an empty title": ("Date: 2026-01-01\nTitle:\n", '2: "Title" is empty; fill it in'),
    "an unknown field": ("Titel: A\nDate: 2026-01-01\n", '1: unknown field "Titel"; did you mean "Title"?'),
    "a field twice": ("Title: A\nDate: 2026-01-01\nTitle: B\n", '3: "Title" stands here and in line 1; keep one'),
    "a field over two lines": (
        "Title: A\n    B\nDate: 2026-01-01\n",
        '1: "Title" goes on over several lines, of which Pelican keeps one; write it in one line',
    ),
    "an unknown status": ("Title: A\nDate: 2026-01-01\nStatus: publised\n", '3: unknown status "publised"; did you mean "published"?'),
    "a status far off": ("Title: A\nDate: 2026-01-01\nStatus: zzz\n", '3: unknown status "zzz"; say one of published, hidden, draft, skip'),
    "an empty first line": ("\nTitle: A\nDate: 2026-01-01\n", '1: "Title: A" is read as text, since the first line is empty; begin the file with it'),
    "a title without a letter": ("Title: ???\nDate: 2026-01-01\n", '1: no slug can be made of "???"; add "Slug: …"'),
    "a path out of the output": (
        "Title: A\nDate: 2026-01-01\nSave_as: ../x.html\n",
        "3: would be written to ../x.html, outside the output folder; keep it inside",
    ),
    "a listing's own path": (
        "Title: Tags\nDate: 2026-01-01\n",
        '1: would be written to tags/index.html, as the site\'s own tags page is; give one of them another "Slug: …"',
    ),
    "a lead picture that is not there": (
        "Title: A\nDate: 2026-01-01\nImage: images/x.png\nImage_alt: x\n",
        "3: image images/x.png is not there; add images/x.png to the content folder, or mend the path",
    ),
    "a lead picture from elsewhere": (
        "Title: A\nDate: 2026-01-01\nImage: https://x.example/x.png\nImage_alt: x\n",
        '3: "https://x.example/x.png" is no path below the content folder; write it like images/picture.png',
    ),
    "a lead picture without words": (
        "Title: A\nDate: 2026-01-01\nImage: images/y.png\n",
        '3: "Image: images/y.png" says nothing to those who cannot see it; add "Image_alt: …"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), FIELDS.values(), ids=FIELDS.keys())
def test_a_faulty_field_is_one_line(faults_of: Find, text: str, line: str) -> None:
    assert faults_of({A: f"{text}\nText.", "content/images/y.png": PNG}) == [f"{A}:{line}"]


RIGHT = {
    "a date in words": ("a", "Title: A\nDate: 3 March 2026 9:00\n"),
    "a date with an underscore": ("a", "Title: A\nDate: 2026-03-01_09:00\n"),
    "a date in the name": ("2026-03-01-a", "Title: A\n"),
    "a draft without a date": ("a", "Title: A\nStatus: Draft\n"),
    "field names in any case": ("a", "TITLE: A\ndate: 2026-03-01\n"),
    "every field of Pelican's": (
        "a",
        "Title: A\nDate: 2026-03-01\nModified: 2026-03-02\nTags: a, b\nKeywords: k\nCategory: C\nSlug: s\nAuthor: X\n"
        "Summary: Two\n    lines\nLang: de\nTranslation: true\nStatus: hidden\nTemplate: page\nSave_as: x.html\nUrl: x.html\n",
    ),
    "front matter between fences": ("a", "---\nTitle: A\nDate: 2026-03-01\n---\n"),
}


@pytest.mark.parametrize(("name", "text"), RIGHT.values(), ids=RIGHT.keys())
def test_what_pelican_understands_is_right(faults_of: Find, name: str, text: str) -> None:
    assert faults_of({f"content/articles/{name}.md": f"{text}\nText."}, "PLUGINS = ['milepost.writing']") == []


def test_every_fault_of_every_file_is_found_at_once_in_order(faults_of: Find) -> None:
    assert faults_of({B: "Titel: B\nDate: x\n", A: "Title: A\nStatus: x\n", "content/pages/p.md": "Slug: p\n"}) == [
        f'{A}:1: no "Date"; add "Date: …"',
        f'{A}:2: unknown status "x"; say one of published, hidden, draft, skip',
        f'{B}:1: unknown field "Titel"; did you mean "Title"?',
        f'{B}:2: "x" is no date; write it like 2026-01-31 09:00',
        'content/pages/p.md:1: no "Title"; add "Title: …"',
    ]


def test_fields_of_the_sites_own_theme_are_declared_in_the_settings(faults_of: Find) -> None:
    files: dict[str, str] = {A: post(head="Mood: good\n")}
    assert faults_of(files) == [f'{A}:3: unknown field "Mood"; take the line out']
    assert faults_of(files, 'FRONT_MATTER_FIELDS = ["Mood"]') == []


def test_a_default_of_the_settings_need_not_be_written(faults_of: Find) -> None:
    assert faults_of({A: "Title: A\n"}, "DEFAULT_METADATA = {'date': '2026-01-01'}") == []
    assert faults_of({A: "Title: A\n"}, "DEFAULT_METADATA = {'status': 'draft'}") == []
    assert faults_of({A: "Title: A\n"}, "DEFAULT_DATE = 'fs'") == []


class TestSlugs:
    def test_two_files_with_one_slug_are_named_both(self, faults_of: Find) -> None:
        twice = 'slug "a-post" is that of content/articles/a.md too; give one of them another "Slug: …"'
        assert faults_of({A: post(), B: post()}) == [f"{B}:1: {twice}"]
        assert faults_of({A: post(), B: post(title="Other", head="Slug: a-post\n")}) == [f"{B}:3: {twice}"]

    def test_a_translation_has_its_originals_slug(self, faults_of: Find) -> None:
        conf = "ARTICLE_LANG_SAVE_AS = '{lang}/{slug}/index.html'"
        assert faults_of({A: post(), B: post(head="Lang: de\n")}, conf) == []
        assert faults_of({A: post(head="Lang: de\n"), B: post(head="Lang: de\n")}, conf) == [
            f'{B}:1: slug "a-post" is that of {A} too; give one of them another "Slug: …"'
        ]

    def test_an_article_and_a_page_may_have_one_slug_but_not_one_file(self, faults_of: Find) -> None:
        files = {A: post(), "content/pages/p.md": "Title: A post\n"}
        assert faults_of(files) == [
            f'content/pages/p.md:1: would be written to a-post/index.html, as {A} is; give one of them another "Slug: …"'
        ]
        assert faults_of(files, "PAGE_SAVE_AS = 'pages/{slug}.html'") == []

    def test_a_doc_and_a_page_are_not_written_to_one_file(self, faults_of: Find) -> None:
        files = {"content/docs/index.md": "Title: Docs\n", "content/pages/p.md": "Title: P\nSlug: docs\n"}
        assert faults_of(files) == [
            'content/pages/p.md:2: would be written to docs/index.html, as content/docs/index.md is; give one of them another "Slug: …"'
        ]

    def test_a_doc_and_a_folder_of_docs_are_not_written_to_one_file(self, faults_of: Find) -> None:
        files = {"content/docs/a.md": "Title: A\n", "content/docs/a/index.md": "Title: B\n"}
        assert faults_of(files) == [
            "content/docs/a/index.md:1: would be written to docs/a/index.html, as content/docs/a.md is; rename one of them"
        ]

    def test_a_page_may_stand_in_for_a_listing(self, faults_of: Find) -> None:
        assert faults_of({"content/pages/p.md": "Title: Home\nSave_as: index.html\nUrl:\n"}) == []

    def test_what_is_skipped_takes_no_slug(self, faults_of: Find) -> None:
        assert faults_of({A: post(head="Status: skip\n"), B: post()}) == []


LINKS = {
    "a dead link": ("[x]({filename}c.md)", "dead link {filename}c.md: there is no articles/c.md; mend the path, or add the file"),
    "one in the old way": ("[x](|filename|c.md)", "dead link |filename|c.md: there is no articles/c.md; mend the path, or add the file"),
    "one from the content folder": ("[x]({filename}/docs/q.md#a)", "dead link {filename}/docs/q.md#a: there is no docs/q.md; mend the path, or add the file"),
    "one to the wrong folder": ("[x]({filename}d.md)", "dead link {filename}d.md: there is no articles/d.md; did you mean {filename}/docs/d.md?"),
    "one in HTML": ('<a href="{filename}c.md">x</a>', "dead link {filename}c.md: there is no articles/c.md; mend the path, or add the file"),
    "one out of the folder": ("[x]({static}../../pelicanconf.py)", "dead link {static}../../pelicanconf.py: it leads out of the content folder; move the file into it"),
    "a misspelt indicator": ("[x]({filname}b.md)", "dead link {filname}b.md: Pelican knows no {filname}; did you mean {filename}?"),
    "a file as a source": ("[x]({filename}/images/y.png)", "{filename}/images/y.png is a file and no article, page or doc; write {static}/images/y.png"),
    "a source as a file": ("[x]({static}b.md)", "dead link {static}b.md: a source is published as a page, not as a file; write {filename}b.md"),
    "an author's file": ("[x]({filename}/authors/x.md)", "dead link {filename}/authors/x.md: it has no page of its own; link to a page that shows it"),
    "a source by its own name": ("[x](b.md)", "dead link b.md: the source is not published under its own name; write {filename}b.md"),
    "a dead attachment": ("[x]({attach}x.pdf)", "dead link {attach}x.pdf: there is no articles/x.pdf; mend the path, or add the file"),
    "a missing image": ("![x]({static}/images/z.png)", "image {static}/images/z.png is not there; add images/z.png to the content folder, or mend the path"),
    "a missing image by its address": ("![x](/images/z.png)", "image /images/z.png is not there; add images/z.png to the content folder, or mend the path"),
    "an image without words": ("![]({static}/images/y.png)", "image {static}/images/y.png says nothing to those who cannot see it; write ![what it shows]({static}/images/y.png), or add { .decorative } behind it"),
    "a link to a draft": ("[x]({filename}draft.md)", "dead link {filename}draft.md: content/articles/draft.md is not published yet; take the link out, or publish both"),
    "a link to the future": ("[x]({filename}future.md)", "dead link {filename}future.md: content/articles/future.md is not published yet; take the link out, or publish both"),
}  # fmt: skip
AROUND: dict[str, str | bytes] = {
    B: post(title="B"),
    "content/articles/draft.md": post(title="D", head="Status: draft\n"),
    "content/articles/future.md": "Title: F\nDate: 2999-01-01\n\n[d]({filename}draft.md)",
    "content/articles/beside.png": PNG,
    "content/articles/with space.md": post(title="Space"),
    "content/docs/d.md": "Title: D\n\nText",
    "content/docs/old.rst": "Old\n===\n",
    "content/authors/x.md": "Name: X\n\nBio",
    "content/images/y.png": PNG,
    "content/files/f.pdf": b"%PDF",
}


@pytest.mark.parametrize(("body", "line"), LINKS.values(), ids=LINKS.keys())
def test_a_link_or_image_that_leads_nowhere_is_one_line(faults_of: Find, body: str, line: str) -> None:
    assert faults_of({**AROUND, A: post(f"Text.\n\n{body}")}) == [f"{A}:6: {line}"]


@pytest.mark.parametrize(
    "body",
    [
        "[x]({filename}b.md) [y]({filename}/docs/d.md#part) [z](|filename|../docs/d.md)",
        "[x]({filename}with%20space.md) [y](<{filename}with space.md>)",
        "[x]({filename}/docs/old.rst)",
        "[x]({static}/files/f.pdf) [y]({attach}beside.png) ![z]({static}beside.png)",
        "![x]({static}/images/y.png) ![x](/images/y.png) ![x](../images/y.png) ![x](beside.png) ![x](y.png) ![x](https://x.example/y.png)",
        "![x](data:image/png;base64,AA) [mail](mailto:a@b.example) [here](#here) [q](?q=1)",
        "![]({static}/images/y.png){ .decorative }",
        "[x]({category}Strategy) [y]({tag}a b) [z]({author}Ada) [i]({index})",
        "`![](x)` and ``[x]({filename}c.md)``\n\n    [x]({filename}c.md)\n\n```\n![](z.png)\n```\n",
        "[x](/somewhere/) [y](../b/) [z]({not one})",
    ],
)
def test_what_leads_somewhere_is_right(faults_of: Find, body: str) -> None:
    assert faults_of({**AROUND, A: post(body)}) == []


def test_a_hidden_doc_is_not_published_and_a_hidden_article_is(faults_of: Find) -> None:
    files = {
        A: post("[x]({filename}b.md) [y]({filename}../docs/h.md)"),
        B: post(title="B", head="Status: hidden\n"),
        "content/docs/h.md": "Title: H\nStatus: hidden\n",
    }
    assert faults_of(files) == [
        f"{A}:4: dead link {{filename}}../docs/h.md: content/docs/h.md is not published yet; take the link out, or publish both"
    ]


def test_a_draft_may_link_to_a_draft(faults_of: Find) -> None:
    assert faults_of({**AROUND, A: post("[x]({filename}draft.md)", head="Status: draft\n")}) == []


def test_the_future_is_published_where_the_site_wants_it(faults_of: Find) -> None:
    assert faults_of({**AROUND, A: post("[x]({filename}future.md)")}, "WITH_FUTURE_DATES = True") == [
        "content/articles/future.md:4: dead link {filename}draft.md: content/articles/draft.md is not published yet; "
        "take the link out, or publish both"
    ]


def test_the_summary_is_looked_through_too(faults_of: Find) -> None:
    files = {A: post(head="Summary: One\n    [x]({filename}c.md)\n")}
    assert faults_of(files) == [
        f"{A}:4: dead link {{filename}}c.md: there is no articles/c.md; mend the path, or add the file"
    ]


def test_without_the_slice_that_makes_pictures_an_image_is_published_at_its_address_alone(faults_of: Find) -> None:
    files = {A: post("![x](/base/images/y.png)\n![x](/images/y.png)\n![x](y.png)"), "content/images/y.png": PNG}
    conf = "SITEURL = 'https://x.example/base'\nPLUGINS = ['milepost.writing', 'milepost.authors', 'milepost.docs']"
    assert faults_of(files, conf) == [
        f"{A}:5: image /images/y.png is there but not published; write {{static}}/images/y.png",
        f"{A}:6: image y.png is not there; add articles/y.png to the content folder, or mend the path",
    ]


def test_images_of_the_theme_and_renamed_ones_are_there(faults_of: Find) -> None:
    files: dict[str, str | bytes] = {A: post("![x](/favicon.png)"), "content/extra/f.png": PNG}
    conf = "EXTRA_PATH_METADATA = {'extra/f.png': {'path': 'favicon.png'}}\nSTATIC_PATHS = ['extra']"
    assert faults_of(files, conf) == []


def test_a_file_that_is_no_text_is_one_line(faults_of: Find) -> None:
    assert faults_of({A: b"Title: caf\xe9\n"}) == [f"{A}:1: byte 0xe9 is not UTF-8; save the file as UTF-8"]


def test_a_site_whose_articles_are_anywhere_is_read_as_pelican_reads_it(faults_of: Find) -> None:
    files = {
        "content/a.md": "Titel: A\nDate: 2026-01-01\n",
        "content/pages/p.md": "Title: P\n",
        "content/docs/d.md": "Title: D\n",
        "content/authors/x.md": "Name: X\n\nBio",
        "content/old/o.md": "nothing of ours",
    }
    conf = "ARTICLE_PATHS = ['']\nARTICLE_EXCLUDES = ['old']"
    assert faults_of(files, conf) == ['content/a.md:1: unknown field "Titel"; did you mean "Title"?']
