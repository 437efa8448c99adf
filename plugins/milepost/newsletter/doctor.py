"""Examines what mail providers look at before they take a newsletter: the domain's records, the relay, our own headers.

Each examination says what it found and what to change. Asks DNS and the relay; sends no mail and writes nothing.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import aiosmtplib
import dns.asyncresolver
import dns.exception
import dns.resolver
import dns.reversename
from dkim.crypto import UnparsableKeyError, parse_public_key

from milepost.errors import SettingsError
from milepost.newsletter.mail import letterhead
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.relay import SmtpRelay
from milepost.newsletter.signing import signer_for
from milepost.settings import Settings

SECONDS = 10.0
WEAK_BITS = 2048
MOST_LOOKUPS = 10
"""Of SPF (RFC 7208, 4.6.4)."""

Check = Literal["SPF", "DKIM", "DMARC", "PTR", "TLS", "one-click"]


@dataclass(frozen=True)
class Examined:
    """One examination. `remedy` is empty when nothing has to change."""

    check: Check
    good: bool
    found: str
    remedy: str = ""


class Names:
    """Questions to DNS. An answer that is none is an empty list; that nobody answers is an error of its own."""

    def __init__(self, nameserver: str | None) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=nameserver is None)
        self._resolver.lifetime = SECONDS
        if nameserver:
            host, _, port = nameserver.rpartition(":") if nameserver.count(":") == 1 else (nameserver, "", "")
            self._resolver.nameservers, self._resolver.port = [host], int(port or 53)

    async def ask(self, name: str, kind: str) -> list[Any]:
        """The records of one kind.

        Raises:
            dns.exception.DNSException: when no server answers.
        """
        try:
            return list(await self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    async def texts(self, name: str, begins: str) -> list[str]:
        """The TXT records that begin so, in whatever case."""
        records = [b"".join(one.strings).decode("utf-8", "replace") for one in await self.ask(name, "TXT")]
        return [text for text in records if text.casefold().startswith(begins.casefold())]

    async def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6."""
        return [one.address for kind in ("A", "AAAA") for one in await self.ask(name, kind)]


async def examine(settings: Settings, domain: str, nameserver: str | None = None) -> list[Examined]:
    """Every examination of `domain`, in the order of `Check`.

    Args:
        nameserver: HOST or HOST:PORT to ask; None: the system's.
    """
    names = Names(nameserver)
    host = urlsplit(settings.env.smtp_url or "").hostname or ""
    examinations: list[tuple[Check, Callable[[], Awaitable[Examined]]]] = [
        ("SPF", lambda: _spf(names, domain)),
        ("DKIM", lambda: _dkim(names, settings, domain)),
        ("DMARC", lambda: _dmarc(names, domain)),
        ("PTR", lambda: _ptr(names, host)),
        ("TLS", lambda: _tls(settings)),
        ("one-click", lambda: _one_click(settings, domain)),
    ]
    found = []
    for check, run in examinations:
        try:
            found.append(await run())
        except dns.exception.DNSException as error:
            said = f"no answer from DNS ({type(error).__name__})"
            found.append(Examined(check, False, said, "look whether the name server can be reached"))
    return found


async def _spf(names: Names, domain: str) -> Examined:
    records = await names.texts(domain, "v=spf1")
    if not records:
        return Examined("SPF", False, "no record", f'publish TXT {domain} "v=spf1 include:YOUR-RELAY -all"')
    if len(records) > 1:
        return Examined("SPF", False, f"{len(records)} records", "keep one; with several, none counts (RFC 7208)")
    terms = records[0].split()[1:]
    asking = sum(term.lstrip("+-~?").split(":")[0] in ("include", "a", "mx", "ptr", "exists") for term in terms)
    if asking > MOST_LOOKUPS:
        return Examined("SPF", False, f"{asking} look-ups", f"name at most {MOST_LOOKUPS} (RFC 7208, 4.6.4)")
    if any(term in ("+all", "all") for term in terms):
        return Examined("SPF", False, records[0], "end with -all or ~all: +all lets everybody write in your name")
    if not any(term in ("-all", "~all") or term.startswith("redirect=") for term in terms):
        return Examined("SPF", False, records[0], "end with -all or ~all; without it nothing is refused")
    return Examined("SPF", True, records[0])


async def _dkim(names: Names, settings: Settings, domain: str) -> Examined:
    selector = settings.of(NewsletterSettings).dkim_selector
    name = f"{selector}._domainkey.{domain}"
    signer = signer_for(settings, domain)
    records = [text for text in await names.texts(name, "") if "p=" in text]
    if not records:
        key = settings.env.dkim_key or "KEY"
        made = f"openssl rsa -in {key} -pubout -outform der | base64 -w0"
        return Examined("DKIM", False, f"no key at {name}", f'publish there TXT "v=DKIM1; k=rsa; p=…", p from `{made}`')
    tags = {tag.strip(): value.strip() for tag, _, value in (one.partition("=") for one in records[0].split(";"))}
    try:
        modulus = int(parse_public_key(base64.b64decode(tags["p"], validate=True))["modulus"])
    except (UnparsableKeyError, ValueError, KeyError, IndexError, TypeError):
        return Examined("DKIM", False, f"the key at {name} is none, or was withdrawn", "publish the public key as p=")
    if modulus.bit_length() < WEAK_BITS:
        return Examined("DKIM", False, f"a key of {modulus.bit_length()} bits", f"make one of {WEAK_BITS} bits")
    if signer is None:
        return Examined("DKIM", True, f"a key of {modulus.bit_length()} bits; the mail server has to sign with it")
    if modulus != signer.public_modulus():
        return Examined("DKIM", False, f"the key at {name} is not that of MILEPOST_DKIM_KEY", "publish its public half")
    return Examined("DKIM", True, f"a key of {modulus.bit_length()} bits, the one that signs")


async def _dmarc(names: Names, domain: str) -> Examined:
    # A subdomain without a record is under that of the domain above it (RFC 7489, 6.6.3); ours asks each in turn.
    labels = domain.split(".")
    for above in range(max(1, len(labels) - 1)):
        name = "_dmarc." + ".".join(labels[above:])
        records = await names.texts(name, "v=DMARC1")
        if len(records) == 1:
            tags = [tag.strip().replace(" ", "") for tag in records[0].split(";")]
            if any(tag in ("p=none", "p=quarantine", "p=reject") for tag in tags):
                return Examined("DMARC", True, records[0])
            return Examined("DMARC", False, records[0], "say p=none, p=quarantine or p=reject")
        if records:
            return Examined("DMARC", False, f"{len(records)} records at {name}", "keep one")
    reports = f"mailto:postmaster@{domain}"
    return Examined("DMARC", False, "no record", f'publish TXT _dmarc.{domain} "v=DMARC1; p=none; rua={reports}"')


async def _ptr(names: Names, host: str) -> Examined:
    """Whether each address of the relay has a name that leads back to it (RFC 1912, 2.1)."""
    if not host:
        return Examined("PTR", False, "no mail server", "set MILEPOST_SMTP_URL")
    is_address = host.replace(".", "").isdigit() or ":" in host
    addresses = [host] if is_address else await names.addresses(host)
    if not addresses:
        return Examined("PTR", False, f"{host} has no address", "mend the host of MILEPOST_SMTP_URL")
    for address in addresses:
        named = [
            str(one.target).rstrip(".") for one in await names.ask(str(dns.reversename.from_address(address)), "PTR")
        ]
        if not named:
            return Examined("PTR", False, f"{address} has no name", "ask whoever gave you the address for a PTR record")
        if not [name for name in named if address in await names.addresses(name)]:
            wrong = f"{address} is {named[0]}, which does not lead back"
            return Examined("PTR", False, wrong, f"give {named[0]} the address {address}")
    return Examined("PTR", True, f"{', '.join(addresses)} leads back to itself")


async def _tls(settings: Settings) -> Examined:
    url = settings.env.smtp_url
    if not url:
        return Examined("TLS", False, "no mail server", "set MILEPOST_SMTP_URL")
    try:
        SmtpRelay(url)
    except SettingsError as error:
        return Examined("TLS", False, "no mail server", str(error))
    parsed = urlsplit(url)
    tls = parsed.scheme == "smtps"
    port = parsed.port or (465 if tls else 587 if parsed.scheme == "smtp+starttls" else 25)
    client = aiosmtplib.SMTP(
        hostname=parsed.hostname, port=port, use_tls=tls, start_tls=False,
        tls_context=ssl.create_default_context(), timeout=SECONDS,
    )  # fmt: skip
    try:
        async with client:
            if not tls:
                await client.ehlo()
                if not client.supports_extension("starttls"):
                    return Examined("TLS", False, "the relay offers none", "let it offer STARTTLS")
                await client.starttls()
            version = client.get_transport_info("ssl_object").version()
    except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return Examined("TLS", False, said, "mend the relay's certificate, its name or its port")
    if parsed.scheme == "smtp":
        remedy = "say smtp+starttls:// in MILEPOST_SMTP_URL; smtp:// does not encrypt"
        return Examined("TLS", False, f"{version} is offered and not used", remedy)
    return Examined("TLS", True, version)


async def _one_click(settings: Settings, domain: str) -> Examined:
    """RFC 8058: an https link, within a signature of the domain."""
    try:
        head = letterhead(settings)
    except SettingsError as error:
        return Examined("one-click", False, "no mail can be made", str(error))
    if not head.site_url.startswith("https://"):
        return Examined("one-click", False, f"SITEURL is {head.site_url}", "it has to begin with https:// (RFC 8058)")
    if head.host.casefold() != domain.casefold():
        return Examined(
            "one-click", False, f"mails come from {head.host}", f"name that domain, or let them come from {domain}"
        )
    if settings.env.dkim_key is None:
        remedy = "set MILEPOST_DKIM_KEY, or let the mail server sign List-Unsubscribe and List-Unsubscribe-Post"
        return Examined("one-click", False, "the headers are not signed here", remedy)
    return Examined("one-click", True, "an https link, within the signature")
