"""`check --external`: others are asked little, politely, once a week, and by nobody who did not ask for it."""

from __future__ import annotations

import contextlib
import os
import pty
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme
from answering import Asked as Log
from answering import Reply, server
from planted import CLEAN, CONF, FIRST, first

from milepost.writing.built.asking import Answer, Manners, answers
from milepost.writing.built.external import GOOD_SECONDS, Asked
from sites import Site

New = Callable[..., Site]
QUICK = Manners(may_be_private=True, pause_seconds=0, backoff_seconds=0.01, timeout_seconds=5)
GOOD = Answer()


def with_(**values: object) -> Manners:
    return Manners(**{**QUICK.__dict__, **values})  # type: ignore[arg-type]


def one(url: str, manners: Manners = QUICK) -> Answer:
    return answers([url], manners)[url]


class TestAnswers:
    def test_an_address_that_answers_is_asked_for_its_head_alone(self) -> None:
        with server() as other:
            assert one(f"{other.url}/a") == GOOD
            assert other.asked.lines == ["HEAD /a"]

    @pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
    def test_where_head_has_no_good_answer_get_has_one(self, status: int) -> None:
        with server({"HEAD /a": [Reply(status)]}) as other:
            assert one(f"{other.url}/a") == GOOD
            assert other.asked.lines == ["HEAD /a", "GET /a"]

    @pytest.mark.parametrize(("status", "refuses"), [(404, False), (410, False), (401, True), (403, True), (451, True)])
    def test_an_error_is_said_and_a_refusal_is_none(self, status: int, refuses: bool) -> None:
        with server({"/a": [Reply(status)]}) as other:
            assert one(f"{other.url}/a") == Answer(f"answers {status}", is_refusal=refuses)

    def test_redirects_are_followed_and_a_move_for_good_to_another_host_is_named(self) -> None:
        with server(host="127.0.0.2") as new:
            replies = {
                "/gone": [Reply(301, (("Location", f"{new.url}/here"),))],
                "/away": [Reply(302, (("Location", f"{new.url}/here"),))],
                "/on": [Reply(308, (("Location", "there"),))],
            }
            with server(replies) as old:
                assert one(f"{old.url}/gone") == Answer(moved_to=f"{new.url}/here")
                assert one(f"{old.url}/away") == GOOD
                assert one(f"{old.url}/on") == GOOD
                assert "HEAD /there" in old.asked.lines

    def test_a_circle_of_redirects_and_one_without_end_are_faults(self) -> None:
        circle = {"/a": [Reply(302, (("Location", "/b"),))], "/b": [Reply(302, (("Location", "/a"),))]}
        endless = {f"/{n}": [Reply(302, (("Location", f"/{n + 1}"),))] for n in range(20)}
        with server({**circle, **endless}) as other:
            assert one(f"{other.url}/a") == Answer("redirects in a circle")
            assert one(f"{other.url}/0") == Answer("redirects more than 8 times")
            assert len(other.asked.questions) == 2 + 8

    def test_nobody_there_no_such_host_and_no_answer_in_time_are_told_apart(self) -> None:
        with server({"/a": [Reply(seconds=3)]}) as slow:
            assert one(f"{slow.url}/a", with_(timeout_seconds=0.2, retries=0)) == Answer("does not answer in time")
            gone = slow.url
        assert one(f"{gone}/a").fault.startswith("cannot be reached: ")
        assert one("http://nobody.invalid/").fault == "has a host that nobody knows"
        assert one("http://[::1/").fault != ""

    def test_a_certificate_is_believed_only_from_who_is_trusted(self) -> None:
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
        ours = ssl.create_default_context()
        authority.configure_trust(ours)
        with server(tls=tls) as other:
            assert one(f"{other.url}/a", with_(trust=ours)) == GOOD
            assert one(f"{other.url}/a", with_(retries=0)).fault.startswith("has no certificate to trust: ")


class TestManners:
    def test_few_are_asked_at_once_and_fewer_of_one_host(self) -> None:
        slow = {"*": [Reply(seconds=0.1)]}
        alone = Log()
        with server(slow, asked=alone) as other:
            answers([f"{other.url}/{n}" for n in range(10)], with_(at_once_per_host=2))
        assert (len(alone.questions), alone.most_at_once) == (10, 2)
        together = Log()
        with server(slow, asked=together) as a, server(slow, asked=together) as b, server(slow, asked=together) as c:
            urls = [f"{other.url}/{n}" for n in range(6) for other in (a, b, c)]
            answers(urls, with_(at_once=3, at_once_per_host=2))
        assert (len(together.questions), together.most_at_once) == (18, 3)

    def test_there_is_a_pause_between_questions_to_one_host(self) -> None:
        with server() as other:
            answers([f"{other.url}/{n}" for n in range(4)], with_(pause_seconds=0.2))
            times = sorted(at for _, _, at in other.asked.questions)
        # Less than the pause by what a connection may take at first.
        assert times[-1] - times[0] >= 0.5

    def test_what_may_pass_is_asked_again_and_no_more_often_than_it_may(self) -> None:
        with server({"/a": [Reply(503), Reply(503), Reply(200)], "/b": [Reply(503)]}) as other:
            assert one(f"{other.url}/a") == GOOD
            assert other.asked.lines == ["HEAD /a", "GET /a", "HEAD /a"]
            assert one(f"{other.url}/b") == Answer("answers 503")
            assert other.asked.lines[3:] == ["HEAD /b", "GET /b"] * 3

    @pytest.mark.parametrize("as_date", [False, True])
    def test_retry_after_is_heeded_for_the_whole_host(self, as_date: bool) -> None:
        # A date has no fractions of a second: two of it are more than one.
        after = formatdate(time.time() + 2, usegmt=True) if as_date else "1"
        with server({"/a": [Reply(429, (("Retry-After", after),)), Reply()]}) as other:
            found = answers([f"{other.url}/a", f"{other.url}/b"], with_(at_once_per_host=1))
            times = [at for _, _, at in other.asked.questions]
        assert found == {f"{other.url}/a": GOOD, f"{other.url}/b": GOOD}
        assert other.asked.lines[0] == "HEAD /a"
        assert sorted(other.asked.lines[1:]) == ["HEAD /a", "HEAD /b"]
        assert min(times[1:]) - times[0] >= 0.9

    def test_retry_after_is_heeded_only_so_long(self) -> None:
        with server({"/a": [Reply(429, (("Retry-After", "9999"),)), Reply()]}) as other:
            began = time.monotonic()
            assert one(f"{other.url}/a", with_(longest_wait_seconds=0.1)) == GOOD
            assert time.monotonic() - began < 5

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"])
    def test_private_addresses_are_never_asked_for_a_public_site(self, host: str) -> None:
        with server() as other:
            port = other.url.rpartition(":")[2]
            url = f"http://{host}:{port}/"
            assert one(url, with_(may_be_private=False)) == Answer(
                "leads to a private address, which readers cannot reach"
            )
            assert other.asked.questions == []


class TestMemory:
    def test_what_answered_is_not_asked_again_for_a_week_and_a_fault_is(self, tmp_path: Path) -> None:
        with server({"/bad": [Reply(404)]}) as other:
            good, bad = f"{other.url}/good", f"{other.url}/bad"
            for _ in range(2):
                found = Asked(tmp_path / "known.json", QUICK).of([good, bad], now=1000.0)
                assert found == {good: GOOD, bad: Answer("answers 404")}
            assert other.asked.lines.count("HEAD /good") == 1
            assert other.asked.lines.count("HEAD /bad") == 2
            Asked(tmp_path / "known.json", QUICK).of([good], now=1000.0 + GOOD_SECONDS)
            assert other.asked.lines.count("HEAD /good") == 2

    def test_a_move_is_remembered(self, tmp_path: Path) -> None:
        with server(host="127.0.0.2") as new, server({"/a": [Reply(301, (("Location", new.url),))]}) as old:
            for _ in range(2):
                assert Asked(tmp_path / "k", QUICK).of([f"{old.url}/a"])[f"{old.url}/a"].moved_to.startswith(new.url)
            assert old.asked.lines == ["HEAD /a"]

    @pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"http://x/": 1}', b"\xff\x00"])
    def test_a_damaged_memory_is_none(self, tmp_path: Path, damaged: bytes) -> None:
        (tmp_path / "known.json").write_bytes(damaged)
        with server() as other:
            assert Asked(tmp_path / "known.json", QUICK).of([f"{other.url}/"]) == {f"{other.url}/": GOOD}


def linking(new_site: New, url: str) -> Site:
    body = f"[Good]({url}/good) and [bad]({url}/bad).\n\n[Refused]({url}/refused#part)"
    return new_site({**CLEAN, **first(body)}, CONF)


REPLIES = {"/bad": [Reply(404)], "/refused": [Reply(403)]}


def test_the_command_names_the_links_that_do_not_answer_by_file_and_line(new_site: New) -> None:
    with server(REPLIES) as other:
        site = linking(new_site, other.url)
        done = site.milepost("check", "--external")
        assert done.stdout.splitlines() == [
            f"{FIRST}:12: {other.url}/bad answers 404; mend it, or take it out",
            f"{FIRST}:14: warning: {other.url}/refused#part answers 403; look at it in a browser",
        ]
        # Nobody sits at a terminal.
        assert (done.returncode, done.stderr) == (1, "")
        assert sorted(set(other.asked.lines)) == [
            "GET /bad", "GET /refused", "HEAD /bad", "HEAD /good", "HEAD /refused",
        ]  # fmt: skip
        before = other.asked.lines.count("HEAD /good")
        site.milepost("check", "--external")
        assert other.asked.lines.count("HEAD /good") == before == 1


def test_a_link_may_be_allowed_to_be_dead_for_a_reason(new_site: New) -> None:
    with server({"/bad": [Reply(404)]}) as other:
        allowed = first(f"[bad]({other.url}/bad)", head="Allow: external-link: it is quoted\n")
        site = new_site({**CLEAN, **allowed}, CONF)
        done = site.milepost("check", "--external")
        assert (done.returncode, done.stdout) == (0, "6 files checked, nothing to mend\n")
        # Nobody can know without asking whether it is needed.
        assert site.milepost("check").stdout == done.stdout


RECORDER = """\
import os, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        with open(os.environ["SOCKETS"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")
sys.addaudithook(note)
"""


def test_without_the_flag_no_process_of_the_check_opens_a_connection(new_site: New, tmp_path: Path) -> None:
    hook, log = tmp_path / "hook", tmp_path / "sockets.log"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(RECORDER)
    env = {"PYTHONPATH": str(hook), "SOCKETS": str(log)}
    with server(REPLIES) as other:
        site = linking(new_site, other.url)
        done = site.milepost("check", env=env)
        assert (done.returncode, done.stdout) == (0, "6 files checked, nothing to mend\n")
        assert (other.asked.questions, log.exists()) == ([], False)
        # The recorder does see what there is to see.
        site.milepost("check", "--external", env=env)
        assert "socket.connect" in log.read_text()


def test_a_public_site_asks_no_private_address(new_site: New) -> None:
    with server() as other:
        site = linking(new_site, other.url)
        site.conf += "\nSITEURL = 'https://milepost.example'"
        done = site.milepost("check", "--external")
        assert f"{FIRST}:12: {other.url}/good leads to a private address, which readers cannot reach" in done.stdout
        assert other.asked.questions == []


def _read_out(master: int) -> str:
    """All that was written to the terminal, which gives it by the page; it is closed at its other end."""
    with open(master, "rb", buffering=0) as file:
        parts: list[bytes] = []
        with contextlib.suppress(OSError):
            while part := file.read(1 << 16):
                parts.append(part)
    return b"".join(parts).decode(errors="replace")


def test_whoever_sits_at_a_terminal_sees_how_far_it_has_come(new_site: New) -> None:
    with server({"/bad": [Reply(404)]}) as other:
        site = linking(new_site, other.url)
        master, terminal = pty.openpty()
        env = {
            **os.environ, "MILEPOST_SETTINGS": site.settings_file.name, "MILEPOST_VAR": str(site.root / "var"),
            "TERM": "xterm", "COLUMNS": "80",
        }  # fmt: skip
        command = [str(Path(sys.executable).with_name("milepost")), "check", "--external"]
        done = subprocess.run(command, cwd=site.root, env=env, stdout=subprocess.PIPE, stderr=terminal, check=False)
        os.close(terminal)
        shown = _read_out(master)
    assert "Building the site" in shown
    assert "Asking other sites" in shown
    assert done.stdout.decode().splitlines() == [f"{FIRST}:12: {other.url}/bad answers 404; mend it, or take it out"]
