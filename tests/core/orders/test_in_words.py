"""Every kind of event that is written anywhere has words for the operator."""

from __future__ import annotations

import ast
from pathlib import Path

from include.core.orders.in_words import event_text, is_told
from include.core.orders.states import State

ROOT = Path(__file__).parents[3]
#: kinds of the outbox, and verdicts, that are part of an event's name
PARTS = {
    "row.kind": ("goods_issue", "shipping_info", "status", "note"),
    "verdict.outcome": ("ok", "bad", "short", "wait", "stop"),
}
#: what only some kinds of writes can be
NEVER = {"goods_issue_waits", "status_waits", "note_waits"}


def kinds_in(tree: ast.AST) -> set[str]:
    """Return the kinds of events that a module's text names."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found |= kinds_of_call(node)
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3 and is_data(node.elts[2]):
            found |= names(node.elts[1])
        elif isinstance(node, ast.Assign):
            found |= kinds_of_assignment(node)
    return found


def kinds_of_call(node: ast.Call) -> set[str]:
    found = {n for word in node.keywords if word.arg == "event" for n in names(word.value)}
    if isinstance(node.func, ast.Attribute) and node.func.attr == "add" and len(node.args) > 2:
        found |= names(node.args[2])
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("move", "lease"):
        if all(word.arg != "event" for word in node.keywords):  # then it is the new state's name
            found |= {str(State[n.attr]) for arg in node.args for n in ast.walk(arg)
                      if isinstance(n, ast.Attribute) and n.attr in State.__members__}  # fmt: skip
    elif isinstance(node.func, ast.Name) and node.func.id.startswith("_") and node.args:
        last = node.args[-1]  # a helper of the module that passes its last argument on
        if isinstance(last, ast.Constant) and str(last.value).startswith("return_"):
            found |= names(last)
    return found


def kinds_of_assignment(node: ast.Assign) -> set[str]:
    targets = node.targets[0]
    pairs = (
        zip(targets.elts, node.value.elts, strict=True)
        if isinstance(targets, ast.Tuple) and isinstance(node.value, ast.Tuple)
        else [(targets, node.value)]
    )
    return {
        name
        for target, value in pairs
        if isinstance(target, ast.Name) and target.id == "event"
        for name in names(value)
    }


def is_data(node: ast.expr) -> bool:
    return isinstance(node, ast.Dict) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "facts"
    )


def names(node: ast.expr) -> set[str]:
    """Return what a kind can be: a text, either of two, or one with a part filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return names(node.body) | names(node.orelse)
    if isinstance(node, ast.BoolOp):
        return {name for value in node.values for name in names(value)}
    if isinstance(node, ast.JoinedStr):
        texts = {""}
        for part in node.values:
            ends = (
                PARTS[ast.unparse(part.value)]
                if isinstance(part, ast.FormattedValue)
                else (str(part.value),)  # type: ignore[attr-defined]
            )
            texts = {text + end for text in texts for end in ends}
        return texts
    return set()


def test_there_are_words_for_every_kind_of_event_that_is_written() -> None:
    written: set[str] = set()
    for folder in ("plugins/fulfilment", "include/ledger"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                written |= kinds_in(ast.parse(path.read_text()))
    assert {"return_created", "status_written", "validated_short"} <= written
    assert {kind for kind in written - NEVER if not is_told(kind)} == set()


def test_a_value_that_is_empty_or_missing_is_shown_as_such() -> None:
    data = {"quantity": 2, "product": "2001", "quality": "", "reason": None}
    assert event_text("piece_returned", data) == "2 × 2001 came back (quality -, reason -)"
    assert event_text("status_written", {}) == "status ? written to plentymarkets"
