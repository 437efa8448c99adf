"""One saved page of any blog: where its article is, and what it says of itself.

Asked in this order: JSON-LD, Open Graph and other `meta`, microdata and microformats, the page's own elements; the
body is what is marked as such, else the `article`, else where most of the text is.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Comment, Tag, XMLParsedAsHTMLWarning

from milepost.writing.importing.post import NotUnderstood, Post, moment, one_line, unique

_ARTICLES = ("BlogPosting", "Article", "NewsArticle", "TechArticle", "Report")
_BODIES = (
    "[itemprop~=articleBody]", "[property~=articleBody]", ".e-content", ".entry-content", ".post-content",
    ".gh-content", ".post-body", ".article-content", ".article-body", ".blog-content", ".postcontent",
)  # fmt: skip
_AROUND = re.compile(
    r"(?:^|[-_ ])(?:share|sharing|social|related|sidebar|widget|comments?|respond|breadcrumbs?|pagination|pager|nav|"
    r"navigation|menu|footer|header-?bar|newsletter|subscribe|cookie|advert\w*|ads?|promo|author-(?:box|bio|card)|"
    r"post-(?:meta|tags|navigation)|entry-(?:meta|footer)|jp-relatedposts|sharedaddy|skip-link|search)(?:$|[-_ ])",
    re.IGNORECASE,
)
_DATED = re.compile(r"date|posted|published|time", re.IGNORECASE)
_SIGNED = re.compile(r"(?:^|[-_ ])(?:author|byline|posted-?by|vcard)", re.IGNORECASE)
_SAVED_FROM = re.compile(r"saved from url=\(\d+\)(?P<url>\S+)")
_LEAST_LETTERS = 140


def post(data: bytes, origin: str, beside: Path | None) -> Post:
    """The article of the page `data`.

    Raises:
        NotUnderstood: when no article can be found in it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # it is XHTML, which is read as HTML everywhere
        soup = BeautifulSoup(data, "lxml")
    for form in soup.find_all("form"):
        # ASP.NET puts a whole page into one.
        if len(form.get_text()) > len(soup.get_text()) / 2:
            form.unwrap()
    said = next(_articles(soup), {})
    title = _title(soup, said)
    body = _body(soup)
    if body is None or not title:
        raise NotUnderstood("has no article that can be found" if body is None else "has no title")
    category, tags = _topics(soup, said)
    return Post(
        origin=origin,
        title=title,
        html=_without_around(body, title),
        url=_url(soup, said),
        date=_date(
            soup, said, "datePublished", "article:published_time", "dc.date", "date", "pubdate", "dcterms.created"
        ),
        updated=_date(soup, said, "dateModified", "article:modified_time", "dcterms.modified", visible=False),
        authors=_authors(soup, said),
        category=category,
        tags=tags,
        summary=one_line(_first(said.get("description"), _meta(soup, "og:description"), _meta(soup, "description"))),
        lang=str(soup.html.get("lang") or "").partition("-")[0].lower() if soup.html else "",
        beside=beside,
    )


def _articles(soup: BeautifulSoup) -> Iterator[dict[str, Any]]:
    """What the page's JSON-LD says of an article; of a broken block, nothing."""
    for script in soup.find_all("script", type="application/ld+json"):
        try:
            waiting: list[Any] = [json.loads(script.string or "")]
        except (ValueError, RecursionError):
            continue
        while waiting:
            thing = waiting.pop(0)
            if isinstance(thing, list):
                waiting += thing
            elif isinstance(thing, dict):
                kinds = thing.get("@type")
                if set(kinds if isinstance(kinds, list) else [kinds]) & set(_ARTICLES):
                    yield thing
                waiting += [thing[key] for key in ("@graph", "mainEntity") if key in thing]


def _names(value: Any) -> list[str]:
    """The names in a value of JSON-LD: texts, things with a name, or lists of them."""
    if isinstance(value, list):
        return [name for each in value for name in _names(each)]
    if isinstance(value, dict):
        return _names(value.get("name"))
    return [value] if isinstance(value, str) else []


def _first(*values: Any) -> str:
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _meta(soup: BeautifulSoup, name: str) -> str:
    return next(iter(_metas(soup, name)), "")


def _metas(soup: BeautifulSoup, name: str) -> list[str]:
    wanted = name.lower()
    return [
        str(meta["content"])
        for meta in soup.find_all("meta", content=True)
        if wanted in (str(meta.get("property", "")).lower(), str(meta.get("name", "")).lower())
    ]


def _prop(soup: BeautifulSoup, name: str) -> str:
    """What microdata has for a property, in the attribute that its element keeps it in."""
    for element in soup.select(f'[itemprop~="{name}"]'):
        found = _first(element.get("content"), element.get("datetime"), element.get_text(" "))
        if found:
            return found
    return ""


def _title(soup: BeautifulSoup, said: dict[str, Any]) -> str:
    own = soup.select_one("article h1, .entry-title, .post-title, .p-name") or soup.find("h1")
    found = _first(
        said.get("headline"), _meta(soup, "og:title"), _prop(soup, "headline"), own.get_text(" ") if own else ""
    )
    if not found and soup.title:
        # Most sites put their own name behind it.
        found = re.split(r"\s+[|·»–—]\s+|\s+-\s+|\s+::\s+", soup.title.get_text())[0]
    return one_line(BeautifulSoup(found, "lxml").get_text(" ")) if "<" in found or "&" in found else one_line(found)


def _url(soup: BeautifulSoup, said: dict[str, Any]) -> str:
    canonical = soup.select_one('link[rel~="canonical"]')
    page = said.get("mainEntityOfPage")
    of_page = page.get("@id") if isinstance(page, dict) else page
    saved = next(
        (
            match["url"]
            for each in soup.find_all(string=lambda text: isinstance(text, Comment))
            if (match := _SAVED_FROM.search(each))
        ),
        "",
    )
    href = canonical.get("href") if canonical else ""
    return next(
        (
            one_line(url)
            for url in (href, _meta(soup, "og:url"), said.get("url"), of_page, saved)
            if isinstance(url, str) and "://" in url
        ),
        "",
    )


def _date(soup: BeautifulSoup, said: dict[str, Any], key: str, *names: str, visible: bool = True) -> Any:
    given = [_first(said.get(key)), *(_meta(soup, name) for name in names), _prop(soup, key)]
    if visible:
        given += [str(time.get("datetime") or time.get_text()) for time in soup.find_all("time")]
        marked = soup.find_all(class_=_DATED) + soup.find_all(id=_DATED)
        given += [
            re.sub(r"(?i)^\s*(?:posted|published|written)?\s*(?:on|at)?:?\s*", "", text)
            for each in marked
            if len(text := one_line(each.get_text(" "))) < 60
        ]
    return next((found for text in given if (found := moment(text))), None)


def _authors(soup: BeautifulSoup, said: dict[str, Any]) -> tuple[str, ...]:
    found = (
        _names(said.get("author"))
        or _metas(soup, "author")
        or [name for name in _metas(soup, "article:author") if "://" not in name]
    )
    if not found:
        marked = soup.select("[itemprop~=author] [itemprop~=name], [itemprop~=author], a[rel~=author], .p-author") or [
            each for each in soup.find_all(class_=_SIGNED) if len(each.get_text()) < 60
        ]
        found = [marked[0].get_text(" ")] if marked else []
    return unique(re.sub(r"(?i)^\s*(?:posted\s+)?by:?\s+", "", name) for name in found)


def _topics(soup: BeautifulSoup, said: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """(category, tags)."""
    sections = [*_names(said.get("articleSection")), *_metas(soup, "article:section")]
    sections += [each.get_text() for each in soup.select('a[rel~="category"], .cat-links a, .category a')]
    words = said.get("keywords")
    tags = words.split(",") if isinstance(words, str) else _names(words)
    tags += _metas(soup, "article:tag")
    tags += [
        each.get_text()
        for each in soup.select('a[rel~="tag"], .tags a, .p-category')
        if "category" not in (each.get("rel") or [])
    ]
    found = unique(sections)
    return found[0] if found else "", tuple(
        tag for tag in unique([*found[1:], *tags]) if not found or tag.casefold() != found[0].casefold()
    )


def _body(soup: BeautifulSoup) -> Tag | None:
    marked = [element for selector in _BODIES for element in soup.select(selector)]
    articles = [element for element in soup.find_all("article") if not element.find("article")]
    for candidates in (marked, articles):
        largest: Tag | None = max(candidates, key=_letters, default=None)
        if largest is not None and _letters(largest) >= _LEAST_LETTERS:
            return largest
    return _densest(soup)


def _letters(element: Tag) -> int:
    """How much text is in an element that is no link's."""
    return len(element.get_text()) - 2 * sum(len(link.get_text()) for link in element.find_all("a"))


def _densest(soup: BeautifulSoup) -> Tag | None:
    """The element right around most of the text; paragraphs count for their parent, and half for the one above it."""
    scores: dict[int, tuple[float, Tag]] = {}

    def add(element: Tag | None, score: float) -> None:
        if element is not None and element.name not in ("html", "[document]"):
            scores[id(element)] = (scores.get(id(element), (0.0, element))[0] + score, element)

    for element in soup.find_all(["p", "pre", "blockquote", "li", "h2", "h3", "br", "td", "div", "font"]):
        if any(_is_around(each) for each in (element, *element.parents) if isinstance(each, Tag)):
            continue
        own = sum(len(str(text).strip()) for text in element.find_all(string=True, recursive=False))
        score = own - 2 * sum(len(link.get_text()) for link in element.find_all("a", recursive=False))
        if element.name in ("td", "div", "font"):
            add(element, max(0, score))
        elif score > 20:
            add(element.parent, score)
            add(element.parent.parent if element.parent else None, score / 2)
    if not scores:
        return None
    best, densest = max(scores.values(), key=lambda pair: pair[0])
    return densest if best >= _LEAST_LETTERS else None


def _is_around(element: Tag) -> bool:
    """Whether an element is of the page around the article, by what it is or by what it is called."""
    if element.name in ("nav", "aside", "footer", "form", "script", "style", "noscript", "template"):
        return True
    called = " ".join([*(element.get("class") or []), str(element.get("id") or "")])
    return element.name not in ("body", "article", "main", "html") and bool(_AROUND.search(called))


def _without_around(body: Tag, title: str) -> str:
    for element in body.find_all(_is_around):
        if not element.decomposed:
            element.decompose()
    for element in body.find_all("header"):
        element.decompose()
    for heading in body.find_all(["h1", "h2"]):
        if one_line(heading.get_text(" ")).casefold() == title.casefold():
            heading.decompose()
            break
    return body.decode_contents()
