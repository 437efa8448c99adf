"""The theme: its colours and styles as data, and every kind of page as readers get it from a whole build."""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import Tag

from milepost.reading import assets
from sites import ROOT, Site, article

CSS = ROOT / "theme" / "static" / "css"
PARTS = assets.parts_of(CSS)
TEMPLATES = sorted((ROOT / "theme" / "templates").rglob("*.html"))
COLOUR = re.compile(r"--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);")


def colours(scheme: str) -> dict[str, tuple[float, float, float]]:
    """Each token's (lightness, chroma, hue) in `light` or `dark`."""
    light, _, dark = (CSS / "tokens.css").read_text().partition("@media screen and (prefers-color-scheme: dark)")
    text = light + (dark if scheme == "dark" else "")
    return {name: (float(L), float(c), float(h)) for name, L, c, h in COLOUR.findall(text)}


def luminance(colour: tuple[float, float, float]) -> float:
    """WCAG's relative luminance of an OKLCH colour, clipped to sRGB (Ottosson's matrices)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert round(contrast((0, 0, 0), (1, 0, 0)), 1) == 21.0
    assert round(contrast((0.5999, 0, 0), (1, 0, 0)), 1) == 3.9  # oklch(0.5999 0 0) is #808080


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_colour_is_readable_on_every_ground_it_stands_on(scheme: str) -> None:
    known = colours(scheme)
    grounds = {
        "paper": ["ink", "muted", "accent", "caution", "danger"],
        "wash": ["ink", "muted", "accent", "caution", "danger", *(name for name in known if name.startswith("code-"))],
        "accent-wash": ["ink", "muted", "accent", *(name for name in known if name.startswith("code-"))],
        "accent": ["on-accent"],
        "band": ["on-band", "band-muted", "band-accent"],
        "band-accent": ["band"],
    }
    pairs = {
        (text, ground): contrast(known[text], known[ground]) for ground, texts in grounds.items() for text in texts
    }
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edge_of_a_field_is_seen_on_paper(scheme: str) -> None:
    known = colours(scheme)
    assert contrast(known["edge"], known["paper"]) >= 3


def test_the_stylesheet_weighs_at_most_8_kilobytes_compressed() -> None:
    assert len(gzip.compress(assets.stylesheet(PARTS).encode())) <= 8192


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_styles_are_layered_without_id_selectors_importance_or_a_writing_direction(part: Path) -> None:
    text = assets.stylesheet([part])
    selectors = re.findall(r"^([^@{};]+)\{", text, re.MULTILINE)
    assert [selector for selector in selectors if re.search(r"#[\w-]+", selector)] == []
    assert "!important" not in text
    physical = (
        r"\b(margin|padding|border|inset)-(left|right|top|bottom)\b|align: (left|right)|^(left|right|width|height):"
    )
    assert re.findall(physical, text, re.MULTILINE) == []
    # Every rule is inside a layer: taking the @layer blocks away leaves nothing.
    depth, outside = 0, ""
    for line in text.splitlines():
        if depth == 0 and not line.startswith("@layer"):
            outside += line
        depth += line.count("{") - line.count("}")
    assert (depth, outside) == (0, "")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_style_or_script_of_their_own(template: Path) -> None:
    text = template.read_text()
    assert re.findall(r"\sstyle=|<style|<script|\son\w+=", text) == []


HOSTILE = 'Tom & <b>Jerry</b> "quoted"'
ESCAPED = 'Tom &amp; &lt;b&gt;Jerry&lt;/b&gt; "quoted"'
FILES: dict[str, str | bytes] = {
    "content/articles/a.md": article("First post", 1, "One.\n\n    :::python\n    x = 1\n\nText[^1].\n\n[^1]: Foot.\n"),
    "content/articles/b.md": article("Second post", 2).replace("Tags:", "Modified: 2026-02-01\nTags:"),
    "content/articles/c.md": article(HOSTILE, 3).replace("Summary: What", "Summary: About"),
    "content/pages/about.md": "Title: About\nSlug: about\nSummary: Who we are.\n\nWe are.\n",
    "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\n\n## Choices { #choices }\n\nYours.\n",
    "content/pages/404.md": (
        "Title: Not here\nTemplate: error\nSave_as: 404.html\nURL: 404.html\nStatus: hidden\n\nTry these.\n"
    ),
}
PAGES = {
    "home": "index.html",
    "home, page 2": "page/2/index.html",
    "article": "first-post/index.html",
    "page": "about/index.html",
    "category": "category/strategy/index.html",
    "tag": "tag/funnels/index.html",
    "author": "author/ada-sample/index.html",
    "archives": "archives/index.html",
    "categories": "categories/index.html",
    "tags": "tags/index.html",
    "authors": "authors/index.html",
    "error": "404.html",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The theme alone, on Pelican alone: what no slice has to help with."""
    site = Site(tmp_path_factory.mktemp("plain"), "PLUGINS = []\nDEFAULT_PAGINATION = 2").write(FILES)
    result = site.pelican()
    assert result.returncode == 0, result.stderr
    return site


def texts(tags: list[Tag]) -> list[str]:
    return [" ".join(tag.get_text().split()) for tag in tags]


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_every_kind_of_page_has_what_every_page_has(plain: Site, path: str) -> None:
    soup = plain.soup(path)
    head = [tag.name for tag in soup.head.find_all(["meta", "title", "link", "script"])] if soup.head else []
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    stylesheets = soup.select('link[rel="stylesheet"]')
    assert head[:2] == ["meta", "meta"]
    assert policy in soup.select("head > meta")[:2]
    assert "unsafe" not in policy["content"]
    assert [sheet["href"] for sheet in stylesheets] == ["http://127.0.0.1:8000/theme/css/style.css"]
    assert soup.select_one("body > a")["href"] == "#main"
    assert (len(soup.select("main#main h1")), len(soup.select("h1")), len(soup.select("main"))) == (1, 1, 1)
    assert texts(soup.select("header .site-nav a")) == ["Articles", "About"]
    assert texts(soup.select(".closing h2")) == ["Stay informed", "About our company"]
    assert "http://127.0.0.1:8000/privacy/#choices" in [link["href"] for link in soup.select("body > footer a")]
    assert soup.select("[style], script, style") == []
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert sorted(set(ids)) == sorted(ids)


def test_text_of_writers_is_text_and_not_markup(plain: Site) -> None:
    home = (plain.output / "index.html").read_text()
    assert "<b>Jerry</b>" not in home.replace(plain.soup("index.html").select_one(".summary").decode_contents(), "")
    assert texts(plain.soup("index.html").select("main article h2"))[0] == HOSTILE
    assert HOSTILE in texts(plain.soup("archives/index.html").select("main li a"))
    assert ESCAPED.replace('"', "&#34;") in (plain.output / "archives" / "index.html").read_text()


def test_home_leads_with_the_newest_article_and_says_whose_they_are(plain: Site) -> None:
    soup = plain.soup("index.html")
    assert texts(soup.select("h1, .tagline")) == [
        "Articles by Milepost",
        "There never was a funnel. Measure the journeys that readers really take.",
    ]
    assert texts(soup.select(".card-lead h2")) == [HOSTILE]
    assert texts(soup.select(".card:not(.card-lead) h2")) == ["Second post"]
    # The first link of a card is the article itself.
    assert soup.select_one("main article a")["href"].startswith("http://127.0.0.1:8000/tom-")


def test_listings_lead_from_page_to_page(plain: Site) -> None:
    first, second = plain.soup("index.html"), plain.soup("page/2/index.html")
    assert [link["href"] for link in first.select(".pagination a")] == ["http://127.0.0.1:8000/page/2/"]
    assert [link["href"] for link in second.select(".pagination a")] == ["http://127.0.0.1:8000/"]
    assert second.select(".card-lead") == []
    assert texts(second.select(".pagination span:not([aria-hidden])")) == ["Page 2 of 2"]


def test_the_current_place_is_marked_in_the_navigation(plain: Site) -> None:
    current = {
        path: {link.get_text(): link["aria-current"] for link in plain.soup(path).select(".site-nav [aria-current]")}
        for path in ("index.html", "first-post/index.html", "about/index.html", "404.html")
    }
    assert current == {
        "index.html": {"Articles": "page"},
        "first-post/index.html": {"Articles": "true"},
        "about/index.html": {"About": "page"},
        "404.html": {},
    }


def test_an_article_says_when_it_was_published_and_updated(plain: Site) -> None:
    soup = plain.soup("second-post/index.html")
    times = {time["datetime"][:10]: time.get_text() for time in soup.select(".article-header time")}
    assert times == {"2026-01-02": "2 January 2026", "2026-02-01": "1 February 2026"}
    assert texts(soup.select(".kicker a")) == ["Strategy"]
    assert texts(soup.select(".tags a")) == ["funnels", "journeys"]
    assert texts(soup.select(".byline a")) == ["Ada Sample"]
    assert len(plain.soup("first-post/index.html").select(".article-header time")) == 1


def test_archives_are_by_year_newest_first(plain: Site) -> None:
    soup = plain.soup("archives/index.html")
    assert texts(soup.select(".year h2")) == ["2026"]
    assert texts(soup.select(".year li a")) == [HOSTILE, "Second post", "First post"]


def test_the_error_page_shows_ways_on(plain: Site) -> None:
    soup = plain.soup("404.html")
    assert texts(soup.select("h1, .prose p")) == ["Not here", "Try these."]
    assert texts(soup.select(".way-on li a")) == [HOSTILE, "Second post", "First post"]
    assert [link["href"] for link in soup.select(".ways a")] == [
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000/archives/",
    ]


def test_a_site_with_no_article_says_so(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/pages/about.md": FILES["content/pages/about.md"]}, "PLUGINS = []")
    result = site.pelican()
    assert result.returncode == 0, result.stderr
    for path in ("index.html", "archives/index.html", "tags/index.html"):
        assert texts(site.soup(path).select(".empty strong")) == ["Nothing published yet."], path
