"""`Allow:` in front matter: a rule is broken in one file, for a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import NO_ABOUT, Site, article

New = Callable[..., Site]
BIO = {"content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n"}
BROKEN = "![](/images/gone.png)"


@pytest.mark.parametrize(
    ("allowed", "body", "lines", "status"),
    [
        ("image-alt: described below; missing-image: comes with the launch", BROKEN, [], 0),
        ("image-alt", BROKEN, ['1: image-alt is allowed for no reason; write "Allow: image-alt: why"'], 1),
        ("image-alts: why", "Hello.", ['1: no rule "image-alts"; did you mean "image-alt"?'], 1),
        ("slug: why", "Hello.", ["1: warning: slug is allowed, and nothing here breaks it; take it out"], 0),
    ],
)
def test_a_rule_is_broken_in_one_file_for_a_reason(
    new_site: New, allowed: str, body: str, lines: list[str], status: int
) -> None:
    done = new_site({**BIO, "content/articles/a.md": f"Allow: {allowed}\n{article(body=body)}"}, NO_ABOUT).milepost(
        "check"
    )
    found = [line.removeprefix("content/articles/a.md:") for line in done.stdout.splitlines()]
    assert done.returncode == status
    assert [line for line in found if line.startswith("1: ")] == lines
    if "; " in allowed:
        assert found == ["2 files checked, nothing to mend"]


def test_another_file_may_not(new_site: New) -> None:
    files = {
        **BIO,
        "content/articles/a.md": f"Allow: image-alt: described\n{article(body='![](https://x.example/a.png)')}",
        "content/articles/b.md": article("B", 2, "![](https://x.example/a.png)"),
    }
    done = new_site(files).milepost("check")
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["content/articles/b.md:8:"]


def test_a_rule_of_built_pages_may_be_broken_too(new_site: New) -> None:
    body = "## One\n\n#### Deep\n\n[x](#gone)"
    allowed = "Allow: heading-order: a quoted page; dead-anchor: made by a script\n"
    files = {**BIO, "content/articles/a.md": f"{allowed}{article(body=body)}"}
    site = new_site(files, NO_ABOUT)
    done = site.milepost("check")
    assert (done.returncode, done.stdout) == (0, "2 files checked, nothing to mend\n")
    assert site.milepost("build", "--strict").returncode == 0
