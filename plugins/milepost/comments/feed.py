"""The Atom feed of one article's comments. Knows feedgenerator and comments; knows no Pelican and no file."""

from __future__ import annotations

import io
from datetime import datetime
from urllib.parse import urlsplit

from feedgenerator import Atom1Feed

from milepost.comments.tree import Comments

MOST = 50
"""How many comments a feed has, the newest first."""


def text_of(comments: Comments, site_url: str, lang: str, published: datetime) -> str:
    """The feed as RFC 4287 has it; every address in it is absolute.

    Args:
        published: the article's own time, which is the feed's until somebody comments.
    """
    url, host = f"{site_url}/{comments.address}", urlsplit(site_url).hostname or "localhost"
    # Tag URIs (RFC 4151): an entry stays the same one when the article's address changes.
    feed = Atom1Feed(
        title=f"Comments on {comments.title}",
        link=url,
        description="",
        language=lang,
        feed_url=f"{site_url}/{comments.feed}",
        feed_guid=f"tag:{host},{published:%Y-%m-%d}:comments/{comments.identifier or comments.address}",
        author_name=host,
    )
    newest = comments.newest(MOST)
    for comment in newest:
        feed.add_item(
            title=f"{comment.author} on {comments.title}",
            link=f"{url}#comment-{comment.id}",
            description=None,
            content=str(comment.html),
            author_name=comment.author,
            pubdate=comment.at,
            unique_id=f"tag:{host},{comment.at:%Y-%m-%d}:comment/{comment.id}",
        )
    # Left to itself, a feed without entries is of the moment when it is built.
    feed.latest_post_date = lambda: newest[0].at if newest else published
    written = io.StringIO()
    feed.write(written, "utf-8")
    return written.getvalue()
