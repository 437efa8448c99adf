"""The outbox: mails as files for their owner alone, and pages on which a mail is only read."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from relays import add_issue, add_subscribers, item, ledger_of, readers, settings_at
from signups import NOW
from sqlalchemy import Engine
from starlette.applications import Starlette

from milepost.newsletter import delivery
from milepost.newsletter.model import SHELL, NewsletterError
from milepost.newsletter.outbox import Outbox
from milepost.newsletter.outbox_service import linked, outbox_routes
from milepost.newsletter.relay import always, wire_bytes
from milepost.newsletter.shell import shell_of
from milepost.settings import Settings

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path, None)


@pytest.fixture
def outbox(settings: Settings) -> Outbox:
    return Outbox(settings.env.var / "outbox")


def a_mail(subject: str = "Hello", text: str = "Hello.", recipient: str = "reader@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "letters@site.example", recipient, subject
    message["Date"] = NOW
    message["List-Id"] = "<i>list</i>"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


def keep(outbox: Outbox, message: EmailMessage) -> str:
    """The name under which the mail was kept."""
    reply = asyncio.run(outbox.send(wire_bytes(message, ""), "letters@site.example", str(message["To"]), always))
    return reply.removeprefix("250 kept in the outbox as ")


def get(settings: Settings, *paths: str) -> list[httpx.Response]:
    """What the outbox's pages answer."""
    app = Starlette(routes=outbox_routes(settings, shell_of(settings.site.output)))

    async def responses() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(responses())


def test_without_a_relay_an_issue_is_files_for_their_owner_alone(
    engine: Engine, settings: Settings, outbox: Outbox
) -> None:
    everybody = [*readers(3), "jürgen@bücher.example"]
    add_subscribers(engine, *everybody)
    mask = os.umask(0)
    try:
        counts = asyncio.run(delivery.send(engine, settings, add_issue(engine, item(1, title="Grüße 👋"))))
    finally:
        os.umask(mask)
    assert counts == {"accepted": 4}
    assert oct(outbox.folder.stat().st_mode & 0o777) == "0o700"
    assert {(path.suffix, oct(path.stat().st_mode & 0o777)) for path in outbox.folder.iterdir()} == {(".eml", "0o600")}
    # The newest first, each under the name that the ledger has.
    mails, rows = outbox.mails(), ledger_of(engine)
    assert [(mail.recipient, mail.subject, mail.message["Message-ID"]) for mail in mails][::-1] == [
        (row.address.replace("bücher", "xn--bcher-kva"), "Grüße 👋", row.message_id) for row in rows
    ]
    assert [f"250 kept in the outbox as {mail.name}" for mail in mails][::-1] == [row.reply for row in rows]
    assert "Grüße 👋" in mails[0].part("plain") and "Grüße 👋" in mails[0].part("html")


def test_a_mail_is_armed_when_it_is_whole_and_before_it_is_there(outbox: Outbox) -> None:
    seen: list[tuple[str, bytes]] = []

    async def arm() -> bool:
        seen.extend((path.suffix, path.read_bytes()[-2:]) for path in outbox.folder.iterdir())
        assert outbox.mails() == []
        return True

    asyncio.run(outbox.send(wire_bytes(a_mail(), ""), "letters@site.example", "reader@example.org", arm))
    assert [(len(suffix) > 0, end) for suffix, end in seen] == [(False, b"\r\n")]
    assert [mail.recipient for mail in outbox.mails()] == ["reader@example.org"]


def test_a_mail_that_cannot_be_kept_was_never_armed(outbox: Outbox) -> None:
    outbox.folder.parent.mkdir(parents=True)
    outbox.folder.write_text("in the way")
    armed: list[bool] = []

    async def arm() -> bool:
        armed.append(True)
        return True

    with pytest.raises(NewsletterError, match=r"outbox: File exists; see MILEPOST_VAR$"):
        asyncio.run(outbox.send(b"", "a@site.example", "b@example.org", arm))
    assert armed == []


def test_no_name_leads_out_of_the_folder_and_other_files_are_no_mails(settings: Settings, outbox: Outbox) -> None:
    name = keep(outbox, a_mail())
    secret = outbox.folder.parent / "secret.eml"
    for path in (secret, outbox.folder / "notes.eml", outbox.folder / f".{name}.eml"):
        path.write_text("Subject: secret\n\nsecret\n")
    assert [mail.name for mail in outbox.mails()] == [name]
    bad = ["../secret", "..%2Fsecret", "%2e%2e%2fsecret", "notes", f".{name}", f"{name}.eml", f"{name}%0A", "%00", "x"]
    for kind in ("", "/html"):
        for path, answer in zip(bad, get(settings, *(f"/outbox/{one}{kind}" for one in bad)), strict=True):
            assert answer.status_code == 404, path
            assert "secret" not in answer.text
    assert [answer.status_code for answer in get(settings, f"/outbox/{name}", f"/outbox/{name}/html")] == [200, 200]


def test_who_looks_into_the_outbox_is_not_measured(settings: Settings, outbox: Outbox) -> None:
    shell = settings.site.output / SHELL
    shell.write_text(shell.read_text().replace("</head>", '<script src="/journey.v1.js" defer></script>\n</head>'))
    name = keep(outbox, a_mail())
    for answer in get(settings, "/outbox/", f"/outbox/{name}", "/outbox/none"):
        assert "<title>" in answer.text
        assert "<script" not in answer.text


def test_pages_escape_whatever_a_mail_says(settings: Settings, outbox: Outbox) -> None:
    name = keep(outbox, a_mail(subject=HOSTILE, text=f"See https://site.example/a?b=1&c='2' {HOSTILE}"))
    listing, page = get(settings, "/outbox/", f"/outbox/{name}")
    for answer in (listing, page):
        soup = BeautifulSoup(answer.content, "lxml")
        assert answer.status_code == 200
        assert not soup.select("script, img, i")
        assert HOSTILE in soup.get_text()
        assert answer.headers["cache-control"] == "no-store"
    [link] = BeautifulSoup(listing.content, "lxml").select("td a")
    assert (link["href"], link.text) == (f"/outbox/{name}", HOSTILE)
    hrefs = [str(link["href"]) for link in BeautifulSoup(page.content, "lxml").select("main a")]
    assert hrefs == [f"/outbox/{name}/html", "/outbox/", "https://site.example/a?b=1&c='2'"]


def test_the_html_part_may_show_styles_and_run_nothing(settings: Settings, outbox: Outbox) -> None:
    name = keep(outbox, a_mail(text=HOSTILE))
    [answer] = get(settings, f"/outbox/{name}/html")
    directives = dict(one.strip().partition(" ")[::2] for one in answer.headers["content-security-policy"].split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "'self' data:",
        "sandbox": "allow-top-navigation-by-user-activation",
    }
    assert HOSTILE in answer.text


def test_an_empty_outbox_says_what_comes_here(settings: Settings) -> None:
    [answer] = get(settings, "/outbox/")
    assert answer.status_code == 200
    assert "No mail yet" in answer.text


def test_times_are_the_sites(settings: Settings, outbox: Outbox) -> None:
    keep(outbox, a_mail())
    site = settings.site.model_copy(update={"timezone": "Asia/Kolkata"})
    [answer] = get(settings.model_copy(update={"site": site}), "/outbox/")
    [at] = BeautifulSoup(answer.content, "lxml").select("time")
    assert at.text == "15 January 2026, 17:30"
    assert at["datetime"] == (NOW + timedelta(hours=5.5)).isoformat().replace("+00:00", "+05:30")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b", "a &lt; b"),
        ("see https://x.example/a?b&c", 'see <a href="https://x.example/a?b&amp;c">https://x.example/a?b&amp;c</a>'),
        ('https://x.example/"onclick="', '<a href="https://x.example/">https://x.example/</a>&#34;onclick=&#34;'),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_only_addresses_of_the_web_become_links(text: str, html: str) -> None:
    assert linked(text) == html
