"""A test send: an issue as its readers would get it, to addresses that somebody names. Changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from sqlalchemy import Engine

from milepost import db
from milepost.newsletter import ledger, store
from milepost.newsletter.letter import letter_of
from milepost.newsletter.mail import compose_issue, envelope_address, letterhead
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.relay import always, relay_for, wire_bytes
from milepost.newsletter.signing import signer_for
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

NOBODY = 0
"""The subscriber that the links of a test are for: whoever presses their buttons ends nobody's subscription."""


async def send(engine: Engine, settings: Settings, issue_id: str, addresses: Collection[str]) -> Sequence[str]:
    """Send a copy to each address; returns what the mail server said to each.

    Raises:
        NewsletterError: when there is no such issue, or an address is not to be mailed; then nothing was sent.
        Rejected, Deferred, Broken: what a mail server said against one.
    """
    head, secret, now = letterhead(settings), settings.env.secret(), datetime.now(UTC)
    with db.reading(engine) as connection:
        letter = letter_of(ledger.issue_row(connection, issue_id))
        if any(store.is_suppressed(connection, secret, address) for address in addresses):
            raise NewsletterError("one of these addresses was erased, and is not mailed; name others")
    shown, replies = replace(letter, subject=f"Test: {letter.subject}"), []
    signer = signer_for(settings, head.host)
    async with relay_for(settings.env) as relay:
        for address in addresses:
            person = SimpleNamespace(id=NOBODY, address=address, changed_at=now, language=settings.site.lang)
            message_id = f"<{issue_id}.test-{secrets.token_hex(8)}@{head.host}>"
            recipient = envelope_address(address)
            content = wire_bytes(compose_issue(shown, person, head, Tokens(secret), message_id, now), recipient)
            mail = signer.signed(content, now) if signer else content
            replies.append(await relay.send(mail, head.sender, recipient, always))
    return replies
