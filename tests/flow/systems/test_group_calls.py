"""How many calls returns, documents, stock and products make, as docs/status-contract.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.ledger.stock.stock_sync import approve
from tests.flow.stage import GROUPS, Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Callable


def receive(stage: Stage) -> None:
    items = [{"product": "2001", "quantity": 3}]
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=items)


def come_back(stage: Stage, **item: Any) -> None:
    items = [{"product": "2001", "quantity": 1, **item}]
    stage.sandbox.wemalo.act("book_return", "alpha", order="1", items=items)


def enter_return(stage: Stage) -> None:
    stage.sandbox.plenty.act("enter_return", "alpha", order=1, items={"1": 1}, status="9.1")


def papers(stage: Stage) -> None:
    for kind in ("invoice", "delivery_note"):
        stage.sandbox.plenty.act("make_document", "alpha", order=2, kind=kind)


def new_variation(stage: Stage) -> None:
    row = {"id": 5001, "number": "SKU-1", "name": "Cable", "weight_g": 250}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": [row]}]})


#: case -> (what happens, the group, its reads, its writes)
CASES: dict[str, tuple[Callable[[Stage], None], str, int, int]] = {
    "returns: nothing came back": (lambda _: None, "handle_returns", 1, 0),
    "returns: a piece came back": (come_back, "handle_returns", 3, 2),
    "returns: with a reason": (lambda s: come_back(s, reason="damaged"), "handle_returns", 4, 3),
    "returns: one to be announced": (enter_return, "handle_returns", 2, 0),
    "documents: missing": (lambda _: None, "attach_documents", 1, 0),
    "documents: two to attach": (papers, "attach_documents", 3, 0),
    "stock: nothing changed": (lambda _: None, "sync_stock", 0, 0),
    "stock: a goods receipt": (receive, "sync_stock", 2, 1),
    "products: nothing changed": (lambda _: None, "sync_products", 2, 0),
    "products: a new variation": (new_variation, "sync_products", 3, 0),
}


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """Alpha with order 1 shipped, order 2 in the warehouse, and everything compared once."""
    stage.sandbox.plenty.settings(document_seconds=0)
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1), good_order(2))
    stage.run(groups=True)
    with stage.engine.begin() as connection:
        approve(connection, stage.name)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    for _ in range(2):
        stage.run(groups=True)
    assert not stage.errors
    with stage.engine.begin() as connection:  # the story's variations are of this very second
        later = "UPDATE sync_state SET read_until = now() + interval '15 min'"
        connection.execute(text(later))
    return stage


@pytest.mark.parametrize("case", CASES)
def test_a_part_costs_the_calls_that_are_written_down(ready: Stage, case: str) -> None:
    happens, group, reads, writes = CASES[case]
    happens(ready)
    ready.sandbox.plenty.reset_calls()
    GROUPS[group](ready.work(group))
    calls = ready.sandbox.plenty.calls("alpha")
    found = calls["reads"].get("alpha", 0), calls["writes"].get("alpha", 0)
    assert found == (reads, writes), calls["counts"].get("alpha")
