"""Every rule by which anything is found wrong has an explanation, and a fault that is planted."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest
from test_planted_faults import PAGES, SOURCES
from test_planted_feeds import FEEDS

from milepost import slices
from milepost.writing.findings import explanation
from sites import ROOT

PACKAGE = ROOT / "plugins/milepost"
ARGUMENT = {"Finding": 2, "Fault": 1, "FieldFault": 2}
"""Which argument of each is the rule, counted from 0."""
RULES = {rule for _, module in slices.parts("checks") for rule in getattr(module, "RULES", {})}

ELSEWHERE = {"import"}
"""What commands that check no site call what they find."""


def yielded() -> Iterator[tuple[str, str]]:
    """(where, rule) of every rule that the code names where it makes a finding."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(f"{name}(" in text for name in ARGUMENT):
            continue
        module = importlib.import_module(".".join(("milepost", *path.relative_to(PACKAGE).with_suffix("").parts)))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ARGUMENT:
                yield from (
                    (f"{path.relative_to(ROOT)}:{node.lineno}", rule) for rule in _rule(node, node.func.id, module)
                )


def _rule(call: ast.Call, name: str, module: ModuleType) -> Iterator[str]:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "rule"] or call.args[ARGUMENT[name] :]
    match given[:1]:
        case [ast.Constant(value=str(rule))]:
            yield rule
        case [ast.Name(id=constant)] if hasattr(module, constant):
            yield getattr(module, constant)
        case [ast.Attribute(value=ast.Name(id=owner), attr=constant)] if hasattr(module, owner):
            found = getattr(getattr(module, owner), constant, None)
            if isinstance(found, str):
                yield found


def test_every_rule_that_is_broken_anywhere_is_explained() -> None:
    named = list(yielded())
    assert len({rule for _, rule in named}) > 20
    assert [f"{where} {rule}" for where, rule in named if rule not in RULES | ELSEWHERE] == []


def test_every_planted_fault_breaks_a_rule_that_is_explained() -> None:
    tables = (SOURCES, PAGES, FEEDS)
    assert sum(map(len, tables)) > 60
    assert {planted.rule for table in tables for planted in table.values()} <= RULES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_an_explanation_is_a_sentence_or_more(rule: str) -> None:
    assert len(explanation(rule).split()) > 5
