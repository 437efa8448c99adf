"""One stylesheet out of the parts a theme keeps it in: `tokens.css`, `base.css`, `components/*.css`.

A reader's browser gets one file and no chain of imports. Knows folders and CSS comments, nothing of the pages;
a theme that is not split so, or brings a `style.css` of its own, is left as it is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pelican import signals

STYLESHEET = "style.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def parts_of(folder: Path) -> list[Path]:
    """The theme's stylesheet parts below its `static/css`, in the order they count; empty where it is not split."""
    components = sorted((folder / "components").glob("*.css"))
    parts = [folder / "tokens.css", folder / "base.css", *components]
    whole = components and all(part.is_file() for part in parts) and not (folder / STYLESHEET).exists()
    return parts if whole else []


def stylesheet(parts: list[Path]) -> str:
    """The parts as one text, without comments, indentation and empty lines."""
    text = "\n".join(_COMMENT.sub("", part.read_text(encoding="utf-8")) for part in parts)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def write_stylesheet(pelican: Any) -> None:
    """Replace the parts that Pelican copied into the output by the one stylesheet made of them."""
    published = Path(pelican.output_path) / pelican.settings["THEME_STATIC_DIR"] / "css"
    for static in pelican.settings["THEME_STATIC_PATHS"]:
        folder = Path(pelican.theme) / static / "css"
        parts = parts_of(folder)
        if not parts:
            continue
        published.mkdir(parents=True, exist_ok=True)
        (published / STYLESHEET).write_text(stylesheet(parts), encoding="utf-8")
        for part in parts:
            (published / part.relative_to(folder)).unlink(missing_ok=True)
        components = published / "components"
        if components.is_dir() and not any(components.iterdir()):
            components.rmdir()


def connect() -> None:
    """Listen for the end of Pelican's build; `plugin.py` of this slice calls it."""
    signals.finalized.connect(write_stylesheet)
