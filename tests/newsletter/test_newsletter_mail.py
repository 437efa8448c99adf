"""What stands in a mail, as a relay gets it: headers, both parts, and texts that would be something else."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from relays import Taken, add_issue, add_subscribers, item, ledger_of, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, insert, select

from milepost.errors import SettingsError
from milepost.newsletter import delivery, ledger, notices, tables
from milepost.newsletter.copies import Copies
from milepost.newsletter.issue import Item
from milepost.newsletter.letter import letter_of
from milepost.newsletter.mail import compose_issue, envelope_address, letterhead
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.relay import SmtpRelay, always, wire_bytes
from milepost.newsletter.tokens import Purpose, Tokens
from milepost.settings import Settings

MESSAGE_ID = "<2026-01-15.7@site.example>"
HOSTILE = {
    "header": "One\r\nBcc: victim@example.org\r\n\r\nAnother body",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "template": "{{ head.name }} {% for a in b %} ${1} {0}",
    "long word": "x" * 10_000,
    "long": "word " * 2_000,
    "emoji": "👩‍👩‍👧 " * 300,
    "control": "a\x00b\x07c\x1b[31m",
    "separators": "one\u2028two\u0085three",
    "encoded word": "=?utf-8?q?=0D=0ABcc=3A_victim=40example.org?=",
    "dot": "one\n.\r\nQUIT",
}


def copy_of(
    *items: Item,
    address: str = "reader@example.org",
    number: int = 7,
    subject: str = "",
    settings: Settings,
    **by_hand: str,
) -> Taken:
    """One subscriber's copy of an issue, as it came out of a real connection."""
    head, tokens = letterhead(settings), Tokens(settings.env.secret(), lambda: NOW)
    content = json.dumps([one.model_dump(mode="json", exclude_defaults=True) for one in items])
    letter = letter_of(SimpleNamespace(id="2026-01-15", subject=subject or items[0].title, content=content))
    person = SimpleNamespace(id=number, address=address, changed_at=NOW)
    message = compose_issue(replace(letter, **by_hand), person, head, tokens, MESSAGE_ID, NOW)
    with relaying() as sink:

        async def hand_over() -> None:
            relay = SmtpRelay(sink.url)
            recipient = envelope_address(address)
            await relay.send(wire_bytes(message, recipient), head.sender, recipient, always)
            await relay.close()

        asyncio.run(hand_over())
    [taken] = sink.mails
    return taken


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_copy_that_is_filled_in_is_the_one_that_would_be_composed(
    title: str, engine: Engine, settings: Settings
) -> None:
    everybody = ["a@b.example", "x" * 64 + "@" + "y" * 60 + ".example.org", "jürgen@bücher.example", "&=?@example.org"]
    add_subscribers(engine, *everybody, "o'brien+a=b@EXAMPLE.org", "ж@example.org")
    id_ = add_issue(engine, item(1, title=title))
    with engine.begin() as connection:
        ledger.freeze(connection, id_, letterhead(settings), NOW)
        made = Copies(ledger.issue_row(connection, id_), "", Tokens(b"secret"), b"secret", None)
        rows = connection.execute(select(tables.subscriber).order_by(tables.subscriber.c.id)).all()
    for row in rows:
        copy = made.of(row.id, f"<{row.id}@site.example>", row)
        assert copy.content == made._composed(made._letter, f"<{row.id}@site.example>", row, Tokens(b"secret"))
        assert max(map(len, copy.content.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    # Two moulds, since an address beyond ASCII makes another mail, and both fit.
    assert [mould is not None for mould in made._moulds.values()] == [True, True]


def notices_of(settings: Settings, engine: Engine) -> list[Taken]:
    with relaying() as sink:
        mailing = settings.model_copy(update={"env": settings.env.model_copy(update={"smtp_url": sink.url})})
        asyncio.run(notices.send_due(engine, mailing, lambda: NOW))
    return sink.mails


def named(settings: Settings, **values: str) -> Settings:
    """`settings` with other ones of the newsletter's."""
    ours = settings.of(NewsletterSettings).model_copy(update=values)
    return settings.model_copy(update={"models": {"newsletter": ours}})


def header_lines(taken: Taken) -> dict[str, str]:
    """Each header as it was written, only unfolded: nothing is decoded."""
    head = taken.content.partition(b"\r\n\r\n")[0].decode("ascii")
    lines = [line.partition(": ") for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")]
    names = [name for name, _, _ in lines]
    assert len(set(names)) == len(names)
    return {name: value for name, _, value in lines}


def part(taken: Taken, kind: str) -> str:
    found = taken.message.get_body((kind,))
    assert found
    return str(found.get_content())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path, None)


def test_an_issues_headers_say_who_writes_and_how_to_leave(settings: Settings) -> None:
    headers = header_lines(copy_of(item(), settings=settings))
    token = Tokens(settings.env.secret(), lambda: NOW).make("one-click", 7)
    kind = headers.pop("Content-Type")
    assert kind.startswith("multipart/alternative; boundary=")
    assert headers == {
        "From": "Letters <letters@site.example>",
        "To": "reader@example.org",
        "Subject": "Post 1",
        "Date": "Thu, 15 Jan 2026 12:00:00 +0000",
        "Message-ID": MESSAGE_ID,
        "MIME-Version": "1.0",
        "List-Id": "Letters <newsletter.site.example>",
        "List-Unsubscribe": f"<https://site.example/newsletter/one-click/{token}>, "
        "<mailto:letters@site.example?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


@pytest.mark.parametrize(("kind", "state"), [("confirm", "pending"), ("already", "active")])
def test_a_notice_says_that_a_machine_answers(kind: str, state: str, settings: Settings, engine: Engine) -> None:
    add_subscribers(engine, *readers(2), state=state)
    with engine.begin() as connection:
        owed = {"kind": kind, "state": "queued", "attempts": 0, "due_at": NOW, "created_at": NOW}
        connection.execute(insert(tables.notice), [{"subscriber_id": id_, **owed} for id_ in (1, 2)])
    taken = notices_of(settings, engine)
    assert [mail.recipient for mail in taken] == readers(2)
    for mail in taken:
        headers = header_lines(mail)
        assert headers["Auto-Submitted"] == "auto-replied"
        assert (headers["From"], headers["To"]) == ("Letters <letters@site.example>", mail.recipient)
        assert parsedate_to_datetime(headers["Date"]) == NOW
        assert "List-Unsubscribe" not in headers
        purpose = "confirm" if kind == "confirm" else "unsubscribe"
        tokens = Tokens(settings.env.secret(), lambda: NOW)
        for text in (part(mail, "plain"), part(mail, "html")):
            [token] = set(re.findall(rf"https://site\.example/newsletter/{purpose}/([\w.-]+)", text))
            assert readers(2)[tokens.read(purpose, token) - 1] == mail.recipient
            assert "1 Example Street" in text
    ids = [header_lines(mail)["Message-ID"] for mail in taken]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"<notice-\d+\.\w{12}@site\.example>", id_) for id_ in ids)


def test_every_message_id_is_its_own_and_the_ledgers(settings: Settings, engine: Engine) -> None:
    add_subscribers(engine, *readers(3))
    add_issue(engine, item(1))
    add_issue(engine, item(2), item(1), now=NOW + timedelta(minutes=1))
    with relaying() as sink:
        mailing = settings.model_copy(update={"env": settings.env.model_copy(update={"smtp_url": sink.url})})
        for issue_id in ("2026-01-15", "2026-01-15-2"):
            asyncio.run(delivery.send(engine, mailing, issue_id, clock=lambda: NOW))
    sent = [(mail.recipient, header_lines(mail)["Message-ID"]) for mail in sink.mails]
    assert sorted(sent) == sorted((row.address, row.message_id) for row in ledger_of(engine))
    assert len({message_id for _, message_id in sent}) == 6


PICTURE = "https://site.example/pictures/a.jpg"
OURS = {"touchpoint": "blog/post-1", "image": {"width": 1280, "height": 720, "alt": 'A "road"'}}
MARK = "?touchpoint=newsletter/2026-01-15"


def own(settings: Settings, purpose: Purpose) -> str:
    return f"https://site.example/newsletter/{purpose}/{Tokens(settings.env.secret()).make(purpose, 7)}"


def test_both_parts_say_the_same_with_absolute_links_and_the_postal_address(settings: Settings) -> None:
    measured = item(1, tags=["Strategy"], image=PICTURE, _milepost=OURS)
    taken = copy_of(measured, item(2, summary=""), settings=settings)
    text, soup = part(taken, "plain"), BeautifulSoup(part(taken, "html"), "lxml")
    # Only where a page is measured does anybody read by which mail it was come to.
    posts = [f"https://site.example/post-1/{MARK}", "https://site.example/post-2/"]
    preferences, leave = own(settings, "preferences"), own(settings, "unsubscribe")
    every = "https://site.example/issues/"
    assert re.findall(r"\S+://\S+", text) == [*posts, preferences, leave, every]
    links = [str(link["href"]) for link in soup.select("a")]
    assert links == ["https://site.example/", *[posts[0]] * 3, *[posts[1]] * 2, preferences, leave, every]
    for said in ("Post 1", "Post 2", "A summary.", "15 January 2026", "1 Example Street", "Letters"):
        assert said in text
        assert said in soup.get_text(" ")
    assert [part.get_content_type() for part in taken.message.walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip


def test_two_readers_get_the_same_links_but_to_the_pages_that_are_their_own(settings: Settings) -> None:
    """Whoever follows a link to a page says which mail it was in, and not whose."""
    measured = item(1, image=PICTURE, _milepost=OURS)
    text_by_hand = "See [the docs](https://site.example/docs/) and https://elsewhere.example/x"
    copies = [
        copy_of(measured, item(2), address=address, number=number, settings=settings, text=text_by_hand)
        for number, address in ((7, "reader@example.org"), (8, "another@example.org"))
    ]
    for kind in ("plain", "html"):
        links = [re.findall(r"https?://[^\s\"<>)]+", part(taken, kind)) for taken in copies]
        own_pages, others = zip(*(_parted(some) for some in links), strict=True)
        assert others[0] == others[1]
        assert f"https://site.example/post-1/{MARK}" in others[0]
        assert len(own_pages[0]) == len(own_pages[1]) >= 2
        assert set(own_pages[0]).isdisjoint(own_pages[1])


def _parted(links: list[str]) -> tuple[list[str], list[str]]:
    """Those to the newsletter's own pages of one subscriber, and all others."""
    ours = [link.startswith("https://site.example/newsletter/") for link in links]
    return [x for x, own in zip(links, ours, strict=True) if own], [
        x for x, own in zip(links, ours, strict=True) if not own
    ]


def test_the_text_part_reads_as_if_it_was_typed(settings: Settings) -> None:
    long = "A touchpoint is a place where a reader meets you, and a road that leads there is none. " * 2
    text = part(copy_of(item(1, summary=long), settings=settings), "plain").replace("\r\n", "\n")
    assert (
        text
        == f"""\
Letters
15 January 2026


Post 1
------

A touchpoint is a place where a reader meets you, and a road that leads
there is none. A touchpoint is a place where a reader meets you, and a
road that leads there is none.

https://site.example/post-1/


--\x20
Letters, by A site
1 Example Street

You get this because you confirmed this address on 15 January 2026.

Change what you get, and how often:
{own(settings, "preferences")}

Leave, with one button and no questions:
{own(settings, "unsubscribe")}

Every issue so far, on the web:
https://site.example/issues/
"""
    )


def test_a_text_by_hand_stands_above_the_posts_in_both_parts(settings: Settings) -> None:
    link = "https://site.example/docs/"
    taken = copy_of(
        item(1), settings=settings, subject="A note",
        html=f'<p>See <a href="{link}#a">the docs</a>, and <a href="https://other.example/">others</a>.</p>',
        text=f"See the docs ({link}#a), and https://other.example/.",
    )  # fmt: skip
    text, soup = part(taken, "plain"), BeautifulSoup(part(taken, "html"), "lxml")
    assert f"See the docs ({link}{MARK}#a), and https://other.example/." in text
    assert [str(one["href"]) for one in soup.select(".prose a")] == [f"{link}{MARK}#a", "https://other.example/"]
    assert [(one.name, one.get_text()) for one in soup.select("h1, h2")] == [("h1", "A note"), ("h2", "Post 1")]


def test_styles_are_inlined_and_those_of_the_dark_are_kept(settings: Settings) -> None:
    soup = BeautifulSoup(part(copy_of(item(1, image=PICTURE), settings=settings), "html"), "lxml")
    assert soup.body and "background: #fafcfb" in str(soup.body["style"])
    assert all("color: #" in str(link["style"]) for link in soup.select("a:not(:has(img))"))
    assert "prefers-color-scheme: dark" in str(soup.style)
    assert [str(meta["content"]) for meta in soup.select("meta[name$=color-schemes], meta[name=color-scheme]")] == [
        "light dark", "light dark",
    ]  # fmt: skip
    assert not soup.select("script, link, [class*=http]")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"width": 1280, "height": 720, "alt": "A road"}, {"width": "552", "height": "310", "alt": "A road"}),
        ({"width": 300, "height": 200}, {"width": "300", "height": "200", "alt": ""}),
        ({}, {"width": "552", "alt": ""}),
    ],
)
def test_a_picture_has_a_size_and_a_text_in_its_place(
    said: dict[str, Any], shown: dict[str, str], settings: Settings
) -> None:
    taken = copy_of(item(1, image=PICTURE, _milepost={"image": said}), settings=settings)
    [picture] = BeautifulSoup(part(taken, "html"), "lxml").select("img")
    assert picture["src"] == PICTURE
    assert {name: picture.get(name) for name in shown} == shown
    assert picture.has_attr("height") == ("height" in shown)


@pytest.mark.parametrize(
    ("posts", "opening"),
    [
        ([item(1)], "A summary."),
        ([item(1), item(2), item(3)], "Also: Post 2; Post 3"),
        ([item(1, summary="word " * 60)], "word " * 22 + "…"),
        ([item(1, summary="")], ""),
    ],
)
def test_what_stands_beside_the_subject_says_more_than_the_subject(
    posts: list[Item], opening: str, settings: Settings
) -> None:
    soup = BeautifulSoup(part(copy_of(*posts, settings=settings), "html"), "lxml")
    hidden = [str(one.get_text()).strip(" \u2007\ufeff\u034f") for one in soup.select(".preheader")]
    assert hidden == ([opening] if opening else [])
    assert all("display: none" in str(one["style"]) for one in soup.select(".preheader"))


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_title_is_text_and_nothing_else(title: str, settings: Settings) -> None:
    taken = copy_of(item(1, title=title, summary=title), subject=title, settings=settings)
    plain = copy_of(item(), settings=settings)
    headers = header_lines(taken)
    assert headers.keys() == header_lines(plain).keys()
    assert max(len(line) for line in taken.content.split(b"\r\n")) <= 998
    assert b"\n" not in taken.content.replace(b"\r\n", b"")
    assert not re.search(rb"[^\r\n\x20-\x7e]", taken.content)
    words = re.sub(r"[\x00-\x20\x7f-\x9f\u2028]+", " ", title).strip()
    assert str(make_header(decode_header(headers["Subject"]))) == " ".join(words.split())
    soup = BeautifulSoup(part(taken, "html"), "lxml")
    assert not soup.select("script, img")
    assert [tag.name for tag in soup.select("h1 *, h1 ~ p *")] == ["a", "a"]
    [heading] = soup.select("h1")
    assert " ".join(heading.get_text().split()) == " ".join(words.split())
    assert words.split()[-1] in part(taken, "plain")


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_title_is_kept_and_sent_from_either_database(title: str, settings: Settings, engine: Engine) -> None:
    add_subscribers(engine, *readers(1))
    id_ = add_issue(engine, item(1, title=title))
    with relaying() as sink:
        mailing = settings.model_copy(update={"env": settings.env.model_copy(update={"smtp_url": sink.url})})
        assert asyncio.run(delivery.send(engine, mailing, id_, clock=lambda: NOW)) == {"accepted": 1}
    assert sink.recipients() == readers(1)


@pytest.mark.parametrize(
    ("address", "envelope"),
    [
        ("reader@bücher.example", "reader@xn--bcher-kva.example"),
        ("reader@EXAMPLE.org", "reader@example.org"),
        ("o'brien+a=b@example.org", "o'brien+a=b@example.org"),
        ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
        ("x" * 64 + "@" + "y" * 60 + ".example.org", "x" * 64 + "@" + "y" * 60 + ".example.org"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_in_envelope_and_header_as_mail_knows_it(address: str, envelope: str, settings: Settings) -> None:
    taken = copy_of(item(), address=address, settings=settings)
    assert taken.recipient == envelope
    if envelope.isascii():
        assert header_lines(taken)["To"] == envelope
    else:
        assert f"To: {envelope}\r\n".encode() in taken.content
        assert "SMTPUTF8" in taken.options


def test_an_address_that_reads_like_an_encoded_word_makes_no_header(settings: Settings) -> None:
    address = "=?utf-8?q?x=0D=0ABcc=3Av?=@example.org"
    headers = header_lines(copy_of(item(), address=address, settings=settings))
    assert headers["To"] == address
    assert "Bcc" not in headers


def test_a_site_of_an_internationalised_domain_mails_in_ascii(settings: Settings) -> None:
    site = settings.site.model_copy(update={"url": "https://bücher.example/läden"})
    ours = named(settings.model_copy(update={"site": site}), name="Bücher, Läden & Söhne", sender="")
    taken = copy_of(item(), settings=ours)
    headers = header_lines(taken)
    assert taken.sender == "newsletter@xn--bcher-kva.example"
    assert taken.message["From"].addresses[0].display_name == "Bücher, Läden & Söhne"
    assert headers["From"].endswith("<newsletter@xn--bcher-kva.example>")
    assert headers["List-Id"].endswith(" <newsletter.xn--bcher-kva.example>")
    assert headers["List-Unsubscribe"].startswith("<https://xn--bcher-kva.example/l%C3%A4den/newsletter/one-click/")
    assert headers["List-Unsubscribe"].endswith("<mailto:newsletter@xn--bcher-kva.example?subject=unsubscribe>")


def test_addresses_in_headers_are_whole_however_long_they_are(settings: Settings) -> None:
    host = f"{'a' * 60}.{'b' * 60}.example"
    site = settings.site.model_copy(update={"url": f"https://{host}/a/long/way"})
    headers = header_lines(copy_of(item(), settings=named(settings.model_copy(update={"site": site}), sender="")))
    assert headers["List-Id"] == f"Letters <newsletter.{host}>"
    assert re.fullmatch(
        rf"<https://{host}/a/long/way/newsletter/one-click/[\w.-]+>, "
        rf"<mailto:newsletter@{host}\?subject=unsubscribe>",
        headers["List-Unsubscribe"],
    )


@pytest.mark.parametrize(
    ("site_url", "ours", "why"),
    [
        ("", {}, "SITEURL"),
        ("/below", {}, "SITEURL"),
        ("https://site.example", {"sender": "Letters <letters@site.example>"}, "NEWSLETTER_FROM"),
        ("https://site.example", {"sender": "letters"}, "NEWSLETTER_FROM"),
        ("https://site.example", {"sender": "a@site.example\nBcc: b@site.example"}, "NEWSLETTER_FROM"),
    ],
)
def test_settings_that_no_mail_can_be_made_of_are_named(
    site_url: str, ours: dict[str, Any], why: str, settings: Settings
) -> None:
    site = settings.site.model_copy(update={"url": site_url})
    with pytest.raises(SettingsError, match=why) as refused:
        letterhead(named(settings.model_copy(update={"site": site}), **ours))
    assert "\n" not in str(refused.value)


def test_a_name_of_several_lines_is_one(settings: Settings) -> None:
    headers = header_lines(copy_of(item(), settings=named(settings, name="Letters\r\nBcc: b@site.example")))
    assert "Bcc" not in headers
    assert headers["From"] == '"Letters Bcc: b@site.example" <letters@site.example>'
