"""DKIM (RFC 6376): signs a mail with the key of MILEPOST_DKIM_KEY. Knows no table and no SMTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from milepost.errors import SettingsError
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.settings import Settings

SIGNED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-id",
    "list-unsubscribe", "list-unsubscribe-post", "precedence", "auto-submitted",
)  # fmt: skip
"""Both List-Unsubscribe headers must be within the signature (RFC 8058, 4)."""


class Signer:
    """Signs as one domain, with one key."""

    def __init__(self, domain: str, selector: str, pem: bytes) -> None:
        self.domain, self.selector, self._pem = domain, selector, pem

    def signed(self, content: bytes, at: datetime) -> bytes:
        """`content` with its signature. The same content at the same time is the same bytes."""
        mail = _Dated(content, at)
        wanted = [name.encode() for name in SIGNED if name.encode() in {key.lower() for key, _ in mail.headers}]
        signature: bytes = mail.sign(
            self.selector.encode(), self.domain.encode(), self._pem,
            canonicalize=(b"relaxed", b"relaxed"), include_headers=wanted,
        )  # fmt: skip
        return signature + content

    def public_modulus(self) -> int:
        """What the published key must have."""
        return int(parse_pem_private_key(self._pem)["modulus"])


class _Dated(dkim.DKIM):  # type: ignore[misc]  # the library has no types
    """Signs as of a given time; left to itself, the library takes the clock's, and no two signatures are the same."""

    def __init__(self, content: bytes, at: datetime) -> None:
        super().__init__(content, linesep=b"\r\n")
        self._at = str(int(at.timestamp())).encode("ascii")

    def gen_header(self, fields: list[tuple[bytes, bytes]], *more: Any, **how: Any) -> Any:
        return super().gen_header([(key, self._at if key == b"t" else value) for key, value in fields], *more, **how)


def signer_for(settings: Settings, domain: str) -> Signer | None:
    """The signer of MILEPOST_DKIM_KEY for the domain of the sender; None without a key.

    Raises:
        SettingsError: when the key cannot be read, or is none.
    """
    path = settings.env.dkim_key
    if path is None:
        return None
    try:
        pem = path.read_bytes()
        parse_pem_private_key(pem)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; see MILEPOST_DKIM_KEY") from error
    except (UnparsableKeyError, ValueError) as error:
        raise SettingsError(f"{path}: no RSA key in PEM; make one with `openssl genrsa -out {path} 2048`") from error
    return Signer(domain, settings.of(NewsletterSettings).dkim_selector, pem)
