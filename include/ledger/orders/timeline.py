"""Everything the ledger knows of one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from include.core.orders.in_words import standing
from include.core.orders.states import ENDED, State
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

    def sentence(self, language: Literal["de", "en"] = "en") -> str:
        """Return where the order stands, why, and what is still to be written."""
        row = self.order
        reason = (row.reason or {}).get(language, "") or (row.wemalo_reason or "")
        dead = sum(entry.state == "dead" for entry in self.waiting)
        to_come = len(self.waiting) - dead
        return standing(row.order_id, State(row.state), reason, to_come, dead, language)

    @property
    def variations(self) -> list[int]:
        """Return the variations of an order that has not ended: their exceptions are its own."""
        if self.order.content is None or self.order.state in ENDED:
            return []
        return sorted({int(item["variation_id"]) for item in self.order.content["items"]})


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
