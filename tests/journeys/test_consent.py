"""Yes, no, and the signals that outrank both; tried on a collector that serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from collecting import Running, event, running, settings_for

SIGNALS = [{"sec_gpc": "1"}, {"dnt": "1"}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(settings_for(tmp_path_factory.mktemp("consent"))) as run:
        yield run


def say(client: httpx.Client, answer: str) -> httpx.Response:
    return client.post("/journey/v1/consent", content=answer, headers={"content-type": "text/plain"})


def sent(run: Running, client: httpx.Client, query: str = "") -> tuple[dict[str, Any], str]:
    """(the archived row of one event that `client` sends, Milepost-Consent of the answer)."""
    one = event()
    answer = run.send(one, client=client, query=query)
    assert answer.status_code == 204
    (row,) = [row for row in run.archived() if row["id"].hex() == one["id"].replace("-", "")]
    return row, answer.headers["Milepost-Consent"]


def who(row: dict[str, Any]) -> tuple[str, bool, str | None]:
    return row["tier"], row["visit"] is not None, row["person"]


def test_without_an_answer_a_reader_is_asked_and_their_visit_is_kept(served: Running) -> None:
    with served.client() as client:
        row, standing = sent(served, client)
    assert (who(row), standing) == (("visited", True, None), "ask")
    assert len(row["visit"]) == 16


def test_a_yes_sets_a_cookie_that_names_the_person(served: Running) -> None:
    with served.client() as client:
        answer = say(client, "yes")
        assert (answer.status_code, answer.content, answer.headers["Milepost-Consent"]) == (204, b"", "yes")
        cookie = SimpleCookie(answer.headers["set-cookie"])["milepost_person"]
        row, standing = sent(served, client)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", cookie.value)
    attributes = {name: value for name, value in cookie.items() if value}
    assert attributes == {"max-age": "34128000", "path": "/", "httponly": True, "samesite": "lax"}
    assert (who(row), standing) == (("consented", True, cookie.value), "yes")


def test_the_cookie_is_secure_unless_on_loopback(served: Running) -> None:
    answer = httpx.post(
        f"{served.url}/journey/v1/consent",
        content="yes",
        headers={"host": "site.example", "content-type": "text/plain"},
        verify=False,
    )
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_domain_may_be_set_so_that_docs_share_the_cookie(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, JOURNEY_COOKIE_DOMAIN="site.example")
    with running(settings) as run, run.client() as client:
        assert "Domain=site.example" in say(client, "yes").headers["set-cookie"]


def test_a_second_yes_keeps_the_person(served: Running) -> None:
    with served.client() as client:
        say(client, "yes")
        first = client.cookies["milepost_person"]
        say(client, "yes")
        assert client.cookies["milepost_person"] == first


def test_a_no_is_remembered_and_nothing_is_linked(served: Running) -> None:
    with served.client() as client:
        say(client, "yes")
        assert say(client, "no").headers["Milepost-Consent"] == "no"
        assert client.cookies["milepost_person"] == "no"
        row, standing = sent(served, client)
    assert (who(row), standing) == (("counted", False, None), "no")


@pytest.mark.parametrize("signal", SIGNALS)
def test_under_a_signal_nothing_is_asked_linked_or_stored(served: Running, signal: dict[str, str]) -> None:
    with served.client(**signal) as client:
        row, standing = sent(served, client)
        answers = [say(client, "yes"), say(client, "no")]
        again, _ = sent(served, client)
    assert (who(row), standing) == (("counted", False, None), "no")
    assert [("set-cookie" in a.headers, a.status_code) for a in answers] == [(False, 204), (False, 204)]
    assert who(again) == ("counted", False, None)


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_outranks_an_earlier_yes(served: Running, signal: dict[str, str]) -> None:
    with served.client() as client:
        say(client, "yes")
        client.headers.update({name.replace("_", "-"): value for name, value in signal.items()})
        row, standing = sent(served, client)
    assert (who(row), standing) == (("counted", False, None), "no")


def test_a_no_under_a_signal_takes_the_cookie_away(served: Running) -> None:
    with served.client() as client:
        say(client, "yes")
        answer = client.post(
            "/journey/v1/consent", content="no", headers={"sec-gpc": "1", "content-type": "text/plain"}
        )
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert "milepost_person" not in client.cookies


def test_a_signal_that_only_the_script_sees_counts_too(served: Running) -> None:
    with served.client() as client:
        say(client, "yes")
        row, standing = sent(served, client, query="?counted=1")
    assert (who(row), standing) == (("counted", False, None), "no")


@pytest.mark.parametrize("forged", ["x", "A" * 23, "A" * 21 + "B", "no; yes", "'; DROP TABLE", "é" * 22])
def test_a_forged_cookie_is_no_person(served: Running, forged: str) -> None:
    with served.client() as client:
        client.headers["cookie"] = f"milepost_person={forged}".encode("latin-1").decode("latin-1")
        row, _ = sent(served, client)
    assert row["person"] is None


@pytest.mark.parametrize("body", [b"", b"maybe", b"yes no", b"\xff", b"answer=yes"])
def test_an_answer_is_yes_or_no(served: Running, body: bytes) -> None:
    answer = httpx.post(
        f"{served.url}/journey/v1/consent", content=body, headers={"content-type": "text/plain"}, verify=False
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": {"index": None, "field": "answer", "message": "say yes or no"}}


@pytest.mark.parametrize(
    ("referrer", "location"),
    [
        ("{url}/privacy/?a=1#b", "/privacy/?a=1"),
        ("https://evil.example/privacy/", "/"),
        ("{url}//evil.example/", "/evil.example/"),
        ("{url}/\\evil.example/", "/evil.example/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_form_goes_back_to_the_page_it_came_from(served: Running, referrer: str, location: str) -> None:
    with served.client(referer=referrer.format(url=served.url)) as client:
        answer = client.post("/journey/v1/consent", data={"answer": "yes"})
        assert (answer.status_code, answer.headers["location"]) == (303, location)
        assert len(client.cookies["milepost_person"]) == 22


def test_a_yes_includes_the_visit_so_far_and_no_other(tmp_path: Path) -> None:
    with (
        running(settings_for(tmp_path)) as run,
        run.client(user_agent="A") as reader,
        run.client(user_agent="B") as other,
    ):
        old, archived, new, after, others = (event(touchpoint="blog/first") for _ in range(5))
        run.send(old, client=reader)
        run.clock.forward(minutes=31)
        run.send(archived, client=reader)
        run.archived()
        run.send(new, client=reader)
        run.send(others, client=other)
        say(reader, "yes")
        run.send(after, client=reader)
        person = reader.cookies["milepost_person"]
        rows = {row["id"].hex(): row for row in run.archived()}
    found = {
        name: who(rows[one["id"].replace("-", "")])
        for name, one in {"old": old, "archived": archived, "new": new, "after": after, "others": others}.items()
    }
    assert found == {
        "old": ("visited", True, None),
        "archived": ("visited", True, None),
        "new": ("consented", True, person),
        "after": ("consented", True, person),
        "others": ("visited", True, None),
    }
    keys = {
        name: rows[one["id"].replace("-", "")]["visit"]
        for name, one in {"old": old, "new": new, "after": after}.items()
    }
    assert keys["new"] == keys["after"] != keys["old"]
