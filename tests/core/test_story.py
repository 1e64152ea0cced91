"""Everything that the steps of the chain note about an order has words for the operator."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from include.core.story import event_text

FLOW = Path(__file__).parents[2] / "plugins/fulfilment/flow"
STEPS = (
    "extract", "validate", "load", "recover", "handover", "cancel", "writeback", "reconcile",
    "poll", "changes", "change_send", "parts", "numbers_watch",
)  # fmt: skip


def kinds(source: str) -> set[str]:
    """Return the kinds of events that a module writes: `journal.add(..., kind)`, `event=kind`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [keyword.value for keyword in node.keywords if keyword.arg == "event"]
            if ast.unparse(node.func).endswith("journal.add"):
                found.append(node.args[2])
    composed = {
        part for value in found for text in ast.walk(value) if isinstance(text, ast.JoinedStr)
        for part in text.values
    }  # fmt: skip
    return {
        constant.value
        for value in found
        for constant in ast.walk(value)
        if isinstance(constant, ast.Constant)
        and isinstance(constant.value, str)
        and constant not in composed
    }


def test_the_kinds_are_found_where_they_are_written() -> None:
    assert "change_sent" in kinds((FLOW / "change_send.py").read_text())
    assert "cancel_put_back" in kinds((FLOW / "writeback.py").read_text())


@pytest.mark.parametrize("step", STEPS)
def test_every_event_of_a_step_has_words(step: str) -> None:
    told_by_name = {
        kind
        for kind in kinds((FLOW / f"{step}.py").read_text())
        if event_text(kind, {}) == kind.replace("_", " ") and kind != "cancelled"
    }
    assert told_by_name == set()
