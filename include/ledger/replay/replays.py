"""What a replay asks the ledger: which orders are its business, what it forgot on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from include.ledger.orders.to_look_at import ids_of
from include.ledger.tables import order_events, orders, outbox, parcels, return_rows

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection


def first_seen(
    connection: Connection, merchant: str, since: datetime, until: datetime
) -> array[int]:
    """Return orders that came into the ledger in this time, both ends included."""
    return ids_of(
        connection,
        select(orders.c.order_id).where(
            orders.c.merchant == merchant, orders.c.first_seen_at.between(since, until)
        ),
    )


def unfinished(
    connection: Connection, merchant: str, ids: Collection[int], states: Iterable[str]
) -> set[int]:
    """Return those of ``ids`` in ``states`` or with something to be written or settled."""
    wanted = list(ids)
    if not wanted:
        return set()
    waiting = select(outbox.c.order_id).where(
        outbox.c.merchant == merchant,
        outbox.c.order_id.in_(wanted),
        outbox.c.state.in_(["due", "writing", "dead"]),
    )
    lacking = select(parcels.c.order_id).where(
        parcels.c.merchant == merchant,
        parcels.c.order_id.in_(wanted),
        parcels.c.tracking_number != "",
        parcels.c.tracking_number.is_distinct_from(parcels.c.written_number),
    )
    open_orders = select(orders.c.order_id).where(
        orders.c.merchant == merchant,
        orders.c.order_id.in_(wanted),
        or_(orders.c.state.in_(sorted(states)), orders.c.cancel_requested_at.is_not(None)),
    )
    return set(connection.execute(waiting.union(lacking, open_orders)).scalars())


def newest_event(connection: Connection) -> int:
    """Return the number of the newest event of all diaries, 0 if there is none."""
    return int(connection.execute(select(func.max(order_events.c.event_id))).scalar() or 0)


def events_of(
    connection: Connection,
    merchant: str,
    runs: Collection[str],
    kinds: Collection[str],
    *,
    after: int,
) -> dict[str, list[int]]:
    """Return what runs did: kind of event -> orders, one entry per event.

    :param after: only newer events; a backfill takes up runs that have a history.
    """
    found: dict[str, list[int]] = {}
    rows = connection.execute(
        select(order_events.c.kind, order_events.c.order_id).where(
            order_events.c.merchant == merchant,
            order_events.c.run_id.in_(list(runs)),
            order_events.c.kind.in_(list(kinds)),
            order_events.c.event_id > after,
        )
    )
    for row in rows:
        found.setdefault(row.kind, []).append(row.order_id)
    return found


def forget_package(connection: Connection, merchant: str, order_id: int, number: str) -> None:
    """Forget that plentymarkets had the package of a parcel: it is gone there."""
    connection.execute(
        update(parcels)
        .where(
            parcels.c.merchant == merchant,
            parcels.c.order_id == order_id,
            parcels.c.tracking_number == number,
        )
        .values(written_number=None, plenty_package_id=None, sent_number=None, ended_at=None)
    )


def settled_pieces(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those returned pieces that are part of a return order."""
    if not ids:
        return set()
    return set(
        connection.execute(
            select(return_rows.c.history_id).where(
                return_rows.c.merchant == merchant,
                return_rows.c.history_id.in_(list(ids)),
                return_rows.c.return_key.is_not(None),
            )
        ).scalars()
    )
