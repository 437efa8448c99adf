"""`Allow:` lets one file break a rule of the check, for a reason that can be judged. Knows findings only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from milepost.errors import Finding
from milepost.schema import nearest
from milepost.sources import Source, Sources

RULE = "allow"


def applied(
    found: Iterable[Finding], sources: Sources, rules: Iterable[str], judged: Collection[str]
) -> set[Finding]:  # fmt: skip
    """`found` without what its file allows, and with what is wrong with the allowances themselves.

    Args:
        judged: the rules that were fully looked into; of others nobody knows yet whether they are broken.
    """
    left = set(found)
    for source in sources.all:
        if not source.get(RULE):
            continue
        allowed, faults = _allowances(source, set(rules))
        covered = {finding for finding in left if finding.file == source.name and finding.rule in allowed}
        needless = allowed.intersection(judged) - {finding.rule for finding in covered}
        left = left - covered | set(faults) | {_needless(source, rule) for rule in needless}
    return left


def _allowances(source: Source, rules: set[str]) -> tuple[set[str], list[Finding]]:
    allowed: set[str] = set()
    faults: list[Finding] = []
    for part in (source.get(RULE) or "").split(";"):
        rule, _, reason = (text.strip() for text in part.partition(":"))
        if rule in rules and reason and rule != RULE:
            allowed.add(rule)
        elif part.strip():
            faults += _faults(source, rule, rules)
    return allowed, faults


def _faults(source: Source, rule: str, rules: set[str]) -> Iterator[Finding]:
    line = source.line(RULE)
    if rule in rules and rule != RULE:
        yield Finding(source.name, line, RULE, f"{rule} is allowed for no reason", f'write "Allow: {rule}: why"')
    else:
        near = nearest(rule, rules)
        remedy = f'did you mean "{near}"?' if near else "see `milepost check --explain allow`"
        yield Finding(source.name, line, RULE, f'no rule "{rule}"', remedy)


def _needless(source: Source, rule: str) -> Finding:
    what = f"{rule} is allowed, and nothing here breaks it"
    return Finding(source.name, source.line(RULE), RULE, what, "take it out", "warning")
