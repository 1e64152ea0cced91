"""Tracking numbers that change after their parcel has left."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.each import each
from include.core.orders.wemalo_order import external_id
from include.core.parcels.sent_rows import by_parcel
from include.core.parcels.tracking import tracking_numbers
from include.ledger.orders import orders
from include.ledger.parcels import shipping

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

#: orders that left: looked at for so many days, so many times more seldom, so many per run
NUMBER_DAYS, NUMBER_LOOKS, NUMBER_LIMIT = 3, 24, 20


def look_at_numbers(work: Work) -> None:
    """Ask for the tracking numbers of orders that left lately: a label may be made anew.

    Their rows are acknowledged, so wemalo's queue does not tell (wemalo contract 15.3).
    """
    with work.engine.begin() as connection:
        rows = numbers_to_look_at(work, connection)
    each(work, "number", rows, partial(_look, work))


def numbers_to_look_at(work: Work, connection: Connection) -> list[Row[Any]]:
    """Return the orders that left lately and whose numbers were not asked for lately."""
    rows = shipping.left_lately(
        connection,
        work.name,
        older_than_s=NUMBER_LOOKS * work.look_again_s,
        days=NUMBER_DAYS,
        limit=NUMBER_LIMIT,
    )
    return work.mine(rows)


def _look(work: Work, row: Row[Any]) -> None:
    with work.engine.begin() as connection:  # before the call: a sick one must not stay first
        orders.touch(connection, work.name, [row.order_id], looked_at=datetime.now(UTC))
    packages = work.wemalo.packages(external_id(row.order_id))
    numbers: dict[str, str] = {}
    for package in packages:
        found = tracking_numbers(package.get("trackingNumber"))
        numbers |= by_parcel(str(package.get("id")), found)
    with work.engine.begin() as connection:
        for parcel_id in shipping.renumber(connection, work.name, row.order_id, numbers):
            work.journal.add(
                connection,
                row.order_id,
                "tracking_changed",
                parcel=parcel_id,
                tracking=numbers[parcel_id],
            )
