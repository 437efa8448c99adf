"""A mail address as somebody typed it, made one that we keep, or refused with a sentence that says why."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from milepost.newsletter.model import NewsletterError

MOST = 320
"""Characters; nothing longer is looked at. RFC 5321 allows 64 before the @ and 255 behind it."""

_LOOK_ALIKE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}


class BadAddress(NewsletterError):
    """No address that we would write to; the text is a sentence for whoever typed it."""


def address_of(text: str) -> str:
    """`text` as an address, normalized (NFC, the domain in lower case).

    Raises:
        BadAddress: when it is none, or when a part of its domain mixes alphabets whose letters look alike.
    """
    if len(text) > MOST:
        raise BadAddress("The email address is too long.")
    try:
        found = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error
    for label in found.domain.split("."):
        if len(alphabets(label) & _LOOK_ALIKE) > 1:
            raise BadAddress("The domain mixes letters of several alphabets that look alike. Please write it anew.")
    return found.normalized


def alphabets(text: str) -> set[str]:
    """The alphabets that the letters of `text` are of, by the first words of their Unicode names."""
    return {unicodedata.name(letter, "?").partition(" ")[0] for letter in text if letter.isalpha()}
