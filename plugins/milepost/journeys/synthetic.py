"""The mark of an archive that nobody's journeys are in: beside its files, so that it goes wherever they are copied.

Whatever shows something of an archive asks here, and says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from milepost.settings import Environment

MARK = "synthetic.json"
"""In the archive's folder: how the journeys were made, and the truth that was planted in them."""
NOTE = "These journeys are synthetic: “milepost journeys demo” made them, and nobody took them."


def is_synthetic(env: Environment) -> bool:
    """Whether what the archive holds was made by the demo."""
    url = env.archive_url
    # The demo is made on this machine only.
    return ("://" not in url or url.startswith("file://")) and (Path(url.removeprefix("file://")) / MARK).is_file()


def mark(archive: Path, truth: Mapping[str, Any]) -> None:
    """Say of the folder `archive` that it is synthetic, and what is true of it."""
    (archive / MARK).write_text(json.dumps({"note": NOTE, **truth}, indent=1) + "\n", encoding="utf-8")


def truth_of(archive: Path) -> Mapping[str, Any]:
    """What `mark` was told."""
    truth: dict[str, Any] = json.loads((archive / MARK).read_text(encoding="utf-8"))
    return truth
