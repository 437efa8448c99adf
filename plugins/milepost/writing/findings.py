"""All findings of all enabled slices on all sources of a site, in the order of files and lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from milepost import slices
from milepost.errors import Finding
from milepost.schema import nearest
from milepost.settings import Settings
from milepost.sources import Sources, of_site
from milepost.writing import allow
from milepost.writing.built import rules as built
from milepost.writing.entries import entries
from milepost.writing.unpublished import Waiting, waiting

all_sources = of_site


def all_findings(sources: Sources, settings: Settings) -> list[Finding]:
    """What every enabled slice's checks of sources find, each once, sorted, without what a file allows."""
    return settled(of_sources(sources, settings), sources, without=(*built.RULES, *built.SHARED))


def of_sources(sources: Sources, settings: Settings) -> set[Finding]:
    """The same with what is allowed."""
    parts = slices.parts("checks", settings.enabled)
    return {finding for _, module in parts for finding in module.findings(sources, settings)}


def settled(found: set[Finding], sources: Sources, without: Iterable[str] = ()) -> list[Finding]:
    """Findings in order, without what files allow, and with what is wrong with their allowances.

    Args:
        without: rules that were not fully looked into, so that nobody knows whether a file needs to break them.
    """
    rules = _rules()
    judged = rules.keys() - set(without) - _only_asked()
    return sorted(allow.applied(found, sources, rules, judged))


def allowed_left_out(found: Iterable[Finding], sources: Sources) -> list[Finding]:
    """`found` in order without what files allow, where allowances themselves are judged elsewhere."""
    faults = allow.applied((), sources, _rules(), ())
    return sorted(allow.applied(found, sources, _rules(), ()) - faults)


def all_waiting(sources: Sources, settings: Settings) -> list[Waiting]:
    """What is due when, the soonest first, then the drafts."""
    now = datetime.now(UTC)
    return waiting(entries(sources, settings, now), settings.pelican, now)


def explanation(rule: str) -> str:
    """What `rule` asks for, and why.

    Raises:
        KeyError: when there is no such rule; its message names the nearest.
    """
    rules = _rules()
    if rule not in rules:
        near = nearest(rule, rules)
        raise KeyError(f'did you mean "{near}"?' if near else f"there are: {', '.join(sorted(rules))}")
    return rules[rule]


def _only_asked() -> set[str]:
    """Rules that are looked into only when somebody asks."""
    return {rule for _, module in slices.parts("checks") for rule in getattr(module, "ASKED", ())}


def _rules() -> dict[str, str]:
    """Every rule of every slice, and what it asks for."""
    rules: dict[str, str] = {}
    for _, module in slices.parts("checks"):
        rules |= getattr(module, "RULES", {})
    return rules
