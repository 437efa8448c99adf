"""`milepost check`: what it prints, in three formats, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from milepost.errors import Finding
from milepost.writing import formats
from sites import Site, article

New = Callable[..., Site]
CONF = "THEME = 'simple'"
BAD: dict[str, str] = {
    "content/articles/a.md": article(body="![](x.png)").replace("Title", "Titel"),
    "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n",
}


def test_errors_are_lines_and_exit_status_1(new_site: New) -> None:
    done = new_site(BAD, CONF).milepost("check")
    assert done.stdout.splitlines() == [
        'content/articles/a.md:1: unknown field "Titel"; did you mean "Title"?',
        "content/articles/a.md:8: image x.png says nothing to those who cannot see it; "
        "write ![what it shows](x.png), or add { .decorative } behind it",
        "content/articles/a.md:8: image x.png is not there; add articles/x.png to the content folder, or mend the path",
    ]
    assert (done.returncode, done.stderr) == (1, "")


def test_nothing_found_is_one_good_line_and_exit_status_0(new_site: New) -> None:
    files = {"content/articles/a.md": article(), "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n"}
    done = new_site(files, CONF).milepost("check")
    assert (done.returncode, done.stdout) == (0, "2 files checked, nothing to mend\n")


def test_warnings_alone_are_exit_status_0(new_site: New) -> None:
    done = new_site({"content/articles/a.md": article()}, CONF).milepost("check")
    assert done.stdout == (
        'content/articles/a.md:5: warning: author "Ada Sample" has no file; '
        'add one to authors/, with "Name: Ada Sample"\n'
    )
    assert done.returncode == 0


def test_json_is_a_list_of_findings(new_site: New) -> None:
    done = new_site(BAD, CONF).milepost("check", "--format", "json")
    assert json.loads(done.stdout)[0] == {
        "rule": "unknown-field",
        "severity": "error",
        "file": "content/articles/a.md",
        "line": 1,
        "message": 'unknown field "Titel"',
        "remedy": 'did you mean "Title"?',
    }
    assert done.returncode == 1


def test_another_folder_can_be_checked(new_site: New) -> None:
    site = new_site({**BAD, "drafts/articles/x.md": "Title: X\n"}, CONF)
    done = site.milepost("check", "drafts")
    assert (done.returncode, done.stdout) == (1, 'drafts/articles/x.md:1: no "Date"; add "Date: …"\n')


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "nowhere is no folder"),
        (("--format", "xml"), "'xml'"),
        (("--explain", "slugs"), 'no rule "slugs"; did you mean "slug"?'),
        (("-s", "none.py"), "none.py: no such settings file; run from the site's folder or name it with -s"),
    ],
)
def test_misuse_is_exit_status_2(new_site: New, arguments: tuple[str, ...], says: str) -> None:
    done = new_site(conf=CONF).milepost("check", *arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())


def test_a_site_without_the_slice_is_told_how_to_switch_it_on(new_site: New) -> None:
    site = new_site(BAD, "PLUGINS = ['milepost.docs']")
    done = site.milepost("check")
    assert (done.returncode, done.stdout) == (2, "")
    says = 'PLUGINS does not name "milepost.writing"; add it to check what it checks'
    assert done.stderr == f"{site.settings_file}: {says}\n"


def test_a_rule_is_explained(new_site: New) -> None:
    done = new_site(conf=CONF).milepost("check", "--explain", "unknown-field")
    assert done.returncode == 0
    assert "FRONT_MATTER_FIELDS" in done.stdout


ERROR = Finding("a,b.md", 3, "slug", "100% wrong", "mend:\nit")
WARNING = Finding("c.md", 0, "text", "doubtful", severity="warning")


def test_github_shows_findings_at_their_lines() -> None:
    assert formats.github([ERROR, WARNING]).splitlines() == [
        "::error file=a%2Cb.md,line=3,title=slug::100%25 wrong; mend:%0Ait",
        "::warning file=c.md,line=1,title=text::doubtful",
    ]


def test_text_has_colours_on_terminals_only() -> None:
    assert formats.text([WARNING], 1, colour=False) == "c.md: warning: doubtful"
    assert formats.text([WARNING], 1, colour=True) == "\033[1mc.md:\033[0m \033[33mwarning: doubtful\033[0m"
