"""The snapshot brought up to date: what was kept, what Disqus has now, and that nothing is lost on the way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from milepost.comments import disqus, snapshot
from milepost.comments.fetch import Progress, fetched
from milepost.comments.model import CommentsError, Settings, Snapshot
from milepost.errors import SettingsError
from milepost.settings import Settings as AllSettings

_FEW = 10
"""So many comments may go at once without a question."""


class Refreshed(NamedTuple):
    """The snapshot as it is now, where it is, and whether the file was written."""

    snapshot: Snapshot
    path: Path
    new: bool


def transport_of(settings: AllSettings, *, hurried: bool = False) -> disqus.Transport:
    """The way to Disqus that the environment names; a hurried one gives up within a minute or so.

    Raises:
        SettingsError: when there is no key, or the address is none that a key may be sent to.
    """
    if not settings.env.disqus_public_key:
        raise SettingsError(
            "no key for Disqus; set DISQUS_PUBLIC_KEY to the public key of your Disqus application in the environment"
        )
    base, key = settings.env.disqus_api_base, settings.env.disqus_public_key
    if hurried:
        return disqus.Transport(base, key, timeout_seconds=5, attempts=3, patience_seconds=20)
    return disqus.Transport(base, key)


def refreshed(
    settings: AllSettings,
    transport: disqus.Transport,
    now: datetime,
    progress: Progress = lambda *_: None,
    *,
    everything: bool = False,
) -> Refreshed:
    """Fetch what is new, or `everything`, and write it if it differs from what was kept.

    Raises:
        CommentsError: for whatever went wrong; then the file is as it was.
    """
    forum, path = settings.of(Settings).forum, snapshot.path_of(settings)
    kept = snapshot.read(path)
    if kept and kept.forum != forum:
        raise CommentsError(
            f"{snapshot.name_of(path)}: has the comments of {kept.forum!r}, and COMMENTS_FORUM is {forum!r};"
            " move the file away, or name another one in COMMENTS_SNAPSHOT"
        )
    found = fetched(disqus.api(transport), forum, now, progress, None if everything else kept)
    if kept and found.threads == kept.threads:
        return Refreshed(kept, path, False)
    # An answer can be well-formed and wrong: a forum that was emptied by mistake, a server that has forgotten.
    if kept and kept.count - found.count > max(_FEW, kept.count // 2):
        raise CommentsError(
            f"Disqus lists {found.count} of the {kept.count} comments in {snapshot.name_of(path)}; nothing was changed."
            " If that is right, move the file away and fetch again"
        )
    snapshot.write(path, found)
    return Refreshed(found, path, True)
