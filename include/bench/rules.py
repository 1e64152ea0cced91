"""The rules over a batch of 10,000 orders, beside the import of Great Expectations."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from include.bench.process import fresh
from include.bench.rows import Row
from include.config.merchants import find
from include.core.orders.models import Address, Order, OrderItem
from include.core.stock.stock_rules import StockView
from include.sandbox.scenarios.demo_orders import FIRST_NAMES, LAST_NAMES, PLACES

if TYPE_CHECKING:
    from include.core.merchants.merchant import Merchant

ORDERS = 10_000
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def run(*, quick: bool = False) -> list[Row]:
    """Judge the batch, and have Great Expectations alone look at the same frame."""
    orders = 500 if quick else ORDERS
    bare = fresh(load)
    whole = fresh(judge_batch, orders)
    alone = fresh(expectations_only, orders)
    import_s, rules_s = whole.value
    expectations_s = alone.value
    return [
        Row("import, once per worker", import_s, "CPU s"),
        Row(f"rules, {orders:,} orders", rules_s, "CPU s", rules_s / expectations_s,
            "Great Expectations alone"),
        Row("orders per second", orders / rules_s, "1/CPU s"),
        Row("peak memory", whole.peak_mb, "MB", whole.peak_mb / bare.peak_mb, "import alone"),
        Row("import, empty batch", fresh(empty_batch).cpu_s, "CPU s"),
    ]  # fmt: skip


def load() -> None:
    """Load what a batch needs and judge nothing."""
    from include.quality.preload import preload

    preload()


def judge_batch(count: int) -> tuple[float, float]:
    """Return the CPU seconds of the import and of judging ``count`` orders."""
    from include.quality.batch import judge

    merchant = find("alpha")
    orders = [order(number, merchant) for number in range(1, count + 1)]
    stock = StockView({str(2001 + n): count // 2 for n in range(20)}, measured_at=NOW)
    start = time.process_time()
    load()
    loaded = time.process_time()
    judge(orders, merchant=merchant, stock=stock, known_products=set(stock.available), now=NOW)
    return loaded - start, time.process_time() - loaded


def expectations_only(count: int) -> float:
    """Return the CPU seconds of Great Expectations over a frame of ``count`` orders, no rules."""
    from include.quality.validation import validate

    merchant = find("alpha")
    orders = [order(number, merchant) for number in range(1, count + 1)]
    load()
    start = time.process_time()
    nothing = {one.order_id: () for one in orders}
    validate(orders, nothing, nothing, {}, merchant=merchant)
    return time.process_time() - start


def empty_batch() -> None:
    """Judge no order, which imports nothing."""
    from include.quality.batch import judge

    judge([], merchant=find("alpha"), stock=StockView({}), known_products=None)


def order(number: int, merchant: Merchant) -> Order:
    """Return a made-up order; of a hundred, two have a faulty address and some need a repair."""
    street, postal_code, town, country = PLACES[number % len(PLACES)]
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number // 7 % len(LAST_NAMES)]
    house = "" if number % 50 == 0 else str(number % 199 + 1)
    split = number % 3 != 0
    return Order(
        order_id=number,
        type_id=1,
        plenty_id=merchant.plenty.plenty_id,
        status=Decimal(5),
        created_at=NOW - timedelta(minutes=number),
        updated_at=NOW,
        warehouse_id=merchant.plenty.warehouse_id,
        shipping_profile_id=next(iter(merchant.shipping_profiles)),
        items=tuple(
            OrderItem(
                item_id=10 * number + place,
                type_id=1,
                variation_id=variation,
                sku=f"SKU-{variation}",
                quantity=Decimal(number % 3 + 1),
                warehouse_id=merchant.plenty.warehouse_id,
                total_cents=1990,
                name="Ware",
            )
            for place, variation in enumerate(_variations(number))
        ),
        delivery=Address(
            name2=first,
            name3=f"{last}-{number}",  # no two recipients are the same
            address1=street if split else f"{street} {house}".strip(),
            address2=house if split else "",
            postal_code=postal_code,
            town=town,
            country_id=1,
            country=country,
            email=f"{first}.{last}{number}@firma.example".lower(),
            phone=f"+49 30 {1234567 + number}",
        ),
        payment_status="fullyPaid",
    )


def _variations(number: int) -> list[int]:
    return [2001 + (number + step) % 20 for step in range(number % 3 + 1)]
