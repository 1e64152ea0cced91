"""Both systems' stock, looked at and moved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fulfilment.flow.stock.sync import stock

from include.core.merchants.merchant import Merchant
from include.ledger.exceptions import exceptions
from include.ledger.stock import stock_sync as ledger
from tests.flow.stage import Stage

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


def exceptions_of(stage: Stage) -> list[Any]:
    with stage.engine.begin() as connection:
        return list(exceptions.open_exceptions(connection, stage.name))
