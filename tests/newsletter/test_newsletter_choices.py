"""What readers choose, take with them and have erased, over real connections; and where an erased address still is."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from signups import NOW, Serving, serving, settings_for
from sqlalchemy import select

from milepost import db
from milepost.newsletter import erasure, lists, store, tables
from milepost.newsletter.choices import choices_of, topics_kept, topics_of, zones
from milepost.newsletter.model import Choices, Topic

ADDRESS = "rosamund.quill@example.org"


def path(served: Serving, purpose: str, id_: int = 1) -> str:
    return f"/newsletter/{purpose}/{served.token(purpose, id_)}"


def subscribe(served: Serving, address: str = ADDRESS, **fields: str | list[str]) -> int:
    """The id of a subscriber who has signed up and confirmed, with `fields` of the confirmation's form."""
    served.post("/newsletter/subscribe", address=address, touchpoint="blog/first")
    id_ = next(row.id for row in served.rows(tables.subscriber) if row.address == address)
    served.post(path(served, "confirm", id_), **fields)
    return id_


def chosen(served: Serving) -> list[tuple[str, ...]]:
    return [(row.topics, row.rhythm, row.zone) for row in served.rows(tables.subscriber)]


def form_of(page: bytes, do: str) -> dict[str, list[str]]:
    """The values with which the form that has the button `do` would be sent, by name, as a browser has them."""
    soup = BeautifulSoup(page, "lxml")
    button = next(one for one in soup.select("main form button") if one.get("value", "") == do)
    form = button.find_parent("form")
    assert form
    values: dict[str, list[str]] = {"do": [do]} if do else {}
    for field in form.select("input"):
        if field.get("type") not in ("checkbox", "radio") or field.has_attr("checked"):
            values.setdefault(str(field["name"]), []).append(str(field.get("value", "on")))
    for field in form.select("select"):
        values[str(field["name"])] = [str(option["value"]) for option in field.select("option[selected]")]
    return values


def test_the_confirmation_offers_everything_and_keeps_what_was_chosen(served: Serving) -> None:
    served.post("/newsletter/subscribe", address=ADDRESS)
    page = served.get(path(served, "confirm"))
    assert form_of(page.content, "") == {
        "topic": ["strategy", "docs", "tools"], "rhythm": ["each"], "zone": ["UTC"],
    }  # fmt: skip
    assert "Tools &amp; &lt;trades&gt;" in page.text
    answer = served.post(path(served, "confirm"), topic=["docs", "tools"], rhythm="weekly", zone="Asia/Tokyo")
    assert answer.status_code == 200
    assert (served.states(), chosen(served)) == ({ADDRESS: "active"}, [(";docs;tools;", "weekly", "Asia/Tokyo")])
    [link] = BeautifulSoup(answer.content, "lxml").select("main a")
    mine = served.get(f"/newsletter/confirm/{link['href']}")
    assert form_of(mine.content, "save") == {
        "do": ["save"], "topic": ["docs", "tools"], "rhythm": ["weekly"], "zone": ["Asia/Tokyo"],
    }  # fmt: skip


def test_preferences_are_kept(served: Serving) -> None:
    subscribe(served)
    served.forward(days=1)
    saved = served.post(path(served, "preferences"), do="save", topic=["docs"], rhythm="each", zone="UTC")
    assert BeautifulSoup(saved.content, "lxml").select("main [role=status]")[0].text.startswith("Saved.")
    served.post(path(served, "preferences"), do="save", topic=["docs"], rhythm="daily", zone="UTC")
    assert chosen(served) == [(";docs;", "daily", "UTC")]
    assert [row.changed_at for row in served.rows(tables.subscriber)] == [NOW], "the state's time is not the choice's"


OFFERED = (Topic("docs", "Docs"), Topic("tools", "Tools"))


@pytest.mark.parametrize(
    ("fields", "choices"),
    [
        ({}, Choices()),
        ({"topic": ["docs", "tools"]}, Choices()),
        ({"topic": ["tools", "tools", "<script>", "docs;tools"]}, Choices(("tools",))),
        ({"rhythm": ["hourly"], "zone": ["Mars/Base"]}, Choices()),
        ({"rhythm": ["weekly", "each"], "zone": ["../../etc/passwd"]}, Choices(rhythm="weekly")),
        ({"zone": ["Europe/Berlin"]}, Choices(zone="Europe/Berlin")),
    ],
)
def test_what_was_not_offered_cannot_be_chosen(fields: dict[str, list[str]], choices: Choices) -> None:
    assert choices_of(fields, OFFERED) == choices


def test_topics_are_kept_so_that_each_can_be_looked_for() -> None:
    assert [topics_kept(slugs) for slugs in ((), ("a",), ("a", "b"))] == ["", ";a;", ";a;b;"]
    assert [topics_of(kept) for kept in ("", ";a;", ";a;b;")] == [(), ("a",), ("a", "b")]
    assert {"UTC", "Europe/Berlin"} <= set(zones())


def test_a_page_of_ones_own_does_only_what_it_was_asked_and_for_its_own_pages(served: Serving) -> None:
    subscribe(served)
    before = served.everything()
    mine = path(served, "preferences")
    for fields in ({}, {"do": "erase"}, {"do": "erase", "sure": "no"}, {"do": "drop table"}, {"sure": "yes"}):
        assert served.post(mine, **fields).status_code == 200
    with served.client(origin="https://evil.example") as client:
        for do in ("save", "export", "erase"):
            assert client.post(mine, data={"do": do, "sure": "yes"}).status_code == 403
    assert served.everything() == before


def test_an_export_is_everything_that_any_table_has_of_one_and_nothing_of_another(served: Serving) -> None:
    subscribe(served, "other@example.org")
    subscribe(served, rhythm="weekly")
    answer = served.post(path(served, "preferences", 2), do="export")
    assert answer.headers["content-disposition"] == 'attachment; filename="subscription.json"'
    found = answer.json()
    assert {table: len(rows) for table, rows in found.items() if rows} == {"subscriber": 1, "consent": 1, "notice": 1}
    assert found["subscriber"][0]["address"] == ADDRESS
    assert found["consent"][0]["confirmed_at"] == NOW.isoformat()
    assert "other@" not in answer.text
    named = {table.name for table in tables.metadata.sorted_tables} - {"issue", "post", "suppression"}
    assert named <= found.keys(), "a table that says something of a subscriber is not handed out"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_erasure_leaves_the_address_nowhere_and_an_import_cannot_bring_it_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    url = ""
    if kind == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql")
        url = new_database()
    settings = settings_for(tmp_path, url)
    needle = ADDRESS.partition("@")[0].encode()

    def where() -> list[str]:
        """The files with the address in them: database, WAL, outbox; and the tables, where they are no files."""
        files = [file.name for file in (tmp_path / "var").rglob("*") if file.is_file() and needle in file.read_bytes()]
        named = [f"table {name}" for name, rows in served.everything().items() if needle.decode() in str(rows)]
        return sorted("mail" if name.endswith(".eml") else name for name in files) + sorted(named)

    with caplog.at_level(logging.DEBUG), serving(settings, sends=True) as served:
        for id_, address in enumerate(("other@example.org", ADDRESS), 1):
            served.post("/newsletter/subscribe", address=address, touchpoint="blog/first")
            # A question that is answered before it was sent is never sent.
            while served.rows(tables.notice)[-1].state == "queued":
                time.sleep(0.01)
            served.post(path(served, "confirm", id_))
        before = where()
        assert before[-1] == "table subscriber" and "mail" in before
        assert kind == "postgresql" or {"milepost.sqlite-wal"} & set(before)
        answer = served.post(path(served, "preferences", 2), do="erase", sure="yes")
        assert "Everything is erased" in answer.text
        assert where() == []
        assert served.states() == {"other@example.org": "active"}
        assert [row.reason for row in served.rows(tables.suppression)] == ["erased"]
        for purpose in ("confirm", "unsubscribe", "preferences"):
            assert served.get(path(served, purpose, 2)).status_code in (200, 410)
        assert served.post(path(served, "preferences", 2), do="export").json() == {}
        assert served.post(path(served, "one-click", 2)).status_code == 200
        given = tmp_path / "readers.csv"
        given.write_text(f"address,consent_at,consent_source\n{ADDRESS.upper()},2020-05-06,paper\n{ADDRESS},,\n")
        reports = lists.take_in(served.engine, settings.env.secret(), given, (), "en", NOW)
        assert [report.outcome for report in reports] == ["erased", "known"]
        given.unlink()
        assert served.states() == {"other@example.org": "active"}
        assert where() == []
        # A fresh signup and confirmation of their own brings them back, under an id that no old link names.
        assert subscribe(served) == 3
        assert served.rows(tables.suppression) == []
    assert needle.decode() not in "".join(caplog.messages)


def test_an_erasure_waits_for_no_reader_and_says_when_traces_are_left(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    engine = store.open_store(settings.env)
    with engine.begin() as connection:
        store.sign_up(connection, ADDRESS, "blog/first", None, "/", "en", NOW)
    reader = sqlite3.connect(tmp_path / "var" / "milepost.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM subscriber").fetchall()
    with engine.begin() as connection:
        assert erasure.erase(connection, b"secret", 1, NOW)
        assert not erasure.erase(connection, b"secret", 1, NOW)
    assert (erasure.wipe(engine, wait_seconds=0), reader.rollback()) == (False, None)
    assert erasure.wipe(engine)
    with db.reading(engine) as connection:
        assert connection.execute(select(tables.subscriber)).all() == []
    engine.dispose()
