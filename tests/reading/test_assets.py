"""The one stylesheet, in whole builds by the plain `pelican` command with nothing else of ours switched on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from milepost.reading import assets
from sites import ROOT, Site, article

CONF = "PLUGIN_PATHS = ['only']\nPLUGINS = ['only_assets']\nTHEME = {theme!r}"
PLUGIN = "from milepost.reading import assets\n\n\ndef register():\n    assets.connect()\n"
PARTS: dict[str, str | bytes] = {
    "mine/static/css/tokens.css": "/* why */\n@layer a {\n  :root { --x: 1px; }\n}\n",
    "mine/static/css/base.css": "p {\n\n  margin: 0; /* two\n  lines */\n}\n",
    "mine/static/css/components/b.css": "b { margin: calc(1px + 2px); }\n",
    "mine/static/css/components/a.css": "a { margin: 0; }\n",
    "mine/static/other.txt": "kept",
}


def built(new_site: Callable[..., Site], theme: str, files: dict[str, str | bytes]) -> Path:
    """The output's `theme/` folder."""
    site = new_site(
        {"content/articles/a.md": article(), "only/only_assets.py": PLUGIN, **files}, CONF.format(theme=theme)
    )
    result = site.pelican()
    assert result.returncode == 0, result.stderr
    return site.output / "theme"


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_parts_are_served_as_one_stylesheet_in_their_order(new_site: Callable[..., Site]) -> None:
    theme = built(new_site, "mine", PARTS)
    assert files_below(theme) == ["css/style.css", "other.txt"]
    assert (theme / "css" / "style.css").read_text() == (
        "@layer a {\n:root { --x: 1px; }\n}\np {\nmargin: 0;\n}\na { margin: 0; }\nb { margin: calc(1px + 2px); }\n"
    )


def test_a_part_that_is_new_in_the_next_build_is_in_the_stylesheet(new_site: Callable[..., Site]) -> None:
    built(new_site, "mine", PARTS)
    theme = built(new_site, "mine", {"mine/static/css/components/c.css": "i { margin: 0; }"})
    assert (theme / "css" / "style.css").read_text().endswith("b { margin: calc(1px + 2px); }\ni { margin: 0; }\n")


@pytest.mark.parametrize(
    ("missing_or_added", "left"),
    [
        ({"mine/static/css/style.css": "p { color: red; }"}, "p { color: red; }"),
        ({"mine/static/css/tokens.css": None}, None),
    ],
    ids=["a theme with its own style.css", "a theme that is not split so"],
)
def test_other_themes_are_left_as_they_are(
    new_site: Callable[..., Site], missing_or_added: dict[str, str | None], left: str | None
) -> None:
    wanted = {**PARTS, **missing_or_added}
    files = {name: text for name, text in wanted.items() if text is not None}
    theme = built(new_site, "mine", files)
    assert files_below(theme) == sorted(name.removeprefix("mine/static/") for name in files if name.startswith("mine/"))
    style = theme / "css" / "style.css"
    assert (style.read_text() if style.exists() else None) == left


def test_a_theme_without_static_files_builds(new_site: Callable[..., Site]) -> None:
    assert files_below(built(new_site, "simple", {})) == []


def test_the_projects_theme_gives_tokens_before_base_before_components() -> None:
    names = [part.name for part in assets.parts_of(ROOT / "theme" / "static" / "css")]
    assert names[:2] == ["tokens.css", "base.css"]
    assert names[2:] == sorted(names[2:])
    assert len(names) > 2
