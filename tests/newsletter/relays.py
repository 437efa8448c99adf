"""A real SMTP server for tests, in a thread of this process, which answers as a test wants; and issues to send."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from signups import NOW, settings_for
from sqlalchemy import Engine, insert, select

from milepost import db
from milepost.newsletter import tables
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.issue import Item
from milepost.settings import Settings

CUT = "cut"
"""Instead of an answer: the connection ends."""

Answer = Callable[[str, str], str | None]
"""What to answer at a stage (EHLO, MAIL, RCPT, DATA, BODY: in the middle of the message, DOT: after it) to a recipient;
None is a yes."""


@dataclass(frozen=True)
class Taken:
    """One mail as it came."""

    sender: str
    recipient: str
    options: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class Sink:
    """What a relay took, and how it answers."""

    answer: Answer = lambda stage, recipient: None
    pause: float = 0.0
    port: int = 0
    mails: list[Taken] = field(default_factory=list)
    connections: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        return [mail.recipient for mail in self.mails]

    async def handle_RCPT(  # noqa: N802, the name that aiosmtpd asks for
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answer("RCPT", address)
        if said == CUT:
            server.transport.abort()
        elif not said:
            envelope.rcpt_tos.append(address)
        return said or "250 yes"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.pause)
        [recipient] = envelope.rcpt_tos
        said = self.answer("DOT", recipient)
        if not said or said.startswith("2") or said == CUT:
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(Taken(str(envelope.mail_from), recipient, tuple(envelope.mail_options), content))
        number = len(self.mails)
        if said == CUT:
            server.transport.abort()
        # The mail is here, and its sender does not know yet.
        await asyncio.sleep(self.pause)
        return said or f"250 queued as {number}"


class _Server(SMTP):
    """aiosmtpd, which can also refuse where its handlers are not asked."""

    def connection_made(self, transport: Any) -> None:
        self.sink.connections += 1
        super().connection_made(transport)

    @property
    def sink(self) -> Sink:
        sink = self.event_handler
        assert isinstance(sink, Sink)
        return sink

    async def _refused(self, stage: str, recipient: str = "") -> bool:
        said = self.sink.answer(stage, recipient)
        if said == CUT:
            self.transport.abort()
        elif said:
            await self.push(said)
        return bool(said)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        if not await self._refused("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._refused("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        [recipient] = self.envelope.rcpt_tos
        if await self._refused("DATA", recipient):
            return
        if self.sink.answer("BODY", recipient) == CUT:
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


@contextmanager
def relaying(
    answer: Answer = lambda stage, recipient: None,
    pause: float = 0.0,
    tls: ssl.SSLContext | None = None,
    password: bytes | None = None,
    **more: Any,
) -> Iterator[Sink]:
    """A relay on a free port of 127.0.0.1.

    Args:
        pause: seconds that it thinks before it takes a mail, and again before it says so.
        tls: for smtps from the first byte; `more` is aiosmtpd's, with `tls_context` for STARTTLS.
        password: asked for, when given.
    """
    sink = Sink(answer, pause)

    def authenticator(_: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
        sink.logins.append((login.login, login.password))
        return AuthResult(success=login.password == password, handled=False)

    if password is not None:
        more |= {"authenticator": authenticator, "auth_required": True, "auth_require_tls": False}
    more = {"enable_SMTPUTF8": True, **more}
    loop = asyncio.new_event_loop()
    made = loop.create_server(lambda: _Server(sink, hostname="relay.example", loop=loop, **more), "127.0.0.1", ssl=tls)
    server = loop.run_until_complete(made)
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def settings_at(root: Path, smtp_url: str | None, site_url: str = "https://site.example") -> Settings:
    """Settings of a site that mails by `smtp_url`; None: to its outbox."""
    plain = settings_for(root)
    env = plain.env.model_copy(update={"smtp_url": smtp_url, "given_secret": "a secret of tests"})
    return plain.model_copy(update={"env": env, "site": plain.site.model_copy(update={"url": site_url})})


def add_subscribers(engine: Engine, *addresses: str, state: str = "active") -> None:
    """Subscribers as they are after their signup."""
    same = {"language": "en", "state": state, "touchpoint": "blog", "asked_at": NOW, "changed_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(tables.subscriber), [{"address": address, **same} for address in addresses])


def readers(number: int) -> list[str]:
    return [f"reader{count}@example.org" for count in range(number)]


def item(number: int = 1, **more: Any) -> Item:
    url = f"https://site.example/post-{number}/"
    return Item.model_validate({"id": url, "url": url, "title": f"Post {number}", "summary": "A summary.", **more})


def add_issue(engine: Engine, *items: Item, now: datetime = NOW) -> str:
    """The id of an issue of one post, or of what of `items` is new."""
    with engine.begin() as connection:
        made = make_issue(connection, items or [item()], now)
    assert made
    return made


def ledger_of(engine: Engine) -> list[Any]:
    """Every row of the ledger with its subscriber's address."""
    theirs = tables.delivery.join(tables.subscriber, tables.subscriber.c.id == tables.delivery.c.subscriber_id)
    rows = select(tables.delivery, tables.subscriber.c.address).select_from(theirs).order_by(tables.delivery.c.id)
    with db.reading(engine) as connection:
        return list(connection.execute(rows))
