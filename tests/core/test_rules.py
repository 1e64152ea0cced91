"""The catalogue: nothing stops without code, field and two texts, and no rule is without a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.rules import RULES, Rule


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_rule_names_a_field_and_says_why_in_two_languages(rule: Rule) -> None:
    assert rule.field
    assert rule.de != rule.en
    assert rule.de.endswith(".")
    assert rule.en.endswith(".")
    assert (rule.outcome == "ok") == (rule.severity == "warn")


def test_no_rule_is_without_a_test() -> None:
    tests = Path(__file__).parents[1]
    files = [path for path in tests.rglob("*") if path.suffix in {".py", ".jsonl", ".csv"}]
    written = "".join(
        path.read_text(encoding="utf-8") for path in files if path.name != Path(__file__).name
    )
    by_setting = {"REPAIRED_LABEL_LINES"}  # tests/core/address/test_check.py: label_lines
    assert {code for code in RULES if code not in written} <= by_setting
