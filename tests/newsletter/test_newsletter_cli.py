"""`milepost newsletter` as it is typed: what it prints, how it ends, and that a fault is one line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Run, store_of
from nameserver import naming
from relays import CUT, add_subscribers, ledger_of, readers, relaying

from sites import Site, article

POST = {"id": "1", "url": "https://site.example/1/", "title": "First", "summary": "What it is about."}


def test_from_a_built_site_to_an_issue_that_is_sent(new_site: Callable[..., Site], run: Run) -> None:
    site = new_site({"content/articles/a.md": article("First", 1), "content/articles/b.md": article("Second", 2)})
    assert site.pelican().returncode == 0
    status, out, err = run(site, "issue")
    assert (status, err) == (0, "")
    id_ = out.removesuffix("\n")
    assert run(site, "issue") == (0, "", "nothing new since the last issue\n")
    engine = store_of(site)
    add_subscribers(engine, *readers(2))
    add_subscribers(engine, "gone@example.org", state="unsubscribed")

    with relaying() as sink:
        assert run(site, "send", id_, "--dry-run", MILEPOST_SMTP_URL=sink.url) == (0, 'would send "Second" to 2\n', "")
        assert (sink.connections, ledger_of(engine)) == (0, [])
        assert run(site, "status") == (0, f"{id_}  draft  nobody to send to\n", "")
        status, out, log = run(site, "send", id_, "-v", MILEPOST_SMTP_URL=sink.url)
        assert (status, out, "@" in log) == (0, "2 accepted\n", False)
        assert run(site, "send", id_, MILEPOST_SMTP_URL=sink.url) == (0, "2 accepted\n", "")
    assert sorted(sink.recipients()) == readers(2)
    assert "http://127.0.0.1:8000/second/" in sink.mails[0].message.get_body(("plain",)).get_content()

    assert run(site, "status", id_) == (0, f"{id_}  done  2 accepted\n", "")
    assert run(site, "status", "--uncertain") == (0, "nothing uncertain\n", "")
    status, out, err = run(site, "status", "--format", "json")
    assert (status, json.loads(out), err) == (
        0, [{"issue": id_, "state": "done", "subject": "Second", "accepted": 2}], "",
    )  # fmt: skip


def test_what_there_is_before_anything_is(site: Site, run: Run) -> None:
    assert run(site, "status") == (0, "no issue yet; make one with `milepost newsletter issue`\n", "")
    assert run(site, "status", "--uncertain", "--format", "json") == (0, "[]\n", "")
    assert run(site, "subscribers", "list") == (0, "nobody has subscribed yet\n", "")
    assert run(site, "send", "x") == (1, "", "no issue x; make one with `milepost newsletter issue`\n")
    feed = site.output / "feed.json"
    assert run(site, "issue") == (1, "", f"{feed}: no feed; build the site first\n")


def test_a_feed_that_is_none_is_one_line(site: Site, run: Run) -> None:
    site.write({"feed.json": '{"items": [{"id": "1"}]}'})
    assert run(site, "issue", "--feed", "feed.json") == (
        1, "", "feed.json: items.0.url: Field required; is it a JSON Feed?\n",
    )  # fmt: skip


def test_subscribers_are_listed_by_address_for_people_and_programs(site: Site, run: Run) -> None:
    add_subscribers(store_of(site), "b@example.org", state="pending")
    add_subscribers(store_of(site), "a@example.org")
    assert run(site, "subscribers", "list") == (
        0,
        "active        2026-01-15T12:00  each    a@example.org\n"
        "pending       2026-01-15T12:00  each    b@example.org\n",
        "",
    )
    status, out, err = run(site, "subscribers", "list", "--format", "json")
    since, same = "2026-01-15T12:00:00+00:00", {"topics": [], "rhythm": "each", "language": "en"}
    assert (status, json.loads(out), err) == (
        0,
        [
            {"address": "a@example.org", "state": "active", "since": since, **same},
            {"address": "b@example.org", "state": "pending", "since": since, **same},
        ],
        "",
    )


def test_a_send_that_is_not_all_accepted_exits_1_and_names_no_address(
    site: Site, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = run(site, "issue", "--feed", "feed.json")[1].strip()
    add_subscribers(store_of(site), "reader@example.org", "jürgen@example.org", "third@example.org")
    no = {"reader@example.org": "550 <reader@example.org> is nobody", "third@example.org": "450 third@example.org"}
    with (
        caplog.at_level(logging.DEBUG),
        relaying(lambda stage, reader: no.get(reader) if stage == "RCPT" else None, enable_SMTPUTF8=False) as sink,
    ):
        said = run(site, "send", id_, "-v", MILEPOST_SMTP_URL=sink.url)
    assert said == (1, "1 deferred, 2 rejected\n", "")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]  # the relay's own
    assert not [line for line in ours if "@example.org" in line or "rgen" in line]
    assert run(site, "send", id_, "--dry-run") == (0, 'would send "First" to 1\n', "")


@pytest.mark.parametrize(
    ("settings", "status", "line"),
    [
        ({"MILEPOST_SMTP_URL": "smtp://me:hunter2@relay.example:port"}, 2, "MILEPOST_SMTP_URL is none; say smtp://"),
        ({"SITEURL": "", "FEED_ALL_ATOM": None}, 2, "SITEURL is ''; links in mails need a whole address"),
        ({"NEWSLETTER_FROM": "nobody"}, 2, "NEWSLETTER_FROM is 'nobody'; say an address alone"),
    ],
)
def test_settings_that_cannot_be_meant_are_one_line_and_freeze_nothing(
    settings: dict[str, str], status: int, line: str, site: Site, run: Run
) -> None:
    id_ = run(site, "issue", "--feed", "feed.json")[1].strip()
    add_subscribers(store_of(site), "reader@example.org")
    env = {name: value for name, value in settings.items() if name.startswith("MILEPOST")}
    site.conf = "\n".join(f"{name} = {value!r}" for name, value in settings.items() if name not in env)
    ended, out, err = run(site, "send", id_, **env)
    assert (ended, out) == (status, "")
    *warnings, said = err.splitlines()
    assert said.startswith(line)
    assert all("pelican.settings" in warning for warning in warnings)
    assert "hunter2" not in err
    assert ledger_of(store_of(site)) == []


@pytest.mark.parametrize("command", ["send", "status", "subscribers"])
def test_a_database_that_fails_is_one_line_without_an_address(command: str, site: Site, run: Run) -> None:
    id_ = run(site, "issue", "--feed", "feed.json")[1].strip()
    engine = store_of(site)
    add_subscribers(engine, "reader@example.org")
    table = "subscriber" if command == "subscribers" else "delivery"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO elsewhere")
    arguments = {"send": ("send", id_), "status": ("status",), "subscribers": ("subscribers", "list")}[command]
    kind = "OperationalError" if engine.dialect.name == "sqlite" else "ProgrammingError"
    try:
        assert run(site, *arguments) == (1, "", f"{engine.url}: {kind}; see MILEPOST_DATABASE_URL\n")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE elsewhere RENAME TO {table}")


def test_an_outbox_that_cannot_be_written_is_one_line_and_the_next_send_goes_on(site: Site, run: Run) -> None:
    id_ = run(site, "issue", "--feed", "feed.json")[1].strip()
    add_subscribers(store_of(site), "reader@example.org")
    outbox = site.root / "var" / "outbox"
    outbox.write_text("in the way")
    assert run(site, "send", id_) == (1, "", f"{outbox}: File exists; see MILEPOST_VAR\n")
    outbox.unlink()
    assert run(site, "send", id_) == (0, "1 accepted\n", "")
    assert len(list(outbox.iterdir())) == 1


@pytest.mark.parametrize("site", ["sqlite", "postgresql"], indirect=True)
def test_an_issue_is_held_ended_and_asked_about_from_the_command_line(site: Site, run: Run, tmp_path: Path) -> None:
    id_ = run(site, "issue", "--feed", "feed.json")[1].strip()
    engine = store_of(site)
    add_subscribers(engine, *readers(4))
    faults = {"reader1@example.org": "450 later", "reader2@example.org": CUT}

    def answer(stage: str, reader: str) -> str | None:
        return faults.get(reader) if stage == "DOT" else None

    with relaying(answer) as sink:
        env = {"MILEPOST_SMTP_URL": sink.url}
        assert run(site, "send", **env) == (0, "nothing is due\n", "")
        assert run(site, "send", id_, **env) == (1, "2 accepted, 1 deferred, 1 uncertain\n", "")
        assert run(site, "pause", id_) == (0, "", "")
        paused = f"issue {id_} is paused; `milepost newsletter resume {id_}` lets it go on\n"
        assert run(site, "send", id_, **env) == (1, "", paused)
        assert run(site, "resume", id_, **env) == (1, "2 accepted, 1 deferred, 1 uncertain\n", "")
        assert run(site, "cancel", id_, "--dry-run") == (0, "would skip 1\n", "")
        assert run(site, "cancel", id_) == (0, "skipped 1\n", "")
        assert run(site, "pause", id_)[::2] == (
            1,
            f"issue {id_} is done; only an issue that is being sent can be paused\n",
        )
        assert run(site, "resend", id_, "--dry-run") == (0, "would send 1 again\n", "")
        faults.clear()
        assert run(site, "resend", id_, "reader2@example.org", **env) == (0, "3 accepted, 1 skipped\n", "")
        assert run(site, "resend", id_, **env) == (0, "nothing uncertain\n", "")
    assert sink.recipients().count("reader2@example.org") == 2
    status, out, err = run(site, "why", "reader1@example.org", "--format", "json")
    assert (status, [row["kind"] for row in json.loads(out)], err) == (0, ["state", "mail"], "")
    assert json.loads(out)[1]["reply"] == "the issue was cancelled"
    assert run(site, "why", "x@example.org")[1] == "nothing is known of this address, and nothing was ever sent to it\n"

    assert run(site, "bounces", str(tmp_path)) == (1, "", f"{tmp_path}: no maildir; it has no folders new and cur\n")
    for name in ("new", "cur"):
        (tmp_path / "back" / name).mkdir(parents=True)
    assert run(site, "bounces", str(tmp_path / "back")) == (0, "nothing came back\n", "")
    (tmp_path / "back/new/1").write_text("hello")
    aside = tmp_path / "back" / ".unreadable"
    assert run(site, "bounces", str(tmp_path / "back")) == (1, "1 unreadable\n", f"{aside}: look at these yourself\n")
    with naming({("site.example", "TXT"): ['"v=spf1 -all"']}) as server:
        status, out, err = run(site, "doctor", "site.example", "--nameserver", server)
    assert (status, out.splitlines()[0], err) == (1, "good  SPF        v=spf1 -all", "")
    assert out.splitlines()[2].startswith("BAD   DMARC      no record; publish TXT _dmarc.site.example")
