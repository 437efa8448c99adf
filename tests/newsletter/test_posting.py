"""Posting: a mail to whoever publishes goes by the same relay as every other, and a refusal is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from relays import relaying, settings_at

from milepost.newsletter.model import NewsletterError
from milepost.newsletter.posting import post

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


def test_a_mail_goes_to_a_real_relay_and_a_refusal_is_told(tmp_path: Path) -> None:
    with relaying(lambda stage, who: "550 no such user" if stage == "RCPT" and "gone" in who else None) as sink:
        settings = settings_at(tmp_path, sink.url)
        assert post(settings, "ada@example.com", "Über\nBcc: x@y.example", "text\n", "<p>html</p>", NOW).startswith(
            "250"
        )
        with pytest.raises(NewsletterError, match="550 no such user"):
            post(settings, "gone@example.com", "Journeys", "text\n", "<p>html</p>", NOW)
    (mail,) = sink.mails
    assert (mail.recipient, mail.message["Subject"], mail.message["Bcc"]) == (
        "ada@example.com", "Über Bcc: x@y.example", None,
    )  # fmt: skip
    assert mail.message["Auto-Submitted"] == "auto-generated"
    with pytest.raises(NewsletterError, match=r"^nobody is no address"):
        post(settings, "nobody", "Journeys", "text\n", "<p>html</p>", NOW)
