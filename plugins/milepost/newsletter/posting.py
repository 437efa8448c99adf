"""Posting: one mail to whoever publishes, such as a digest. No subscriber's, so no table knows of it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from milepost.newsletter.issue import readable
from milepost.newsletter.mail import envelope_address, letterhead
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.relay import always, relay_for, wire_bytes
from milepost.newsletter.signing import signer_for
from milepost.settings import Settings


def post(settings: Settings, address: str, subject: str, text: str, html: str, now: datetime) -> str:
    """Hand one mail to the relay of MILEPOST_SMTP_URL, or put it into the outbox; returns what was answered.

    Args:
        html: whole, its styles inlined. now: aware; the mail's date.
    Raises:
        NewsletterError: `address` is none, or the relay did not take the mail.
        SettingsError: when no mail can be made of the settings.
    """
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise NewsletterError(f"{address} is no address: {error}") from error
    head, recipient = letterhead(settings), envelope_address(address)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(head.name, addr_spec=head.sender)
    message["To"] = recipient
    message["Subject"] = readable(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<own-{secrets.token_hex(16)}@{head.host}>"
    # Made by a machine, and not to be answered by one (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    content = wire_bytes(message, recipient)
    signer = signer_for(settings, head.host)
    return asyncio.run(
        _handed_over(settings, signer.signed(content, now) if signer else content, head.sender, recipient)
    )


async def _handed_over(settings: Settings, content: bytes, sender: str, recipient: str) -> str:
    async with relay_for(settings.env) as relay:
        return await relay.send(content, sender, recipient, always)
