"""axe-core in a page: what stands in the way of anybody, by the rules of WCAG 2.2 A and AA and its best practice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from sites import ROOT

AXE = ROOT / "tests/node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async ([rules, within]) => (await axe.run(within ?? document, {
  runOnly: rules, resultTypes: ["violations"] })).violations
  .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`))"""


def violations(page: Page, within: str | None = None, rules: list[str] = RULES) -> list[str]:
    """What axe finds by `rules` in `page`, or in what the selector `within` finds there, as `rule: element`."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `make test` does it")
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN_AXE, [rules, within])
    return found
