"""The snapshot's file: JSON, sorted and indented, so that a diff shows what was said; replaced as a whole."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

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
        raise CommentsError(f"{_name(path)}: cannot be read ({error.strerror})") from error
    try:
        return Snapshot.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"])
        what = f"{where}: {fault['msg']}" if where else fault["msg"]
        remedy = "restore the file, or remove it and run `milepost comments fetch`"
        raise CommentsError(f"{_name(path)}: not a snapshot of comments: {what}; {remedy}") from error


def write(path: Path, snapshot: Snapshot) -> None:
    """Put `snapshot` in the place of what is in `path`: a reader finds the old one or the new one, whole."""
    text = json.dumps(snapshot.model_dump(mode="json"), ensure_ascii=False, indent=1)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise CommentsError(f"{_name(path)}: cannot be written ({error.strerror}); nothing was changed") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _name(path: Path) -> str:
    return os.path.relpath(path)
