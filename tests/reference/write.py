"""`make reference`: writes the pages of content/docs/reference/ that are generated from the code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reference import commands, fields, rules, settings
from sites import ROOT

FOLDER = ROOT / "content" / "docs" / "reference"
PAGES = {
    "fields.md": fields.text,
    "settings.md": settings.text,
    "environment.md": settings.environment,
    "commands.md": commands.text,
    "rules.md": rules.text,
}


def main() -> None:
    """Write each page that has changed, and name it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text():
            path.write_text(text(), encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
