"""Goods that come back: one return order per order and batch, never twice, nothing silent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.returns import handle_returns
from sqlalchemy import select

from include.core.errors import FulfilmentError
from include.core.return_settings import Returns
from include.ledger.tables import order_events, return_rows
from include.ledger.tables import returns as returns_table
from tests.flow.stage import Stage, good_order

SETTINGS: dict[str, Any] = {
    "status": "9.0.1",
    "reasons": {"damaged": 3, "size": 4},
    "conditions": {"2": 2},
}


@pytest.fixture
def shop(stage: Stage) -> Iterator[Stage]:
    """Alpha with two shipped orders: order 1 of two pieces, order 2 of two products."""
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    items = [{"variation": 2001, "quantity": 2}, {"variation": 2002, "quantity": 1}]
    stage.add(good_order(1), good_order(2, items=items))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    stage.run()
    assert stage.state(1) == "shipped"
    use(stage)
    stage.sandbox.plenty.reset_calls()
    yield stage


def use(stage: Stage, **changes: Any) -> None:
    returns = Returns.model_validate({**SETTINGS, **changes})
    stage.merchant = stage.merchant.model_copy(update={"returns": returns})


def come_back(stage: Stage, order: int | None, *items: dict[str, Any], **more: Any) -> list[int]:
    args = {**more, "items": list(items)}
    if order is not None:
        args["order"] = str(order)
    found: list[int] = stage.sandbox.wemalo.act("book_return", "alpha", **args)["historyIds"]
    return found


def step(stage: Stage) -> dict[str, int]:
    return handle_returns(stage.work("handle_returns"))


def return_orders(stage: Stage) -> list[dict[str, Any]]:
    orders = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    return [order for order in orders.values() if order["typeId"] == 3]


def queue(stage: Stage) -> list[int]:
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    return list(tenant["queues"]["returns"])


def events(stage: Stage, kind: str) -> list[dict[str, Any]]:
    with stage.engine.begin() as connection:
        return list(
            connection.execute(
                select(order_events.c.data)
                .where(order_events.c.kind == kind)
                .order_by(order_events.c.event_id)
            ).scalars()
        )


def properties(item: dict[str, Any]) -> dict[int, str]:
    return {row["typeId"]: row["value"] for row in item["properties"]}


def test_two_pieces_of_an_order_become_one_return_order_linked_to_it(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001", "quantity": 2, "reason": "damaged", "attribute": "2"})
    step(shop)
    (made,) = return_orders(shop)
    assert Decimal(str(made["statusId"])) == Decimal("9.01")
    assert [row["originOrderId"] for row in made["orderReferences"]] == [1]
    (item,) = made["orderItems"]
    assert (item["itemVariationId"], item["quantity"]) == (2001, 2)
    assert properties(item) == {35: "3", 36: "2"}
    assert queue(shop) == []
    assert shop.state(1) == "shipped"
