"""What became of old posts, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from milepost.writing.importing.writing import Result


def text(results: Sequence[Result], dry: bool) -> str:
    """A line for each post and for each thing in it that was not understood, then how many there were."""
    written = "would be written" if dry else "written"
    words = {"written": written, "there": "is there already", "failed": "not understood"}
    lines = []
    for result in results:
        if result.state == "failed":
            lines.append(f"{result.origin}: {'; '.join(result.notes)}")
            continue
        lines.append(f"{result.file}: {words[result.state]}, from {result.origin}")
        lines += [f"  {note}" for note in result.notes]
    counts = Counter(result.state for result in results)
    total = ", ".join(f"{counts[state]} {words[state]}" for state in ("written", "there", "failed") if counts[state])
    return "\n".join([*lines, total or "nothing to import"])


def as_json(results: Sequence[Result]) -> str:
    """A list of objects: origin, file, state (written, there, failed) and notes."""
    return json.dumps([asdict(result) for result in results], indent=2, ensure_ascii=False)
