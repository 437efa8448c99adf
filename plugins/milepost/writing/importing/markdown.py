"""From an old post's HTML to the dialect: markdownify, and what it does not know of ours."""

from __future__ import annotations

import re
from typing import Any

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter, abstract_inline_conversion

_LANGUAGE = re.compile(r"(?:lang(?:uage)?-|brush:\s*|highlight-source-|prettyprint lang-)(?P<name>[\w+#-]+)")
_INLINE = re.compile(r"[\\`*\[\]]|(?<!\w)_|_(?!\w)|\{(?=[:.#])|\+(?=\+\S[^+\n]*\+\+)")
_AT_LINE_START = re.compile(
    r"^(\s*)(#{1,6}(?=\s)|>|[-+](?=\s)|\d+(?=[.)]\s)|!(?=!!)|\?(?=\?\?)|/(?=//)|:(?=\s))", re.MULTILINE
)
_ENTITY = {"/": "&#47;", "?": "&#63;", ":": "&#58;"}


def markdown(soup: BeautifulSoup) -> str:
    """The Markdown of a prepared body."""
    has_dollars = soup.get_text().count("$") > 1
    text: str = _Converter(has_dollars).convert_soup(soup)
    return (
        re.sub(
            r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", lambda m: "  " if m.group() == "  " else "", text, flags=re.MULTILINE)
        ).strip()
        + "\n"
    )


def escaped(text: str, has_dollars: bool = False) -> str:
    """`text` so that Markdown reads it as text."""
    text = _INLINE.sub(lambda match: f"\\{match.group()}", text)
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text).replace("<", "&lt;")
    text = text.replace("$", "\\$") if has_dollars else text
    return _AT_LINE_START.sub(_at_line_start, text)


def _at_line_start(match: re.Match[str]) -> str:
    before, sign = match.groups()
    if sign.isdigit():
        # The dot behind it makes the list.
        return f"{before}{sign}\\"
    return f"{before}{_ENTITY.get(sign, f'{chr(92)}{sign}')}"


class _Converter(MarkdownConverter):  # type: ignore[misc]
    def __init__(self, has_dollars: bool) -> None:
        super().__init__(
            heading_style="ATX", bullets="-", sub_symbol="<sub>", sup_symbol="<sup>", newline_style="SPACES",
            wrap=False, table_infer_header=True,
        )  # fmt: skip
        self._has_dollars = has_dollars

    def escape(self, text: str, parent_tags: set[str]) -> str:
        return escaped(text, self._has_dollars) if text else ""

    convert_del = convert_s = abstract_inline_conversion(lambda self: "<del>")
    convert_kbd = abstract_inline_conversion(lambda self: "<kbd>")
    convert_mark = abstract_inline_conversion(lambda self: "<mark>")

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        for broken in el.find_all("br"):
            broken.replace_with("\n")
        code = el.get_text().strip("\n")
        classes = " ".join(
            name
            for each in (el, *el.find_all(["code", "div"]))
            for name in [*(each.get("class") or []), str(each.get("data-lang") or "")]
        )
        language = _LANGUAGE.search(classes)
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
        return f"\n\n{fence}{language['name'].lower() if language else ''}\n{code}\n{fence}\n\n"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        alt = re.sub(r"([\[\]\\])", r"\\\1", str(el.get("alt") or ""))
        return f"![{alt}]({el['src']})" + ("" if alt else "{ .decorative }")

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        href = re.sub(r"\s", "%20", str(el.get("href") or "")).replace("(", "%28").replace(")", "%29")
        words = text.strip()
        if not words or not href:
            return text
        before, after = " " * (text[:1].isspace()), " " * (text[-1:].isspace())
        plain = href == el.get_text().strip() and "](" not in words
        return f"{before}<{href}>{after}" if plain else f"{before}[{words}]({href}){after}"

    def convert_figure(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        caption = el.find("figcaption")
        words = self.process_element(caption, parent_tags).strip() if isinstance(caption, Tag) else ""
        return f"\n\n{text.strip()}\n" + (
            f"\n/// caption\n{' '.join(words.split())}\n///\n\n" if words and text.strip() else f"\n{words}\n\n"
        )

    def convert_figcaption(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        # Asked for by its figure; alone it is a paragraph.
        return "" if "figure" in parent_tags else f"\n\n{text.strip()}\n\n"

    def get_conv_fn(self, tag_name: str) -> Any:
        known = {"footnote-mark": _footnote_mark, "footnote-text": _footnote_text}
        return known.get(tag_name) or super().get_conv_fn(tag_name)


def _footnote_mark(el: Tag, text: str, parent_tags: set[str]) -> str:
    return f"[^{el['name']}]"


def _footnote_text(el: Tag, text: str, parent_tags: set[str]) -> str:
    words = re.sub(r"^\s*\[?\^?\d*[.\])]?\s*", "", text.strip()) or "…"
    return f"\n\n[^{el['name']}]: " + re.sub(r"\n+", "\n    ", words) + "\n\n"
