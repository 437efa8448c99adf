"""`milepost build`: swapped in as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from sites import NO_ABOUT, Site, article

NewSite = Callable[..., Site]


def test_a_build_writes_the_site_and_leaves_nothing_beside_it(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    done = site.milepost("build")
    assert done.returncode == 0, done.stderr
    assert site.soup("first-post/index.html").h1.get_text(strip=True) == "First post"
    assert sorted(path.name for path in site.root.glob("output*")) == ["output"]


def test_a_refused_build_leaves_what_was_published_untouched(new_site: NewSite) -> None:
    site = new_site({"content/articles/first.md": article()})
    assert site.milepost("build").returncode == 0
    before = {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()}

    site.write({"content/articles/second.md": article("Second", body="[dead]({filename}nowhere.md)")})
    refused = site.milepost("build")
    assert refused.returncode == 1
    assert "content/articles/second.md:8:" in refused.stderr
    assert {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in site.root.glob("output*")) == ["output"]


def test_a_missing_settings_file_is_misuse_and_says_what_to_do(new_site: NewSite) -> None:
    done = new_site().milepost("build", "-s", "nowhere.py")
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "nowhere.py: no such settings file; run from the site's folder or name it with -s",
    )


def test_publishing_refuses_what_only_built_pages_show_and_leaves_what_was_published_untouched(
    new_site: NewSite,
) -> None:
    good = {"content/articles/first.md": article(), "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n"}
    site = new_site(good, NO_ABOUT)
    assert site.milepost("build", "--strict").returncode == 0
    before = {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()}

    site.write({"content/articles/first.md": article(body="[There](#nowhere)"), "content/images/unused.svg": "<svg/>"})
    refused = site.milepost("build", "--strict")
    assert refused.returncode == 1
    # A warning of the check is an error here.
    assert refused.stderr.splitlines() == [
        'content/articles/first.md:8: dead link #nowhere: this page has no "nowhere"; mend it, or take it out',
        "content/images/unused.svg: no page and no source shows it; take it out, or show it",
    ]
    assert {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in site.root.glob("output*")) == ["output"]
    assert site.milepost("build").returncode == 0
