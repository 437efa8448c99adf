"""The search index: what can be found, and Pagefind's files made of it. Knows HTML and Pagefind, no Pelican.

Pagefind reads one small page a record, of nothing but what may be found: no theme, no navigation, nothing unpublished.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from markupsafe import escape

from milepost.errors import MilepostError

FOLDER = "pagefind"
CACHE = "search"
"""Below MILEPOST_VAR."""
TITLES = f"{FOLDER}/titles.json"
_RECORDS = f"{FOLDER}/records.json"
# Interfaces of Pagefind's own, which we do not use.
_KEPT = 3
_UNUSED = ("*-ui.js", "*-ui.css", "pagefind-highlight.js")


@dataclass(frozen=True)
class Record:
    """One page that can be found. `html` is its text alone; `filters` are what results can be narrowed to."""

    file: str
    """Below the output folder; search results lead there."""
    address: str
    """Below SITEURL."""
    title: str
    lang: str
    html: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)

    def page(self) -> str:
        """The page that Pagefind reads."""
        hints = [("filter", name, value) for name, values in self.filters.items() for value in values]
        hints += [("meta", name, value) for name, value in self.meta.items()]
        hidden = "".join(
            f'<span data-pagefind-{kind}="{escape(name)}[content]" content="{escape(value)}"></span>'
            for kind, name, value in hints
        )
        return (
            f'<!DOCTYPE html><html lang="{escape(self.lang)}"><meta charset="utf-8"><body>{hidden}'
            f"<main data-pagefind-body><h1>{escape(self.title)}</h1>{self.html}</main></body></html>"
        )


def write(records: Iterable[Record], output: Path) -> None:
    """Put down in `output` what is to be indexed, for `build`, and every title, for who mistyped an address."""
    (output / FOLDER).mkdir(parents=True, exist_ok=True)
    listed = sorted(records, key=lambda record: record.file)
    (output / _RECORDS).write_text(json.dumps([asdict(record) for record in listed]), encoding="utf-8")
    titles = [[record.address, record.title] for record in listed]
    (output / TITLES).write_text(json.dumps(titles, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def build(output: Path, cache: Path) -> None:
    """Make Pagefind's files in `output` of what `write` put down there; without that, nothing is done.

    The same records give the same files, out of `cache`: Pagefind names some of its files anew each time. Nothing is
    put into `output` where a newer build has replaced it in the meantime.

    Raises:
        MilepostError: with what Pagefind said, when it could not.
    """
    source = output / _RECORDS
    if not source.exists():
        return
    records = source.read_bytes()
    if not json.loads(records):  # Pagefind makes no index of nothing
        source.unlink()
        return
    kept = cache / hashlib.sha256(records + version("pagefind").encode()).hexdigest()
    if not kept.exists():
        _index(records, kept)
    kept.touch()
    if source.exists() and source.read_bytes() == records:
        shutil.copytree(kept, output / FOLDER, dirs_exist_ok=True)
        source.unlink()
    for old in sorted(cache.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _index(records: bytes, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        site, bundle = Path(folder, "site"), Path(folder, FOLDER)
        site.mkdir()
        for values in json.loads(records):
            record = Record(**values)
            page = site / record.file
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(record.page(), encoding="utf-8")
        command = [sys.executable, "-m", "pagefind", "--site", str(site), "--output-path", str(bundle), "--silent"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)  # noqa: S603
        if done.returncode or not (bundle / "pagefind.js").exists():
            raise MilepostError(f"search: Pagefind ended with status {done.returncode}: {done.stderr or done.stdout}")
        for pattern in _UNUSED:
            for file in bundle.glob(pattern):
                file.unlink()
        with contextlib.suppress(OSError):  # another build was as quick
            bundle.rename(kept)
