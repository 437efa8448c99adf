"""The newsletter's addresses, over real connections: who may change what, and what nobody can learn."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from signups import NOW, PERSON, Serving, serving, settings_for
from sqlalchemy import update

from milepost.newsletter import tables
from milepost.newsletter.tokens import LIFE

ADDRESS = "reader@example.org"
SUBSCRIBE = "/newsletter/subscribe"


def said(response: httpx.Response) -> str:
    """The text of main, in one line."""
    main = BeautifulSoup(response.content, "lxml").main
    assert main, response.text
    return " ".join(main.get_text(" ").split())


def subscribe(served: Serving, address: str = ADDRESS) -> httpx.Response:
    return served.post(SUBSCRIBE, address=address, touchpoint="blog/first", more="")


def set_state(served: Serving, state: str) -> None:
    with served.engine.begin() as connection:
        connection.execute(update(tables.subscriber).values(state=state))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_from_signup_to_leaving(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = ""
    if kind == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql")
        url = new_database()
    with serving(settings_for(tmp_path, url)) as served:
        assert subscribe(served).status_code == 200
        assert served.states() == {ADDRESS: "pending"}
        confirm, leave = (f"/newsletter/{name}/{served.token(name)}" for name in ("confirm", "unsubscribe"))
        assert f"Shall we send new articles to {ADDRESS} ?" in said(served.get(confirm))
        assert said(served.post(confirm)).startswith("You are subscribed")
        assert served.states() == {ADDRESS: "active"}
        assert served.signed_up == [("blog/first", None)]
        assert f"Shall we stop sending new articles to {ADDRESS} ?" in said(served.get(leave))
        assert said(served.post(leave)).startswith("You are not subscribed")
        assert served.states() == {ADDRESS: "unsubscribed"}


def test_the_answer_to_a_signup_is_the_same_bytes_whatever_the_state(served: Serving) -> None:
    answers = [subscribe(served)]
    for state in ("pending", "active", "unsubscribed", "bounced", "complained"):
        set_state(served, state)
        answers.append(subscribe(served))
    answers.append(served.post(SUBSCRIBE, address="robot@example.org", more="http://spam.example"))
    seen = {(a.status_code, a.content, tuple((k, v) for k, v in a.headers.items() if k != "date")) for a in answers}
    assert len(seen) == 1
    assert "We have sent you a mail" in said(answers[0])


def test_a_robot_that_fills_in_everything_leaves_no_row(served: Serving) -> None:
    served.post(SUBSCRIBE, address=ADDRESS, touchpoint="blog/first", more="me too")
    assert served.everything() == {table.name: [] for table in tables.metadata.sorted_tables}


def test_a_signup_keeps_its_page_and_the_person_who_said_yes(served: Serving) -> None:
    with served.client(referer="http://site.example/first/?utm=x#y", cookie=f"milepost_person={PERSON}") as client:
        client.post(SUBSCRIBE, data={"address": "Reader@EXAMPLE.org", "touchpoint": "blog/first"})
    [row], [consent] = served.rows(tables.subscriber), served.rows(tables.consent)
    assert (row.address, row.touchpoint, row.person, row.asked_at) == ("Reader@example.org", "blog/first", PERSON, NOW)
    assert (consent.page, consent.language) == ("/first/", "en")
    # Confirmed on another device, which has no cookie.
    served.post(f"/newsletter/confirm/{served.token('confirm')}")
    assert served.signed_up == [("blog/first", PERSON)]


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("https://elsewhere.example/secret/", ""),
        ("http://site.example/newsletter/confirm/a-token", "/newsletter/"),
        ("not a url", ""),
    ],
)
def test_the_page_kept_is_one_of_ours_and_never_a_token(served: Serving, referer: str, page: str) -> None:
    with served.client(referer=referer) as client:
        client.post(SUBSCRIBE, data={"address": ADDRESS})
    assert [row.page for row in served.rows(tables.consent)] == [page]


@pytest.mark.parametrize("touchpoint", ["", "Blog/First", "<script>", "a" * 121, "blog/first\n"])
def test_a_touchpoint_that_can_be_none_is_unknown(served: Serving, touchpoint: str) -> None:
    served.post(SUBSCRIBE, address=ADDRESS, touchpoint=touchpoint)
    assert [row.touchpoint for row in served.rows(tables.subscriber)] == ["unknown"]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "must have an @-sign"),
        ("reader", "must have an @-sign"),
        ("reader@", "after the @-sign"),
        ("reader@localhost", "should have a period"),
        ("two words@example.org", "SPACE"),
        ("a@example.org, b@example.org", "invalid characters: ',', '@', SPACE"),
        ("a@example.org\r\nBcc: b@example.org", "invalid characters"),
        ("<script>alert(1)</script>@example.org", "can't be anything after the email address"),
        ("reader@exa<b>mple.org", "after the @-sign contains invalid characters: '<', '>'"),
        ("x" * 300 + "@example.org", "too long"),
    ],
)
def test_an_address_that_is_none_is_told_why(served: Serving, address: str, why: str) -> None:
    answer = subscribe(served, address)
    assert answer.status_code == 400
    assert said(answer).startswith("That is no mail address")
    assert why in said(answer)
    assert "<script>" not in answer.text and "<b>" not in answer.text
    assert served.states() == {}


def test_a_get_or_head_of_any_address_changes_nothing(served: Serving) -> None:
    subscribe(served)
    subscribe(served, "second@example.org")
    served.post(f"/newsletter/confirm/{served.token('confirm', 2)}")
    before = served.everything()
    headers = ({}, {"purpose": "prefetch", "sec-purpose": "prefetch;prerender"})
    paths = [f"/newsletter/{purpose}/{served.token(purpose, id_)}" for purpose in LIFE for id_ in (1, 2)]
    for path in (SUBSCRIBE, *paths):
        for more in headers:
            with served.client(**more) as client:
                got = client.get(path, follow_redirects=True)
                assert (got.status_code, client.head(path, follow_redirects=True).status_code) == (200, 200)
                assert (got.headers["cache-control"], got.headers["referrer-policy"]) == ("no-store", "same-origin")
                assert got.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert served.everything() == before
    assert served.signed_up == [("blog/first", None)]


def test_one_click_leaves_by_post_without_cookies_and_from_anywhere(served: Serving) -> None:
    subscribe(served)
    path = f"/newsletter/one-click/{served.token('one-click')}"
    with served.client(origin="https://mail.example") as client:
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (200, "unsubscribed\n")
    assert served.states() == {ADDRESS: "unsubscribed"}


def test_whoever_opens_the_one_click_address_gets_a_button(served: Serving) -> None:
    subscribe(served)
    with served.client() as client:
        page = client.get(f"/newsletter/one-click/{served.token('one-click')}", follow_redirects=True)
        soup = BeautifulSoup(page.content, "lxml")
        assert [button.text for button in soup.select("main form[method=post] button")] == ["Unsubscribe"]
        client.post(page.url)
    assert served.states() == {ADDRESS: "unsubscribed"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://site.example.evil.example"])
def test_another_sites_page_changes_nothing(served: Serving, origin: str) -> None:
    subscribe(served)
    before = served.everything()
    paths = [SUBSCRIBE, *(f"/newsletter/{name}/{served.token(name)}" for name in ("confirm", "unsubscribe"))]
    with served.client(origin=origin) as client:
        answers = [client.post(path, data={"address": "new@example.org"}) for path in paths]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert served.everything() == before


def test_our_own_pages_may_post(served: Serving) -> None:
    for origin in ("http://site.example", "https://site.example", served.url):
        with served.client(origin=origin) as client:
            assert client.post(SUBSCRIBE, data={"address": ADDRESS}).status_code == 200


def test_a_second_confirmation_says_the_same_and_counts_nothing(served: Serving) -> None:
    subscribe(served)
    path = f"/newsletter/confirm/{served.token('confirm')}"
    first, second = served.post(path), served.post(path)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert served.signed_up == [("blog/first", None)]


def test_an_old_link_cannot_bring_back_who_has_left(served: Serving) -> None:
    subscribe(served)
    path = f"/newsletter/confirm/{served.token('confirm')}"
    served.post(path)
    served.post(f"/newsletter/unsubscribe/{served.token('unsubscribe')}")
    assert served.post(path).status_code == 410
    assert served.states() == {ADDRESS: "unsubscribed"}


def test_expired_confirmation_says_when_it_was_sent(served: Serving) -> None:
    subscribe(served)
    path = f"/newsletter/confirm/{served.token('confirm')}"
    served.forward(days=7, seconds=1)
    for answer in (served.get(path), served.post(path)):
        assert answer.status_code == 410
        assert "The mail with it was sent on 2026-01-15" in said(answer)
    assert served.states() == {ADDRESS: "pending"}


def test_a_link_to_leave_is_never_too_old(served: Serving) -> None:
    subscribe(served)
    path = f"/newsletter/unsubscribe/{served.token('unsubscribe')}"
    served.forward(days=3650)
    served.post(path)
    assert served.states() == {ADDRESS: "unsubscribed"}


def test_forged_tokens_and_those_of_another_purpose_are_refused(served: Serving) -> None:
    subscribe(served)
    before = served.everything()
    good = {purpose: served.token(purpose) for purpose in LIFE}
    forged = {
        purpose: [
            *(token for other, token in good.items() if other != purpose),
            good[purpose][:-2],
            good[purpose] + "A",
            "MQ",
            "%00",
            "ü",
            "x" * 4000,
        ]
        for purpose in LIFE
    }
    for purpose, tokens in forged.items():
        for token in tokens:
            path = f"/newsletter/{purpose}/{token}"
            answers = [served.get(path)] + ([served.post(path)] if purpose != "preferences" else [])
            assert {answer.status_code for answer in answers} == {404}, path
    assert served.everything() == before


def test_a_token_without_a_life_is_the_same_in_every_copy_of_a_mail(served: Serving) -> None:
    first = {purpose: served.token(purpose) for purpose in LIFE}
    served.forward(days=1)
    again = {purpose: served.token(purpose) for purpose in LIFE}
    assert {purpose for purpose in LIFE if first[purpose] != again[purpose]} == {"confirm"}


def test_preferences_show_what_is_kept_and_the_way_out(served: Serving) -> None:
    with served.client(referer="http://site.example/first/") as client:
        client.post(SUBSCRIBE, data={"address": ADDRESS})
    page = served.get(f"/newsletter/preferences/{served.token('preferences')}")
    assert f"{ADDRESS} is pending, since 2026-01-15" in said(page)
    assert "on the page /first/" in said(page)
    [link] = BeautifulSoup(page.content, "lxml").select("main a")
    assert served.get(str(httpx.URL(page.url).join(str(link["href"])))).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"address": "a@example.org"}'),
        ("application/x-www-form-urlencoded", b"address=" + b"a" * 10_000),
        ("application/x-www-form-urlencoded", b"address=\xff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(100))),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(served: Serving, content_type: str, body: bytes) -> None:
    with served.client(content_type=content_type) as client:
        assert client.post(SUBSCRIBE, content=body).status_code == 400
    assert served.states() == {}


def test_a_flood_from_one_network_is_told_to_wait(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path, limits="on")) as served:
        statuses = [subscribe(served, f"reader{number}@example.org").status_code for number in range(62)]
        assert statuses == [200] * 60 + [429] * 2
        assert len(served.states()) == 60


def test_a_flood_at_one_address_gets_the_same_answer_and_no_more_mails(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path, limits="on")) as served:
        answers = []
        for _ in range(5):
            answers.append(subscribe(served))
            with served.engine.begin() as connection:
                connection.execute(update(tables.notice).values(state="sent"))
        assert len({answer.content for answer in answers}) == 1
        assert [row.kind for row in served.rows(tables.notice)] == ["confirm"] * 3


def test_a_late_signup_is_gone_when_the_service_starts(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with serving(settings) as served:
        served.forward(days=-3650)
        subscribe(served)
    with serving(settings) as served:
        deadline = time.monotonic() + 5
        while served.states() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert served.states() == {}


def test_a_mail_that_was_owed_when_the_process_died_is_sent_by_the_next(tmp_path: Path) -> None:
    settings, outbox = settings_for(tmp_path), tmp_path / "var" / "outbox"
    with serving(settings) as served:
        subscribe(served)
        assert [row.state for row in served.rows(tables.notice)] == ["queued"]
        assert not list(outbox.glob("*.eml"))
    with serving(settings, sends=True) as served:
        deadline = time.monotonic() + 5
        while served.rows(tables.notice)[0].state == "queued" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [row.state for row in served.rows(tables.notice)] == ["sent"]
    assert len(list(outbox.glob("*.eml"))) == 1


def test_a_database_that_fails_is_a_page_and_a_log_line_without_the_address(
    served_alone: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    with served_alone.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE consent RENAME TO elsewhere")
    with caplog.at_level(logging.DEBUG):
        answer = subscribe(served_alone)
    assert (answer.status_code, said(answer)[:7]) == (503, "Not now")
    kind = "OperationalError" if served_alone.engine.dialect.name == "sqlite" else "ProgrammingError"
    assert f"the newsletter's database does not answer: {kind}" in caplog.messages
    assert ADDRESS not in caplog.text
    assert served_alone.states() == {}


def test_the_shell_keeps_the_theme_and_is_read_again_after_a_build(served_alone: Serving) -> None:
    shell = served_alone.settings.site.output / "newsletter/shell.html"
    assert re.findall("<title>(.*)</title>", served_alone.get(SUBSCRIBE).text) == ["Subscribe · A site"]
    shell.write_text(shell.read_text().replace("<main>", '<main class="fresh">'))
    assert '<main class="fresh"><h1>Subscribe</h1>' in served_alone.get(SUBSCRIBE).text
    shell.unlink()
    assert said(served_alone.get(SUBSCRIBE)).startswith("Subscribe")
