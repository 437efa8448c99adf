"""What the rules of built pages ask for, and why; `milepost check --explain RULE` prints it."""

from __future__ import annotations

RULES = {
    "dead-anchor": "What follows # in a link is the id of something in the page that it leads to. Headings get theirs "
    "of their words, so that a heading that is reworded breaks links to it; {#id} behind a heading keeps one.",
    "heading-order": "A page has one h1, its title, and no level is left out below it: readers who cannot see a page "
    "find their way by its headings.",
    "duplicate-id": "An id stands once in a page, or a link to it leads to whichever comes first.",
    "structured-data": "What a page tells search engines in JSON-LD parses, and each thing has what its type must "
    "have.",
    "feed": "Feeds are valid Atom, RSS 2.0 or JSON Feed 1.1: ids that nobody else has, dates as the format has them, "
    "absolute addresses that lead somewhere.",
    "vanished-touchpoint": "What was published stays what it is: with `--manifest`, each touchpoint of an earlier "
    "touchpoints.json is still there, or its old address leads on (`Redirect_from:`).",
    "unused-image": "An image that neither a page nor a source shows is published for nobody.",
    "external-link": "With `--external`, links to other sites are asked whether they answer. An address that has moved "
    "for good to another host is named, since the old host will forget it one day.",
}
SHARED = ("dead-link", "missing-image", "image-alt", "redirect", "touchpoint")
"""Rules that sources can break too."""
