"""What happens elsewhere comes in by file and by POST, once, joined to a person; what is wrong is told by place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collecting import NOW, Clock, Running, event, rfc3339, rows, running, settings_for

from milepost.journeys.archive import archive_inboxes
from milepost.journeys.csv_map import Misuse
from milepost.journeys.elsewhere import People
from milepost.journeys.importing import import_file
from milepost.settings import Settings

ADA, BEN = "A" * 22, "B" * 21 + "Q"
TOKEN = "order-7f3c9d1e5b7a4c21"
MAP = """
[columns]
id = "Order"
at = "Paid"
value = "Total"
address = "E-mail"
order = "Token"
[always]
type = "order"
touchpoint = "store/shop"
goal = "purchase"
currency = "EUR"
[read]
at = "%d.%m.%Y %H:%M"
timezone = "Europe/Berlin"
decimal = ","
delimiter = ";"
"""
ORDERS = """\
Order;Paid;Total;E-mail;Token
1001;15.01.2020 10:00;1.249,50;Ada@Example.com;
1002;30.02.2020 10:00;10,00;;
1003;16.01.2020 10:00;ten;;
1004;17.01.2020 10:00;20,00;nobody@example.com;
1005;18.01.2020 10:00;30,00
"""
CONF = 'TIMEZONE = "UTC"\nSITEURL = "http://site.example"\nPLUGINS = ["milepost.journeys"]\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


@pytest.fixture
def people(settings: Settings) -> People:
    return People(settings.env, lambda: [("ada@example.com", ADA)])


@pytest.fixture
def orders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "orders.toml").write_text(MAP)
    return tmp_path / "orders.csv", tmp_path / "orders.toml"


def archived(settings: Settings) -> list[dict[str, Any]]:
    archive_inboxes(settings.env, Clock())
    return rows(settings.env)


def test_a_csv_comes_in_and_its_bad_rows_are_told_and_kept_to_mend(
    settings: Settings, people: People, orders: tuple[Path, Path]
) -> None:
    file, map_file = orders
    done = import_file(settings.env, file, people, map_file)
    assert [(finding.line, finding.message) for finding in done.findings] == [
        (3, "column Paid: '30.02.2020 10:00' is no time like %d.%m.%Y %H:%M"),
        (4, "column Total: 'ten' is no number"),
        (6, "4 values for 5 columns".replace("4", "3")),
    ]
    assert (done.outcome.taken, done.outcome.joined) == (2, 1)
    found = [
        (row["type"], row["touchpoint"], row["goal"], row["value"], row["currency"], row["tier"], row["person"])
        for row in archived(settings)
    ]
    assert found == [
        ("order", "store/shop", "purchase", 1249.5, "EUR", "known", ADA),
        ("order", "store/shop", "purchase", 20.0, "EUR", "counted", None),
    ]
    assert f"{rows(settings.env)[0]['at']:%Y-%m-%d %H:%M %Z}" == "2020-01-15 09:00 UTC"
    bad = file.with_name("orders.bad.csv")
    lines = ORDERS.splitlines(keepends=True)
    assert bad.read_text() == lines[0] + lines[2] + lines[3] + lines[5]
    bad.write_text(bad.read_text().replace("30.02.", "28.02.").replace("ten", "10").replace("30,00\n", "30,00;;\n"))
    again = import_file(settings.env, bad, people, map_file)
    assert (again.outcome.taken, again.findings, len(archived(settings))) == (3, [], 5)


def test_what_is_imported_again_counts_once_even_years_later(
    settings: Settings, people: People, orders: tuple[Path, Path]
) -> None:
    for _ in range(2):
        import_file(settings.env, orders[0], people, orders[1])
    assert len(archived(settings)) == 2
    later = Clock()
    later.forward(days=900)
    archive_inboxes(settings.env, later)  # no claim of their ids is left
    import_file(settings.env, orders[0], people, orders[1])
    done = archive_inboxes(settings.env, later)
    assert (done.events, done.repeated, len(rows(settings.env))) == (0, 2, 2)


def test_lines_of_the_wire_and_parquet_come_in(settings: Settings, people: People, tmp_path: Path) -> None:
    call = event("call", "call/sales", tier="known", person=BEN, data={"name": "Demo"})
    lines = [call, event("ticket", "desk/help"), event("view", tier="visited"), {**call, "person": "x"}, []]
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n")
    done = import_file(settings.env, file, people)
    assert [(finding.line, finding.message) for finding in done.findings] == [
        (3, "column tier: must be one of counted, consented, known"),
        (4, "column person: must be 22 characters that a yes has given"),
        (5, "must be an event: an object"),
        (6, "not JSON"),
    ]
    found = archived(settings)
    assert sorted((row["type"], row["tier"], row["person"], row["data"]) for row in found) == [
        ("call", "known", BEN, '{"name":"Demo"}'),
        ("ticket", "counted", None, None),
    ]
    other = settings_for(tmp_path / "other")
    (parquet,) = Path(settings.env.archive_url).glob("*/*.parquet")
    assert import_file(other.env, parquet, people).outcome.taken == 2
    strip = [{**row, "received": None} for row in archived(other)]
    assert strip == [{**row, "received": None} for row in found]


@pytest.mark.parametrize(
    ("name", "content", "map_text", "said"),
    [
        ("a.xls", "", None, "a.xls: not .csv, .jsonl or .parquet; name it by what it is"),
        ("a.csv", "", None, "a .csv needs --map"),
        ("a.csv", "Order\n1\n", "[columns]\nid = 'Order'", "says nothing of type, at, touchpoint"),
        ("a.csv", "Order\n1\n", "[colums]\nid = 'Order'", "unknown 'colums'; there are columns, always, read"),
        ("a.csv", "Nr;Paid\n", MAP, "a.csv:1: no column 'Order'; there are Nr, Paid"),
        ("a.csv", "Order;Paid\n", MAP + "x", "map.toml: "),
        ("a.parquet", "PAR1", None, "a.parquet: not Parquet"),
        ("a.jsonl", b"\xff\n", None, "a.jsonl: not UTF-8; nothing was imported"),
    ],
)
def test_a_file_that_cannot_be_meant_is_misuse(
    settings: Settings, people: People, tmp_path: Path, name: str, content: str | bytes, map_text: str | None, said: str
) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    map_file = tmp_path / "map.toml" if map_text else None
    if map_file:
        map_file.write_text(map_text or "")
    with pytest.raises(Misuse) as caught:
        import_file(settings.env, tmp_path / name, people, map_file)
    assert said in str(caught.value)


def test_an_order_is_joined_by_the_token_that_a_consenting_readers_page_told(
    settings: Settings, people: People, orders: tuple[Path, Path]
) -> None:
    with running(settings) as run, run.client() as reader:
        reader.post("/journey/v1/consent", content="yes", headers={"content-type": "text/plain"})
        sent = event("convert", data={"goal": "purchase", "order": TOKEN})
        assert run.send(sent, client=reader).status_code == 204
        person = reader.cookies["milepost_person"]
        # Somebody else who says the same token later gets nothing of it.
        with run.client() as other:
            other.post("/journey/v1/consent", content="yes", headers={"content-type": "text/plain"})
            run.send(event("convert", data={"goal": "purchase", "order": TOKEN}), client=other)
    file, map_file = orders
    file.write_text(f"Order;Paid;Total;E-mail;Token\n7;15.01.2026 13:00;5;;{TOKEN}\n")
    assert import_file(settings.env, file, people, map_file).outcome.joined == 1
    assert [row["person"] for row in archived(settings) if row["type"] == "order"] == [person]
    state = b"".join(path.read_bytes() for path in settings.env.var.rglob("*") if path.is_file())
    assert TOKEN.encode() not in state
    assert b"Ada@Example" not in state


def test_the_command_says_what_it_did(tmp_path: Path, orders: tuple[Path, Path]) -> None:
    (tmp_path / "pelicanconf.py").write_text(
        'TIMEZONE = "UTC"\nSITEURL = "http://site.example"\nPLUGINS = ["milepost.journeys"]\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "milepost.cli", "journeys", "import", "orders.csv", "--map", "orders.toml"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"MILEPOST_VAR": "var"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == (
        "2 rows taken, 0 of them joined to a person; what was imported before counts once\n"
        "3 bad, in orders.bad.csv: mend them there, and import that file\n"
    )
    assert done.stderr.splitlines()[-2] == "orders.csv:4: column Total: 'ten' is no number"


@pytest.fixture
def served(settings: Settings) -> Iterator[Running]:
    keyed = settings.model_copy(update={"env": settings.env.model_copy(update={"import_key": "a-key"})})
    with running(keyed) as run:
        yield run


def post(run: Running, body: object, key: str = "a-key") -> httpx.Response:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return httpx.post(f"{run.url}/journey/v1/import", json=body, headers=headers, verify=False)


def test_another_system_posts_events(served: Running) -> None:
    good = event("order", "store/shop", tier="known", person=ADA, data={"goal": "purchase", "value": 9.5})
    bad = event("order", "store/shop", data={"value": 1})
    answers = [post(served, [good]), post(served, [good, bad]), post(served, {}), post(served, [good], "other")]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 401]
    assert answers[0].json() == {"taken": 1, "joined": 1, "bad": []}
    assert answers[1].json() == {
        "taken": 1, "joined": 1, "bad": [{"row": 2, "field": "data.goal", "message": "missing"}],
    }  # fmt: skip
    assert [(row["value"], row["person"]) for row in served.archived()] == [(9.5, ADA)]


def test_without_a_key_there_is_no_import(settings: Settings) -> None:
    with running(settings) as run:
        assert [post(run, [], key).status_code for key in ("None", "a-key")] == [404] * 2


def test_an_event_of_any_age_may_be_told(served: Running) -> None:
    old = {**event("licence", "store/demo"), "at": rfc3339(NOW.replace(year=2011))}
    assert post(served, [old]).status_code == 200
    assert served.archived()[0]["at"] == NOW.replace(year=2011)
