"""Stock on its way to plentymarkets: levels with their baseline, and bookings.

A booking is written ahead: ``due`` → ``writing`` (the call may have happened) → ``done``,
``dropped`` or ``refused``. Only its end moves the baseline ``stock_levels.booked``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.orders.journal import Journal
from include.ledger.tables import (
    order_events,
    stock_bookings,
    stock_levels,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from include.core.stock.stock_sync import Line

ZERO = Decimal(0)
OPEN = ("due", "writing", "refused")
#: the diary's order number of what concerns no order
OF_MERCHANT = 0


# -- levels ---------------------------------------------------------------------------------------


def keep_levels(
    connection: Connection, merchant: str, rows: Iterable[Mapping[str, Any]], at: datetime
) -> None:
    """Take over ``variation_id external_id sku available`` of wemalo; all become dirty."""
    values = [{"merchant": merchant, "measured_at": at, "dirty": True, **row} for row in rows]
    if not values:
        return
    statement = insert(stock_levels).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "variation_id"],
            set_={
                name: statement.excluded[name]
                for name in ("external_id", "sku", "available", "measured_at", "dirty")
            },
        )
    )


def levels(connection: Connection, merchant: str) -> dict[int, Row[Any]]:
    """Return all levels by variation id."""
    rows = connection.execute(select(stock_levels).where(stock_levels.c.merchant == merchant))
    return {row.variation_id: row for row in rows}


def same_levels(connection: Connection, read: Sequence[Row[Any]]) -> bool:
    """Say whether levels are still as they were read, and keep them so in this transaction."""
    names = ("available", "booked", "measured_at", "dirty", "approved_delta")
    keys = [(row.merchant, row.variation_id) for row in read]
    rows = connection.execute(
        select(stock_levels)
        .where(tuple_(stock_levels.c.merchant, stock_levels.c.variation_id).in_(keys))
        .order_by(stock_levels.c.variation_id)
        .with_for_update()
    )
    now = {row.variation_id: row for row in rows}
    return all(
        row.variation_id in now
        and all(getattr(now[row.variation_id], name) == getattr(row, name) for name in names)
        for row in read
    )


def set_level(connection: Connection, merchant: str, variation_id: int, **values: Any) -> None:
    """Set columns of one level."""
    connection.execute(
        update(stock_levels)
        .where(stock_levels.c.merchant == merchant, stock_levels.c.variation_id == variation_id)
        .values(**values)
    )


def add_booked(connection: Connection, merchant: str, variation_id: int, quantity: Decimal) -> None:
    """Move the baseline of a level; one without a baseline stays without."""
    set_level(
        connection, merchant, variation_id, booked=stock_levels.c.booked + quantity, dirty=True
    )


def approve(
    connection: Connection,
    merchant: str,
    shown: Mapping[int, Decimal] | None = None,
    *,
    by: str = "",
) -> int:
    """Confirm what is held and try refused bookings again; return how many products.

    Each confirmation stands in the merchant's diary, which is that of order `OF_MERCHANT`.

    :param shown: variation id -> change that a person has seen; None confirms whatever is held.
        A change that is another one by now stays held.
    :param by: who confirms it.
    """
    level, booking = stock_levels.c, stock_bookings.c
    seen: list[ColumnElement[bool]] = []
    again = [booking.merchant == merchant, booking.state == "refused"]
    if shown is not None:
        pairs = [(number, change) for number, change in shown.items()]
        seen = [tuple_(level.variation_id, level.held_delta).in_(pairs)]
        again.append(booking.variation_id.in_(list(shown)))
    connection.execute(update(stock_bookings).where(*again).values(state="due"))
    held = connection.execute(
        select(stock_levels)
        .where(level.merchant == merchant, level.held.is_not(None), *seen)
        .order_by(level.variation_id)
        .with_for_update()
    ).all()
    diary = Journal(merchant, "stock_approve", "terminal", 1)
    for row in held:
        set_level(
            connection, merchant, row.variation_id, approved_delta=row.held_delta,
            approved_by=by or None, held=None, held_delta=None, dirty=True,
        )  # fmt: skip
        diary.add(
            connection, OF_MERCHANT, "stock_approved", variation=row.variation_id,
            pieces=str(row.held_delta), code=row.held, by=by,
        )  # fmt: skip
    return len(held)


def approvals(connection: Connection, merchant: str, most: int) -> Sequence[Row[Any]]:
    """Return the newest confirmations in the merchant's diary, the newest first."""
    return connection.execute(
        select(order_events)
        .where(
            order_events.c.merchant == merchant,
            order_events.c.order_id == OF_MERCHANT,
            order_events.c.kind == "stock_approved",
        )
        .order_by(order_events.c.event_id.desc())
        .limit(most)
    ).all()


def emptied(connection: Connection, merchant: str, within: timedelta) -> dict[int, Decimal]:
    """Return products that bookings of ours left without stock lately, and their pieces before."""
    rows = connection.execute(
        select(stock_levels.c.variation_id, stock_levels.c.emptied_pieces).where(
            stock_levels.c.merchant == merchant,
            stock_levels.c.emptied_at > func.now() - within,
        )
    )
    return {row.variation_id: Decimal(row.emptied_pieces) for row in rows}


def try_refused_again(connection: Connection, merchant: str, after: timedelta) -> None:
    """Make refused bookings due whose last call is so long ago."""
    connection.execute(
        update(stock_bookings)
        .where(
            stock_bookings.c.merchant == merchant,
            stock_bookings.c.state == "refused",
            stock_bookings.c.called_at < func.now() - after,
        )
        .values(state="due")
    )


# -- bookings -------------------------------------------------------------------------------------


def write_ahead(
    connection: Connection,
    merchant: str,
    variation_id: int,
    lines: Iterable[tuple[Line, int]],
    *,
    order_id: int | None = None,
    takes_back: int | None = None,
    approved_by: str | None = None,
) -> int:
    """Write bookings ahead, each with its reason id; return how many.

    :param takes_back: the booking of a shipment that this one undoes.
    :param approved_by: who confirmed the change, if somebody had to.
    """
    values = [
        {
            "merchant": merchant,
            "variation_id": variation_id,
            "kind": line.kind,
            "quantity": line.quantity,
            "reason_id": reason_id,
            "order_id": order_id,
            "takes_back": takes_back,
            "approved_by": approved_by,
        }
        for line, reason_id in lines
    ]
    if values:
        connection.execute(insert(stock_bookings), values)
    return len(values)


def open_bookings(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return bookings that are due, being written or refused, oldest first."""
    return connection.execute(
        select(stock_bookings)
        .where(stock_bookings.c.merchant == merchant, stock_bookings.c.state.in_(OPEN))
        .order_by(stock_bookings.c.booking_id)
    ).all()


def finish(
    connection: Connection, merchant: str, booking: Row[Any], state: str, code: str | None = None
) -> bool:
    """End a booking, or put it back as ``due``; ``done`` and ``dropped`` shipments move the level.

    A dropped shipment left the warehouse as well: plentymarkets booked it by itself. Return False
    if somebody else ended it before.
    """
    ended = state in ("done", "dropped")
    changed = connection.execute(
        update(stock_bookings)
        .where(
            stock_bookings.c.booking_id == booking.booking_id,
            stock_bookings.c.state.in_(OPEN),
        )
        .values(state=state, error_code=code, done_at=func.now() if ended else None)
    ).rowcount
    if changed and (state == "done" or (state == "dropped" and booking.kind == "shipment")):
        add_booked(connection, merchant, booking.variation_id, booking.quantity)
    return bool(changed)


def has_shipment_back(connection: Connection, merchant: str, order_id: int) -> bool:
    """Say whether goods issue of an order was put right, or is to be."""
    statement = select(stock_bookings.c.booking_id).where(
        stock_bookings.c.merchant == merchant,
        stock_bookings.c.order_id == order_id,
        stock_bookings.c.kind == "shipment_back",
    )
    return connection.execute(statement.limit(1)).first() is not None


def booked_shipments(connection: Connection, merchant: str, days: int) -> Sequence[Row[Any]]:
    """Return shipments that we booked out in the last days and did not take back."""
    back = stock_bookings.alias("back")
    taken_back = select(back.c.booking_id).where(back.c.takes_back == stock_bookings.c.booking_id)
    return connection.execute(
        select(stock_bookings)
        .where(
            stock_bookings.c.merchant == merchant,
            stock_bookings.c.kind == "shipment",
            stock_bookings.c.state == "done",
            stock_bookings.c.done_at > func.now() - timedelta(days=days),
            ~taken_back.exists(),
        )
        .order_by(stock_bookings.c.booking_id)
    ).all()
