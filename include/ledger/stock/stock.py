"""The mirror of wemalo's stock, and what of it is promised to orders that wemalo does not have."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Numeric, Text, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from include.ledger.orders.to_look_at import among
from include.ledger.tables import orders, stock_mirror

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from include.core.stock.stock_rules import ProductId


def keep(
    connection: Connection,
    merchant: str,
    available: Mapping[str, Decimal],
    measured_at: datetime,
) -> None:
    """Take newly read amounts into the mirror; an older measurement never replaces a newer one."""
    if not available:
        return
    statement = insert(stock_mirror).values(
        [
            {
                "merchant": merchant,
                "product": product,
                "available": amount,
                "measured_at": measured_at,
            }
            for product, amount in sorted(available.items())
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "product"],
            where=stock_mirror.c.measured_at <= measured_at,
            set_={
                "available": statement.excluded.available,
                "measured_at": statement.excluded.measured_at,
            },
        )
    )


def introduce(
    connection: Connection, merchant: str, products: Iterable[str], measured_at: datetime
) -> None:
    """Note products as known with nothing available, unless the mirror has an amount of them."""
    rows = [
        {"merchant": merchant, "product": one, "available": 0, "measured_at": measured_at}
        for one in sorted(set(products))
    ]
    if rows:
        connection.execute(insert(stock_mirror).values(rows).on_conflict_do_nothing())


def mirror(connection: Connection, merchant: str) -> dict[str, Decimal]:
    """Return the pieces per product, in the key wemalo knows the product by."""
    rows = connection.execute(
        select(stock_mirror.c.product, stock_mirror.c.available).where(
            stock_mirror.c.merchant == merchant
        )
    )
    return {row.product: Decimal(row.available) for row in rows}


def last_change(connection: Connection, merchant: str) -> datetime | None:
    """Return when the newest amount was measured (UTC), None for an empty mirror."""
    return connection.execute(
        select(func.max(stock_mirror.c.measured_at)).where(stock_mirror.c.merchant == merchant)
    ).scalar_one_or_none()


def promised(
    connection: Connection,
    merchant: str,
    states: Iterable[str],
    by: ProductId,
    *,
    also: Iterable[int] = (),
) -> tuple[dict[str, Decimal], Counter[str]]:
    """Return pieces and number of orders per product of orders on their way, not yet reserved.

    Added up by the database: there may be a hundred thousand orders, and few products.

    :param states: those of orders on their way.
    :param also: orders that were on their way when the stock was measured, wherever they are now.
    """
    item = func.jsonb_array_elements(orders.c.content["items"]).table_valued("value").lateral("i")
    product = item.c.value.op("->>", return_type=Text)(by)
    quantity = cast(item.c.value.op("->>", return_type=Text)("quantity"), Numeric)
    rows = connection.execute(
        select(product, func.sum(quantity), func.count(orders.c.order_id.distinct()))
        .select_from(orders.join(item, true()))
        .where(
            orders.c.merchant == merchant,
            orders.c.content.is_not(None),
            or_(orders.c.state.in_(sorted(states)), among(orders.c.order_id, also)),
        )
        .group_by(product)
    ).all()
    amounts = {key: Decimal(pieces) for key, pieces, _ in rows}
    return amounts, Counter({key: count for key, _, count in rows})
