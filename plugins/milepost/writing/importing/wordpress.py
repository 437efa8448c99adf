"""WordPress' export (WXR): posts and pages with their state, and what its shortcodes stand for.

Source: https://developer.wordpress.org/reference/functions/export_wp/
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from pathlib import Path

from lxml.etree import _Element

from milepost.writing.importing.post import Post, moment, one_line, unique

_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_EXCERPT = re.compile(r"\{http://wordpress\.org/export/[\d.]+/excerpt/\}encoded")
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_WP = re.compile(r"\{http://wordpress\.org/export/[\d.]+/\}(?P<name>\w+)")
_BLOCK_TAGS = "p|div|h[1-6]|ul|ol|li|blockquote|pre|table|figure|hr|section|form|iframe|script|style|dl"
_IS_BLOCK = re.compile(rf"\s*</?(?:{_BLOCK_TAGS})\b", re.IGNORECASE)
_CAPTION = re.compile(
    r"\[caption[^\]]*\]\s*(?P<image>(?:<a\b[^>]*>)?\s*<img\b[^>]*>\s*(?:</a>)?)(?P<words>.*?)\[/caption\]", re.DOTALL
)
_VIDEO = re.compile(
    r"\[(?:embed|video|audio|youtube)[^\]]*?(?:src=[\"'])?(?P<url>https?://[^\s\"'\]]+)?[^\]]*\](?:(?P<inner>https?://[^\[\s]+)\[/\w+\])?"
)
_SHORTCODE = re.compile(r"\[/?(?P<name>[a-z][a-z0-9_-]{2,})(?:\s[^\]]*)?/?\](?!\()")
_MORE = re.compile(r"<!--\s*more\b.*?-->", re.DOTALL)


def is_export(root: _Element) -> bool:
    """Whether this is an export of WordPress, and no other RSS."""
    return any(_WP.match(str(element.tag)) for element in root.iter("{*}wxr_version"))


def posts(root: _Element, origin: str, beside: Path | None) -> list[Post]:
    """Every post and page of the export; attachments, menus and revisions are none."""
    names = {
        _wp(author, "author_login"): _wp(author, "author_display_name")
        for author in root.iter("{*}author")
        if _wp(author, "author_login")
    }
    found = []
    for item in root.iter("item"):
        kind, status = _wp(item, "post_type"), _wp(item, "status")
        if kind in ("post", "page") and status not in ("trash", "auto-draft", "inherit"):
            found.append(_post(item, "page" if kind == "page" else "article", status, names, origin, beside))
    return found


def _post(item: _Element, kind: str, status: str, names: dict[str, str], origin: str, beside: Path | None) -> Post:
    title = one_line(item.findtext("title")) or "Untitled"
    topics = {
        nice: [one_line(each.text) for each in item.findall("category") if each.get("domain") == nice]
        for nice in ("category", "post_tag")
    }
    categories = [name for name in topics["category"] if name.lower() != "uncategorized"]
    notes: list[str] = []
    html = item.findtext(_CONTENT) or ""
    excerpt = next((each.text or "" for each in item if _EXCERPT.fullmatch(str(each.tag))), "")
    if not excerpt and (more := _MORE.search(html)):
        excerpt = re.sub(r"<[^>]*>", " ", html[: more.start()])
    login = item.findtext(_CREATOR) or ""
    if status in ("private", "pending"):
        notes.append(f"it was {status}, and is a draft")
    gmt = moment(_wp(item, "post_date_gmt"))
    return Post(
        origin=f"{origin}: {title}",
        title=title,
        html=_paragraphs(_understood(_MORE.sub("", html), notes)),
        kind="page" if kind == "page" else "article",
        url=one_line(item.findtext("link")),
        date=moment(f"{_wp(item, 'post_date_gmt')}+00:00") if gmt else moment(_wp(item, "post_date")),
        authors=unique([names.get(login, login)]),
        category=categories[0] if categories else "",
        tags=unique([*categories[1:], *topics["post_tag"]]),
        summary=one_line(excerpt),
        slug=_wp(item, "post_name"),
        draft=status not in ("publish", "future"),
        beside=beside,
        notes=notes,
    )


def _wp(item: _Element, name: str) -> str:
    return one_line(
        next((each.text for each in item if (match := _WP.fullmatch(str(each.tag))) and match["name"] == name), "")
    )


def _understood(html: str, notes: list[str]) -> str:
    """`html` without shortcodes: captions are figures, embedded things are links, and the rest is told."""
    html = _CAPTION.sub(r"<figure>\g<image><figcaption>\g<words></figcaption></figure>", html)

    def linked(match: re.Match[str]) -> str:
        url = match["url"] or match["inner"]
        return f'<p><a href="{escape(url)}">{escape(url)}</a></p>' if url else match.group()

    html = _VIDEO.sub(linked, html)
    unknown = Counter(
        match["name"] for match in _SHORTCODE.finditer(re.sub(r"<(pre|code)\b.*?</\1>", "", html, flags=re.DOTALL))
    )
    for name, count in unknown.items():
        notes.append(f"shortcode [{name}] was taken out" + (f", {count} times" if count > 1 else ""))
        html = re.sub(rf"\[/?{re.escape(name)}(?:\s[^\]]*)?/?\](?!\()", "", html)
    return html


def _paragraphs(html: str) -> str:
    """What WordPress does with text of its older editor: an empty line ends a paragraph, and a single one breaks it."""
    if re.search(r"<!-- wp:", html) or re.search(r"<p\b", html, re.IGNORECASE):
        return html
    parts = []
    for part in re.split(r"(<pre\b.*?</pre>)", html, flags=re.DOTALL | re.IGNORECASE):
        if part.lower().startswith("<pre"):
            parts.append(part)
            continue
        for text in re.split(r"\n\s*\n", part.strip()):
            broken = text if _IS_BLOCK.match(text) else f"<p>{text.strip().replace(chr(10), '<br>' + chr(10))}</p>"
            parts.append(broken if text.strip() else "")
    return "\n".join(parts)
