"""Reads what came back: bounces (RFC 3464) and complaints (RFC 5965). Knows no table and no folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any, Literal

from milepost.newsletter.issue import readable

ReturnKind = Literal["hard", "soft", "complaint", "nothing"]

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_BASIC = re.compile(r"\b([245])\d\d\b")
_HARD = re.compile(r"5\.(0\.0|1\.\d+|2\.1|4\.4)")
"""There is no such address, or it is closed. Full mailboxes, busy hosts and policies are not the address's fault."""
_RETURNED_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_SENT_FROM = ("Return-Path", "X-Envelope-From")


@dataclass(frozen=True)
class Return:
    """One report. `nothing`: it asks for nothing, such as a delay or a holiday."""

    kind: ReturnKind
    delivery_id: int | None
    status: str = ""
    said: str = ""


class Unreadable(Exception):
    """No report, or one that names no mail of ours."""


def read_return(content: bytes, delivery_of: Callable[[str], int | None]) -> Return:
    """What a mail that came back means, and which mail of ours it is about.

    Args:
        delivery_of: the row of the ledger that an address or an ENVID names, or None.
    Raises:
        Unreadable: when nobody can tell.
    """
    message = message_from_bytes(content)
    report = str(message.get_param("report-type") or "").casefold()
    kinds = {part.get_content_type() for part in message.walk()}
    if message.get_content_type() == "multipart/report" and "message/delivery-status" in kinds:
        return _bounce(message, delivery_of)
    if "message/feedback-report" in kinds or report == "feedback-report":
        return _complaint(message, delivery_of)
    if str(message.get("Auto-Submitted", "no")).casefold().strip() != "no":
        return Return("nothing", None)
    raise Unreadable


def _bounce(message: Message, delivery_of: Callable[[str], int | None]) -> Return:
    blocks = list(_blocks(message, "message/delivery-status"))
    names = [str(block.get("Original-Envelope-Id", "")) for block in blocks]
    id_ = _first_known([*names, *_headers(message, _RETURNED_TO), *_originals(message)], delivery_of)
    recipients = [block for block in blocks if block.get("Action")]
    failed = [one for one in recipients if str(one["Action"]).strip().casefold().startswith("failed")]
    if not failed:
        if not recipients:
            raise Unreadable
        return Return("nothing", id_)
    if id_ is None:
        raise Unreadable
    status = exact_status(str(failed[0].get("Status", "")), str(failed[0].get("Diagnostic-Code", "")))
    said = readable(str(failed[0].get("Diagnostic-Code", "")).partition(";")[2] or status)[:300]
    return Return("hard" if _HARD.fullmatch(status) else "soft", id_, status, said)


def _complaint(message: Message, delivery_of: Callable[[str], int | None]) -> Return:
    blocks = list(_blocks(message, "message/feedback-report"))
    kind = next((str(block["Feedback-Type"]).strip().casefold() for block in blocks if block.get("Feedback-Type")), "")
    senders = [str(block.get("Original-Mail-From", "")) for block in blocks]
    senders += [str(block.get("Original-Envelope-Id", "")) for block in blocks]
    id_ = _first_known([*senders, *_originals(message)], delivery_of)
    if kind == "not-spam":
        return Return("nothing", id_)
    if not kind or id_ is None:
        raise Unreadable
    return Return("complaint", id_, "", kind)


def exact_status(status: str, diagnostic: str) -> str:
    """The more exact of both, X.Y.Z: relays often write a Status of X.0.0 beside what the other server really said."""
    told, said = _ENHANCED.search(status), _ENHANCED.search(diagnostic)
    if said and _exactness(said) > (_exactness(told) if told else -1):
        return said[0]
    basic = _BASIC.search(diagnostic)
    if basic and (told is None or (told[2] == told[3] == "0" and not said)):
        return f"{basic[1]}.0.0"
    return told[0] if told else "5.0.0"


def _exactness(found: re.Match[str]) -> int:
    return (found[2] != "0") + (found[3] != "0")


def _blocks(message: Message, kind: str) -> Iterator[Message]:
    """The blocks of fields of a report's part, however its parser or its writer has nested them."""
    for part in message.walk():
        if part.get_content_type() == kind:
            found: Any = part.get_payload()
            if isinstance(found, list):
                yield from found
            else:
                body: Any = part.get_payload(decode=True)
                yield from (message_from_bytes(one) for one in re.split(rb"\r?\n\r?\n", body or b"") if one.strip())


def _originals(message: Message) -> Iterator[str]:
    """From where the mail was sent that a report has in it, whole or its headers alone."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            found: Any = part.get_payload()
            yield from (text for one in found if isinstance(found, list) for text in _headers(one, _SENT_FROM))
        elif part.get_content_type() == "text/rfc822-headers":
            body: Any = part.get_payload(decode=True)
            yield from _headers(message_from_bytes(body or b""), _SENT_FROM)


def _headers(message: Message, names: tuple[str, ...]) -> list[str]:
    return [str(value) for name in names for value in message.get_all(name, [])]


def _first_known(texts: list[str], delivery_of: Callable[[str], int | None]) -> int | None:
    return next((id_ for text in texts if text and (id_ := delivery_of(text)) is not None), None)
