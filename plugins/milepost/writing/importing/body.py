"""An old post's HTML, made ready to become Markdown: what can run is taken out, and every address is looked at.

Knows HTML; what becomes of pictures and links is asked of those who know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Comment, Tag

_GONE = [
    "script",
    "style",
    "noscript",
    "template",
    "link",
    "meta",
    "form",
    "input",
    "button",
    "select",
    "svg",
    "canvas",
]
_EMBEDDED = ["iframe", "video", "audio", "embed", "object"]
_BLOCKS = ["p", "div", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote", "pre"]
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-orig-file")
_NOTE_MARK = re.compile(r"\[?(\d{1,3}|[*†‡a-z])\]?")
_BACK = re.compile(r"[↩↑^⤴]️?︎?|back|return", re.IGNORECASE)
Shown = Callable[[str], str | None]
"""From a picture's address to the one that it will have in the source; None where there is no such picture."""
Linked = Callable[[str], str]
"""From an absolute address to what a source writes for it."""


def prepared(html: str, base: str, shown: Shown, linked: Linked, notes: list[str]) -> BeautifulSoup:
    """`html` with nothing but text in it.

    Args:
        base: the address that it was at; relative links are relative to it.
        notes: is told what is lost.
    """
    soup = BeautifulSoup(html, "lxml")
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    _without_what_runs(soup, base, notes)
    _unpack_layout(soup)
    _renumber_headings(soup)
    _mark_footnotes(soup)
    for image in soup.find_all("img"):
        _show(image, base, shown, notes)
    for link in soup.find_all("a"):
        _link(link, base, linked, notes)
    return soup


def _without_what_runs(soup: BeautifulSoup, base: str, notes: list[str]) -> None:
    scripts = len(soup.find_all("script", src=True))
    if scripts:
        notes.append(f"{scripts} script{'s were' if scripts > 1 else ' was'} taken out")
    for element in soup.find_all(_EMBEDDED):
        source = element.find("source")
        url = element.get("src") or element.get("data") or (source.get("src") if source else "") or ""
        url = re.sub(
            r"^(?:https?:)?//www\.youtube(?:-nocookie)?\.com/embed/([\w-]+).*",
            r"https://www.youtube.com/watch?v=\1",
            str(url),
        )
        url = urljoin(base, url)
        if urlsplit(url).scheme in ("http", "https"):
            link = soup.new_tag("a", href=url)
            link.string = url
            element.replace_with(link)
            link.wrap(soup.new_tag("p"))
            notes.append(f"{element.name} is a link now: {url}")
        else:
            element.decompose()
    for element in soup.find_all(_GONE):
        element.decompose()


def _unpack_layout(soup: BeautifulSoup) -> None:
    """Tables that hold a page together are none of its words."""
    for table in reversed(soup.find_all("table")):
        cells = table.find_all(["td", "th"])
        if not table.find("th") and (len(cells) < 2 or any(cell.find(_BLOCKS) for cell in cells)):
            for part in table.find_all(["tbody", "thead", "tfoot", "tr", "td", "caption", "colgroup", "col"]):
                part.name = "div"
            table.name = "div"


def _renumber_headings(soup: BeautifulSoup) -> None:
    """The title is the h1, so that the text begins with an h2, and leaves no level out."""
    above: list[int] = []
    for heading in soup.find_all(re.compile(r"^h[1-6]$")):
        level = int(heading.name[1])
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        heading.name = f"h{min(6, len(above) + 1)}"
        if not heading.get_text(strip=True) and not heading.find("img"):
            heading.decompose()


def _mark_footnotes(soup: BeautifulSoup) -> None:
    """A number that leads to a text in the page, and the text: `footnote-mark` and `footnote-text`, by `name`."""
    for link in soup.find_all("a", href=re.compile(r"^[^#]*#.")):
        if link.decomposed:  # it led back from a note that is taken care of
            continue
        name = unquote(str(link["href"]).partition("#")[2])
        target = soup.find(id=name) or soup.find("a", attrs={"name": name})
        if link.parent is None or not isinstance(target, Tag) or not _NOTE_MARK.fullmatch(link.get_text(strip=True)):
            continue
        text = target if target.name in ("li", "p", "div", "dd") else target.find_parent(["li", "p", "div", "dd"])
        if text is None or text.name == "footnote-text" or link in text.find_all("a"):
            continue
        key = link.get_text(strip=True).strip("[]")
        mark = soup.new_tag("footnote-mark", attrs={"name": key})
        outer = link.parent if link.parent.name == "sup" else link
        outer.replace_with(mark)
        for back in text.find_all("a", href=re.compile("^[^#]*#.")):
            if (
                _BACK.search(back.get_text())
                or _NOTE_MARK.fullmatch(back.get_text(strip=True))
                or not back.get_text(strip=True)
            ):
                back.decompose()
        text.name, text.attrs = "footnote-text", {"name": key}
        (soup.body or soup).append(text.extract())


def _show(image: Tag, base: str, shown: Shown, notes: list[str]) -> None:
    size = str(image.get("width", "")), str(image.get("height", ""))
    if size in (("1", "1"), ("0", "0")):  # it counts readers, and shows nothing
        image.decompose()
        return
    given = str(image.get("src") or "")
    source = (
        next((str(image[name]) for name in _LAZY if image.get(name)), given)
        if given.startswith("data:") or not given
        else given
    )
    alt = " ".join(str(image.get("alt") or "").split())
    figure = image.find_parent("figure")
    caption = figure.find("figcaption") if figure else None
    words = (
        alt or " ".join(str(image.get("title") or "").split()) or (caption.get_text(" ", strip=True) if caption else "")
    )
    place = shown(source) if source and not source.startswith("data:") else None
    if place:
        if not alt:
            notes.append(
                f"picture without words: {place}"
                + (f'; its words are "{words}" now' if words else "; it is decoration now")
            )
        image.attrs = {"src": place, "alt": words}
        # The larger picture that it led to was on the old site.
        parent = image.parent
        if (
            parent is not None
            and parent.name == "a"
            and re.search(r"\.(jpe?g|png|gif|webp)$", str(parent.get("href")), re.IGNORECASE)
        ):
            parent.unwrap()
        return
    url = urljoin(base, source)
    if urlsplit(url).scheme in ("http", "https"):
        notes.append(f"picture is not beside the page, and is a link now: {url}")
        image.name, image.attrs = "a", {"href": url}
        image.string = words or url.rpartition("/")[2] or url
        if image.find_parent("a"):
            image.unwrap()
    else:
        notes.append(f"picture is not there: {source[:80] or 'no address'}")
        image.decompose()


def _link(link: Tag, base: str, linked: Linked, notes: list[str]) -> None:
    href = str(link.get("href") or "").strip()
    if not href or href.startswith("#"):
        link.unwrap()
        return
    try:
        url = urljoin(base, href)
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https", "mailto", "tel"):
        if scheme not in ("", "javascript", "data", "vbscript") or not href.lower().startswith(
            ("javascript:", "data:", "vbscript:")
        ):
            notes.append(f"link leads nowhere from here: {href[:80]}")
        link.unwrap()
        return
    link.attrs = {"href": linked(url)}
