"""`check --manifest`: what was published must still be there, or lead on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from planted import CLEAN, CONF, FIRST, SECOND, findings_of, seen

from sites import Site, article

New = Callable[..., Site]
MOVED = article("Second post", 2)


def published(site: Site) -> Path:
    """The manifest of the site as it is now, kept as of its last publish."""
    assert findings_of(site) == []
    old = site.root / "published.json"
    old.write_bytes((site.root / "var/check/touchpoints.json").read_bytes())
    return old


def line_of(manifest: Path, touchpoint: str) -> int:
    lines = manifest.read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if f'"id": "{touchpoint}"' in line)


def test_what_is_still_there_is_right(new_site: New) -> None:
    site = new_site(dict(CLEAN), CONF)
    assert findings_of(site, published(site)) == []


def test_what_is_gone_without_a_way_on_is_an_error_at_its_line(new_site: New) -> None:
    site = new_site(dict(CLEAN), CONF)
    old = published(site)
    (site.root / SECOND).unlink()
    (site.root / "content/images/dot.png").unlink()
    found = findings_of(site, old)
    assert [str(finding) for finding in found if finding.severity == "error"] == [
        f'published.json:{line_of(old, "blog/second-post")}: touchpoint "blog/second-post" is gone, and nothing is at '
        '/second-post/, where it was; add "Redirect_from: /second-post/" to the page that takes its place'
    ]
    assert {finding.rule for finding in found} == {"vanished-touchpoint"}


def test_what_leads_on_is_right(new_site: New) -> None:
    site = new_site(dict(CLEAN), CONF)
    old = published(site)
    text = str(CLEAN[SECOND]).replace("Title: Second post", "Title: A better title\nRedirect_from: /second-post/")
    site.write({SECOND: text})
    assert findings_of(site, old) == []


def test_another_page_at_the_old_address_is_told_to_take_the_journeys_over(new_site: New) -> None:
    site = new_site(dict(CLEAN), CONF)
    old = published(site)
    site.write({FIRST: "Touchpoint: another\n" + str(CLEAN[FIRST])})
    found = findings_of(site, old)
    assert seen(found) == [(f"published.json:{line_of(old, 'blog/first-post')}", "vanished-touchpoint")]
    assert found[0].remedy == 'add "Touchpoint: blog/first-post" to it, and its journeys go on'


def test_a_listing_that_is_gone_is_only_doubtful(new_site: New) -> None:
    site = new_site(dict(CLEAN), CONF)
    old = published(site)
    site.write({path: str(CLEAN[path]).replace("funnels, ", "") for path in (FIRST, SECOND)})
    found = findings_of(site, old)
    assert [(finding.rule, finding.severity) for finding in found] == [("vanished-touchpoint", "warning")]


def test_a_file_that_is_no_manifest_is_misuse(new_site: New) -> None:
    site = new_site({**CLEAN, "no.json": json.dumps({"touchpoints": [1]})}, CONF)
    done = site.milepost("check", "--manifest", "no.json")
    assert (done.returncode, done.stderr) == (
        2,
        "no.json: is no manifest of touchpoints; name a touchpoints.json that was published\n",
    )
    done = site.milepost("check", "--manifest", "gone.json")
    assert (done.returncode, done.stderr) == (
        2,
        "gone.json: No such file or directory; name a touchpoints.json that was published\n",
    )
