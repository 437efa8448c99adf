"""`make bench-check` (N=10000): `milepost check` of a site in which nothing has changed, beside reading the same files.

The first check builds the site, which takes a while; what is compared is the next ones.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sites import Site, article

RUNS = 5


def seconds(run: Callable[[], object]) -> float:
    """The median of several runs."""

    def once() -> float:
        began = time.perf_counter()
        run()
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(RUNS))


def main(posts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), "THEME = 'simple'\nCOMMENTS_FORUM = ''")
        body = "A paragraph of a usual length, with [a link](https://x.example/) in it.\n\n" * 40
        site.write({f"content/articles/{n}.md": article(f"Post {n}", 1 + n % 9, body) for n in range(posts)})
        # Its settings are written once: whatever is written anew is checked anew.
        command = ("milepost", "check", "-s", str(site.settings_file))
        site.run(*command, seconds=3600)
        check = seconds(lambda: site.run(*command))
        read = seconds(lambda: [path.read_bytes() for path in (site.root / "content").rglob("*.md")])
    ratio = f"{check / read:.1f} times reading the files ({read:.3f} s)"
    print(f"{posts} posts, nothing changed: check {check:.2f} s, {ratio}")


if __name__ == "__main__":
    main(int(os.environ.get("N", "10000")))
