"""The snapshot's file: JSON, sorted and indented, so that a diff shows what was said; replaced as a whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import ValidationError

from milepost import replacing
from milepost.comments.model import CommentsError, Settings, Snapshot
from milepost.settings import Settings as AllSettings


def path_of(settings: AllSettings) -> Path:
    """Where the site keeps its snapshot."""
    return settings.site.file.parent / settings.of(Settings).snapshot


def read(path: Path) -> Snapshot | None:
    """The snapshot in `path`, or None where there is no such file.

    Raises:
        CommentsError: when the file is no snapshot; names the first thing that is wrong with it.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommentsError(f"{name_of(path)}: cannot be read ({error.strerror})") from error
    try:
        return Snapshot.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"])
        what = f"{where}: {fault['msg']}" if where else fault["msg"]
        remedy = "restore the file, or remove it and run `milepost comments fetch`"
        raise CommentsError(f"{name_of(path)}: not a snapshot of comments: {what}; {remedy}") from error


def write(path: Path, snapshot: Snapshot) -> None:
    """Put `snapshot` in the place of what is in `path`: a reader finds the old one or the new one, whole."""
    replace(path, json.dumps(snapshot.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n")


def replace(path: Path, text: str) -> None:
    """Put `text` in the place of what is in `path`, whatever happens meanwhile: the old or the new, and on the disk.

    Raises:
        CommentsError: when it cannot be written; the old is there.
    """
    try:
        replacing.replace(path, text)
    except OSError as error:
        raise CommentsError(f"{name_of(path)}: cannot be written ({error.strerror}); nothing was changed") from error


def name_of(path: Path) -> str:
    """The path as a person would type it: relative to where the command runs."""
    return os.path.relpath(path)
