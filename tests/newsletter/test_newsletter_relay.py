"""What a relay's answers become, over real connections: accepted, deferred, rejected, or nobody knows."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from relays import CUT, Answer, Sink, add_issue, add_subscribers, ledger_of, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, select

from milepost import db
from milepost.errors import SettingsError
from milepost.newsletter import delivery, tables
from milepost.newsletter import relay as relays
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.relay import Broken, Deferred, Rejected, SmtpRelay, wire_bytes

SENDER, READER = "letters@site.example", "reader@example.org"

# (stage, answer, what is raised, whether the mail was armed)
FAULTS: dict[str, tuple[str, str, type[Exception], bool]] = {
    "421 at EHLO": ("EHLO", "421 not now", Deferred, False),
    "cut at EHLO": ("EHLO", CUT, Deferred, False),
    "450 at MAIL": ("MAIL", "450 not now", Deferred, False),
    "a sender who is refused is no fault of the reader": ("MAIL", "550 who are you", Deferred, False),
    "cut at MAIL": ("MAIL", CUT, Deferred, False),
    "421 at RCPT": ("RCPT", "421 not now", Deferred, False),
    "450 at RCPT": ("RCPT", "450 greylisted", Deferred, False),
    "550 at RCPT": ("RCPT", "550 nobody", Rejected, False),
    "no SMTP at RCPT": ("RCPT", "what?", Deferred, False),
    "cut at RCPT": ("RCPT", CUT, Deferred, False),
    "421 at DATA": ("DATA", "421 not now", Deferred, True),
    "450 at DATA": ("DATA", "450 not now", Deferred, True),
    "550 at DATA": ("DATA", "550 spam", Rejected, True),
    "cut at DATA": ("DATA", CUT, Broken, True),
    "cut before the dot": ("BODY", CUT, Broken, True),
    "421 after the dot": ("DOT", "421 not now", Deferred, True),
    "451 after the dot": ("DOT", "451 disk full", Deferred, True),
    "552 after the dot": ("DOT", "552 too large", Rejected, True),
    "554 after the dot": ("DOT", "554 spam", Rejected, True),
    "cut after the dot": ("DOT", CUT, Broken, True),
    "no SMTP after the dot": ("DOT", "2what?", Broken, True),
    "an answer of nobody's after the dot": ("DOT", "354 more", Broken, True),
}
STATES: dict[type[Exception], str] = {Deferred: "deferred", Rejected: "rejected", Broken: "uncertain"}


def a_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = SENDER, READER
    message.set_content("Hello.\n.\n..dots\n")
    return message


def sent(url: str, *recipients: str) -> list[object]:
    """For each recipient the reply or the exception, and whether the mail was armed, by one relay."""

    async def send() -> list[object]:
        relay, results = SmtpRelay(url), []
        for recipient in recipients:
            armed: list[bool] = []

            async def arm(armed: list[bool] = armed) -> bool:
                armed.append(True)
                return True

            try:
                result: object = await relay.send(wire_bytes(a_mail(), recipient), SENDER, recipient, arm)
            except (Deferred, Rejected, Broken) as error:
                result = Deferred if isinstance(error, Deferred) else type(error)
            results.append((result, armed == [True]))
        await relay.close()
        return list(results)

    return asyncio.run(send())


def only_for(reader: str, at: str, said: str) -> Answer:
    return lambda stage, recipient: said if stage == at and recipient in (reader, "") else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "content", [b".\r\n..two\r\nend\r\n", b"a\r\n.\r\n.b\r\n", b"a\n.\nb\r\n", b"a\r.\r\n", b"a\r\n.b", b""], ids=repr
)
def test_whatever_its_lines_are_a_mail_arrives_whole_and_alone(content: bytes) -> None:
    async def send() -> None:
        relay = SmtpRelay(sink.url)
        await relay.send(content, SENDER, READER, relays.always)
        await relay.close()

    with relaying() as sink:
        asyncio.run(send())
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n")
    assert [mail.content for mail in sink.mails] == [lines.replace(b"\n", b"\r\n") + b"\r\n"]


def test_a_mail_that_is_taken_is_the_one_that_was_sent() -> None:
    with relaying() as sink:
        assert sent(sink.url, READER, READER) == [("250 queued as 1", True), ("250 queued as 2", True)]
    assert sink.connections == 1
    mails = [(mail.sender, mail.recipient, mail.message.get_content()) for mail in sink.mails]
    assert mails == [(SENDER, READER, "Hello.\r\n.\r\n..dots\r\n")] * 2


@pytest.mark.parametrize(("at", "said", "raised", "armed"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_what_it_means_and_the_next_mail_goes(
    at: str, said: str, raised: type[Exception], armed: bool
) -> None:
    faults = iter([said])
    with relaying(lambda stage, _: next(faults, None) if stage == at else None) as sink:
        results = sent(sink.url, READER, "next@example.org")
    assert results == [(raised, armed), (f"250 queued as {len(sink.mails)}", True)]


@pytest.mark.parametrize(("at", "said", "raised", "armed"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_readers_in_the_ledger(
    at: str, said: str, raised: type[Exception], armed: bool, engine: Engine, tmp_path: Path
) -> None:
    add_subscribers(engine, *readers(3))
    id_ = add_issue(engine)
    poor = readers(3)[1]
    with relaying(only_for(poor, at, said)) as sink:
        counts = asyncio.run(delivery.send(engine, settings_at(tmp_path, sink.url), id_, clock=lambda: NOW))
    everybody = at in ("EHLO", "MAIL")
    assert counts == {STATES[raised]: 3} if everybody else {STATES[raised]: 1, "accepted": 2}
    for row in ledger_of(engine):
        troubled = everybody or row.address == poor
        assert row.state == (STATES[raised] if troubled else "accepted")
        assert (row.due_at is not None) == (row.state == "deferred")
        assert row.attempts == 1
        assert row.reply
    # Open while something is to be tried again, and only then.
    with db.reading(engine) as connection:
        [state] = connection.execute(select(tables.issue.c.state)).scalars()
    assert state == ("sending" if raised is Deferred else "done")


def test_nothing_is_armed_before_the_relay_has_said_yes_to_the_recipient(engine: Engine, tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(stage: str, recipient: str) -> None:
        if stage in ("RCPT", "DATA"):
            seen.append(f"{stage} {ledger_of(engine)[0].state}")

    add_subscribers(engine, READER)
    with relaying(answer) as sink:
        asyncio.run(delivery.send(engine, settings_at(tmp_path, sink.url), add_issue(engine), clock=lambda: NOW))
    assert seen == ["RCPT leased", "DATA armed"]


def test_a_relay_that_takes_half_of_the_recipients(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(20))
    id_ = add_issue(engine)
    odd = set(readers(20)[1::2])
    with relaying(lambda stage, reader: "550 nobody" if stage == "RCPT" and reader in odd else None) as sink:
        counts = asyncio.run(delivery.send(engine, settings_at(tmp_path, sink.url), id_, clock=lambda: NOW))
    assert counts == {"accepted": 10, "rejected": 10}
    assert sorted(sink.recipients()) == sorted(readers(20)[::2])
    assert sink.connections == 4
    assert {row.address for row in ledger_of(engine) if row.state == "rejected" and row.reply == "550 nobody"} == odd


def test_nobody_listens_and_everybody_is_deferred(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(3))
    settings = settings_at(tmp_path, f"smtp://127.0.0.1:{free_port()}")
    assert asyncio.run(delivery.send(engine, settings, add_issue(engine), clock=lambda: NOW)) == {"deferred": 3}
    assert all("Connect call failed" in row.reply for row in ledger_of(engine))


@pytest.mark.parametrize("bye", ["421 enough for one connection", CUT])
def test_a_relay_that_ends_its_connection_after_some_mails_gets_another(bye: str) -> None:
    taken = 0

    def answer(stage: str, recipient: str) -> str | None:
        nonlocal taken
        taken = 0 if stage == "EHLO" else taken + (stage == "DOT")
        return bye if stage == "MAIL" and taken == 2 else None

    with relaying(answer) as sink:
        results = sent(sink.url, *readers(5))
    assert results == [(f"250 queued as {number}", True) for number in range(1, 6)]
    assert sink.recipients() == readers(5)
    assert sink.connections == 3


def test_a_relay_that_thinks_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "SECONDS", 0.1)
    with relaying(pause=1) as sink:
        assert sent(sink.url, READER) == [(Broken, True)]


def test_a_yes_that_comes_too_late_leaves_one_reader_uncertain(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "SECONDS", 1.0)
    poor = readers(5)[2]

    def answer(stage: str, recipient: str) -> None:
        sink.pause = 9.0 if stage == "DOT" and recipient == poor else 0.0

    add_subscribers(engine, *readers(5))
    with relaying(answer) as sink:
        settings = settings_at(tmp_path, sink.url)
        ours = settings.of(NewsletterSettings).model_copy(update={"connections": 1})
        settings = settings.model_copy(update={"models": {"newsletter": ours}})
        counts = asyncio.run(delivery.send(engine, settings, add_issue(engine), clock=lambda: NOW))
    assert counts == {"accepted": 4, "uncertain": 1}
    assert sink.recipients() == readers(5), "it was taken, and is not sent again"
    assert [row.address for row in ledger_of(engine) if row.state == "uncertain"] == [poor]


def test_what_a_relay_says_is_kept_whatever_its_encoding(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, READER)
    rude = "550 \x00 gr\udcfc\udcdfe " + "x" * 400
    server = socket.create_server(("127.0.0.1", 0))
    # Not aiosmtpd: it says nothing that is not UTF-8.
    answer = rude.encode("utf-8", "surrogateescape")
    answers = [b"220 hello", b"250 hello", b"250 yes", answer, b"250 reset", b"221 bye"]

    def serve() -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            for answer in answers:
                connection.sendall(answer + b"\r\n")
                lines.readline()

    async def both() -> None:
        url = f"smtp://127.0.0.1:{server.getsockname()[1]}"
        serving = asyncio.create_task(asyncio.to_thread(serve))
        assert await delivery.send(engine, settings_at(tmp_path, url), id_, clock=lambda: NOW) == {"rejected": 1}
        await serving

    id_ = add_issue(engine)
    with server:
        asyncio.run(both())
    [row] = ledger_of(engine)
    assert row.reply == "550 " + ("\ufffd gr\ufffd\ufffde " + "x" * 400)[:300]


def test_an_address_beyond_ascii_needs_a_relay_that_knows_it() -> None:
    with relaying(enable_SMTPUTF8=False) as sink:
        assert sent(sink.url, "jürgen@example.org", READER) == [(Rejected, False), ("250 queued as 1", True)]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ssl.SSLContext]:
    """A factory of a server's TLS for a name, by an authority that this process trusts."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    def tls_for(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        return context

    return tls_for


def url_of(sink: Sink, scheme: str, who: str = "") -> str:
    return f"{scheme}://{who}localhost:{sink.port}"


def test_the_three_forms_of_a_url(trusted: Callable[[str], ssl.SSLContext]) -> None:
    tls = trusted("localhost")
    with relaying() as sink:
        assert sent(url_of(sink, "smtp"), READER) == [("250 queued as 1", True)]
        # Encryption that was asked for is never done without.
        assert sent(url_of(sink, "smtp+starttls"), READER) == [(Deferred, False)]
    with relaying(tls=tls) as sink:
        assert sent(url_of(sink, "smtps"), READER) == [("250 queued as 1", True)]
    with relaying(tls_context=tls, require_starttls=True) as sink:
        assert sent(url_of(sink, "smtp+starttls"), READER) == [("250 queued as 1", True)]
        assert sent(url_of(sink, "smtp"), READER) == [(Deferred, False)]


def test_a_certificate_of_another_name_is_not_believed(trusted: Callable[[str], ssl.SSLContext]) -> None:
    tls = trusted("elsewhere.example")
    with relaying(tls=tls) as sink:
        assert sent(url_of(sink, "smtps"), READER) == [(Deferred, False)]
    with relaying(tls_context=tls) as sink:
        assert sent(url_of(sink, "smtp+starttls"), READER) == [(Deferred, False)]
    assert sink.mails == []


def test_encryption_that_fails_defers_everybody_and_the_next_send_goes_on(
    trusted: Callable[[str], ssl.SSLContext], engine: Engine, tmp_path: Path
) -> None:
    add_subscribers(engine, *readers(3))
    id_ = add_issue(engine)
    with relaying(tls_context=trusted("elsewhere.example")) as sink:
        settings = settings_at(tmp_path, url_of(sink, "smtp+starttls"))
        assert asyncio.run(delivery.send(engine, settings, id_, clock=lambda: NOW)) == {"deferred": 3}
        assert sink.mails == []
    assert all("certificate" in row.reply.lower() for row in ledger_of(engine))
    with relaying(tls_context=trusted("localhost")) as sink:
        settings = settings_at(tmp_path, url_of(sink, "smtp+starttls"))
        later = NOW + delivery.FIRST_PAUSE
        assert asyncio.run(delivery.send(engine, settings, id_, clock=lambda: later)) == {"accepted": 3}
    assert sorted(sink.recipients()) == readers(3)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_who_must_log_in_does_and_a_wrong_password_rejects_nobody() -> None:
    with relaying(password=b"p@ss/w:rd") as sink:
        assert sent(url_of(sink, "smtp", "me%40here:p%40ss%2Fw%3Ard@"), READER) == [("250 queued as 1", True)]
        assert sent(url_of(sink, "smtp", "me:wrong@"), READER) == [(Deferred, False)]
        assert sent(url_of(sink, "smtp"), READER) == [(Deferred, False)]
    assert sink.logins[0] == (b"me@here", b"p@ss/w:rd")


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://me:hunter2@mail.example.org",
        "smtp://",
        "smtp://me:hunter2@",
        "smtp://me:hunter2@mail.example.org:port",
        "smtp://me:hunter2@mail.example.org:99999",
        "smtp://me:hunter2/3@mail.example.org",
        "smtp://me:hunter2@[::1",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str, engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, READER)
    id_ = add_issue(engine)
    with pytest.raises(SettingsError, match=r"^MILEPOST_SMTP_URL is none; say smtp://") as refused:
        asyncio.run(delivery.send(engine, settings_at(tmp_path, url), id_))
    assert "hunter" not in str(refused.value)
    assert ledger_of(engine) == []
