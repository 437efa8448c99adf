"""Pelican's own command, in the process that `milepost build` starts: the same arguments, another builder."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path

import msgspec
import pelican

from milepost.build import replace_whole
from milepost.incremental.engine import ORDER, Incremental, Order
from milepost.incremental.kept import Kept
from milepost.incremental.store import Store


def main() -> None:
    """Build. A site that names a builder of its own gets that, and its whole site in the place of the old one."""
    began = time.monotonic()
    order = msgspec.json.decode(os.environ[ORDER], type=Order)
    if count := _unchanged(order):
        print(f"Site: nothing has changed in {count} files, {time.monotonic() - began:.2f} s")
        return
    gc.disable()  # nearly all that a build makes is there until its end
    pelican.Pelican = Incremental
    pelican.main(sys.argv[1:])
    stage = Path(sys.argv[sys.argv.index("-o") + 1])
    if stage.exists():
        replace_whole(stage, Path(order.output))


def _unchanged(order: Order) -> int:
    """How many files the site has, if it is what a build would make it; else 0."""
    store, output = Store(Path(order.state)), Path(order.output)
    is_as_asked = (
        store.is_good and not (order.clean or order.explain) and order.control < 0 and store.site.inputs == order.inputs
    )
    if not is_as_asked or not store.site.since <= time.time() < store.site.until or not output.is_dir():
        return 0
    kept = Kept(output, store)
    is_whole = output.stat().st_ino == store.site.folder and all(kept.has(name) for name in store.files)
    return len(store.files) if is_whole else 0


if __name__ == "__main__":
    main()
