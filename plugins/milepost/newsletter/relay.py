"""Handing one mail over: to an SMTP relay, or to the outbox folder when there is none. Knows no table and no content.

What a relay answers becomes one of: a reply (accepted), Deferred (4xx, or nothing was handed over), Rejected (5xx),
Broken (the connection ended while the message was on its way, so nobody knows).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError

from milepost.errors import SettingsError
from milepost.newsletter.model import NewsletterError
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


class Relay(Protocol):
    """Takes one mail at a time."""

    async def send(self, message: EmailMessage, sender: str, recipient: str, arm: Callable[[], None]) -> str:
        """Hand `message` over and return the relay's reply.

        Args:
            arm: called just before the message is handed over; until then nothing can have been delivered.
        Raises:
            Deferred, Rejected, Broken.
        """
        ...


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
        parsed = urlsplit(url)
        if parsed.scheme not in ("smtp", "smtps", "smtp+starttls") or not parsed.hostname:
            raise SettingsError("MILEPOST_SMTP_URL is none; say smtp://, smtps:// or smtp+starttls://HOST:PORT")
        tls = parsed.scheme == "smtps"
        self._client = aiosmtplib.SMTP(
            hostname=parsed.hostname,
            port=parsed.port or (465 if tls else 587 if parsed.scheme == "smtp+starttls" else 25),
            username=unquote(parsed.username) if parsed.username else None,
            password=unquote(parsed.password) if parsed.password else None,
            use_tls=tls,
            # Plain smtp:// means plain: a relay on this machine often offers TLS with a name that fits nothing.
            start_tls=parsed.scheme == "smtp+starttls",
            tls_context=ssl.create_default_context() if parsed.scheme != "smtp" else None,
            timeout=SECONDS,
        )

    async def send(self, message: EmailMessage, sender: str, recipient: str, arm: Callable[[], None]) -> str:
        """See Relay. MAIL and RCPT are asked first, so that what they refuse was never handed over."""
        try:
            if not self._client.is_connected:
                await self._client.connect()
            await self._client.mail(sender)
            await self._client.rcpt(recipient)
        except SMTPResponseException as error:
            await self._reset()
            raise _refusal(error) from error
        except (SMTPException, OSError) as error:
            self._client.close()
            raise Deferred(_words(error)) from error
        arm()
        try:
            response = await self._client.data(message.as_bytes(policy=SMTP))
        except SMTPResponseException as error:
            await self._reset()
            raise _refusal(error) from error
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            self._client.close()
            raise Broken(_words(error)) from error
        return f"{response.code} {_one_line(response.message)}"

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


def _refusal(error: SMTPResponseException) -> NewsletterError:
    words = f"{error.code} {_one_line(error.message)}"
    return Rejected(words) if 500 <= error.code < 600 else Deferred(words)


def _words(error: BaseException) -> str:
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
