"""Formulas: TeX in, MathML out, at build, so that no reader needs a script.

`pymdownx.arithmatex` finds them, latex2mathml translates them. Knows TeX; knows no file.
"""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from pymdownx.arithmatex import RE_BRACKET_INLINE, RE_SMART_DOLLAR_INLINE

INLINE = (RE_SMART_DOLLAR_INLINE.removesuffix(")") + r"(?!\d))", RE_BRACKET_INLINE)
"""TeX within a line. Unlike arithmatex, as Pandoc does: `$5-$10` is money, since a digit follows the second dollar."""
_AFTER_INLINE = 15
_UNKNOWN = re.compile(r"<m[io]>\\(?P<command>[A-Za-z]+)</m[io]>")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST = 4096


class BadFormula(ValueError):
    """TeX that cannot be translated; the text says what is wrong with it."""


def mathml(tex: str, display: bool) -> Element:
    """`tex` as a `math` element, whose `alttext` is the TeX that was written.

    Raises:
        BadFormula: when it is no TeX that latex2mathml knows.
    """
    if len(tex) > _LONGEST:
        raise BadFormula(f"longer than {_LONGEST} characters")
    _refuse_open_braces(tex)
    try:
        text = convert(tex, display="block" if display else "inline")
        element = ElementTree.fromstring(_BARE_AMPERSAND.sub("&amp;", text))  # noqa: S314  made here, of our own text
    except RecursionError as error:
        raise BadFormula("nested too deeply") from error
    except Exception as error:  # the library has no exception of its own to catch, and some come from deep within
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__.removesuffix("Error")).lower()
        raise BadFormula(str(error).strip() or words) from error
    if unknown := _UNKNOWN.search(text):
        raise BadFormula(f"nobody knows \\{unknown['command']}")
    if "<mi>&</mi>" in text:
        raise BadFormula("columns in no environment that is known; say \\begin{align*}, {cases} or {matrix}")
    # Without it serializers would write `ns0:math`; HTML knows what a `math` is.
    for part in element.iter():
        part.tag = part.tag.rpartition("}")[2]
    element.set("alttext", " ".join(tex.split()))
    return element


def _refuse_open_braces(tex: str) -> None:
    """latex2mathml closes at the end what is open."""
    depth = 0
    for brace in _BRACE.findall(tex):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            raise BadFormula("a } that closes nothing")
    if depth:
        raise BadFormula("a { that is not closed")


class Formulas(Extension):
    """Puts MathML where arithmatex found TeX. What cannot be translated stays, as code; the check tells its writer."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  python-markdown's name
        md.inlinePatterns["arithmatex-inline"].compiled_re = re.compile(f"(?:{'|'.join(INLINE)})", re.DOTALL)
        md.treeprocessors.register(_ToMathML(md), "formulas", _AFTER_INLINE)


class _ToMathML(Treeprocessor):
    def run(self, root: Element) -> None:
        for holder in root.iter():
            if holder.tag in ("span", "div") and holder.get("class") == "arithmatex":
                self._fill(holder)

    def _fill(self, holder: Element) -> None:
        tex = (holder.text or "").strip()[2:-2]
        display = holder.tag == "div"
        if display:  # arithmatex escapes these, and not the others
            tex = unescape(tex)
        try:
            formula = mathml(tex, display)
        except BadFormula:
            formula = Element("code")
            formula.text = tex
        holder.text = None
        holder.set("class", "formula")
        if display:
            # It scrolls in its own box on a narrow screen, by keyboard too.
            holder.set("tabindex", "0")
        holder.append(formula)
