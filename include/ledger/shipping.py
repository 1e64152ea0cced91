"""Parcels and wemalo's queue rows: seen, written to plentymarkets, acknowledged; in that order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.sent import by_parcel
from include.core.states import State
from include.core.wemalo_order import WarehouseStatus
from include.ledger import queues
from include.ledger.due import among, ids_in, ids_of
from include.ledger.tables import orders, parcels, sent_rows

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.sql import FromClause
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.sent import SentRow


def keep_sent_rows(connection: Connection, merchant: str, rows: Sequence[SentRow]) -> set[int]:
    """Keep some queue rows of our orders and their parcels; return the new history ids.

    A parcel's number or carrier may change later: the newest word wins, whichever comes first. A
    row that wemalo shows although we acknowledged it lost that word, and is acknowledged again.
    """
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
                "parcel_id": parcel_id,
                "tracking_number": number,
                "carrier": row.carrier,
                "service": row.service,
                "handed_over_at": row.handed_over_at,
            }
            for row in newest.values()
            for parcel_id, number in by_parcel(row.parcel_id, row.numbers).items()
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "order_id", "parcel_id"],
            set_={
                "tracking_number": statement.excluded.tracking_number,
                "carrier": statement.excluded.carrier,
                "service": statement.excluded.service,
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


def packages_of(connection: Connection, merchant: str, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Return order, parcel and plentymarkets package of the parcels of ``ids`` that have one."""
    p = parcels.c
    statement: Select[Any] = select(p.order_id, p.parcel_id, p.plenty_package_id).where(
        p.merchant == merchant, among(p.order_id, ids), p.plenty_package_id.is_not(None)
    )
    return connection.execute(statement).all()


def parcels_without_number(
    connection: Connection,
    merchant: str,
    minutes: int,
    letters: Collection[str],
    ids: Iterable[int],
) -> Sequence[Row[Any]]:
    """Return parcels of ``ids`` that left ``minutes`` ago and have no tracking number.

    :param letters: carriers, services and shipping profiles, in small letters, whose parcels
        never have one.
    """
    statement = select(parcels).where(
        *_without_number(merchant, minutes, letters), among(parcels.c.order_id, ids)
    )
    return connection.execute(statement).all()


def orders_without_number(
    connection: Connection, merchant: str, minutes: int, letters: Collection[str]
) -> array[int]:
    """Return the orders that have parcels as `parcels_without_number` says, ascending."""
    statement = (
        select(parcels.c.order_id).distinct().where(*_without_number(merchant, minutes, letters))
    )
    return ids_of(connection, statement.order_by(parcels.c.order_id))


def letters_among(
    connection: Connection, merchant: str, order_id: int, letters: Collection[str]
) -> set[str]:
    """Return the parcels of an order that need no number; see `parcels_without_number`."""
    statement = select(parcels.c.parcel_id).where(
        parcels.c.merchant == merchant,
        parcels.c.order_id == order_id,
        _is_letter(parcels, letters),
    )
    return set(connection.execute(statement).scalars())


def _is_letter(table: FromClause, letters: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a parcel needs no number."""
    names = list(letters)
    c = table.c
    profile = (
        select(orders.c.order_id)
        .where(
            orders.c.merchant == c.merchant,
            orders.c.order_id == c.order_id,
            orders.c.content["shipping_profile_id"].as_string().in_(names),
        )
        .exists()
    )
    return func.lower(c.carrier).in_(names) | func.lower(c.service).in_(names) | profile


def _without_number(
    merchant: str, minutes: int, letters: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    return (
        parcels.c.merchant == merchant,
        parcels.c.tracking_number == "",
        ~_is_letter(parcels, letters),
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
    """Take over tracking numbers (parcel id -> number); return the parcels whose number changed.

    A second number of a parcel that we know is a parcel of its own, see `include.core.sent`.
    """
    known = {parcel.parcel_id: parcel for parcel in parcels_of(connection, merchant, order_id)}
    changed = []
    for parcel_id, number in numbers.items():
        base = known.get(parcel_id.partition("#")[0])
        before = known.get(parcel_id)
        if not number or base is None or (before is not None and before.tracking_number == number):
            continue
        changed.append(parcel_id)
        values = {**base._asdict(), "parcel_id": parcel_id, "tracking_number": number}
        if before is None:
            values |= {
                "plenty_package_id": None,
                "written_number": None,
                "sent_number": None,
                "weight_g": None,
            }
        connection.execute(
            insert(parcels)
            .values(values)
            .on_conflict_do_update(
                index_elements=["merchant", "order_id", "parcel_id"],
                set_={"tracking_number": number},
            )
        )
    return changed


def begin_package(
    connection: Connection, merchant: str, parcel: Row[Any], package_id: int | None = None
) -> bool:
    """Write ahead that a parcel's number is being sent; False where that was overtaken.

    :param parcel: as it was read: who read it before another wrote it sends nothing.
    :param package_id: the package that is to take the number; no other parcel gets it then.
    """
    p = parcels.c
    order = (p.merchant == merchant, p.order_id == parcel.order_id)
    now = {
        row.parcel_id: row
        for row in connection.execute(
            select(parcels).where(*order).order_by(p.parcel_id).with_for_update()
        )
    }
    mine = now.pop(parcel.parcel_id, None)
    facts = ("tracking_number", "written_number", "plenty_package_id")
    if mine is None or any(getattr(mine, name) != getattr(parcel, name) for name in facts):
        return False
    if package_id is None:
        return True
    if any(row.plenty_package_id == package_id for row in now.values()):
        return False
    values: dict[str, Any] = {"sent_number": parcel.tracking_number}
    if package_id:
        values["plenty_package_id"] = package_id
    connection.execute(
        update(parcels).where(*order, p.parcel_id == parcel.parcel_id).values(**values)
    )
    return True


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
    connection: Connection, merchant: str, letters: Collection[str], *, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Return queue rows not yet acknowledged whose parcel plentymarkets has, oldest first.

    :param letters: as `parcels_without_number`: plentymarkets needs nothing of them.
    :param after: only rows with a higher history id.
    """
    p = parcels.alias()
    of_row = (
        (p.c.merchant == sent_rows.c.merchant)
        & (p.c.order_id == sent_rows.c.order_id)
        & (func.split_part(p.c.parcel_id, "#", 1) == sent_rows.c.parcel_id)
    )
    written = p.c.written_number.is_not(None) & (p.c.written_number == p.c.tracking_number)
    lacks = ~written & ~((p.c.tracking_number == "") & _is_letter(p, letters))
    return connection.execute(
        select(sent_rows)
        .where(
            sent_rows.c.merchant == merchant,
            sent_rows.c.history_id > after,
            sent_rows.c.acknowledged_at.is_(None),
            select(p.c.order_id).where(of_row).exists(),
            ~select(p.c.order_id).where(of_row, lacks).exists(),
        )
        .order_by(sent_rows.c.history_id)
        .limit(limit)
    ).all()


def acknowledged(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Remember rows that wemalo has taken off its queue."""
    queues.acknowledged(connection, sent_rows, merchant, history_ids)


def pieces_sent(connection: Connection, merchant: str, order_id: int) -> dict[str, Decimal]:
    """Return the pieces of an order that left, by product as wemalo names it."""
    s = sent_rows.c
    statement = (
        select(s.product, func.sum(s.quantity).label("pieces"))
        .where(s.merchant == merchant, s.order_id == order_id)
        .group_by(s.product)
    )
    return {row.product: Decimal(row.pieces) for row in connection.execute(statement)}


def pieces_out(connection: Connection, merchant: str, order_id: int) -> dict[str, Decimal] | None:
    """Return as `pieces_sent` what can come back of an order; None where the ledger cannot know.

    An order that left before the ledger began, or so long ago that its rows are gone, is unknown.
    """
    sent = pieces_sent(connection, merchant, order_id)
    state = connection.execute(
        select(orders.c.state).where(orders.c.merchant == merchant, orders.c.order_id == order_id)
    ).scalar_one_or_none()
    if not sent and state in (None, State.SHIPPED, State.PARTLY_SHIPPED):
        return None
    return sent


def complete_orders(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those of ``ids`` of which nothing more will leave.

    Their last parcel has left, or the warehouse has cancelled what it still had.
    """
    if not ids:
        return set()
    last = select(sent_rows.c.order_id).where(
        sent_rows.c.merchant == merchant, sent_rows.c.order_id.in_(list(ids)), sent_rows.c.complete
    )
    cancelled = select(orders.c.order_id).where(
        orders.c.merchant == merchant,
        orders.c.order_id.in_(list(ids)),
        orders.c.wemalo_status == WarehouseStatus.CANCELLED,
    )
    return set(connection.execute(last.union(cancelled)).scalars())


def orders_that_left(connection: Connection, merchant: str, states: Iterable[State]) -> array[int]:
    """Return the orders in ``states`` of which at least one parcel has left, ascending."""
    has_parcel = (
        select(parcels.c.order_id)
        .where(parcels.c.merchant == orders.c.merchant, parcels.c.order_id == orders.c.order_id)
        .exists()
    )
    return ids_in(connection, merchant, states, has_parcel)


def end_of_rows(
    connection: Connection, merchant: str, order_id: int, history_ids: Collection[int]
) -> None:
    """Take the rows of an order for its last ones, if these are all there are and all are known."""
    of_order = (sent_rows.c.merchant == merchant, sent_rows.c.order_id == order_id)
    known = set(connection.execute(select(sent_rows.c.history_id).where(*of_order)).scalars())
    if known and known >= set(history_ids):
        connection.execute(update(sent_rows).where(*of_order).values(complete=True))
