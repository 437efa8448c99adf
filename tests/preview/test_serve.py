"""`milepost serve`: rebuilds, tells the browser, survives faults, and stops when asked."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from serving import Served, serving
from sites import Site, article

NewSite = Callable[..., Site]


@contextmanager
def preview(site: Site) -> Iterator[Served]:
    site.settings_file  # noqa: B018  written when asked for
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as served:
        yield served


@contextmanager
def changes(served: Served) -> Iterator[Iterator[str | None]]:
    """The faults that the page's own event stream tells of; None for new pages."""
    with httpx.stream("GET", f"{served.url}/_preview/changes", timeout=30) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: "))
        yield (json.loads(line.removeprefix("data: "))["fault"] for line in lines)


def test_saving_rebuilds_a_fault_is_told_and_the_last_good_page_stays(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    with preview(site) as served, changes(served) as told:
        assert "Hello, reader." in httpx.get(f"{served.url}/first-post/").text
        site.write({"content/articles/first.md": article(body="Hello again.")})
        assert next(told) is None
        assert "Hello again." in httpx.get(f"{served.url}/first-post/").text

        site.write({"content/articles/first.md": article(body="![A picture](gone.png)")})
        assert "content/articles/first.md:8:" in (next(told) or "")
        assert "Hello again." in httpx.get(f"{served.url}/first-post/").text

        site.write({"content/articles/first.md": article(body="Mended.")})
        assert next(told) is None
        assert served.interrupt() == 0


def test_only_the_preview_has_the_reload_script(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    with preview(site) as served:
        page = httpx.get(f"{served.url}/first-post/")
    assert page.text.count('<script src="/_preview/reload.js" defer></script></body>') == 1
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
