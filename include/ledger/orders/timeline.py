"""Everything the ledger knows of one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.ledger.tables import order_events, orders, outbox, parcels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Timeline:
    """One order's row, its events in order, what waits to be written, and its parcels."""

    order: Row[Any]
    events: Sequence[Row[Any]]
    waiting: Sequence[Row[Any]]
    parcels: Sequence[Row[Any]]


def read(connection: Connection, merchant: str, order_id: int) -> Timeline | None:
    """Return what is known of an order, None for one that the ledger has never seen."""
    order = connection.execute(
        select(orders).where(orders.c.merchant == merchant, orders.c.order_id == order_id)
    ).one_or_none()
    if order is None:
        return None
    return Timeline(
        order=order,
        events=connection.execute(
            select(order_events)
            .where(order_events.c.merchant == merchant, order_events.c.order_id == order_id)
            .order_by(order_events.c.event_id)
        ).all(),
        waiting=connection.execute(
            select(outbox)
            .where(
                outbox.c.merchant == merchant,
                outbox.c.order_id == order_id,
                outbox.c.state.in_(["due", "writing", "dead"]),
            )
            .order_by(outbox.c.outbox_id)
        ).all(),
        parcels=connection.execute(
            select(parcels)
            .where(parcels.c.merchant == merchant, parcels.c.order_id == order_id)
            .order_by(parcels.c.parcel_id)
        ).all(),
    )
