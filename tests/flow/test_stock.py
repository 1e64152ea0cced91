"""wemalo's stock reaches plentymarkets: once, with its reason, whatever crosses it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.stock import stock

from include.core.merchant import Merchant
from include.ledger import stock_sync as ledger
from tests.flow.stage import Stage, good_order

NOW = {"enabled": True, "every_minutes": 0, "settle_minutes": 0}


def configure(stage: Stage, *, goods_issue: str = "book", **settings: Any) -> None:
    data = stage.merchant.model_dump(mode="json")
    data["goods_issue"] = goods_issue
    data["stock"] = {**NOW, **settings}
    stage.merchant = Merchant.model_validate(data)


def look(stage: Stage) -> dict[str, int]:
    return stock(stage.work("stock"))


def approve(stage: Stage) -> int:
    with stage.engine.begin() as connection:
        return ledger.approve(connection, stage.name)


def plenty_stock(stage: Stage) -> dict[int, Decimal]:
    rows = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["stock"]
    return {int(r["variationId"]): Decimal(str(r["stockPhysical"])) for r in rows}


def wemalo_stock(stage: Stage) -> dict[int, Decimal]:
    """The sellable pieces in the house: on the shelf in the default quality, and picked."""
    rows = stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["stock"]
    return {
        int(key): Decimal(row["shelf"].get("1", 0) + row["picked"]) for key, row in rows.items()
    }


def movements(stage: Stage, reason: int | None = None) -> list[dict[str, Any]]:
    rows = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["movements"]
    return [row for row in rows if reason is None or row["reason"] == reason]


def open_postings(stage: Stage) -> dict[str, int]:
    rows = stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["queues"]["postings"]
    return {key: n for key, n in rows.items() if key not in ("SENT", "PACK_PARCEL")}


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A merchant whose first comparison is confirmed and booked."""
    configure(stage)
    look(stage)
    approve(stage)
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    return stage


def test_the_first_comparison_waits_for_a_person(stage: Stage) -> None:
    configure(stage)
    counts = look(stage)
    assert counts["held"] == 6
    assert movements(stage) == []
    assert approve(stage) == 6
    assert look(stage)["booked"] == 6
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_a_goods_receipt_is_booked_once_with_its_reason_and_acknowledged(running: Stage) -> None:
    running.sandbox.wemalo.act(
        "receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}]
    )
    assert look(running)["booked"] == 1
    (row,) = movements(running, 101)
    assert (row["variationId"], row["quantity"]) == (2001, 7)
    assert open_postings(running) == {}
    for _ in range(3):
        look(running)
    assert len(movements(running, 101)) == 1
    assert plenty_stock(running) == wemalo_stock(running)
