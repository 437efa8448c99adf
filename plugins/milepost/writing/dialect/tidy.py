"""What extensions leave that a strict policy, a screen reader or a wide screen asks for: no styles, names, numbers."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

_AFTER_INLINE, _AFTER_RAW_HTML = 5, 5
_BOXES = {
    '<input type="checkbox" disabled/>': '<input type="checkbox" disabled aria-label="To do">',
    '<input type="checkbox" disabled checked/>': '<input type="checkbox" disabled checked aria-label="Done">',
}


class Tidy(Extension):
    """Aligned cells by class, task boxes that say what they are, and footnotes that styles can lay beside the text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  python-markdown's name
        md.treeprocessors.register(_ByClass(md), "align-by-class", _AFTER_INLINE)
        md.treeprocessors.register(_NumberedNotes(md), "numbered-notes", _AFTER_INLINE)
        md.postprocessors.register(_NamedBoxes(md), "named-boxes", _AFTER_RAW_HTML)


class _ByClass(Treeprocessor):
    def run(self, root: Element) -> None:
        for cell in (*root.iter("th"), *root.iter("td")):
            if side := cell.attrib.pop("align", ""):
                cell.set("class", f"{cell.get('class', '')} align-{side}".strip())


class _NumberedNotes(Treeprocessor):
    """`data-note` where a note is first spoken of: its number, which no selector can read out of the text."""

    def run(self, root: Element) -> None:
        for mark in root.iter("sup"):
            link = mark.find("a")
            if mark.get("id", "").startswith("fnref:") and link is not None and link.text:
                mark.set("data-note", link.text)


class _NamedBoxes(Postprocessor):
    def run(self, text: str) -> str:
        for bare, named in _BOXES.items():
            text = text.replace(bare, named)
        return text
