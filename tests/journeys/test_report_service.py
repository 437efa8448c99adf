"""The report's address: who may see it, what is there, and what never is; asked over a real socket."""

from __future__ import annotations

import base64
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette

from milepost import settings as settings_module
from milepost.journeys.report_service import routes
from sites import Site

PASSWORD = "grüner Tee: 3 °C"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()


@contextmanager
def serving(site: Site, password: str | None, open_to_all: bool) -> Iterator[Callable[..., Answer]]:
    """Serve the report of `site` on a free port; yields a way to ask for a path exactly as it is written."""
    environ = {"MILEPOST_VAR": str(site.root / "var"), **({"MILEPOST_REPORT_PASSWORD": password} if password else {})}
    settings = settings_module.load(site.settings_file, environ=environ)
    app = Starlette(routes=routes(settings, open_to_all))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def ask(path: str, authorization: str = "", method: str = "GET") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        headers = {"Authorization": authorization} if authorization else {}
        connection.request(method, path, headers=headers)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    try:
        yield ask
    finally:
        server.should_exit = True
        thread.join()


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site")).write(
        {
            "content/.keep": "",
            "var/report/index.html": "<h1>The report</h1>",
            "var/report/report.css": "h1 {}",
            "var/report/data/tiers.csv": "tier\n",
            "var/report/data/tiers.json": "[]",
            "var/report/.hidden.html": "hidden",
            "var/secret": "secret",
            "var/reported.html": "beside",
        }
    )


@pytest.fixture(scope="module")
def opened(site: Site) -> Iterator[Callable[..., Answer]]:
    with serving(site, None, open_to_all=True) as ask:
        yield ask


@pytest.fixture(scope="module")
def guarded(site: Site) -> Iterator[Callable[..., Answer]]:
    with serving(site, PASSWORD, open_to_all=False) as ask:
        yield ask


def test_the_report_is_served_as_it_is_and_never_kept(opened: Callable[..., Answer]) -> None:
    found = {path: opened(f"/journeys/{path}") for path in ("", "report.css", "data/tiers.csv", "data/tiers.json")}
    assert {path: (one.status, one.headers["content-type"], one.body) for path, one in found.items()} == {
        "": (200, "text/html; charset=utf-8", b"<h1>The report</h1>"),
        "report.css": (200, "text/css; charset=utf-8", b"h1 {}"),
        "data/tiers.csv": (200, "text/csv; charset=utf-8", b"tier\n"),
        "data/tiers.json": (200, "application/json", b"[]"),
    }
    for one in found.values():
        assert one.headers["content-security-policy"] == POLICY
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["x-content-type-options"] == "nosniff"
    bare = opened("/journeys")
    assert (bare.status, bare.headers["location"]) == (308, "/journeys/")
    assert (opened("/journeys/", method="HEAD").body, opened("/journeys/", method="POST").status) == (b"", 405)


@pytest.mark.parametrize(
    "path",
    [
        "../secret", "..%2fsecret", "%2e%2e/secret", "data/../../secret", "//etc/passwd", "/etc/passwd",
        "../reported.html", "data/%2e%2e/%2e%2e/reported.html", ".hidden.html", "data", "data/", "nothing.html",
        "data/nothing.csv", "index.html/x.html", "index.html%00", "data\\..\\..\\reported.html",
    ],
)  # fmt: skip
def test_nothing_but_the_reports_own_files_is_there(opened: Callable[..., Answer], path: str) -> None:
    answer = opened(f"/journeys/{path}")
    assert (answer.status, answer.body) == (404, b"not found\n")


def test_without_a_password_there_is_no_report(site: Site) -> None:
    with serving(site, None, open_to_all=False) as ask:
        asked = [ask("/journeys/"), ask("/journeys/data/tiers.csv"), ask("/journeys/", basic("", ""))]
    assert [(answer.status, answer.body) for answer in asked] == [(404, b"not found\n")] * 3


CREDENTIALS = {
    "none": "",
    "another password": basic("me", "other"),
    "an empty password": basic("me", ""),
    "the password as the name": basic(PASSWORD, ""),
    "a longer password": basic("me", PASSWORD + "!"),
    "another scheme": "Bearer " + PASSWORD,
    "no base64": "Basic ***",
    "no text": "Basic " + base64.b64encode(b"\xff\xfe").decode(),
    "nothing after the scheme": "Basic",
}


@pytest.mark.parametrize("authorization", CREDENTIALS.values(), ids=CREDENTIALS)
def test_the_password_is_asked_for_and_any_other_refused(guarded: Callable[..., Answer], authorization: str) -> None:
    answer = guarded("/journeys/", authorization)
    assert (answer.status, answer.body) == (401, b"the report's password, please\n")
    assert answer.headers["www-authenticate"] == 'Basic realm="Journeys", charset="UTF-8"'


def test_with_the_password_any_name_sees_the_report(guarded: Callable[..., Answer]) -> None:
    answers = [guarded("/journeys/", basic(name, PASSWORD)) for name in ("", "me", "somebody else")]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"<h1>The report</h1>")] * 3


def test_before_the_first_report_the_page_says_what_to_do(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/.keep": ""})
    with serving(site, None, open_to_all=True) as ask:
        page, style, table = ask("/journeys/"), ask("/journeys/report.css"), ask("/journeys/data/report.json")
    assert (page.status, page.headers["content-security-policy"]) == (200, POLICY)
    assert "No report yet" in page.body.decode() and "milepost journeys report" in page.body.decode()
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert (table.status, table.body) == (404, b"not found\n")
