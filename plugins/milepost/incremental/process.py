"""Pelican's own command, in the process that `milepost build` starts: the same arguments, another builder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pelican

from milepost.incremental.engine import ORDER, Incremental, Order
from milepost.incremental.kept import replace_whole


def main() -> None:
    """Build. A site that names a builder of its own gets that, and its whole site in the place of the old one."""
    pelican.Pelican = Incremental
    pelican.main(sys.argv[1:])
    stage = Path(sys.argv[sys.argv.index("-o") + 1])
    if stage.exists():
        replace_whole(stage, Path(msgspec.json.decode(os.environ[ORDER], type=Order).output))


if __name__ == "__main__":
    main()
