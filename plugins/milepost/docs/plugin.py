"""Pelican's half of docs: a generator that reads them, and gives each its place in the tree."""

from __future__ import annotations

import logging
from typing import Any

from pelican import signals
from pelican.contents import Page, SkipStub
from pelican.generators import Generator, PelicanTemplateNotFound

from milepost import hooks
from milepost.docs.model import Settings, breadcrumbs_of, nodes_of, save_as_of, slug_of, tree_of, url_of
from milepost.headings import headings

log = logging.getLogger(__name__)


class Doc(Page):  # type: ignore[misc]
    """One doc. Pelican knows it as a page; its slug and address come from the path of its file."""

    default_template = "doc"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Before Pelican's own, which makes a slug of the title, and tells every plugin of the new object.
        settings = kwargs["settings"]
        self._ours = hooks.settings_of(settings).of(Settings)
        self.settings = settings
        self.slug = slug_of(self.get_relative_source_path(kwargs["source_path"]), self._ours.paths)
        self.order: int | None = None
        self.previous: Doc | None = None
        self.next: Doc | None = None
        self.breadcrumbs: list[tuple[str, str]] = []
        self.below: list[Doc] = []
        """The pages right below it, where it is a folder's own page."""
        kwargs["metadata"]["slug"] = self.slug
        if "order" in kwargs["metadata"]:
            kwargs["metadata"]["order"] = int(kwargs["metadata"]["order"])
        super().__init__(*args, **kwargs)

    @property
    def url(self) -> str:
        return url_of(self.slug, self._ours.url)

    @property
    def save_as(self) -> str:
        return save_as_of(self.url)

    @property
    def toc(self) -> list[tuple[int, str, str]]:
        """(level, id, text) of its headings of the second and third level; the text is safe HTML."""
        return list(headings(self._content))


class DocsGenerator(Generator):  # type: ignore[misc]
    """Reads the docs, orders them, and writes them with the theme's `doc`, or else its `page`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.docs: list[Doc] = []
        """Those that are published, in reading order."""
        super().__init__(*args, **kwargs)

    def generate_context(self) -> None:
        """Read the docs and give the templates `docs_tree` and `docs`."""
        found = []
        paths = hooks.settings_of(self.settings).of(Settings).paths
        for path in sorted(self.get_files(paths)):
            doc = self._read(path)
            if doc is None:
                self._add_failed_source_path(path)
                continue
            found.append(doc)
            self.add_source_path(doc)
            self.add_static_links(doc)
        self._place(found)

    def _read(self, path: str) -> Doc | None:
        """The doc at `path`, or None where it is not published or cannot be read."""
        try:
            doc: Doc = self.readers.read_file(base_path=self.path, path=path, content_class=Doc, context=self.context)
        except Exception as error:  # a reader may raise anything
            log.error("Could not process %s: %s", path, error)
            return None
        if isinstance(doc, SkipStub) or not doc.is_valid() or doc.status != "published":
            return None
        return doc

    def _place(self, found: list[Doc]) -> None:
        tree = tree_of(found)
        self.docs = [doc for node in tree for doc in node.walk()]
        by_slug = {doc.slug: doc for doc in self.docs}
        for earlier, doc, later in zip([None, *self.docs], self.docs, [*self.docs[1:], None], strict=False):
            doc.previous, doc.next = earlier, later
            doc.breadcrumbs = breadcrumbs_of(doc, by_slug)
        for node in nodes_of(tree):
            if node.doc:
                node.doc.below = [child.doc for child in node.children if child.doc]
        self.context["docs_tree"], self.context["docs"] = tree, self.docs

    def generate_output(self, writer: Any) -> None:
        """Write every doc."""
        for doc in self.docs:
            writer.write_file(
                doc.save_as,
                self._template(doc),
                self.context,
                page=doc,
                doc=doc,
                relative_urls=self.settings["RELATIVE_URLS"],
                url=doc.url,
            )

    def _template(self, doc: Doc) -> Any:
        try:
            return self.get_template(doc.template)
        except PelicanTemplateNotFound:
            if doc.template != Doc.default_template:
                raise
            return self.get_template(Page.default_template)

    def refresh_metadata_intersite_links(self) -> None:
        """Fill in the links of summaries, once every generator has read its sources."""
        for doc in self.docs:
            doc.refresh_metadata_intersite_links()


def keep_apart(pelican: Any) -> None:
    """Keep the docs out of articles and pages."""
    hooks.keep_apart(pelican.settings, hooks.settings_of(pelican.settings).of(Settings).paths)


def generators(pelican: Any) -> type[DocsGenerator]:
    """The generator that Pelican is to run beside its own."""
    return DocsGenerator


def add_templates(generator: Any) -> None:
    """Let templates include `docs/tree.html`."""
    hooks.add_templates(generator, "docs")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(keep_apart)
    signals.get_generators.connect(generators)
    signals.generator_init.connect(add_templates)
