"""A small site with everything in it, and the changes that people make to one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sites import NO_ABOUT, ROOT, Site, article, png

OBJECTIVE = """\
[[objective]]
slug = "{slug}"
name = "More demos"
measure = "demo"
target = {target}
by = 2027-12-31

[[place]]
path = "articles/*"
objective = "{slug}"
"""
BIO = "Name: Ada Sample\nRole: {role}\n\nA sample who {verb}.\n"
DOC = "Title: {title}\nOrder: {order}\n\n## First\n\n{body}\n"
SNAPSHOT = ROOT / "tests" / "comments"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("/nowhere"))
"""Lets a process see another time; one of the peers. Without it the clock is left as it is."""
SHIFTED = {"LD_PRELOAD": str(FAKETIME), "NO_FAKE_STAT": "1", "DONT_FAKE_MONOTONIC": "1"}


def new_site(root: Path) -> Site:
    """Eight posts, docs, an author, pictures, a page, a theme that may be changed; built once."""
    shutil.copytree(ROOT / "theme", root / "theme")
    site = Site(root, f"{NO_ABOUT}\nTHEME = {str(root / 'theme')!r}\nDEFAULT_PAGINATION = 3\n")
    bodies = [
        "Hello, reader.",
        "See [the other]({filename}post-0.md) and [the docs]({filename}/docs/index.md).",
        "![A square](/images/square.png)",
        "## One\n\nText.\n\n```python\nx = 1\n```\n\nA note.[^1]\n\n[^1]: Here.",
    ]
    posts = {f"content/articles/post-{n}.md": article(f"Post {n}", n + 1, bodies[n % 4]) for n in range(6)}
    files = {
        "content/docs/index.md": DOC.format(title="Docs", order=1, body="Start."),
        "content/docs/deep/index.md": DOC.format(title="Deep", order=2, body="Below."),
        "content/docs/deep/page.md": DOC.format(title="Page", order=1, body="See [up]({filename}../index.md)."),
        "content/authors/ada.md": BIO.format(role="Editor", verb="writes"),
        "content/pages/about.md": "Title: About\n\nUs.\n",
    }
    return site.write({**posts, **files, "content/images/square.png": png(900, 500)})


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Changes:
    """What can happen to the site; each is chosen by a number, so that a run can be told again."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.content, self.var = site.root / "content", site.root / "var"
        self.states = self.var / "cache" / "build"
        self.past: dict[Path, list[tuple[bytes, os.stat_result]]] = {}
        self.made = 0
        self.environ: dict[str, str] = {}
        """Of every build from now on."""

    def posts(self) -> list[Path]:
        return sorted((self.content / "articles").glob("*.md"))

    def one(self, choice: int) -> Path:
        posts = self.posts()
        return posts[choice % len(posts)]

    def change(self, path: Path, text: str) -> None:
        if path.exists():
            self.past.setdefault(path, []).append((path.read_bytes(), path.stat()))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def field(self, name: str, values: list[str], choice: int) -> None:
        path = self.one(choice)
        lines = [line for line in path.read_text().split("\n") if not line.startswith(f"{name}: ")]
        self.change(path, "\n".join([f"{name}: {values[choice % len(values)]}", *lines]))

    def body(self, choice: int) -> None:
        self.change(self.one(choice), self.one(choice).read_text() + f"\nMore, {choice}.\n")

    def title(self, choice: int) -> None:
        self.field("Title", [f"Another {choice}", f"A <em>title</em> {choice}"], choice)

    def date(self, choice: int) -> None:
        self.field("Date", [f"2025-0{choice % 9 + 1}-1{choice % 7} 10:00"], choice)

    def tags(self, choice: int) -> None:
        self.field("Tags", ["funnels", "journeys, docs", "new tag", "funnels, new tag"], choice)

    def category(self, choice: int) -> None:
        self.field("Category", ["Strategy", "Practice"], choice)

    def author(self, choice: int) -> None:
        self.field("Authors", ["Ada Sample", "Ada Sample; Bo Sample", "Bo Sample"], choice)

    def status(self, choice: int) -> None:
        self.field("Status", ["draft", "hidden", "published"], choice)

    def redirect(self, choice: int) -> None:
        self.field("Redirect_from", [f"/old-{choice}/"], choice)

    def series(self, choice: int) -> None:
        self.field("Series", ["A series"], choice)

    def new(self, choice: int) -> None:
        self.made += 1
        body = f"See [it]({{filename}}{self.one(choice).name}). ![New](/images/new-{choice % 2}.png)"
        self.site.write({f"content/images/new-{choice % 2}.png": png(500 + choice % 2, 300)})
        self.change(
            self.content / "articles" / f"new-{self.made}.md", article(f"New {self.made}", choice % 9 + 1, body)
        )

    def rename(self, choice: int) -> None:
        path = self.one(choice)
        if self.is_named(path) or len(self.posts()) < 3:
            return
        path.rename(path.with_name(f"renamed-{choice}-{path.name}"))

    def delete(self, choice: int) -> None:
        path = self.one(choice)
        if not self.is_named(path) and len(self.posts()) > 3:
            path.unlink()

    def is_named(self, path: Path) -> bool:
        """Whether a link leads there, which would be a fault then."""
        return any(path.name in other.read_text() for other in self.content.rglob("*.md") if other != path)

    def revert(self, choice: int) -> None:
        """A file is again what it was before, with its old time too."""
        paths = [path for path in self.past if path.exists()]
        if paths:
            path = sorted(paths)[choice % len(paths)]
            text, status = self.past[path][choice % len(self.past[path])]
            path.write_bytes(text)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def touch(self, choice: int) -> None:
        """The clock goes back: a changed file looks older than before."""
        path = self.one(choice)
        self.change(path, path.read_text().replace("reader", f"Reader {choice % 3}"))
        os.utime(path, (1_000_000_000, 1_000_000_000 + choice % 2))

    def template(self, choice: int) -> None:
        names = ["article.html", "base.html", "partials/card.html", "doc.html", "index.html", "listing.html"]
        path = next(
            path
            for name in [names[choice % len(names)], *names]
            if (path := self.site.root / "theme/templates" / name).exists()
        )
        self.change(path, f"{path.read_text()}{{# {choice} #}}{'{% set unused = 1 %}' if choice % 2 else ''}")

    def shown_by_template(self, choice: int) -> None:
        path = self.site.root / "theme/templates/base.html"
        self.change(path, path.read_text().replace("</body>", f"<p>{{{{ SITENAME }}}} {choice}</p></body>", 1))

    def picture(self, choice: int) -> None:
        self.site.write({"content/images/square.png": png(900, 500, ["teal", "navy", "olive"][choice % 3])})

    def bio(self, choice: int) -> None:
        self.change(self.content / "authors/ada.md", BIO.format(role=f"Editor {choice % 3}", verb="reads"))

    def doc(self, choice: int) -> None:
        name = ["index.md", "deep/index.md", "deep/page.md", f"deep/more-{choice % 3}.md"][choice % 4]
        self.change(self.content / "docs" / name, DOC.format(title=f"Doc {choice}", order=choice % 5, body="Text."))

    def plan(self, choice: int) -> None:
        self.change(self.content / "plan.toml", OBJECTIVE.format(slug=f"demos-{choice % 2}", target=choice % 50 + 1))

    def setting(self, choice: int) -> None:
        settings = ["DEFAULT_PAGINATION = 2", "SITENAME = 'Other'", "TAGLINE = 'Else'", "TAG_URL = 'on/{slug}/'"]
        self.site.conf += f"\n{settings[choice % len(settings)]}\n"
        if choice % len(settings) == 3:
            self.site.conf += "TAG_SAVE_AS = 'on/{slug}/index.html'\n"

    def onward(self, choice: int) -> None:
        ids = ["blog/post-0", "blog/post-1", "blog/post-2", "docs/deep"]
        went = {ids[choice % 4]: [{"to": ids[(choice + 1) % 4], "people": 10 + choice % 5}]}
        self.change(self.site.root / "onward.json", json.dumps({"version": 1, "from": went}))

    def comments(self, choice: int) -> None:
        """Comments are fetched, or there are none any more."""
        post = {
            "id": str(choice), "parent": None, "author": "Cy Sample", "at": "2026-02-01T10:00:00Z",
            "message": f"<p>Said {choice}.</p>", "deleted": choice % 5 == 0,
        }  # fmt: skip
        thread = {
            "id": "1", "identifiers": [f"blog/post-{choice % 3}"], "link": "", "title": "A post",
            "closed": choice % 2 == 0, "posts": [post] if choice % 7 else [],
        }  # fmt: skip
        kept = {"version": 1, "forum": "milepost-example", "fetched": "2026-02-02T10:00:00Z", "threads": [thread]}
        self.change(self.content / "comments.json", json.dumps(kept))

    def issues(self, choice: int) -> None:
        """An issue is sent, or taken out of the archive again."""
        post = {"title": "A post", "url": "https://elsewhere.example/", "touchpoint": f"blog/post-{choice % 4}"}
        sent = [
            {"id": f"2026-02-0{day}", "sent": f"2026-02-0{day}T08:00:00Z", "subject": f"No. {choice}", "posts": [post]}
            for day in range(choice % 3, 0, -1)
        ]
        self.change(self.content / "issues.json", json.dumps({"version": 1, "issues": sent}))

    def clock(self, choice: int) -> None:
        """The clock is set forward or back, so that posts become due, or are to come again; or it is right again."""
        shift = ["-420d", "+30d", "-1d", ""][choice % 4]
        self.environ = {**SHIFTED, "FAKETIME": shift} if shift else {}

    def damage(self, choice: int) -> None:
        """What is known of earlier builds is cut short, overwritten, or gone."""
        files = sorted([*self.states.glob("*.sqlite"), *self.var.glob("**/texts.sqlite")])
        if not files:
            return
        path, rng = files[choice % len(files)], random.Random(choice)
        data = bytearray(path.read_bytes())
        if choice % 4 == 0:
            path.unlink()
        elif choice % 4 == 1:
            path.write_bytes(data[: len(data) // 2])
        elif choice % 4 == 2:
            path.write_bytes(b"no database at all")
        else:
            for _ in range(40 if data else 0):
                data[rng.randrange(len(data))] ^= 0xFF
            path.write_bytes(data)

    def spoil(self, choice: int) -> None:
        """Somebody writes to the published site."""
        files = sorted(self.site.output.rglob("*.html"))
        path = files[choice % len(files)]
        if choice % 2:
            path.unlink()
        else:
            path.write_text("spoiled")

    def kill(self, choice: int) -> None:
        """A build ends in the middle."""
        self.body(choice)
        with self.build() as process:
            try:
                process.wait(choice % 40 / 20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)

    def together(self, choice: int) -> None:
        """Two builds at one time, of one folder."""
        self.body(choice)
        builds = [self.build() for _ in range(2)]
        assert [build.wait() for build in builds] in ([0, 0], [1, 1])

    def build(self) -> subprocess.Popen[bytes]:
        """A build that runs, in a group of processes of its own."""
        environ = {
            **os.environ,
            **self.environ,
            "MILEPOST_VAR": str(self.var),
            "MILEPOST_SETTINGS": str(self.site.settings_file),
        }
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("milepost")), "build"],
            cwd=self.site.root, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip


EVERY: list[Callable[[Changes, int], None]] = [
    Changes.body, Changes.title, Changes.date, Changes.tags, Changes.category, Changes.author, Changes.status,
    Changes.redirect, Changes.series, Changes.new, Changes.rename, Changes.delete, Changes.revert, Changes.touch,
    Changes.template, Changes.shown_by_template, Changes.picture, Changes.bio, Changes.doc, Changes.plan,
    Changes.setting, Changes.onward, Changes.comments, Changes.issues, Changes.damage, Changes.spoil, Changes.kill,
    Changes.together, *([Changes.clock] if FAKETIME.exists() else []),
]  # fmt: skip
