"""A sender may die at any moment: nobody is forgotten, nobody gets a mail twice, and what is uncertain is named."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from killed import MOMENTS, Killer
from relays import add_issue, add_subscribers, ledger_of, readers, relaying
from sqlalchemy import Engine, select

from milepost import db
from milepost.newsletter import ledger, tables
from sites import Site

CONNECTIONS = 4
LONGEST_SECONDS = 0.3
"""Nearly how long a sender may live: of many recipients, none of the kills at random comes too late to be one."""


@pytest.mark.parametrize(
    ("engine", "number", "at_random", "moments"),
    [
        pytest.param("sqlite", 400, 5, MOMENTS, id="sqlite"),
        pytest.param("postgresql", 150, 2, MOMENTS[3:], id="postgresql"),
        pytest.param("sqlite", 5_000, 30, MOMENTS, id="sqlite-5000", marks=pytest.mark.long),
        pytest.param("postgresql", 5_000, 30, MOMENTS, id="postgresql-5000", marks=pytest.mark.long),
        pytest.param("sqlite", 100_000, 500, MOMENTS, id="sqlite-100000", marks=pytest.mark.long),
    ],
    indirect=["engine"],
)
def test_a_sender_killed_at_every_step_and_at_random_forgets_nobody_and_sends_nothing_twice(
    engine: Engine, number: int, at_random: int, moments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "site" / "content").mkdir(parents=True)
    site = Site(tmp_path / "site", f"NEWSLETTER_CONNECTIONS = {CONNECTIONS}\nSITEURL = 'https://site.example'")
    everybody, chance = readers(number), random.Random()
    add_subscribers(engine, *everybody)
    id_, killed = add_issue(engine), 0
    with relaying() as sink:
        environ = {
            "MILEPOST_VAR": str(site.root / "var"),
            "MILEPOST_SMTP_URL": sink.url,
            "MILEPOST_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        }
        with Killer(site.settings_file, environ) as killer:
            for moment in moments:
                if "done" in moment:
                    continue
                # The first steps are taken once; the others a while after the beginning.
                once = moment.startswith(("frozen", "taken", "leased"))
                status = killer.send(id_, moment, 1 if once else chance.randrange(1, 8))
                killed += status == -9
                assert status == (-9 if moment != "frozen" or killed else 0), moment
            for _ in range(at_random):
                killed += killer.send(id_, seconds=0.05 + chance.random() * LONGEST_SECONDS) == -9
            for moment in ("done, not committed", "done"):
                killed += killer.send(id_, moment) == -9
            assert killer.send(id_) == 0
        taken = Counter(sink.recipients())

    with db.reading(engine) as connection:
        named = {row.address: row.message_id for row in ledger.uncertain(connection, id_)}
        [state] = connection.execute(select(tables.issue.c.state)).scalars()
    rows = ledger_of(engine)
    print(f"{number} recipients, {killed} kills, {len(named)} uncertain")
    # The snapshot, once each: nobody twice, ever, and nobody forgotten who is not named.
    assert sorted(row.address for row in rows) == sorted(everybody)
    assert set(taken.values()) == {1}
    assert set(everybody) - set(taken) <= set(named)
    assert {row.address for row in rows if row.state == "accepted"} == set(everybody) - set(named)
    assert {row.state for row in rows} <= {"accepted", "uncertain"}
    assert killed >= len(moments) + (at_random if number >= 5_000 else 0) * 0.9 and len(named) <= killed * CONNECTIONS
    assert {(mail.recipient, str(mail.message["Message-ID"])) for mail in sink.mails} <= {
        (row.address, row.message_id) for row in rows
    }
    assert state == "done"
