"""The mirror of wemalo's stock, and what of it is promised to orders that wemalo does not have."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.ledger import orders
from include.ledger.tables import stock_mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from include.core.models import OrderItem
    from include.core.states import State


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
    states: Iterable[State],
    key: Callable[[OrderItem], str],
    *,
    also: Collection[int] = (),
) -> tuple[dict[str, Decimal], Counter[str]]:
    """Return pieces and number of orders per product of orders on their way, not yet reserved.

    :param states: those of orders on their way.
    :param also: orders that were on their way when the stock was measured, wherever they are now.
    """
    amounts: dict[str, Decimal] = {}
    takers: Counter[str] = Counter()
    for row in orders.in_states(connection, merchant, states, also=also):
        needed = [(key(item), item.quantity) for item in orders.content(row).items]
        for product, quantity in needed:
            amounts[product] = amounts.get(product, Decimal(0)) + quantity
        takers.update({product for product, _ in needed})
    return amounts, takers
