"""The page of rules, from the checks that hold them."""

from __future__ import annotations

from milepost import slices
from reference.words import anchor, page, prose, term, terms

SUMMARY = "Every rule of the check: what it asks for, and why."
BEGIN = """\
`milepost check --explain dead-link` prints one of these. A file may break a rule for a reason, which is written
down where the next reader will look for it, in its front matter: `Allow: heading-order: a quoted page`. An
allowance that nothing needs any more is reported as well."""


def rules() -> dict[str, str]:
    """Every rule of every slice, and what it asks for."""
    found: dict[str, str] = {}
    for _, part in slices.parts("checks"):
        found |= getattr(part, "RULES", {})
    return found


def text() -> str:
    """The page, in the order of the alphabet."""
    listed = terms(term(name, anchor(name), prose(what)) for name, what in sorted(rules().items()))
    return page("Rules", 5, SUMMARY, BEGIN, listed)
