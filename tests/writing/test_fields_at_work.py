"""What front matter does in a build: updates, series, old addresses, comments; and drafts in the preview."""
# ruff: noqa: E501 - a finding is one line

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import Site, article

New = Callable[..., Site]
URL = "https://x.example/base"


def with_fields(text: str, *lines: str) -> str:
    return "\n".join([*lines, text])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    files = {
        "content/articles/a.md": with_fields(
            article("A", 1), "Series: How to begin", "Series_index: 2", "Redirect_from: /old/a/, /older.html"
        ),
        "content/articles/b.md": with_fields(article("B", 2), "Series: How to begin", "Series_index: 1"),
        "content/articles/c.md": with_fields(article("C", 3), "Series: How to begin", "Updated: 2026-02-03 10:00"),
        "content/articles/d.md": f"---\n# A note to the writer.\n{article('D', 4).replace('Tags', '# Tags', 1)}",
        "content/docs/index.md": "Title: Docs & <i>more</i>\nUpdated: 2026-02-04\nRedirect_from: /manual\n\nText\n",
    }
    site = Site(tmp_path_factory.mktemp("fields")).write(files)
    done = site.pelican(SITEURL=URL)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_an_old_address_leads_to_the_page(built: Site) -> None:
    for file in ("old/a/index.html", "older.html"):
        soup = built.soup(file)
        assert soup.find("meta", attrs={"http-equiv": "refresh"})["content"] == f"0; url={URL}/a/"
        assert soup.find("link", rel="canonical")["href"] == f"{URL}/a/"
        assert (soup.title.string, soup.find("a")["href"]) == ("A", f"{URL}/a/")
    assert built.soup("manual/index.html").title.string == "Docs & more"


def test_hosts_that_answer_by_themselves_get_a_list(built: Site) -> None:
    assert (built.output / "_redirects").read_text().splitlines() == [
        "/base/manual /base/docs/ 301",
        "/base/old/a/ /base/a/ 301",
        "/base/older.html /base/a/ 301",
    ]


def test_an_old_address_is_no_touchpoint_and_in_no_sitemap(built: Site) -> None:
    urls = {entry["url"] for entry in built.json("touchpoints.json")["touchpoints"]}
    assert {url for url in urls if "old" in url or "manual" in url} == set()
    assert "old" not in (built.output / "sitemap.xml").read_text()


def test_the_parts_of_a_series_name_each_other_in_order(built: Site) -> None:
    for path, current in (("a", "A"), ("b", "B"), ("c", "C")):
        box = built.soup(f"{path}/index.html").select_one(".series")
        assert box.select_one("h2").get_text(" ", strip=True) == "How to begin"
        assert [item.get_text(strip=True) for item in box.select("li")] == ["B", "A", "C"]
        assert [item.get_text(strip=True) for item in box.select("[aria-current]")] == [current]
    assert built.soup("d/index.html").select_one(".series") is None


def test_an_update_is_what_readers_and_machines_see(built: Site) -> None:
    soup = built.soup("c/index.html")
    assert soup.select_one('.meta time[datetime="2026-02-03T10:00:00+01:00"]')
    assert soup.find("meta", property="article:modified_time")["content"] == "2026-02-03T10:00:00+01:00"
    entries = {entry["id"]: entry for entry in built.json("touchpoints.json")["touchpoints"]}
    assert entries["blog/c"]["updated"] == "2026-02-03T10:00:00+01:00"
    assert entries["docs/index"]["updated"] == "2026-02-04T00:00:00+01:00"


def test_comments_in_fenced_front_matter_are_nowhere(built: Site) -> None:
    page = (built.output / "d/index.html").read_text()
    assert "note to the writer" not in page
    assert built.soup("d/index.html").select_one("h1").string == "D"
    assert built.soup("d/index.html").select(".tags li") == []


FAULTS = {
    "own": ("Redirect_from: /a/", 1, '"/a/" is the address of this very page: a loop; take it out'),
    "home": ("Redirect_from: /", 1, '"/" is the address of the site\'s own index page; take it out, or give that another address'),
    "page": ("Redirect_from: /b/index.html", 1, '"/b/index.html" is the address of content/articles/b.md; take it out, or give that another address'),
    "claimed": ("Redirect_from: /gone/", 1, '"/gone/" leads to content/articles/b.md already; leave it in one of them'),
    "elsewhere": ("Redirect_from: https://x.example/", 1, '"https://x.example/" is no old address; write the path that it had on this site, like /old/post/'),
    "query": ("Redirect_from: /?p=1", 1, '"/?p=1" is no old address; write the path that it had on this site, like /old/post/'),
    "upwards": ("Redirect_from: /../x", 1, '"/../x" is no old address; write the path that it had on this site, like /old/post/'),
    "number": ("Series_index: 1", 1, 'a number in no series; add "Series: …"'),
    "twice": ("Series: S\nSeries_index: 1", 2, 'content/articles/0.md is part 1 of "S" too; give one of them another number'),
    "nothing": ("Series_index: none", 1, '"Series_index: none" is no whole number; write digits'),
    "update": ("Updated: soon", 1, '"soon" is no date; write it like 2026-01-31 09:00'),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "line", "fault"), FAULTS.values(), ids=FAULTS)
def test_fields_that_cannot_be_meant(new_site: New, lines: str, line: int, fault: str) -> None:
    files = {
        "content/articles/0.md": with_fields(article("Zero", 1), "Series: S", "Series_index: 1"),
        "content/articles/b.md": with_fields(article("B", 2), "Redirect_from: /gone/"),
        "content/articles/c.md": with_fields(article("A", 3), lines),
    }
    if "gone" in lines or "b/" in lines:
        # The first in the order of paths keeps it.
        files["content/articles/c.md"] = with_fields(article("A", 3), lines)
    done = new_site({**files, "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n"}).milepost("check")
    assert done.stdout.splitlines() == [f"content/articles/c.md:{line}: {fault}"]
    assert done.returncode == 1
