"""`milepost serve`: rebuilds, tells the browser, survives faults, and stops when asked."""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from serving import Served, serving
from sites import PLAN, ROOT, Site, article

NewSite = Callable[..., Site]


@contextmanager
def preview(site: Site) -> Iterator[Served]:
    site.settings_file  # noqa: B018  written when asked for
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as served:
        yield served


@contextmanager
def changes(served: Served) -> Iterator[Iterator[str | None]]:
    """The faults that the page's own event stream tells of after the first; None for new pages."""
    with httpx.stream("GET", f"{served.url}/_preview/changes", timeout=30) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: "))
        next(lines)
        yield (json.loads(line.removeprefix("data: "))["fault"] for line in lines)


def test_what_is_saved_is_shown_at_once_and_what_is_wrong_with_it_is_told(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    with preview(site) as served, changes(served) as told:
        assert "Hello, reader." in httpx.get(f"{served.url}/first-post/").text
        site.write({"content/articles/first.md": article(body="Hello again.")})
        assert next(told) is None
        assert "Hello again." in httpx.get(f"{served.url}/first-post/").text

        site.write({"content/articles/first.md": article(body="![A picture](gone.png) of it.")})
        assert "content/articles/first.md:8:" in next(fault for fault in told if fault)
        assert "of it." in httpx.get(f"{served.url}/first-post/").text

        site.write({"content/articles/first.md": article(body="Mended.")})
        assert next(told) is None
        assert "Mended." in httpx.get(f"{served.url}/first-post/").text
        assert served.interrupt() == 0


# One for all: what a client of its own costs at each look is taken from what is looked at.
ASKING = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))


def text_of(served: Served, path: str) -> str:
    page = ASKING.get(f"{served.url}/{path}")
    return page.text if page.status_code == 200 else ""


def shows(served: Served, path: str, *, seconds: float = 60, **wanted: str) -> bool:
    """Whether the page comes to have the text `now` within some time, and no more the text `no_more`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = text_of(served, path)
        if wanted.get("now", "") in text and ("no_more" not in wanted or wanted["no_more"] not in text):
            return True
        time.sleep(0.1)
    return False


def is_gone(served: Served, path: str, seconds: float = 60) -> bool:
    """Whether the address comes to answer 404 within some time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ASKING.get(f"{served.url}/{path}").status_code == 404:
            return True
        time.sleep(0.1)
    return False


class TestChanges:
    """Whatever the site is made of is picked up without a restart; each test saves as soon as the preview answers."""

    def test_a_new_file(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article()})
        with preview(site) as served:
            site.write({"content/articles/second.md": article("Second", 2)})
            assert shows(served, "second/", now=">Second</h1>")
            assert shows(served, "", now="/second/")

    def test_a_renamed_file(self, new_site: NewSite) -> None:
        by_name = "ARTICLE_SAVE_AS = '{slug}/index.html'\nSLUGIFY_SOURCE = 'basename'"
        site = new_site({"content/articles/first.md": article(), "content/articles/old.md": article("Old", 2)}, by_name)
        with preview(site) as served:
            (site.root / "content/articles/old.md").rename(site.root / "content/articles/new.md")
            assert shows(served, "new/", now=">Old</h1>")
            assert is_gone(served, "old/")

    def test_a_deleted_file_is_gone(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article(), "content/articles/second.md": article("Second", 2)})
        with preview(site) as served:
            assert ">Second</h1>" in text_of(served, "second/")
            (site.root / "content/articles/second.md").unlink()
            assert is_gone(served, "second/")
            assert "/second/" not in text_of(served, "")

    def test_an_author_and_in_a_new_folder(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article()})
        with preview(site) as served:
            site.write({"content/authors/ada.md": "Name: Ada Sample\n\nA sample bio.\n"})
            assert shows(served, "first-post/", now="A sample bio.")

    def test_a_template(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article()})
        theme = site.root / "theme"
        shutil.copytree(ROOT / "theme", theme)
        site.conf = f"THEME = {str(theme)!r}"
        template = theme / "templates/article.html"
        with preview(site) as served:
            template.write_text(template.read_text().replace("<h1 ", "<p>A changed template.</p><h1 ", 1))
            assert shows(served, "first-post/", now="A changed template.")
            with changes(served) as told:
                template.write_text("{% block content %}\n{% endblok %}\n")
                # The build before may only now tell that it was good.
                fault = next(each for each in told if each)
                assert "theme/templates/article.html:2: no template: " in fault
                assert "A changed template." in text_of(served, "first-post/")

    def test_the_plan(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article(), "content/plan.toml": ""})
        with preview(site) as served:
            site.write({"content/plan.toml": PLAN})
            assert shows(served, "first-post/", now='content="essays"')

    def test_settings(self, new_site: NewSite) -> None:
        """Pages, services and the folders that are looked at are those of the new settings; no stream is cut."""
        site = new_site({"content/articles/first.md": article()}, 'TAGLINE = "One"')
        site.write({"other/articles/elsewhere.md": article("Elsewhere")})
        with preview(site) as served, changes(served) as told:
            for words in ("Two", "Six", "Ten"):
                site.conf = f'TAGLINE = "{words}"'
                site.settings_file  # noqa: B018  written when asked for, and of one size in one second
                assert shows(served, "", now=f'content="{words}"')
                assert next(told) is None
            site.conf = 'PATH = "other"'
            site.settings_file  # noqa: B018
            assert shows(served, "elsewhere/", now="Hello, reader.")
            site.write({"other/articles/elsewhere.md": article("Elsewhere", body="Anew.")})
            assert shows(served, "elsewhere/", now="Anew.")
            assert httpx.get(f"{served.url}/healthz").status_code == 200
            assert served.interrupt() == 0

    def test_settings_that_cannot_be_read_are_told_and_the_last_good_page_stays(self, new_site: NewSite) -> None:
        site = new_site({"content/articles/first.md": article()})
        with preview(site) as served, changes(served) as told:
            site.conf = "TAGLIN = 1"
            site.settings_file  # noqa: B018
            assert 'unknown setting "TAGLIN"; did you mean "TAGLINE"?' in (next(told) or "")
            assert "Hello, reader." in text_of(served, "first-post/")
            site.conf = ""
            site.settings_file  # noqa: B018
            assert next(told) is None

    def test_what_is_imported_by_the_settings(self, new_site: NewSite) -> None:
        site = new_site(
            {"content/articles/first.md": article()}, "import sys; sys.path.insert(0, '.')\nfrom words import TAGLINE"
        )
        site.write({"words.py": 'TAGLINE = "One"\n'})
        with preview(site) as served:
            site.write({"words.py": 'TAGLINE = "Two"\n'})
            assert shows(served, "", now='content="Two"')


def test_drafts_and_scheduled_posts_show_here_under_a_banner_and_in_no_feed(new_site: NewSite) -> None:
    files = {
        "content/articles/first.md": article(),
        "content/articles/draft.md": "Status: draft\n" + article("Draft").replace("Date: 2026-01-01 09:00\n", ""),
        "content/articles/coming.md": article("Coming").replace("2026-", "2999-"),
        "content/docs/index.md": "Title: Docs\nStatus: draft\n\nText\n",
        "content/articles/never.md": "Status: skip\n" + article("Never"),
    }
    site = new_site(files)
    with preview(site) as served:
        pages = {path: text_of(served, path) for path in ("", "draft/", "coming/", "docs/", "first-post/")}
        feeds = text_of(served, "feed.json") + text_of(served, "feeds/all.atom.xml")
    banner = '<p class="unpublished" role="status"><strong>{}</strong> Only this preview shows it.</p>'
    assert banner.format("A draft.") in pages["draft/"]
    assert banner.format("A draft.") in pages["docs/"]
    assert banner.format("Scheduled for 1 January 2999, 09:00 (CET).") in pages["coming/"]
    assert "unpublished" not in pages["first-post/"]
    assert "Draft" in pages[""]
    assert "Never" not in pages[""]
    assert ("First post" in feeds, "Draft" in feeds, "Coming" in feeds) == (True, False, False)
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert [path.name for path in site.output.rglob("*") if path.name in ("draft", "coming", "never", "docs")] == []


def test_only_the_preview_has_the_reload_script(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    with preview(site) as served:
        page = httpx.get(f"{served.url}/first-post/")
    assert len(re.findall(r'<script src="/_preview/reload\.js\?[0-9a-f]{8}" defer></script></body>', page.text)) == 1
    assert b"_preview" not in (site.root / "var/preview/first-post/index.html").read_bytes()


def test_an_unknown_address_gets_the_sites_own_404(new_site: NewSite) -> None:
    lost = "Title: Nothing here\nSlug: lost\nSave_as: 404.html\nUrl: 404.html\nStatus: hidden\n\nLook elsewhere.\n"
    with preview(new_site({"content/pages/404.md": lost})) as served:
        page = httpx.get(f"{served.url}/nowhere/")
    assert (page.status_code, "Look elsewhere." in page.text) == (404, True)


def test_a_taken_port_gets_one_clear_line(new_site: NewSite) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = new_site().milepost("serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"port {port} is taken; stop what listens there, or choose another: --port {port + 1}\n"


def test_another_host_is_refused(new_site: NewSite) -> None:
    done = new_site().milepost("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 1
    assert "0.0.0.0 is not this machine" in done.stderr
