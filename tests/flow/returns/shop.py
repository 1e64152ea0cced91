"""An order of two pieces that left, and goods of it that come back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fulfilment.flow.returns.handle import handle_returns
from sqlalchemy import func, update

from include.core.returns.settings import Returns
from include.ledger.tables import return_rows, writes
from include.ledger.tables import returns as returns_table
from tests.flow.stage import Stage

SETTINGS: dict[str, Any] = {
    "status": "9.0.1",
    "reasons": {"damaged": 3, "size": 4},
    "conditions": {"2": 2},
}


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


def make_due(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(returns_table).values(next_attempt_at=None))
        connection.execute(update(return_rows).values(next_attempt_at=None))
        settled = {"lease_until": func.now(), "doubt_until": func.least(
            writes.c.doubt_until, func.now())}  # fmt: skip
        connection.execute(update(writes).values(settled))


def physical(stage: Stage) -> int:
    """Return plentymarkets' stock of article 2001."""
    rows = stage.work("merchant").plenty._get(
        "/rest/stockmanagement/stock", params=[("variationId", "2001")]
    )["entries"]
    return sum(int(row["stockPhysical"]) for row in rows)


def properties(item: dict[str, Any]) -> dict[int, str]:
    """Return reason (35) and condition (36)."""
    return {row["typeId"]: row["value"] for row in item["properties"] if row["typeId"] in (35, 36)}


ANNOUNCE = {"statuses": ["9.1"], "reasons": {"3": 77}}


def announced(stage: Stage) -> list[dict[str, Any]]:
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    return list(tenant["returns"].values())


def enter_return(stage: Stage, quantity: int = 2) -> int:
    item = stage.plenty_order(1)["orderItems"][0]["id"]
    return stage.work("merchant").plenty.create_return(
        1,
        status=Decimal("9.1"),
        warehouse_id=3,
        quantities=[
            {
                "orderItemId": item,
                "quantity": quantity,
                "properties": [{"typeId": 35, "value": "3"}],
            }
        ],
        comment="entered by the shop",
    )
