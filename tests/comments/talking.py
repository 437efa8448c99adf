"""A site that is built with everything of ours, a forum that talks about it, and the environment between the two."""

from __future__ import annotations

from disqus_standin import KEY, StandIn, post, thread

from sites import Site, article

FILES: dict[str, str | bytes] = {
    "content/articles/first.md": article("First post"),
    "content/articles/second.md": article("Second post", 2),
    "content/authors/ada-sample.md": "Name: Ada Sample\nRole: Editor\n\nAda writes.\n",
    "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\n\n## Choices { #choices }\n\nYours.\n",
}
KEPT = "content/comments.json"


def environ(standin: StandIn, **more: str) -> dict[str, str]:
    return {"DISQUS_API_BASE": standin.base, "DISQUS_PUBLIC_KEY": KEY, "SSL_CERT_FILE": str(standin.ca), **more}


def talkative(standin: StandIn) -> None:
    """A thread of the first post with a reply, a deleted parent and its reply; and a thread of a page that is gone."""
    standin.threads = [
        thread(1, identifiers=("blog/first-post",), posts=3, title="First post", clean_title="First post"),
        thread(3, link="https://milepost.example/gone/", posts=1),
    ]
    standin.posts = [
        post(11, 1, "<p>Is it <em>true</em>?</p>"),
        post(12, 1, '<p>It is, see <a href="https://x.example/">this</a>.</p>', parent=11, author={"name": "Ben"}),
        post(13, 1, "<p>To nobody</p>", parent=10),
        post(31, 3, "<p>Lost</p>"),
    ]


def build(site: Site, standin: StandIn, *flags: str, **more: str) -> tuple[int, list[str]]:
    """(exit status, the lines that speak of comments)."""
    (site.root / "content").mkdir(exist_ok=True)
    done = site.run(
        "pelican", "content", "-s", site.settings_file.name, "-o", "output", "--log-handler", "plain", *flags,
        env=environ(standin, **more),
    )  # fmt: skip
    said = [line for line in (done.stdout + done.stderr).splitlines() if "comments" in line]
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, said


def shown(site: Site, place: str = "first-post/index.html") -> list[str]:
    return [str(found["id"]) for found in site.soup(place).select("article.comment")]


def fetched(site: Site, standin: StandIn) -> None:
    done = site.milepost("comments", "fetch", env=environ(standin))
    assert done.returncode == 0, done.stderr
