"""`make bench-pages`: our pages by Lighthouse (mobile), beside those of others with the same article, in one run.

Each site is built by its own tool, served compressed by the same server, and looked at by the same Chromium. Figures of
others are of what their tool makes without settings: a default theme, a Material page, an Eleventy page of one layout.
Exit status 1 where a page of ours misses its goal. Figures of a busy machine are worth little: see what else runs.
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
NODE = Path(sys.executable).with_name("node")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
GOAL_LCP_MS = 760
RUNS = 3
OURS = {
    "home": "/",
    "article": "/there-never-was-a-funnel/",
    "doc": "/docs/first-post/",
    "search": "/search/",
}
ARTICLE = ROOT / "content/articles/there-never-was-a-funnel.md"
PICTURE = ROOT / "content/images/there-never-was-a-funnel.webp"
LAYOUT = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title><meta name="description" content="An article."></head>
<body><main><h1>{{ title }}</h1>{{ content | safe }}</main></body></html>
"""


class Look(NamedTuple):
    """One page: Lighthouse's scores from 0 to 100, LCP in ms, bytes of HTML, styles and scripts as they were sent."""

    scores: tuple[int, ...]
    lcp_ms: float
    html: int
    css: int
    script: int


def text() -> tuple[str, str]:
    """The article that every tool publishes: its title, and its Markdown with its picture and without our own links."""
    head, _, body = ARTICLE.read_text(encoding="utf-8").partition("\n\n")
    title = next(line.removeprefix("Title: ") for line in head.splitlines() if line.startswith("Title: "))
    kept = [line for line in body.splitlines() if "{filename}" not in line and "{static}" not in line]
    return title, "![A road of milestones](picture.webp)\n\n" + "\n".join(kept)


def run(*command: object, cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], check=False, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-800:]}{done.stderr[-800:]}")


def ours(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    conf = f"SITEURL = {url!r}\nPATH = {str(ROOT / 'content')!r}\nOUTPUT_PATH = {str(root / 'output')!r}"
    site = Site(root, conf)
    done = site.milepost("build", "--strict")
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return site.output, OURS


def pelican_default(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    title, body = text()
    (root / "content/images").mkdir(parents=True)
    shutil.copy(PICTURE, root / "content/images/picture.webp")
    body = body.replace("(picture.webp)", "({static}/images/picture.webp)")
    (root / "content/a.md").write_text(f"Title: {title}\nDate: 2026-01-01\nSlug: a\n\n{body}\n")
    settings = f"PATH = 'content'\nSITENAME = 'Peer'\nSITEURL = {url!r}\nPLUGINS = []\nDEFAULT_LANG = 'en'\n"
    (root / "pelicanconf.py").write_text(settings)
    run(sys.executable, "-m", "pelican", "content", "-s", "pelicanconf.py", "-o", "output", cwd=root)
    return root / "output", {"article": "/a.html"}


def mkdocs_material(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    title, body = text()
    python = installed.folder() / "mkdocs/bin/python"
    if not python.exists():
        run(sys.executable, "-m", "venv", python.parent.parent, cwd=root)
        run(python, "-m", "pip", "install", "--quiet", "mkdocs-material", cwd=root)
    (root / "docs").mkdir()
    shutil.copy(PICTURE, root / "docs/picture.webp")
    (root / "docs/index.md").write_text(f"# {title}\n\n{body}\n")
    (root / "mkdocs.yml").write_text(f"site_name: Peer\nsite_url: {url}/\ntheme:\n  name: material\n  font: false\n")
    run(python, "-m", "mkdocs", "build", "--quiet", cwd=root)
    return root / "site", {"article": "/"}


def eleventy(root: Path, url: str) -> tuple[Path, Mapping[str, str]]:
    title, body = text()
    command = installed.eleventy()
    if command is None:
        raise RuntimeError("Eleventy could not be installed")
    (root / "in/_includes").mkdir(parents=True)
    (root / "in/_includes/page.njk").write_text(LAYOUT)
    (root / "in/index.md").write_text(f"---\ntitle: {json.dumps(title)}\nlayout: page.njk\n---\n{body}\n")
    run(*command, "--input=in", "--output=site", cwd=root)
    shutil.copy(PICTURE, root / "site/picture.webp")
    return root / "site", {"article": "/"}


SITES = {
    "Milepost": ours,
    "Pelican, its default theme": pelican_default,
    "MkDocs Material": mkdocs_material,
    "Eleventy, one layout": eleventy,
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
    return Look(scores, audits["largest-contentful-paint"]["numericValue"], *sent.values())


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
    print(f"{'page':<38}{'perf':>5}{'a11y':>5}{'best':>5}{'seo':>5}{'LCP ms':>8}{'HTML':>8}{'CSS':>8}{'script':>8}")
    for (name, kind), look in found.items():
        scores = "".join(f"{score:>5}" for score in look.scores)
        print(f"{name + ', ' + kind:<38}{scores}{look.lcp_ms:>8.0f}{look.html:>8}{look.css:>8}{look.script:>8}")
    mine = found["Milepost", "article"]
    for (name, _), look in found.items():
        if name != "Milepost":
            weight = sum(look[2:]) / sum(mine[2:])
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
