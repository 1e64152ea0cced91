"""Bookings of stock on their way: who takes which, and what became of calls that never left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, or_, select, update

from include.ledger.tables import stock_bookings, writes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row


def by_id(connection: Connection, booking_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return bookings by their id."""
    rows = connection.execute(
        select(stock_bookings).where(stock_bookings.c.booking_id.in_(list(booking_ids)))
    )
    return {row.booking_id: row for row in rows}


def begin(
    connection: Connection,
    booking_ids: Collection[int],
    journal_from: datetime,
    seen_before: Mapping[int, int],
) -> set[int]:
    """Mark due bookings as being written; return those that were due.

    :param seen_before: booking id -> equal rows in plentymarkets' journal before the call.
    """
    return set(
        connection.execute(
            update(stock_bookings)
            .where(
                stock_bookings.c.booking_id.in_(list(booking_ids)),
                stock_bookings.c.state == "due",
            )
            .values(
                state="writing",
                attempts=stock_bookings.c.attempts + 1,
                called_at=func.clock_timestamp(),
                journal_from=journal_from,
                seen_before=case(seen_before, value=stock_bookings.c.booking_id),
            )
            .returning(stock_bookings.c.booking_id)
        ).scalars()
    )


def still_written(connection: Connection, booking: Row[Any]) -> bool:
    """Say whether a booking in doubt is as it was read, and keep it so in this transaction."""
    found = connection.execute(_as_read(select(stock_bookings), booking).with_for_update())
    return found.first() is not None


def sent_again(connection: Connection, booking: Row[Any]) -> None:
    """Count one more call of a booking in doubt."""
    connection.execute(
        _as_read(update(stock_bookings), booking).values(
            attempts=stock_bookings.c.attempts + 1, called_at=func.clock_timestamp()
        )
    )


def _as_read(statement: Any, booking: Row[Any]) -> Any:
    return statement.where(
        stock_bookings.c.booking_id == booking.booking_id,
        stock_bookings.c.state == "writing",
        stock_bookings.c.attempts == booking.attempts,
    )


def put_back_unsent(connection: Connection, merchant: str) -> None:
    """Make bookings due again whose call has not left, or was clearly refused.

    Nobody holds them, nothing about their products is in doubt (`include.ledger.systems.writes`).
    """
    subject = func.concat("item:", stock_bookings.c.variation_id)
    held = select(writes.c.subject).where(
        writes.c.merchant == merchant,
        writes.c.step == "stock",
        writes.c.subject == subject,
        or_(writes.c.doubt_until.is_not(None), writes.c.lease_until > func.clock_timestamp()),
    )
    connection.execute(
        update(stock_bookings)
        .where(
            stock_bookings.c.merchant == merchant,
            stock_bookings.c.state == "writing",
            ~held.exists(),
        )
        .values(state="due", attempts=func.greatest(stock_bookings.c.attempts - 1, 0))
    )


def begin_take_back(connection: Connection, booking_id: int) -> bool:
    """Say whether a booking is not taken back yet; others wait for this transaction."""
    connection.execute(
        select(stock_bookings.c.booking_id)
        .where(stock_bookings.c.booking_id == booking_id)
        .with_for_update()
    )
    back = select(stock_bookings.c.booking_id).where(stock_bookings.c.takes_back == booking_id)
    return connection.execute(back.limit(1)).first() is None
