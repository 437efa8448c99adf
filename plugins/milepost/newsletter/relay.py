"""Handing one mail over: to an SMTP relay, or to the outbox folder when there is none. Knows no table and no content.

What a relay answers becomes one of: a reply (accepted), Deferred (4xx, or nothing was handed over), Rejected (5xx),
Broken (the connection ended while the message was on its way, so nobody knows).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPException, SMTPResponse, SMTPResponseException, SMTPStatus
from aiosmtplib.email import quote_address

from milepost.errors import SettingsError
from milepost.newsletter.model import NewsletterError, Withheld
from milepost.newsletter.outbox import Outbox
from milepost.settings import Environment

SECONDS = 30.0
"""How long a relay may take for one answer."""


class Deferred(NewsletterError):
    """Not now: nothing was delivered, and trying again later is right."""


class Rejected(NewsletterError):
    """Never: the relay refused this recipient or this message for good."""


class Broken(NewsletterError):
    """The connection ended after the message was handed over and before it was answered (RFC 1047)."""


class Unavailable(Deferred):
    """Not now, and no fault of the recipient: the relay cannot be reached, or refuses its sender."""


_WORD = re.compile(r"[^\s<>\"(),:;\\\x00-\x1f\x7f]+")

Arm = Callable[[], Awaitable[bool]]


async def always() -> bool:
    """For mails that need no arming."""
    return True


class Relay(Protocol):
    """Takes one mail at a time."""

    async def send(self, content: bytes, sender: str, recipient: str, arm: Arm, envelope_id: str = "") -> str:
        """Hand a mail over and return the relay's reply.

        Args:
            arm: awaited just before the mail is handed over, and whether it may be; until then nothing can have been
                delivered.
            envelope_id: ENVID; a relay that knows DSN (RFC 3461) says it again when the mail comes back.
        Raises:
            Deferred, Rejected, Broken, Withheld.
        """
        ...


def wire_bytes(message: EmailMessage, recipient: str) -> bytes:
    """A mail as SMTP carries it; UTF-8 in headers only for an address that needs it."""
    return message.as_bytes(policy=SMTP if recipient.isascii() else SMTPUTF8)


@asynccontextmanager
async def relay_for(env: Environment) -> AsyncIterator[Relay]:
    """The relay of MILEPOST_SMTP_URL, connected at first use; without it the outbox in `var/outbox`."""
    if env.smtp_url is None:
        yield Outbox(env.var / "outbox")
        return
    relay = SmtpRelay(env.smtp_url)
    try:
        yield relay
    finally:
        await relay.close()


class SmtpRelay:
    """One connection to an SMTP server, made again after it broke.

    Args:
        url: `smtp://user:pass@host:port`, `smtps://…` or `smtp+starttls://…`.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = urlsplit(url)
            port, known = parsed.port, parsed.scheme in ("smtp", "smtps", "smtp+starttls") and parsed.hostname
        except ValueError:
            known = None
        if not known:
            # Nothing of it is shown: there may be a password in it.
            raise SettingsError(
                "MILEPOST_SMTP_URL is none; say smtp://, smtps:// or smtp+starttls://USER:PASSWORD@HOST:PORT, "
                "with %XX for whatever is neither letter nor digit in the password"
            )
        tls = parsed.scheme == "smtps"
        self._client = aiosmtplib.SMTP(
            hostname=parsed.hostname,
            port=port or (465 if tls else 587 if parsed.scheme == "smtp+starttls" else 25),
            username=unquote(parsed.username) if parsed.username else None,
            password=unquote(parsed.password) if parsed.password else None,
            use_tls=tls,
            # Plain smtp:// means plain: a relay on this machine often offers TLS with a name that fits nothing.
            start_tls=parsed.scheme == "smtp+starttls",
            tls_context=ssl.create_default_context() if parsed.scheme != "smtp" else None,
            timeout=SECONDS,
        )

    async def send(self, content: bytes, sender: str, recipient: str, arm: Arm, envelope_id: str = "") -> str:
        """See Relay. MAIL and RCPT are asked first, so that what they refuse was never handed over."""
        was_used = self._client.is_connected
        try:
            await self._ask(sender, recipient, envelope_id)
        except Deferred:
            if not was_used or self._client.is_connected:
                raise
            # Relays end connections between two mails: after so many, or after a pause.
            await self._ask(sender, recipient, envelope_id)
        if not await arm():
            await self._reset()
            raise Withheld
        try:
            response = await self._data(content)
        except (SMTPException, OSError) as error:
            if isinstance(error, SMTPDataError) and 400 <= error.code < 600:
                await self._reset()
                raise _refusal(error) from error
            self._client.close()
            raise Broken(_words(error)) from error
        return f"{response.code} {_one_line(response.message)}"

    async def _ask(self, sender: str, recipient: str, envelope_id: str) -> None:
        """Whether the relay takes a mail for `recipient`, on the connection that there is or on a new one."""
        try:
            if not self._client.is_connected:
                await self._client.connect()
                await self._client.ehlo()
            utf8 = not recipient.isascii()
            if utf8 and not self._client.supports_extension("smtputf8"):
                raise Rejected("the relay knows no SMTPUTF8, which this address needs")
            # RFC 3461: only failures come back, as headers alone, with our own number on them.
            known = bool(envelope_id) and self._client.supports_extension("dsn")
            options = ["RET=HDRS", f"ENVID={envelope_id}"] if known else []
            await self._command("MAIL", f"FROM:{_path(sender)}", *options, *["SMTPUTF8"] * utf8)
            try:
                await self._command("RCPT", f"TO:{_path(recipient)}", *["NOTIFY=FAILURE"] * known)
            except SMTPResponseException as error:
                await self._reset()
                raise _refusal(error) from error
        except SMTPResponseException as error:
            # Before there is a recipient, even a 5xx (a wrong password, say) is about the sender, who can mend it.
            await self._reset()
            raise Unavailable(f"{error.code} {_one_line(error.message)}") from error
        except (SMTPException, OSError) as error:
            self._client.close()
            raise Unavailable(_words(error)) from error

    async def _command(self, *words: str) -> None:
        response = await self._client.execute_command(*(word.encode() for word in words))
        if response.code not in (SMTPStatus.completed, SMTPStatus.will_forward):
            raise SMTPResponseException(response.code, response.message)

    async def _data(self, content: bytes) -> SMTPResponse:
        """Hand a mail over. The library looks for the end of each line by regular expressions, which take as long as a
        fourth of all that a mail does; one whose lines all end as they should needs only its dots doubled."""
        ends, protocol = content.count(b"\r\n"), self._client.protocol
        plain = content.endswith(b"\r\n") and content.count(b"\r") == content.count(b"\n") == ends
        if protocol is None or not plain or content.startswith(b"."):
            return await self._client.data(content)
        begins = await self._client.execute_command(b"DATA")
        if begins.code != SMTPStatus.start_input:
            raise SMTPDataError(begins.code, begins.message)
        protocol.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        response = await protocol.read_response(SECONDS)
        if response.code != SMTPStatus.completed:
            raise SMTPDataError(response.code, response.message)
        return response

    async def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        if self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.quit()

    async def _reset(self) -> None:
        """End the transaction that was refused, or the connection where even that fails."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


def _path(address: str) -> str:
    """An address as a command has it. The library parses each anew, which takes as long as all else of a command; what
    is not plainly one word is left to it."""
    return f"<{address}>" if _WORD.fullmatch(address) else quote_address(address)


def _refusal(error: SMTPResponseException) -> NewsletterError:
    words = f"{error.code} {_one_line(error.message)}"
    return Rejected(words) if 500 <= error.code < 600 else Deferred(words)


def _words(error: BaseException) -> str:
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    """What a relay says, in characters that every database keeps: it may be of any encoding."""
    return "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))[:300]
