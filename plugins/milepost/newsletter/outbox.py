"""The outbox: a folder where every mail is a file, for a machine without a mail server. Knows no HTTP and no table."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from milepost.newsletter.mail import envelope_address
from milepost.newsletter.model import NewsletterError, Withheld

_NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Mail:
    """One mail in the outbox. `name` is what its address ends in."""

    name: str
    message: EmailMessage

    @property
    def recipient(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def is_to(self, address: str) -> bool:
        """Whether it went to `address`, be its domain in letters or in ASCII."""
        same = {address.casefold(), envelope_address(address).casefold()}
        return self.recipient.casefold() in same

    def part(self, kind: str) -> str:
        """The text of its `plain` or `html` part, or nothing."""
        found = self.message.get_body((kind,))
        return str(found.get_content()) if found else ""


class Outbox:
    """A relay that keeps every mail in `folder`, readable for its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(
        self, content: bytes, sender: str, recipient: str, arm: Callable[[], Awaitable[bool]], envelope_id: str = ""
    ) -> str:
        """Keep the mail, whole or not at all; nothing is kept when `arm` says no.

        Raises:
            Withheld: when it does.
            NewsletterError: when the folder cannot be written to.
        """
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        fresh = self.folder / f".{name}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not await arm():
                fresh.unlink()
                raise Withheld
            fresh.rename(self.folder / f"{name}.eml")
        except OSError as error:
            raise NewsletterError(f"{self.folder}: {error.strerror}; see MILEPOST_VAR") from error
        return f"250 kept in the outbox as {name}"

    def erase(self, address: str) -> int:
        """Remove every mail to `address`, in whatever case it is written; returns how many there were."""
        theirs = [mail for mail in self.mails() if mail.is_to(address)]
        for mail in theirs:
            (self.folder / f"{mail.name}.eml").unlink(missing_ok=True)
        return len(theirs)

    def mails(self) -> list[Mail]:
        """Every mail, newest first."""
        names = sorted((path.stem for path in self.folder.glob("*.eml") if _NAME.fullmatch(path.stem)), reverse=True)
        return [mail for name in names if (mail := self.mail(name))]

    def mail(self, name: str) -> Mail | None:
        """The mail of that name, or None; no name leads out of the folder."""
        path = self.folder / f"{name}.eml"
        if not _NAME.fullmatch(name) or not path.is_file():
            return None
        message = message_from_string(path.read_text(encoding="utf-8"), policy=default)
        return Mail(name, message) if isinstance(message, EmailMessage) else None
