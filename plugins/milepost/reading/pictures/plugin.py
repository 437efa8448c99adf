"""Pelican's half of pictures: text is read with its pictures, everything is made before any page is written, and
originals are taken out again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pelican import signals
from pelican.contents import Static

from milepost import hooks
from milepost.errors import MilepostError
from milepost.progress import bar
from milepost.reading.model import Settings
from milepost.reading.pictures import cards, content, encode
from milepost.reading.pictures.gallery import KEY, SHOWN, SRC, Gallery
from milepost.reading.pictures.picture import RASTER, BadPicture, Picture, Variant
from milepost.reading.pictures.store import Store

SITE_CARD = "site_card"
_CARDS, _STATICS, _UNKEPT = "_MILEPOST_CARDS", "_MILEPOST_STATICS", "_MILEPOST_UNKEPT_PICTURES"


def start(pelican: Any) -> None:
    """Begin the build's gallery."""
    settings = hooks.settings_of(pelican.settings)
    gallery = Gallery(settings.site.content, pelican.settings["SITEURL"], settings.of(Settings))
    hooks.readable(pelican.settings, SHOWN, gallery.shown_again)
    hooks.readable(pelican.settings, SRC, gallery.src)
    pelican.settings[KEY] = gallery
    pelican.settings[_CARDS] = {}


def offer(generator: Any) -> None:
    """Let templates call `picture(place, alt, sizes)`."""
    generator.env.globals["picture"] = generator.settings[KEY].of_template


def show_in_text(one: Any) -> None:
    """Give content its pictures: as soon as it is read, before Pelican looks for files that it links to."""
    gallery: Gallery | None = one.settings.get(KEY)
    if gallery is None or isinstance(one, Static) or not isinstance(one._content, str):
        return
    place = one.get_relative_source_path() or ""
    lead = gallery.find(f"/{one.image.lstrip('/')}", place) if getattr(one, "image", None) else None
    one._content, found = content.shown(one._content, place, gallery, has_lead=lead is not None)
    one.pictures = ((lead,) if isinstance(lead, Picture) else ()) + found


def make(generators: list[Any]) -> None:
    """Make everything that is known to be shown, and stop the build for what cannot be."""
    settings = generators[0].settings
    gallery: Gallery = settings[KEY]
    for one in generators[0].context["generated_content"].values():
        if getattr(one, "title", None) and hasattr(one, "pictures"):
            one.card = _card(settings, str(Markup(one.title).striptags()), _names(one))  # noqa: S704  its tags are taken out
            gallery.named.update(bio.photo for bio in getattr(one, "author_bios", ()) if bio.photo)
            if one.pictures and getattr(one, "image", None):
                gallery.named.add(one.pictures[0].place)
                gallery.wanted.update((variant.name, variant) for variant in one.pictures[0].variants())
    ours = hooks.settings_of(settings).of(Settings)
    generators[0].context[SITE_CARD] = _card(settings, ours.tagline or settings["SITENAME"], "")
    if strange := cards.lacking(settings[_CARDS].values()):
        hooks.log.warning("the cards' font cannot draw %s; name a file that can in CARD_FONT", strange)
    store = _store(settings)
    every = (*settings[KEY].wanted, *settings[_CARDS])
    settings[_UNKEPT] = _make(settings, [name for name in every if not store.has(name)])


def _names(one: Any) -> str:
    return ", ".join(str(author.name) for author in getattr(one, "authors", ()))


def _card(settings: dict[str, Any], title: str, byline: str) -> cards.Card:
    ours = hooks.settings_of(settings).of(Settings)
    font = Path(settings["PATH"], ours.card_font) if ours.card_font else cards.default_font()
    card = cards.Card(title, byline, settings["SITENAME"], ours.card_colours, font)
    settings[_CARDS].setdefault(card.name, card)
    return card


def _make(settings: dict[str, Any], names: Iterable[str]) -> dict[str, bytes]:
    """Make the files called `names`, and keep them; returns those that could not be kept."""
    gallery, store, left = settings[KEY], _store(settings), {}
    wanted = set(names)
    missing = [variant for name, variant in gallery.wanted.items() if name in wanted]
    jobs = list(_jobs(missing, [card for name, card in settings[_CARDS].items() if name in wanted]))
    with bar("Pictures", len(jobs)) as each:
        for (_, (what,)), made in zip(jobs, encode.all_made(jobs, each), strict=True):
            if isinstance(made, BadPicture):
                gallery.complain(what[0].source, str(made))
                continue
            left.update({name: data for name, data in made if not store.put(name, data)})
    if gallery.faults:
        hooks.stop(sorted(set(gallery.faults)))
    if left:
        hooks.log.warning("%s: cannot be written; pictures are made anew in every build", store.folder)
    return left


def _store(settings: dict[str, Any]) -> Store:
    return Store(hooks.settings_of(settings).env.var / "cache" / "pictures")


def _jobs(missing: Iterable[Variant], undrawn: Iterable[cards.Card]) -> Iterator[encode.Job]:
    by_source: dict[Path, list[Variant]] = defaultdict(list)
    for variant in missing:
        by_source[variant.source].append(variant)
    yield from ((encode.made, (variants,)) for variants in by_source.values())
    yield from ((cards.drawn, (card,)) for card in undrawn)


def remember_statics(generator: Any) -> None:
    """Keep the list of files that Pelican copies."""
    generator.settings[_STATICS] = generator.staticfiles


def publish(pelican: Any) -> None:
    """Write pictures and cards; leave no original where what is made of it is shown, and no metadata in the rest."""
    settings, output = pelican.settings, Path(pelican.output_path)
    gallery, store = settings[KEY], _store(settings)
    for name in (*gallery.wanted, *settings[_CARDS]):
        if hooks.has(settings, name):
            continue
        data = settings[_UNKEPT].get(name) or store.get(name) or _make_again(settings, name)
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for static in settings.get(_STATICS, ()):
        path, place = output / static.save_as, static.get_relative_source_path()
        if path.suffix.lower() not in RASTER:
            continue
        if place in gallery.shown - gallery.linked and (place in gallery.by_template or place not in gallery.named):
            hooks.drop(settings, static.save_as)
            path.unlink(missing_ok=True)
        elif path.is_file():
            _strip(path)


def _make_again(settings: dict[str, Any], name: str) -> bytes:
    """What was damaged since it was made, or is known only since pages were written."""
    left = _make(settings, [name])
    data = left.get(name) or _store(settings).get(name)
    if data is None:
        hooks.stop(
            [MilepostError(f"{_store(settings).folder}: does not keep what is written to it; is the disk full?")]
        )
    return data


def _strip(path: Path) -> None:
    try:
        data = encode.without_metadata(path)
    except (OSError, ValueError, SyntaxError):
        hooks.log.warning("%s: its metadata cannot be taken out; it is published as it is", path.name)
        return
    if data is not None:
        # Not written over: it may be a link to the original.
        path.unlink()
        path.write_bytes(data)


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(start)
    signals.generator_init.connect(offer)
    signals.content_object_init.connect(show_in_text)
    signals.static_generator_finalized.connect(remember_statics)
    signals.all_generators_finalized.connect(make)
    signals.finalized.connect(publish)
