"""Pelican, but only what has changed: the class that `milepost build` lets Pelican's own command run.

Everything is read as ever, since lists are cheap; texts are converted, and pages written, only where they changed.
Pages are written to a folder of their own, and take their place when all of them are there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from pelican import Pelican, signals
from pelican.generators import Generator, StaticGenerator
from pelican.readers import MarkdownReader
from pelican.writers import Writer

from milepost import hooks, inputs
from milepost.build import replace_whole
from milepost.errors import MilepostError
from milepost.incremental import contents, parsing, quick, recording, resident, texts
from milepost.incremental.current import Now
from milepost.incremental.kept import Kept, merge, written
from milepost.incremental.late import Late
from milepost.incremental.stamps import Stamp, stamp_of
from milepost.incremental.store import Line, Made, Site, Store
from milepost.incremental.values import Values, digest
from milepost.incremental.writer import GatheringWriter

ORDER = "MILEPOST_BUILD"
"""The variable that says, as JSON, what is wanted of the build: an `Order`."""


class Order(msgspec.Struct):
    """What a build is asked for."""

    output: str
    """The published folder; Pelican's OUTPUT_PATH is the one beside it."""
    state: str
    """The file of what is known of it."""
    jobs: int
    clean: bool = False
    """Nothing of an earlier build is to be used."""
    explain: str = ""
    """The file of the site of which to say why it was, or was not, written."""
    control: int = -1
    """The descriptor of a socket, where the process is to live on and make single pages anew."""
    lock: int = -1
    """The descriptor of the lock that says that a build runs."""
    inputs: str = ""
    """What says whether anything has changed since this build was asked for."""


class Incremental(Pelican):  # type: ignore[misc]
    """One build, in a process that makes no other."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.began, self.since = time.monotonic(), time.time()
        self.order = msgspec.json.decode(os.environ[ORDER], type=Order)
        self.output = Path(self.order.output)
        self.store = Store(Path(self.order.state))
        code = inputs.version(settings)
        is_ours = self.output.is_dir() and self.output.stat().st_ino == self.store.site.folder
        if self.order.clean or self.store.site.version != code or not is_ours:
            self.store.forget()
        self.version = code
        self.kept = Kept(self.output, self.store)
        settings["_MILEPOST_KEPT"] = self.kept
        self.context: dict[str, Any] = {}
        self.generators: list[Any] = []
        self.writer: GatheringWriter | None = None
        self.now: Now | None = None
        self.made: dict[str, Made] = {}
        self.copies: dict[str, Line] = {}
        self._connect()
        super().__init__(settings)
        place = Path(self.order.state).with_name("texts.sqlite")
        version = texts.version_of(self.settings, code)
        self.texts = texts.Texts(place, version, self.order.jobs, self.order.clean)
        # A process that lives on keeps every text, since it may be asked for its page.
        late = Late(self.texts, self.settings) if self.order.control < 0 else None
        self.contents = contents.Contents(self.texts, self.settings, code, late)
        self.contents.remember()
        if self.order.control >= 0:
            resident.remember_what_is_read()

    def _connect(self) -> None:
        parsing.spare_lookups()
        quick.remember()
        signals.readers_init.connect(self._read_by_us)
        signals.generator_init.connect(self._notice)
        signals.article_generator_init.connect(quick.count_members)
        signals.static_generator_init.connect(self._leave_statics)

    def _read_by_us(self, readers: Any) -> None:
        for kind, reader in readers.reader_classes.items():
            if reader is MarkdownReader:
                readers.reader_classes[kind] = texts.reader(self.texts)

    def _notice(self, generator: Any) -> None:
        self.generators.append(generator)
        recording.notice(generator.env)

    def _leave_statics(self, generator: Any) -> None:
        """Let files be copied that are not there as they were copied before."""
        usual = generator._file_update_required
        generator._file_update_required = lambda static: not self._has_static(static) and usual(static)

    def _has_static(self, static: Any) -> bool:
        name = str(static.save_as)
        stamp = digest(repr(stamp_of(static.source_path)).encode())
        line = self.store.line(name)
        self.copies[name] = Line(own=stamp)
        # A page that lies there as it is gets its tags, and so is looked at in every build.
        return line == self.copies[name] and not name.endswith((".html", ".htm")) and self.kept.has(name)

    def _get_generator_classes(self) -> list[type[Generator]]:
        found: list[type[Generator]] = super()._get_generator_classes()
        build = self

        class Pages(Generator):  # type: ignore[misc]
            """Writes what the others have gathered, before files are copied."""

            def __init__(self, *args: Any, **more: Any) -> None:
                super().__init__(*args, **more)
                build.context = self.context

            def generate_context(self) -> None:
                build.keep_texts()

            def generate_output(self, writer: Writer) -> None:
                if isinstance(writer, GatheringWriter):
                    build.write(writer)

        at = next(number for number, one in enumerate(found) if one is StaticGenerator)
        return [*found[:at], Pages, *found[at:]]

    def _get_writer(self) -> Writer:
        given = super()._get_writer()
        strange = [*_strangers(), *([type(given).__module__] if type(given) is not Writer else [])]
        if strange:
            names = ", ".join(sorted(set(strange)))
            hooks.advise(f"{names}: works on pages once they are written, so that every page is written anew")
            self.store.forget()
            return given
        self.writer = GatheringWriter(self.output_path, self.settings, self.order.jobs, self.context)
        return self.writer

    def keep_texts(self) -> None:
        """Keep what was converted."""
        try:
            self.texts.save()
        except OSError as error:
            hooks.advise(f"{error}; texts are converted anew in every build")
        self.say(f"Texts: {len(self.texts.converted)} converted, {len(self.texts.known - self.texts.converted)} known")

    def write(self, writer: GatheringWriter) -> None:
        """Write every page and feed that is not what it would be, and let the slices know of all."""
        values = Values(self.settings, self.texts.digest_of, self.contents.since, self.contents.unread)
        context = self.context
        values.take_in([*context["generated_content"].values(), *context["static_content"].values()])
        readers = self.settings.get("_MILEPOST_READERS", {})
        self.now = now = Now(self.store, self.kept, context, values, readers)
        try:
            self.made = writer.write_all(now)
        except MilepostError as error:
            hooks.stop([error])
        for name in writer.pages:
            line = now.lines.get(name) or self.made[name].line
            for kind, key, _ in line.notes:
                now.noted(kind, key)  # what a page shows, other files are made for
        if hooks.steps():
            for name in writer.pages:
                if name.endswith(".html"):
                    hooks.keep(self.settings, name, self.records_of(name))
        every = len(writer.pages) + len(writer.feeds)
        self.say(f"Pages: {every - len(now.lines)} written, {len(now.lines)} unchanged")

    def records_of(self, name: str) -> dict[str, Any]:
        """What the slices' steps are to be told of a page, as they made it."""
        row = self.made[name].row if name in self.made else self.store.row(name)
        if row is None:
            raise KeyError(name)  # never: it would have been written
        records = row.records
        return {step.name: msgspec.convert(records[step.name], step.record) for step in hooks.steps()}

    def run(self) -> None:
        """Build, and let what was built take its place."""
        stage = Path(self.output_path)
        stage.mkdir(parents=True, exist_ok=True)
        super().run()
        new = set(written(stage))
        if not self.store.is_good:
            self._publish_whole(stage, new)
            gone = 0
        else:
            try:
                self.store.begin()
            except OSError:
                self._again()
            gone = len(self.store.files.keys() - new - self.kept.names)
            self._keep(merge(stage, self.kept))
        seconds = time.monotonic() - self.began
        unchanged = len(self.kept.names - new)
        self.say(f"Site: {len(new)} files written, {unchanged} unchanged, {gone} removed, {seconds:.2f} s")
        if self.order.explain:
            self.say(self.explanation(self.order.explain))
        if self.order.control >= 0:
            self._live_on()

    def _live_on(self) -> None:
        if self.order.lock >= 0:
            os.close(self.order.lock)
        if self.writer is None:
            resident.serve(self.order.control, lambda source: [])
        else:
            refresher = resident.Refresher(self.context, self.generators, self.writer, self.output)
            resident.serve(self.order.control, refresher.refresh)

    def _publish_whole(self, stage: Path, new: set[str]) -> None:
        try:
            self.store.begin()
        except OSError as error:
            hooks.advise(f"{error}; the next build will be a whole one too")
            replace_whole(stage, self.output)
            return
        replace_whole(stage, self.output)
        self._keep({name: stamp_of(f"{self.output}/{name}") for name in new})

    def _again(self) -> None:
        """Build the whole site, since nothing can be kept in mind of a part."""
        os.environ[ORDER] = msgspec.json.encode(msgspec.structs.replace(self.order, clean=True)).decode()
        os.execv(sys.executable, [sys.executable, "-m", "milepost.incremental.process", *sys.argv[1:]])  # noqa: S606

    def _keep(self, files: dict[str, Stamp]) -> None:
        made = {name: one for name, one in self.made.items() if name in files}
        until: datetime | None = self.settings.get("_MILEPOST_UNTIL")
        now = self.now
        site = Site() if now is None else now.site(made, self.copies)
        site.version, site.inputs = self.version, self.order.inputs
        site.folder = self.output.stat().st_ino
        site.since, site.until = self.since, until.timestamp() if until else float("inf")
        try:
            self.store.commit(site, {name: one.row for name, one in made.items()}, files)
        except OSError as error:
            hooks.advise(f"{error}; the next build will be a whole one")

    def explanation(self, path: str) -> str:
        """Why the file of the site, or the page of the source, at `path` was or was not written."""
        for name in self._names_of(path):
            if self.now and name in self.now.reasons:
                return f"{name}: written, because {self.now.reasons[name]}"
            if self.now and name in self.now.lines:
                row = self.store.row(name)
                return f"{name}: unchanged; it was last written because {row.changed if row else 'it was new'}"
            if name in self.kept.names:
                return f"{name}: unchanged, as the file that it is a copy of"
            if (self.output / name).is_file():
                return f"{name}: written by every build, or copied"
        return f"{path}: no file of the site, and no source of one"

    def _names_of(self, path: str) -> Iterator[str]:
        whole = Path(path).absolute()
        for content in self.context["generated_content"].values():
            if content is not None and Path(str(content.source_path)) == whole:
                yield str(content.save_as)
        yield os.path.relpath(whole, self.output)
        yield path

    def say(self, text: str) -> None:
        """Tell whoever has asked for the build."""
        print(text, flush=True)


def _strangers() -> list[str]:
    """The modules of others that want each page, or the whole site, as soon as it is written."""
    wanted = (signals.content_written, signals.feed_generated, signals.feed_written, signals.finalized)
    found = (receiver for signal in wanted for receiver in signal.receivers_for(None))
    return [receiver.__module__ for receiver in found if not receiver.__module__.startswith("milepost.")]
