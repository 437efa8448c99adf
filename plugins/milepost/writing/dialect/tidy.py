"""What extensions leave that a strict policy or a screen reader would refuse, made good: styles and nameless boxes."""

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
    """Aligned cells by class, and task boxes that say what they are."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  python-markdown's name
        md.treeprocessors.register(_ByClass(md), "align-by-class", _AFTER_INLINE)
        md.postprocessors.register(_NamedBoxes(md), "named-boxes", _AFTER_RAW_HTML)


class _ByClass(Treeprocessor):
    def run(self, root: Element) -> None:
        for cell in (*root.iter("th"), *root.iter("td")):
            if side := cell.attrib.pop("align", ""):
                cell.set("class", f"{cell.get('class', '')} align-{side}".strip())


class _NamedBoxes(Postprocessor):
    def run(self, text: str) -> str:
        for bare, named in _BOXES.items():
            text = text.replace(bare, named)
        return text
