"""Signatures that a verifier accepts, and a doctor who names what providers would object to: over real DNS and SMTP."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
import trustme
from nameserver import Zone, naming
from relays import add_issue, add_subscribers, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine

from milepost.errors import SettingsError
from milepost.newsletter import delivery, notices, store
from milepost.newsletter.doctor import examine
from milepost.newsletter.signing import signer_for
from milepost.settings import Settings

DKIM = ("milepost._domainkey.site.example", "TXT")


def openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "dkim.pem"
    path.write_bytes(openssl("genrsa", "2048"))
    return path


def published(key: Path) -> str:
    """The record of a key, in strings of at most 255."""
    half = base64.b64encode(openssl("rsa", "-in", str(key), "-pubout", "-outform", "der")).decode()
    text = f"v=DKIM1; k=rsa; p={half}"
    return " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))


def signing(settings: Settings, key: Path) -> Settings:
    return settings.model_copy(update={"env": settings.env.model_copy(update={"dkim_key": key})})


def store_signup(engine: Engine) -> None:
    with engine.begin() as connection:
        store.sign_up(connection, "new@example.org", "blog", None, "/", "en", NOW)


def test_a_mail_is_signed_over_what_lets_go_of_it_and_stays_the_same(engine: Engine, tmp_path: Path, key: Path) -> None:
    add_subscribers(engine, *readers(2), "jürgen@bücher.example")
    with relaying() as sink:
        asyncio.run(delivery.send(engine, signing(settings_at(tmp_path, sink.url), key), add_issue(engine)))
    record = published(key).replace('" "', "").strip('"').encode()

    def dns(name: bytes, **_: object) -> bytes | None:
        return record if name == b"milepost._domainkey.site.example." else None

    assert len(sink.mails) == 3
    for mail in sink.mails:
        assert dkim.verify(mail.content, dnsfunc=dns)
        assert not dkim.verify(
            mail.content.replace(b"https://site.example/newsletter/one", b"https://x/one"), dnsfunc=dns
        )
        assert not dkim.verify(mail.content.replace(b"List-Unsubscribe=One", b"List-Unsubscribe=Two"), dnsfunc=dns)
    with relaying() as answers:
        store_signup(engine)
        asyncio.run(notices.send_due(engine, signing(settings_at(tmp_path, answers.url), key), lambda: NOW))
    [notice] = answers.mails
    assert dkim.verify(notice.content, dnsfunc=dns)
    settings = signing(settings_at(tmp_path, None), key)
    signer = signer_for(settings, "site.example")
    assert signer is not None
    assert signer.signed(b"From: a@site.example\r\n\r\nx\r\n", NOW) == signer.signed(
        b"From: a@site.example\r\n\r\nx\r\n", NOW
    )


def test_a_key_that_is_none_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    settings = signing(settings_at(tmp_path, None), path)
    with pytest.raises(SettingsError, match=r"key.pem: No such file or directory; see MILEPOST_DKIM_KEY$"):
        signer_for(settings, "site.example")
    path.write_text("hello")
    with pytest.raises(SettingsError, match=r"key.pem: no RSA key in PEM; make one with `openssl genrsa -out "):
        signer_for(settings, "site.example")


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's TLS for localhost, by an authority that this process trusts."""
    authority, path = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    yield context


def well(key: Path) -> Zone:
    return {
        ("site.example", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"', '"something else"'],
        DKIM: [published(key)],
        ("_dmarc.site.example", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:d@site.example"'],
        ("localhost", "A"): ["127.0.0.1"],
        ("1.0.0.127.in-addr.arpa", "PTR"): ["localhost."],
    }


def test_a_healthy_domain_is_called_so(tmp_path: Path, key: Path, tls: ssl.SSLContext) -> None:
    with relaying(tls_context=tls) as sink:
        settings = signing(settings_at(tmp_path, f"smtp+starttls://localhost:{sink.port}"), key)
        with naming(well(key)) as server:
            found = asyncio.run(examine(settings, "site.example", server))
    assert [(one.check, one.good, one.remedy) for one in found] == [
        (check, True, "") for check in ("SPF", "DKIM", "DMARC", "PTR", "TLS", "one-click")
    ]
    assert found[1].found == "a key of 2048 bits, the one that signs"
    assert found[4].found == "TLSv1.3"


SICK: dict[str, tuple[str, dict[tuple[str, str], list[str] | None], str, str]] = {
    "no SPF": ("SPF", {("site.example", "TXT"): None}, "no record", 'publish TXT site.example "v=spf1'),
    "two SPF": ("SPF", {("site.example", "TXT"): ['"v=spf1 -all"', '"v=spf1 mx -all"']}, "2 records", "keep one"),
    "everybody": ("SPF", {("site.example", "TXT"): ['"v=spf1 +all"']}, "v=spf1 +all", "end with -all or ~all"),
    "open end": ("SPF", {("site.example", "TXT"): ['"v=spf1 mx"']}, "v=spf1 mx", "end with -all or ~all"),
    "too many": (
        "SPF",
        {("site.example", "TXT"): ['"v=spf1 ' + "include:x.example " * 11 + '-all"']},
        "11 look-ups",
        "name at most 10",
    ),
    "no DKIM": ("DKIM", {DKIM: None}, "no key at milepost._domainkey.site.example", 'publish there TXT "v=DKIM1'),
    "withdrawn": ("DKIM", {DKIM: ['"v=DKIM1; p="']}, "the key at milepost", "publish the public key"),
    "no DMARC": ("DMARC", {("_dmarc.site.example", "TXT"): None}, "no record", "publish TXT _dmarc.site.example"),
    "no policy": ("DMARC", {("_dmarc.site.example", "TXT"): ['"v=DMARC1; rua=mailto:x@y"']}, "v=DMARC1", "say p=none"),
    "no PTR": ("PTR", {("1.0.0.127.in-addr.arpa", "PTR"): None}, "127.0.0.1 has no name", "ask whoever gave you"),
    "elsewhere": (
        "PTR",
        {("1.0.0.127.in-addr.arpa", "PTR"): ["other.example."]},
        "127.0.0.1 is other.example, which does not lead back",
        "give other.example the address 127.0.0.1",
    ),
}


@pytest.mark.parametrize(("check", "changed", "found", "remedy"), SICK.values(), ids=SICK.keys())
def test_what_is_wrong_is_named_with_its_remedy(
    check: str, changed: dict[tuple[str, str], list[str] | None], found: str, remedy: str, tmp_path: Path, key: Path
) -> None:
    zone = {name: texts for name, texts in {**well(key), **changed}.items() if texts is not None}
    with naming(zone) as server:
        settings = signing(settings_at(tmp_path, "smtp://localhost:1"), key)
        [one] = [one for one in asyncio.run(examine(settings, "site.example", server)) if one.check == check]
    assert (one.good, one.found[: len(found)], one.remedy[: len(remedy)]) == (False, found, remedy)


def test_keys_that_do_not_fit_and_keys_that_are_weak(tmp_path: Path, key: Path) -> None:
    other, weak = tmp_path / "other.pem", tmp_path / "weak.pem"
    other.write_bytes(openssl("genrsa", "2048"))
    weak.write_bytes(openssl("genrsa", "1024"))
    seen = []
    for public in (other, weak):
        with naming({**well(key), DKIM: [published(public)]}) as server:
            found = asyncio.run(examine(signing(settings_at(tmp_path, None), key), "site.example", server))
            seen.append((found[1].good, found[1].found, found[1].remedy))
    assert seen == [
        (False, f"the key at {DKIM[0]} is not that of MILEPOST_DKIM_KEY", "publish its public half"),
        (False, "a key of 1024 bits", "make one of 2048 bits"),
    ]


def test_encryption_that_is_missing_unused_or_not_believed(tmp_path: Path, key: Path, tls: ssl.SSLContext) -> None:
    def tls_of(url: str) -> tuple[bool, str]:
        with naming(well(key)) as server:
            found = asyncio.run(examine(settings_at(tmp_path, url), "site.example", server))[4]
        return found.good, found.found

    with relaying() as plain, relaying(tls_context=tls) as offering:
        assert tls_of(f"smtp+starttls://localhost:{plain.port}") == (False, "the relay offers none")
        assert tls_of(f"smtp://localhost:{offering.port}") == (False, "TLSv1.3 is offered and not used")
        good, words = tls_of(f"smtp+starttls://127.0.0.1:{offering.port}")
        assert not good and "certificate" in words.casefold()


def test_one_click_needs_https_the_domain_and_a_signature(tmp_path: Path, key: Path) -> None:
    def one_click(settings: Settings, domain: str = "site.example") -> tuple[bool, str]:
        with naming(well(key)) as server:
            found = asyncio.run(examine(settings, domain, server))[5]
        return found.good, found.found

    good = signing(settings_at(tmp_path, None), key)
    assert one_click(good) == (True, "an https link, within the signature")
    assert one_click(settings_at(tmp_path, None)) == (False, "the headers are not signed here")
    assert one_click(good, "other.example") == (False, "mails come from site.example")
    plain = signing(settings_at(tmp_path, None, "http://site.example"), key)
    assert one_click(plain) == (False, "SITEURL is http://site.example")


def test_a_name_server_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milepost.newsletter.doctor.SECONDS", 0.2)
    found = asyncio.run(examine(settings_at(tmp_path, None), "site.example", "127.0.0.1:9"))
    assert [(one.check, one.good) for one in found][:3] == [("SPF", False), ("DKIM", False), ("DMARC", False)]
    assert found[0].found.startswith("no answer from DNS")
