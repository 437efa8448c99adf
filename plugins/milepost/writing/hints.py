"""Comments in front matter: lines that begin with `#`, between lines of `---`, say something to the writer alone.

`milepost new` writes them. YAML has the same, so editors show them as what they are. Knows python-markdown.
"""

from __future__ import annotations

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from milepost.sources import without_comments

_BEFORE_META, _AFTER_NORMALIZING = 27, 30


class FrontMatterComments(Extension):
    """Takes the comments out before python-markdown's `meta` sees them, which would end the front matter there."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  python-markdown's name
        priority = (_BEFORE_META + _AFTER_NORMALIZING) / 2
        md.preprocessors.register(_WithoutComments(md), "front-matter-comments", priority)


class _WithoutComments(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        return without_comments(lines)
