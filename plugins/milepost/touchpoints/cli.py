"""Commands: tag, plan."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urljoin, urlsplit

import typer

from milepost import options
from milepost.errors import ContentError, Finding

if TYPE_CHECKING:
    from milepost.settings import Settings
    from milepost.touchpoints.manifest import Row
    from milepost.touchpoints.model import Located, Placement
    from milepost.touchpoints.tree import Served, Tagged


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    cli.command(epilog="Example: milepost tag handbook/_build/html --surface docs --base-url /handbook/")(tag)
    cli.command("plan", epilog="Example: milepost plan --format json")(plan_)


def tag(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the built pages.")],
    surface: Annotated[str, typer.Option(metavar="NAME", help="Where they are: docs, blog, site, or another word.")],
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where DIR is served; by default at its place in the output, else at /."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a tagged copy of everything there; DIR stays as it is.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when a page is not tagged as it would be now.")
    ] = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Make touchpoints of the pages that another tool has built, and list them in touchpoints.json.

    What is tagged already is left as it is. The list is written into DIR, and into that of the built site.
    """
    from milepost.progress import bar
    from milepost.touchpoints import tree

    settings = options.read(settings_file)
    _refuse_misuse(folder, surface, out, settings)
    served = _served(settings, folder, surface, base_url)
    others = _others(settings, served)
    with bar("Tagging", sum(1 for _ in tree.pages(folder))) as step:
        taken = {row["id"]: row["url"] for row in others}
        found = tree.tag_tree(folder, served, out=out, look=check, taken=taken, place=_placing(settings), step=step)
    if check:
        _refuse_untagged(found, out or folder)
        typer.echo(f"{len(found.entries)} pages, each tagged")
        return
    listed = _list(settings, found, others, out or folder)
    redirects = f", {found.redirects} redirects left alone" if found.redirects else ""
    typer.echo(f"{len(found.entries)} pages are touchpoints, {len(found.changed)} changed{redirects}; see {listed}")


def plan_(
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print it.")] = "text",
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Print the plan, how many pages serve each part, what an objective still lacks, and which pages have no place.

    `milepost serve` draws it as a tree at /plan/.
    """
    from milepost.touchpoints import model, placing, plan, plan_shown

    settings = options.read(settings_file)
    found, faults = plan.read(settings.site.content / settings.of(model.Settings).plan)
    if faults:
        raise ContentError(faults)
    placed = placing.of_site(settings, found)
    typer.echo(plan_shown.as_json(placed) if form == "json" else plan_shown.text(placed))


def _refuse_misuse(folder: Path, surface: str, out: Path | None, settings: Settings) -> None:
    from milepost.touchpoints.tree import SURFACE

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="DIR")
    if not re.fullmatch(SURFACE, surface):
        raise typer.BadParameter(f"{surface!r} is not 1 to 40 of a-z, 0-9, '.', '_' and '-'", param_hint="--surface")
    here, there = folder.resolve(), (out or folder).resolve()
    if out and (here in (there, *there.parents) or there in here.parents):
        raise typer.BadParameter(f"{out} and {folder} lie in each other; name another folder", param_hint="--out")
    if there == settings.site.output.resolve():
        raise typer.BadParameter(f"{folder}: the site's own pages are tagged when they are built", param_hint="DIR")


def _served(settings: Settings, folder: Path, surface: str, base_url: str | None) -> Served:
    from milepost.touchpoints import model
    from milepost.touchpoints.tree import Served

    site = settings.site
    if base_url is None:
        is_below = site.output.resolve() in folder.resolve().parents
        below = folder.resolve().relative_to(site.output.resolve()).as_posix() if is_below else ""
        base_url = f"{site.url}/{below}"
    whole = urljoin(f"{site.url}/", base_url).rstrip("/") + "/"
    parts = urlsplit(whole)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        what = f"{base_url!r} is no address; write a path, /handbook/, or a whole one, https://docs.example.com/"
        raise typer.BadParameter(what, param_hint="--base-url")
    ours = settings.of(model.Settings)
    kind = next((kind for kind, name in ours.surfaces.items() if name == surface), "page")
    return Served(surface, whole, site.url, kind, ours.vitals)


def _others(settings: Settings, served: Served) -> list[Row]:
    """What the built site lists, without what lies below the address of the pages that are tagged."""
    from milepost.touchpoints import manifest

    path = settings.site.output / manifest.NAME
    rows = manifest.read(path) if path.is_file() else []
    if served.base_url == f"{settings.site.url}/":
        # Served at the root, the tree's own are those of its own list.
        return [row for row in rows if row["surface"] != served.surface]
    return [row for row in rows if not row["url"].startswith(served.base_url)]


def _placing(settings: Settings) -> Callable[[Located], Placement]:
    from milepost.touchpoints import model, plan

    ours = settings.of(model.Settings)
    found, faults = plan.read(settings.site.content / ours.plan)
    if faults:
        raise ContentError(faults)
    return found.placement if ours.plan_public else lambda _: model.NOWHERE


def _refuse_untagged(found: Tagged, where: Path) -> None:
    remedy = "run the same without --check"
    faults = [
        Finding(os.path.relpath(where / name), 0, "touchpoint", "not tagged as it would be now", remedy)
        for name in found.changed
    ]
    if faults:
        raise ContentError(faults)


def _list(settings: Settings, found: Tagged, others: list[Row], where: Path) -> str:
    """Merge into the list of the built site, where there is one; returns the names of the lists."""
    from milepost.touchpoints import manifest

    listed = [where / manifest.NAME]
    if (site := settings.site.output / manifest.NAME).is_file():
        manifest.write(site, manifest.merged(others, manifest.rows_of(found.entries)))
        listed.append(site)
    return " and ".join(os.path.relpath(path) for path in listed)
