"""What a build does when something is wrong, and what it leaves out when nothing is."""

from __future__ import annotations

import contextlib
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from changing import tree

from sites import Site, article

NewSite = Callable[..., Site]
PLAIN = "SITENAME = 'Plain'\nPLUGINS = []\nTHEME = 'simple'\nTIMEZONE = 'UTC'\nARTICLE_PATHS = ['articles']\n"
PLUGIN = """
from pathlib import Path
from pelican import signals

def shout(path, context):
    Path(path).write_text(Path(path).read_text().replace("Hello", "HELLO"))

def register():
    signals.content_written.connect(shout)
"""
DYING = """
import os
MAIN = os.getppid()

def die():
    os.kill(os.getpid(), 9 * (os.getppid() != MAIN))
    return ''

JINJA_GLOBALS = {'die': die}
"""


def built(site: Site, *more: str) -> str:
    done = site.milepost("build", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_equal_to_clean(site: Site) -> bool:
    """Whether what is published is what a build that knows nothing makes."""
    clean = site.root / "clean"
    built(site, "--clean", "-o", str(clean))
    return tree(site.output) == tree(clean)


def plain_site(new_site: NewSite, conf: str = "", count: int = 3) -> Site:
    """A site of plain Pelican, with none of the slices."""
    site = new_site({f"content/articles/{n}.md": article(f"Post {n}", n % 9 + 1) for n in range(count)})
    site.conf = f"globals().clear()\n{PLAIN}PATH = 'content'\nOUTPUT_PATH = 'output'\n{conf}"
    return site


def test_nothing_is_done_where_nothing_has_changed(new_site: NewSite) -> None:
    site = plain_site(new_site)
    settings_file = str(site.settings_file)
    time.sleep(0.2)  # what was only just written may be written again
    for wanted in ("Pages: ", "nothing has changed"):
        done = site.run("milepost", "build", "-s", settings_file)
        assert wanted in done.stdout, done.stderr


def test_only_what_depends_on_a_change_is_written(new_site: NewSite) -> None:
    site = plain_site(new_site)
    whole = built(site)
    assert re.search(r"Pages: \d+ written, 0 unchanged", whole)
    before = {path: path.stat().st_mtime_ns for path in site.output.rglob("*.html")}
    site.write({"content/articles/1.md": article("Post 1", 2, "Another text.")})
    built(site)
    changed = {path.name for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert changed == {"post-1.html"}
    said = built(site, "--explain", "content/articles/0.md")
    assert "unchanged; it was last written because it is new" in said


def test_another_plugin_that_works_on_written_pages_is_named_and_gets_all_of_them(new_site: NewSite) -> None:
    site = plain_site(new_site, "PLUGIN_PATHS = ['own']\nPLUGINS = ['shouting']\n")
    site.write({"own/shouting.py": PLUGIN})
    for _ in range(2):
        done = site.milepost("build", "--explain", "index.html")
        assert done.returncode == 0, done.stderr
        assert "shouting: works on pages once they are written" in done.stderr
        assert "HELLO, reader." in (site.output / "post-0.html").read_text()


def test_a_template_that_fails_is_named_with_its_line_and_what_was_published_stays(new_site: NewSite) -> None:
    site = plain_site(new_site, "THEME_TEMPLATES_OVERRIDES = ['own']\n")
    built(site)
    before = tree(site.output)
    site.write({"own/article.html": "<p>\n{{ article.title }}\n{{ 1 / 0 }}\n"})
    done = site.milepost("build")
    assert done.returncode == 1
    assert "own/article.html:3: ZeroDivisionError: division by zero, while content/articles/" in done.stderr
    assert tree(site.output) == before


def test_a_process_that_dies_is_named_with_its_page_and_what_was_published_stays(new_site: NewSite) -> None:
    site = plain_site(new_site, f"{DYING}THEME_TEMPLATES_OVERRIDES = ['own']\n", count=90)
    built(site)
    before = tree(site.output)
    site.write({"own/article.html": "<p>{{ article.title }}{{ die() }}"})
    done = site.milepost("build", "-j", "2")
    assert done.returncode == 1
    assert re.search(r"post-\d+.html: the process that was at it ended by signal 9", done.stderr)
    assert tree(site.output) == before


def test_an_interrupted_build_publishes_nothing(new_site: NewSite) -> None:
    site = plain_site(
        new_site, "import time\nJINJA_GLOBALS = {'wait': time.sleep}\nTHEME_TEMPLATES_OVERRIDES = ['own']\n"
    )
    built(site)
    before = tree(site.output)
    site.write({"own/article.html": "<p>{{ article.title }}{{ wait(0.5) }}"})
    command = [str(Path(sys.executable).with_name("milepost")), "build", "-s", str(site.settings_file)]
    with subprocess.Popen(command, cwd=site.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as build:
        while not list(site.output.with_name("output.new").rglob("*.html")):
            time.sleep(0.01)
        build.send_signal(signal.SIGINT)
        assert build.wait(20) == 130
    assert tree(site.output) == before
    assert not site.output.with_name("output.new").exists()


def test_where_nothing_can_be_kept_the_build_is_right_and_says_so(new_site: NewSite) -> None:
    site = plain_site(new_site)
    (site.root / "var").mkdir()
    (site.root / "var/cache").write_text("no folder")
    for text in ("One.", "Two."):
        site.write({"content/articles/0.md": article("Post 0", 1, text)})
        done = site.milepost("build")
        assert done.returncode == 0, done.stderr
        assert "the next build will be a whole one too" in done.stderr
        assert text in (site.output / "post-0.html").read_text()


def test_a_text_that_is_spoiled_where_it_is_kept_is_converted_again(new_site: NewSite) -> None:
    site = plain_site(new_site, "THEME_TEMPLATES_OVERRIDES = ['templates']\n")
    site.write({"templates/article.html": "{{ article.content }}"})
    built(site)
    page = (site.output / "post-1.html").read_text()
    assert "Hello" in page
    # A page that is written anew asks for the text of a content that is the same; other settings make another content.
    for template, conf in (("<b>{{ article.content }}", ""), ("<b>{{ article.content }}", "DEFAULT_LANG = 'eo'\n")):
        (kept,) = site.root.glob("var/**/texts.sqlite")
        with contextlib.closing(sqlite3.connect(kept)) as connection, connection:
            connection.execute("UPDATE texts SET text = x'3c703e4e6f'")
        site.write({"templates/article.html": template})
        site.conf += conf
        assert "Pages: 0 written" not in built(site)
        assert (site.output / "post-1.html").read_text() == f"<b>{page}"
        assert is_equal_to_clean(site)


def test_what_is_due_appears_though_no_file_has_changed(new_site: NewSite) -> None:
    due = datetime.now(UTC) + timedelta(seconds=6)
    text = article("Soon").replace("2026-01-01 09:00", f"{due:%Y-%m-%d %H:%M:%S}")
    site = new_site({"content/articles/first.md": article(), "content/articles/soon.md": text})
    site.conf = "TIMEZONE = 'UTC'"
    settings_file = site.settings_file
    command = ("milepost", "build", "-s", str(settings_file))
    assert site.run(*command).returncode == 0
    assert not (site.output / "soon/index.html").exists()
    time.sleep(max(0, (due - datetime.now(UTC)).total_seconds()) + 0.2)
    assert site.run(*command).returncode == 0
    assert (site.output / "soon/index.html").exists()
    assert Path(settings_file).is_file()
