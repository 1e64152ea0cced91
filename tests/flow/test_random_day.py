"""A random day: orders, receipts, corrections, cancellations, shipments, returns; then all agrees.

`make day` plays more seeds.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.hooks.base import ApiHook
from sqlalchemy import text

from include.demo.scenarios import plenty_stock, wemalo_stock
from include.ledger.exceptions import exceptions
from include.ledger.stock.stock_sync import approve
from tests.flow.stage import Stage, good_order

pytestmark = pytest.mark.timeout(3600)
ORDERS = int(os.environ.get("RANDOM_DAY_ORDERS", "500"))
SEEDS = [int(seed) for seed in os.environ.get("RANDOM_DAY_SEEDS", "1").split(",")]
GOODS = [str(number) for number in range(2001, 2006)]
ROUNDS = 8


@pytest.fixture
def day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Alpha with goods issue booked and enough of everything, compared once."""
    # the day's hours pass in minutes, and with them the calls that the plan allows in hours
    monkeypatch.setattr(ApiHook, "_take_permit", lambda *_: None)
    data = stage.merchant.model_dump(mode="json")
    data["goods_issue"] = "book"
    data["stock"]["book_shipments"] = False
    stage.merchant = type(stage.merchant).model_validate(data)
    stage.sandbox.plenty.settings(limits=False)
    settings = {"limit_calls": 100_000}
    stock = dict.fromkeys(GOODS, ORDERS)
    tenant = {"tenant": "alpha", "settings": settings, "stock": stock}
    stage.sandbox.wemalo.merge({"tenants": [tenant]})
    run(stage)
    with stage.engine.begin() as connection:
        approve(connection, stage.name)
    run(stage)
    return stage


def run(stage: Stage) -> None:
    with stage.engine.begin() as connection:  # pauses are over
        connection.execute(text("UPDATE orders SET next_attempt_at = NULL"))
    stage.run(groups=True)
    assert not stage.errors


def at_merchant(stage: Stage) -> dict[int, dict[str, Any]]:
    rows = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    return {int(key): row for key, row in rows.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_end_of_a_random_day_stocks_and_orders_agree(day: Stage, seed: int) -> None:
    dice = random.Random(seed)
    back: Counter[str] = Counter()
    size = -(-ORDERS // ROUNDS)
    for first in range(1, ORDERS + 1, size):
        add_orders(day, dice, list(range(first, min(first + size, ORDERS + 1))))
        run(day)
        merchant_cancels(day, dice)
        for _ in range(6):
            warehouse_works(day, dice)
        send_back(day, dice, back)
        day.sandbox.wemalo.clock(advance=dice.choice([600, 1800, 7200]))
    day.sandbox.wemalo.clock(advance=6 * 3600)
    for _ in range(4):
        run(day)
    plenty = day.sandbox.plenty.state("alpha")["tenants"]["alpha"]
    wemalo = day.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    here, there = plenty_stock(plenty), wemalo_stock(wemalo)
    assert {key: here.get(int(key), 0) for key in there} == there
    faults = [fault for n in range(1, ORDERS + 1) for fault in of_order(day, n, plenty, wemalo)]
    assert faults == []
    assert returned(plenty) == back
    assert (wemalo["queues"]["sent"], wemalo["queues"]["returns"]) == ([], [])
    with day.engine.begin() as connection:
        left = {row.code for row in exceptions.open_exceptions(connection, "alpha")}
    assert left <= {"CANCEL_AFTER_SHIPPING", "CANCEL_TOO_LATE"}  # told until somebody has seen it


def add_orders(stage: Stage, dice: random.Random, numbers: list[int]) -> None:
    stage.add(
        *(
            good_order(
                n,
                items=[
                    {"variation": int(product), "quantity": dice.randint(1, 3)}
                    for product in dice.sample(GOODS, dice.choice([1, 1, 2]))
                ],
            )
            for n in numbers
        )
    )


def merchant_cancels(stage: Stage, dice: random.Random) -> None:
    there = [n for n, row in at_merchant(stage).items() if Decimal(str(row["statusId"])) < 7]
    for number in dice.sample(there, min(len(there), 2)):
        stage.sandbox.plenty.act("cancel", "alpha", order=number)


def warehouse_works(stage: Stage, dice: random.Random) -> None:
    warehouse, product = stage.sandbox.wemalo, dice.choice(GOODS)
    kind = dice.choice(["receive", "b", "found", "lost", "hour"])
    if kind in ("receive", "b"):
        item = {"product": product, "quantity": dice.randint(1, 9)}
        item |= {"attribute": "2"} if kind == "b" else {}
        warehouse.act("receive_goods", "alpha", items=[item])
    elif kind in ("found", "lost"):
        delta = dice.randint(1, 3) * (1 if kind == "found" else -1)
        warehouse.act("inventory", "alpha", product=product, delta=delta)
    else:
        warehouse.clock(advance=3600)


def send_back(stage: Stage, dice: random.Random, back: Counter[str]) -> None:
    """Let all goods of two orders come back that have left and have not come back before."""
    left = [key for key, row in stage.wemalo_orders().items() if row["status"] == "SHIPPED"]
    for key in dice.sample(sorted(set(left) - set(back)), min(2, len(set(left) - set(back)))):
        items = [
            {"product": row["externalId"], "quantity": int(row["quantity"])}
            for row in stage.wemalo_orders()[key]["positions"]
        ]
        stage.sandbox.wemalo.act("book_return", "alpha", order=key, items=items)
        back[key] = sum(item["quantity"] for item in items)


def returned(plenty: dict[str, Any]) -> Counter[str]:
    """Return pieces of return orders by original order; of two for one order, both count."""
    found: Counter[str] = Counter()
    for row in plenty["orders"].values():
        for reference in row["orderReferences"] if row["typeId"] == 3 else ():
            pieces = sum(int(Decimal(str(item["quantity"]))) for item in row["orderItems"])
            found[str(reference["originOrderId"])] += pieces
    return found


def of_order(
    stage: Stage, number: int, plenty: dict[str, Any], wemalo: dict[str, Any]
) -> Iterator[str]:
    """Yield where ledger, plentymarkets and wemalo do not say the same of an order."""
    row, sent = plenty["orders"][str(number)], wemalo["orders"].get(str(number))
    state, shown = stage.state(number), Decimal(str(row["statusId"]))
    numbers = sorted(p["packageNumber"] for p in row["shippingPackages"] if p["packageNumber"])
    parcels = sorted(p["trackingNumber"] for p in sent["parcels"]) if sent else []
    at_wemalo = sent["status"] if sent else None
    right = {
        "shipped": (at_wemalo == "SHIPPED", shown in (Decimal(7), Decimal("8.8"))),
        "cancelled": (at_wemalo in (None, "CANCELLED"), shown == Decimal("8.8")),
        "no_stock": (at_wemalo is None, shown == Decimal("6.3")),
    }.get(state, (False, False))
    if not all(right):
        yield f"order {number}: ledger {state}, wemalo {at_wemalo}, plentymarkets {shown}"
    if sent and sent["submissions"] != 1:
        yield f"order {number}: sent {sent['submissions']} times"
    if numbers != (parcels if state == "shipped" else []):
        yield f"order {number}: numbers {numbers}, parcels {parcels}"
