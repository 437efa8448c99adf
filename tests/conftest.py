"""Fixtures that several slices' tests use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sites import Site


@pytest.fixture
def new_site(tmp_path: Path) -> Callable[..., Site]:
    """A factory: `new_site({"content/articles/a.md": "..."}, conf="THEME = 'simple'")` is a site not built yet."""

    def make(files: dict[str, str | bytes] | None = None, conf: str = "") -> Site:
        root = tmp_path / "site"
        root.mkdir(exist_ok=True)
        return Site(root, conf).write(files or {})

    return make
