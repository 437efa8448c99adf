"""Comments taken elsewhere: as JSON, and as Markdown beside the posts. What a person wrote is never written over."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, NavigableString
from markdownify import MarkdownConverter

from milepost.comments import snapshot, tree
from milepost.comments.beside import Page
from milepost.comments.messages import cleaned
from milepost.comments.model import Snapshot, Thread
from milepost.sources import BESIDE

_HEAD = "<!-- Exported by `milepost comments export`, and exported anew unless what is below was edited: {digest} -->\n"
_INLINE = re.compile(r"([\\`*_\[\]{}])")
_BLOCK = re.compile(r"^(\s*)(?=[#>+:=~|-])|(?<=\d)(?=[.)]\s)", re.MULTILINE)


def as_json(kept: Snapshot, pages: Iterable[Page]) -> dict[str, Any]:
    """Every thread with its page, or None where it belongs to no article, and its comments, their HTML cleaned."""
    by_thread = {page.thread: page for page in pages}
    return {
        "version": 1,
        "forum": kept.forum,
        "threads": [_thread(thread, by_thread.get(thread.id)) for thread in kept.threads],
    }


def _thread(thread: Thread, page: Page | None) -> dict[str, Any]:
    comments = [
        {
            "id": post.id,
            "parent": post.parent,
            "author": post.author,
            "at": post.at.isoformat(),
            "deleted": post.deleted,
            "html": str(cleaned(post.message)),
        }
        for post in thread.posts
    ]
    known = page and {"source": snapshot.name_of(Path(page.source)), "touchpoint": page.touchpoint, "url": page.url}
    return {
        "id": thread.id,
        "page": known,
        "title": thread.title,
        "link": thread.link,
        "closed": thread.closed,
        "comments": comments,
    }


def as_markdown(thread: Thread) -> str:
    """The thread as Markdown, a heading a comment, replies after what they reply to."""
    parts = [f"# Comments on {_name(thread.title) or 'this page'}\n"]
    for comment, parent in _flat(tree.comments_of(thread, UTC).posts):
        title = "Deleted" if comment.deleted else f"{_name(comment.author)}, {comment.at:%Y-%m-%d %H:%M} UTC"
        parts.append(f"## {title} {{: #comment-{comment.id} }}\n")
        if parent:
            name = "a deleted comment" if parent.deleted else _name(parent.author)
            parts.append(f"In reply to [{name}](#comment-{parent.id}).\n")
        if not comment.deleted:
            parts.append(f"{_markdown(str(comment.html))}\n")
    return "\n".join(parts)


def beside(page: Page) -> Path:
    """Where the comments of a page's source are exported to."""
    source = Path(page.source)
    return source.with_name(source.stem + BESIDE)


def may_write(path: Path) -> bool:
    """Whether nothing is there, or an export that nobody has edited."""
    try:
        head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    return f"{head}\n" == _head(rest)


def write(path: Path, text: str) -> None:
    """Write an export, so that `may_write` knows it again."""
    snapshot.replace(path, _head(text) + text)


def _head(text: str) -> str:
    return _HEAD.format(digest=hashlib.sha256(text.encode()).hexdigest()[:16])


def _flat(comments: Iterable[tree.Comment]) -> Iterator[tuple[tree.Comment, tree.Comment | None]]:
    """(comment, what it replies to) in the order of reading."""
    waiting: list[tuple[tree.Comment, tree.Comment | None]] = []
    waiting += [(comment, None) for comment in comments][::-1]
    while waiting:
        comment, parent = waiting.pop()
        yield comment, parent
        waiting += [(reply, comment) for reply in comment.children][::-1]


def _name(text: str) -> str:
    return _words(" ".join(text.split()))


def _words(text: str) -> str:
    """`text` as Markdown that says just that, whatever renders it."""
    plain = _INLINE.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _BLOCK.sub(lambda found: f"{found[1] or ''}\\", plain)


def _markdown(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for text in soup.find_all(string=True):
        if not text.find_parent(["code", "pre"]):
            text.replace_with(NavigableString(_words(str(text))))
    converter = MarkdownConverter(bullets="-", escape_asterisks=False, escape_underscores=False)
    return str(converter.convert_soup(soup)).strip()
