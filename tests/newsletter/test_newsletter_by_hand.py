"""Issues by hand: faults by file and line, never published, and both parts of the mail as they were written."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from commands import Run, store_of
from relays import add_subscribers, ledger_of, relaying
from sqlalchemy import Engine, select, update

from milepost import db
from milepost.newsletter import tables
from milepost.newsletter.letter import letter_of
from sites import NO_ABOUT, Site, article, png

LETTER = """\
Title: What we learned this winter
Preheader: Three things, and a picture.
Topics: strategy, Docs
Date: 2999-01-31 08:00

## First

Read [the essay](/first-post/ "An essay") or **write** to [us](mailto:us@example.org).

![A road](/images/road.png)

Plain & simple
"""
HOSTILE = """
<script>alert(1)</script><form action="https://evil.example"><input name="a"></form>
<p style="position:fixed" onclick="alert(1)">Safe</p>
"""
FILE = "content/issues/2026-01-winter.md"
OTHERS: dict[str, str | bytes] = {
    "content/articles/first.md": article(),
    "content/authors/ada.md": "Name: Ada Sample\n\nWrites.\n",
    "content/images/road.png": png(1104, 400),
    "content/plan.toml": "",
}


def rows(engine: Engine) -> list[tuple[str, str, str, object]]:
    with db.reading(engine) as connection:
        found = connection.execute(select(tables.issue)).all()
    return [(row.id, row.state, row.rhythm, row.send_at and row.send_at.isoformat()) for row in found]


def test_an_issue_by_hand_is_sent_as_it_was_written_to_whom_it_is_for(site: Site, run: Run) -> None:
    site.conf = NO_ABOUT
    site.write({**OTHERS, FILE: LETTER + HOSTILE})
    engine, id_ = store_of(site), "2026-01-winter"
    add_subscribers(engine, "all@example.org", "docs@example.org", "tools@example.org")
    with engine.begin() as connection:
        for name in ("docs", "tools"):
            mine = tables.subscriber.c.address == f"{name}@example.org"
            connection.execute(update(tables.subscriber).where(mine).values(topics=f";{name};"))
    assert run(site, "issue", "--markdown", FILE) == (0, f"{id_}\n", "")
    assert rows(engine) == [(id_, "scheduled", "", "2999-01-31T07:00:00+00:00")]
    # While nothing of it was sent, the file counts.
    site.write({FILE: (LETTER + HOSTILE).replace("Date: 2999-01-31 08:00\n", "").replace("## First", "## One")})
    assert run(site, "issue", "--markdown", FILE) == (0, f"{id_}\n", "")
    assert rows(engine) == [(id_, "draft", "", None)]
    with relaying() as sink:
        assert run(site, "send", id_, MILEPOST_SMTP_URL=sink.url) == (0, "2 accepted\n", "")
    assert sorted(sink.recipients()) == ["all@example.org", "docs@example.org"]
    message = sink.mails[0].message
    parts = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]
    text, html = (part.replace("\r\n", "\n") for part in parts)
    assert message["Subject"] == "What we learned this winter"
    assert "## One\n\nRead the essay <http://127.0.0.1:8000/first-post/?touchpoint=newsletter/2026-01-winter>" in text
    assert "[A road]" in text
    assert "Three things, and a picture." in html
    [image] = BeautifulSoup(html, "lxml").select("img")
    assert (image["src"], image["alt"]) == ("http://127.0.0.1:8000/images/road.png", "A road")
    assert (image["width"], image["height"]) == ("552", "200")
    assert 'href="http://127.0.0.1:8000/first-post/?touchpoint=newsletter/2026-01-winter"' in html
    assert "Plain &amp; simple" in html and "Safe" in html
    assert not [bad for bad in ("alert", "evil", "fixed", "onclick", "<script", "<form", "<input") if bad in html]
    again = run(site, "issue", "--markdown", FILE)
    assert again == (1, "", f"there is an issue {id_} already, and it is not this draft; rename the file\n")
    assert len(ledger_of(engine)) == 2


FAULTS = {
    "Subject: What\nTopics: strategi, Docs\n\nText\n": [
        '1: no "Title"; add "Title: …"',
        '1: unknown field "Subject"; take the line out',
        '2: topic "strategi" is none; did you mean "Strategy"?',
    ],
    "Title: A\nDate: soon\n\n[a]({filename}/articles/first.md)\n\n[b](beside.md) [c](//evil.example)\n": [
        '2: "soon" is no date; write it like 2026-01-31 09:00',
        "4: {filename}/articles/first.md leads nowhere from a mail; write the address of the page, like /about/",
        "6: //evil.example leads nowhere from a mail; write the address of the page, like /about/",
        "6: beside.md leads nowhere from a mail; write the address of the page, like /about/",
    ],
    "Title: A\nTopics: Tools\n\n": [
        "1: the issue is empty; write below the fields what it says",
        '2: topic "Tools" is none; there are: Strategy, Docs',
    ],
    "Title: A\n\n<script>alert(1)</script>\n": ["3: nothing of it can be in a mail"],
}


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", FAULTS)
def test_what_is_wrong_with_an_issue_by_hand_is_said_by_line_and_nothing_is_made(
    text: str, site: Site, run: Run
) -> None:
    site.conf = NO_ABOUT
    site.write({**OTHERS, FILE: text})
    status, out, err = run(site, "issue", "--markdown", FILE)
    assert (status, out, err.splitlines()) == (1, "", [f"{FILE}:{line}" for line in FAULTS[text]])
    assert rows(store_of(site)) == []


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_files_that_are_none_are_one_line(site: Site, run: Run) -> None:
    site.write({"content/issues/Ä b.md": "Title: A\n\nText\n", "content/issues/b.md": b"Title: \xff\n\nText\n"})
    assert run(site, "issue", "--markdown", "none.md")[2] == "none.md: No such file or directory\n"
    assert run(site, "issue", "--markdown", "content/issues/b.md")[2] == (
        "content/issues/b.md: byte 0xff is not UTF-8\n"
    )  # fmt: skip
    assert run(site, "issue", "--markdown", "content/issues/Ä b.md")[2] == (
        'content/issues/Ä b.md:1: "Ä b" is no name of an issue; rename the file, like 2026-01-news.md\n'
    )
    status, _, err = run(site, "issue", "--markdown", "none.md", "--feed", "feed.json")
    assert (status, "say one of --feed and --markdown" in err) == (2, True)


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_build_checks_issues_by_hand_and_publishes_nothing_of_them(site: Site) -> None:
    site.conf = f'{NO_ABOUT}\nARTICLE_PATHS = [""]'
    site.write({**OTHERS, FILE: LETTER})
    done = site.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    built = [path for path in site.output.rglob("*") if path.is_file()]
    assert any(path.parent.name == "first-post" for path in built)
    assert not [path for path in built if b"learned this winter" in path.read_bytes()]
    site.write({FILE: LETTER.replace("Topics: strategy", "Topics: strategi")})
    checked = site.milepost("check")
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (
        1, f'{FILE}:3: topic "strategi" is none; did you mean "Strategy"?',
    )  # fmt: skip


def test_a_letter_of_a_row_is_the_text_for_everybody() -> None:
    class Row:
        id, subject, content = "a", "A", '[{"html": "<p>B</p>", "text": "B", "preheader": "C", "topics": ["docs"]}]'

    letter = letter_of(Row)
    assert (letter.html, letter.text, letter.preheader, letter.topics) == ("<p>B</p>", "B", "C", ("docs",))
    assert letter.theirs(("strategy",), 9) == letter
