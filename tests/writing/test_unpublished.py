"""What is not to be published yet leaves no trace, in any build, by anything of Pelican's."""
# ruff: noqa: E501 - a finding is one line

from __future__ import annotations

from collections.abc import Callable

from sites import Site, article

New = Callable[..., Site]
SECRET = "Unheard-of-secret"
CONF = "THEME = 'simple'\nPLUGINS = ['milepost.writing', 'milepost.docs', 'milepost.authors']\n"


def hidden(head: str, day: int = 2) -> str:
    return f"{head}\n{article(f'{SECRET} {day}', day, f'{SECRET} [f]({{static}}secret-{day}.txt)')}"


def traces(site: Site) -> list[str]:
    """Every file of the output that has the secret in its name or in its text."""
    files = [path for path in site.output.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(site.output))
        for path in files
        if "secret" in str(path).lower()
        or SECRET.encode() in path.read_bytes()
        or SECRET.lower().encode() in path.read_bytes()
    ]


def test_drafts_and_posts_of_the_future_exist_nowhere(new_site: New) -> None:
    files = {
        "content/articles/a.md": article("Known", 1, "Known text."),
        "content/articles/draft.md": hidden("Status: draft"),
        "content/articles/own-path.md": hidden("Status: Draft\nSave_as: secret.html\nUrl: secret.html", 3),
        "content/articles/skip.md": hidden("Status: skip", 4),
        "content/articles/future.md": hidden("Status: published", 5).replace("2026-", "2999-"),
        "content/pages/draft.md": f"Title: {SECRET}\nStatus: draft\n\n{SECRET}",
        "content/docs/index.md": "Title: Docs\n\nText",
        "content/docs/draft.md": f"Title: {SECRET}\nStatus: draft\n\n{SECRET}",
        "content/docs/hidden.md": f"Title: {SECRET}\nStatus: hidden\n\n{SECRET}",
        **{f"content/articles/secret-{day}.txt": SECRET for day in range(2, 6)},
    }
    site = new_site(files, CONF)
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert (site.output / "known/index.html").is_file()
    assert traces(site) == []


def test_nor_is_their_text_copied_where_the_folder_is_static(new_site: New) -> None:
    files: dict[str, str] = {
        "content/articles/a.md": article("Known"),
        "content/articles/beside.txt": "A file beside it.",
        "content/articles/draft.md": f"Status: draft\n{article(SECRET, 2)}",
        "content/articles/future.md": article(SECRET, 2).replace("2026-", "2999-").replace("Title", "Slug: f\nTitle"),
        "content/docs/draft.md": f"Title: {SECRET}\nStatus: draft\n",
        "content/authors/x.md": f"Name: X\n\n{SECRET}",
    }
    site = new_site(files, CONF + "STATIC_PATHS = ['articles', 'docs', 'authors']")
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert (site.output / "articles/beside.txt").is_file()
    assert [name for name in traces(site) if name != "author/x/index.html"] == []
    assert not list(site.output.rglob("*.md"))


def test_the_future_is_published_where_the_site_wants_it(new_site: New) -> None:
    site = new_site({"content/articles/a.md": article("Coming").replace("2026-", "2999-")}, CONF)
    assert site.pelican(WITH_FUTURE_DATES=True).returncode == 0
    assert (site.output / "coming/index.html").is_file()


def test_hidden_articles_are_written_and_listed_nowhere(new_site: New) -> None:
    files = {
        "content/articles/a.md": article("Known"),
        "content/articles/h.md": f"Status: hidden\n{article('Quiet', 2)}",
    }
    site = new_site(files, CONF)
    assert site.pelican().returncode == 0
    assert (site.output / "quiet/index.html").is_file()
    assert "Quiet" not in (site.output / "index.html").read_text()


def test_warnings_are_told_and_the_build_goes_on(new_site: New) -> None:
    site = new_site({"content/articles/a.md": article()}, CONF)
    done = site.pelican()
    line = 'content/articles/a.md:5: warning: author "Ada Sample" has no file; add one to authors/, with "Name: Ada Sample"'
    assert (done.returncode, (done.stdout + done.stderr).count(line)) == (0, 1)


def test_where_warnings_are_fatal_all_of_them_are_told_and_nothing_is_written(new_site: New) -> None:
    bodies = {"a": article("A"), "b": article("B", 2).replace("Ada Sample", "Bo")}
    site = new_site({f"content/articles/{name}.md": text for name, text in bodies.items()}, CONF)
    command = ("pelican", "content", "-s", site.settings_file.name, "-o", "output", "--log-handler", "plain")
    done = site.run(*command, "--fatal", "warnings")
    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip().splitlines() == [
        'content/articles/a.md:5: warning: author "Ada Sample" has no file; add one to authors/, with "Name: Ada Sample"',
        'content/articles/b.md:5: warning: author "Bo" has no file; add one to authors/, with "Name: Bo"',
    ]
    assert not site.output.exists()
