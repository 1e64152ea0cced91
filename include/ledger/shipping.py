"""Parcels and wemalo's queue rows: seen, written to plentymarkets, acknowledged; in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.states import State
from include.ledger import queues
from include.ledger.due import among, ids_in, ids_of
from include.ledger.tables import orders, parcels, sent_rows

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.sent import SentRow


def keep_sent_rows(
    connection: Connection, merchant: str, rows: Sequence[SentRow], known: Collection[int]
) -> set[int]:
    """Keep some queue rows of ``known`` orders and their parcels; return the new history ids.

    A parcel's number or carrier may change later: the newest word wins, whichever comes first. A
    row that wemalo shows although we acknowledged it lost that word, and is acknowledged again.
    """
    rows = [row for row in rows if row.order_id in known]
    if not rows:
        return set()
    queues.shown_again(connection, sent_rows, merchant, [row.history_id for row in rows])
    new = connection.execute(
        insert(sent_rows)
        .values(
            [
                {
                    "merchant": merchant,
                    "history_id": row.history_id,
                    "order_id": row.order_id,
                    "parcel_id": row.parcel_id,
                    "quantity": row.quantity,
                    "product": row.product,
                    "complete": row.complete,
                }
                for row in rows
            ]
        )
        .on_conflict_do_nothing()
        .returning(sent_rows.c.history_id)
    ).scalars()
    fresh = set(new)
    newest = {
        (row.order_id, row.parcel_id): row for row in sorted(rows, key=lambda row: row.history_id)
    }
    for key, history_id in _newest_waiting(connection, merchant, newest).items():
        if key in newest and newest[key].history_id < history_id:
            del newest[key]
    if not newest:
        return fresh
    statement = insert(parcels).values(
        [
            {
                "merchant": merchant,
                "order_id": row.order_id,
                "parcel_id": row.parcel_id,
                "tracking_number": row.tracking_number,
                "carrier": row.carrier,
                "handed_over_at": row.handed_over_at,
            }
            for row in newest.values()
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "order_id", "parcel_id"],
            set_={
                "tracking_number": statement.excluded.tracking_number,
                "carrier": statement.excluded.carrier,
                "handed_over_at": statement.excluded.handed_over_at,
            },
        )
    )
    return fresh


def _newest_waiting(
    connection: Connection, merchant: str, keys: Iterable[tuple[int | None, str]]
) -> dict[tuple[int, str], int]:
    """Return the highest history id not acknowledged of each parcel of the orders of ``keys``."""
    s = sent_rows.c
    statement = (
        select(s.order_id, s.parcel_id, func.max(s.history_id))
        .where(
            s.merchant == merchant,
            s.acknowledged_at.is_(None),
            among(s.order_id, {order_id for order_id, _ in keys if order_id is not None}),
        )
        .group_by(s.order_id, s.parcel_id)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}


def orders_to_write(connection: Connection, merchant: str) -> array[int]:
    """Return orders with a parcel that plentymarkets does not have, ascending."""
    statement = select(parcels.c.order_id).distinct().where(*_to_write(merchant))
    return ids_of(connection, statement.order_by(parcels.c.order_id))


def parcels_to_write(
    connection: Connection, merchant: str, ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return the parcels of ``ids`` with a number that plentymarkets lacks, or has otherwise."""
    return connection.execute(
        select(parcels)
        .where(*_to_write(merchant), among(parcels.c.order_id, ids))
        .order_by(parcels.c.order_id, parcels.c.parcel_id)
    ).all()


def _to_write(merchant: str) -> tuple[ColumnElement[bool], ...]:
    return (
        parcels.c.merchant == merchant,
        parcels.c.tracking_number != "",
        parcels.c.tracking_number.is_distinct_from(parcels.c.written_number),
    )


def parcels_of(connection: Connection, merchant: str, order_id: int) -> Sequence[Row[Any]]:
    """Return all parcels of an order, by parcel id."""
    return connection.execute(
        select(parcels)
        .where(parcels.c.merchant == merchant, parcels.c.order_id == order_id)
        .order_by(parcels.c.parcel_id)
    ).all()


def with_parcels(connection: Connection, merchant: str, ids: Iterable[int]) -> set[int]:
    """Return those of some orders of which a parcel left the warehouse."""
    statement = select(parcels.c.order_id).where(
        parcels.c.merchant == merchant, among(parcels.c.order_id, ids)
    )
    return set(connection.execute(statement.distinct()).scalars())


def parcels_without_number(
    connection: Connection, merchant: str, minutes: int, ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return parcels of ``ids`` that left ``minutes`` ago and have no tracking number."""
    statement = select(parcels).where(
        *_without_number(merchant, minutes), among(parcels.c.order_id, ids)
    )
    return connection.execute(statement).all()


def orders_without_number(connection: Connection, merchant: str, minutes: int) -> array[int]:
    """Return the orders that have parcels as `parcels_without_number` says, ascending."""
    statement = select(parcels.c.order_id).distinct().where(*_without_number(merchant, minutes))
    return ids_of(connection, statement.order_by(parcels.c.order_id))


def _without_number(merchant: str, minutes: int) -> tuple[ColumnElement[bool], ...]:
    return (
        parcels.c.merchant == merchant,
        parcels.c.tracking_number == "",
        parcels.c.first_seen_at <= func.now() - func.make_interval(0, 0, 0, 0, 0, minutes),
    )


def left_lately(
    connection: Connection, merchant: str, *, older_than_s: float, days: int, limit: int
) -> Sequence[Row[Any]]:
    """Return rows of orders that left in the last ``days``, the oldest look first."""
    statement = (
        select(orders)
        .where(
            orders.c.merchant == merchant,
            orders.c.state.in_([State.SHIPPED, State.PARTLY_SHIPPED]),
            orders.c.changed_at >= func.now() - func.make_interval(0, 0, 0, days),
            func.greatest(orders.c.looked_at, orders.c.changed_at)
            <= func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s),
        )
        .order_by(orders.c.looked_at.nulls_first(), orders.c.order_id)
        .limit(limit)
    )
    return connection.execute(statement).all()


def renumber(
    connection: Connection, merchant: str, order_id: int, numbers: Mapping[str, str]
) -> list[str]:
    """Take over tracking numbers (parcel id -> number); return the parcels whose number changed."""
    changed = []
    for parcel in parcels_of(connection, merchant, order_id):
        number = numbers.get(parcel.parcel_id, "")
        if number and number != parcel.tracking_number:
            changed.append(parcel.parcel_id)
            connection.execute(
                update(parcels)
                .where(
                    parcels.c.merchant == merchant,
                    parcels.c.order_id == order_id,
                    parcels.c.parcel_id == parcel.parcel_id,
                )
                .values(tracking_number=number)
            )
    return changed


def parcel_written(
    connection: Connection,
    merchant: str,
    order_id: int,
    parcel_id: str,
    *,
    number: str,
    plenty_package_id: int,
    weight_g: int | None = None,
) -> None:
    """Remember the number that plentymarkets now has for a parcel."""
    values: dict[str, Any] = {"written_number": number, "plenty_package_id": plenty_package_id}
    if weight_g is not None:
        values["weight_g"] = weight_g
    connection.execute(
        update(parcels)
        .where(
            parcels.c.merchant == merchant,
            parcels.c.order_id == order_id,
            parcels.c.parcel_id == parcel_id,
        )
        .values(**values)
    )


def rows_to_acknowledge(
    connection: Connection, merchant: str, *, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Return queue rows not yet acknowledged whose parcel plentymarkets has, oldest first.

    :param after: only rows with a higher history id.
    """
    return connection.execute(
        select(sent_rows)
        .join(
            parcels,
            (parcels.c.merchant == sent_rows.c.merchant)
            & (parcels.c.order_id == sent_rows.c.order_id)
            & (parcels.c.parcel_id == sent_rows.c.parcel_id),
        )
        .where(
            sent_rows.c.merchant == merchant,
            sent_rows.c.history_id > after,
            sent_rows.c.acknowledged_at.is_(None),
            parcels.c.written_number.is_not(None),
            parcels.c.written_number == parcels.c.tracking_number,
        )
        .order_by(sent_rows.c.history_id)
        .limit(limit)
    ).all()


def acknowledged(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Remember rows that wemalo has taken off its queue."""
    queues.acknowledged(connection, sent_rows, merchant, history_ids)


def complete_orders(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those of ``ids`` whose last parcel has left."""
    if not ids:
        return set()
    return set(
        connection.execute(
            select(sent_rows.c.order_id).where(
                sent_rows.c.merchant == merchant,
                sent_rows.c.order_id.in_(list(ids)),
                sent_rows.c.complete,
            )
        ).scalars()
    )


def orders_that_left(connection: Connection, merchant: str, states: Iterable[State]) -> array[int]:
    """Return the orders in ``states`` of which at least one parcel has left, ascending."""
    has_parcel = (
        select(parcels.c.order_id)
        .where(parcels.c.merchant == orders.c.merchant, parcels.c.order_id == orders.c.order_id)
        .exists()
    )
    return ids_in(connection, merchant, states, has_parcel)
