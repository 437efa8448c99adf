"""The Atom feed of the issues that were sent, for who would rather not be mailed. Knows feedgenerator and no file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from urllib.parse import urlsplit

from feedgenerator import Atom1Feed
from markupsafe import Markup

from milepost.newsletter.archive import SentIssue
from milepost.newsletter.model import ISSUES

NAME = "feeds/newsletter.atom.xml"
MOST = 20
_TITLE, _SUMMARY = Markup('<h2><a href="{}">{}</a></h2>'), Markup("<p>{}</p>")


def text_of(issues: Sequence[SentIssue], site_url: str, title: str, lang: str) -> str:
    """The newest issues, as RFC 4287 has a feed; `issues` are newest first, and at least one."""
    host = urlsplit(site_url).hostname or "localhost"
    feed = Atom1Feed(
        title=title,
        link=f"{site_url}/{ISSUES}",
        description="",
        language=lang,
        feed_url=f"{site_url}/{NAME}",
        # Tag URIs (RFC 4151): they stay when the address of the site changes.
        feed_guid=f"tag:{host},{issues[-1].sent:%Y-%m-%d}:newsletter",
        author_name=title,
    )
    for issue in issues[:MOST]:
        parts = [issue.html]
        for post in issue.posts:
            parts.append(_TITLE.format(str(post.url), post.title))
            parts += [_SUMMARY.format(post.summary)] if post.summary else []
        feed.add_item(
            title=issue.subject,
            link=f"{site_url}/{ISSUES}{issue.id}/",
            description=None,
            content="\n".join(filter(None, parts)),
            pubdate=issue.sent,
            unique_id=f"tag:{host},{issue.sent:%Y-%m-%d}:newsletter/{issue.id}",
        )
    written = io.StringIO()
    feed.write(written, "utf-8")
    return written.getvalue()
