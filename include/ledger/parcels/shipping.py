"""Parcels of orders, and what plentymarkets has of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.core.orders.states import State
from include.ledger.orders.to_look_at import among, ids_of
from include.ledger.tables import orders, parcels

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.sql import FromClause
    from sqlalchemy.sql.elements import ColumnElement


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


def parcels_by_order(
    connection: Connection, merchant: str, ids: Iterable[int], *, lock: bool = False
) -> dict[int, list[Row[Any]]]:
    """Return all parcels of orders, by order and parcel id.

    :param lock: nobody else changes them before the transaction ends.
    """
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    statement = (
        select(parcels)
        .where(parcels.c.merchant == merchant, among(parcels.c.order_id, ids))
        .order_by(parcels.c.order_id, parcels.c.parcel_id)
    )
    for row in connection.execute(statement.with_for_update() if lock else statement):
        found[row.order_id].append(row)
    return found


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
        is_letter(parcels, letters),
    )
    return set(connection.execute(statement).scalars())


def is_letter(table: FromClause, letters: Collection[str]) -> ColumnElement[bool]:
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
        parcels.c.ended_at.is_(None),
        parcels.c.tracking_number == "",
        ~is_letter(parcels, letters),
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

    A known parcel's second number is a parcel of its own: `include.core.parcels.sent_rows`.
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
                "ended_at": None,
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


_AHEAD = text("""
    UPDATE parcels AS p SET
        sent_number = p.tracking_number,
        plenty_package_id = coalesce(nullif(w.package_id, 0), p.plenty_package_id)
    FROM unnest(
        CAST(:orders AS bigint[]), CAST(:parcels AS text[]), CAST(:packages AS bigint[])
    ) AS w (order_id, parcel_id, package_id)
    WHERE p.merchant = :merchant AND p.order_id = w.order_id AND p.parcel_id = w.parcel_id
""")


def begin_package(
    connection: Connection, merchant: str, parcel: Row[Any], package_id: int | None = None
) -> bool:
    """As `begin_packages` for one parcel; False where it was overtaken."""
    return bool(begin_packages(connection, merchant, [(parcel, package_id)]))


def begin_packages(
    connection: Connection, merchant: str, some: Sequence[tuple[Row[Any], int | None]]
) -> list[Row[Any]]:
    """Write ahead that numbers of parcels of different orders are being sent.

    :param some: parcels as they were read, for who read one before another wrote it sends nothing;
        and the package that is to take the number, which no other parcel gets then. 0: a new one.
    :returns: those that were not overtaken.
    """
    now = parcels_by_order(connection, merchant, [p.order_id for p, _ in some], lock=True)
    begun = [(p, n) for p, n in some if _stands(p, n, now[p.order_id])]
    ahead = [(p, n) for p, n in begun if n is not None]
    if ahead:
        values = {
            "merchant": merchant,
            "orders": [parcel.order_id for parcel, _ in ahead],
            "parcels": [parcel.parcel_id for parcel, _ in ahead],
            "packages": [package_id for _, package_id in ahead],
        }
        connection.execute(_AHEAD, values)
    return [parcel for parcel, _ in begun]


def _stands(parcel: Row[Any], package_id: int | None, now: Sequence[Row[Any]]) -> bool:
    """Say whether a parcel is as it was read, and no other one has the package."""
    facts = ("tracking_number", "written_number", "plenty_package_id")
    mine = [row for row in now if row.parcel_id == parcel.parcel_id]
    others = [row for row in now if row.parcel_id != parcel.parcel_id]
    same = all(getattr(row, name) == getattr(parcel, name) for row in mine for name in facts)
    taken = package_id is not None and any(row.plenty_package_id == package_id for row in others)
    return bool(mine) and same and not taken


_WRITTEN = text("""
    UPDATE parcels AS p SET
        written_number = w.number,
        plenty_package_id = w.package_id,
        weight_g = coalesce(w.weight_g, p.weight_g)
    FROM unnest(
        CAST(:orders AS bigint[]), CAST(:parcels AS text[]), CAST(:numbers AS text[]),
        CAST(:packages AS bigint[]), CAST(:weights AS integer[])
    ) AS w (order_id, parcel_id, number, package_id, weight_g)
    WHERE p.merchant = :merchant AND p.order_id = w.order_id AND p.parcel_id = w.parcel_id
""")


def parcels_written(
    connection: Connection, merchant: str, some: Sequence[tuple[Row[Any], int, int | None]]
) -> None:
    """Remember the numbers that plentymarkets now has: parcel, package, weight in grams.

    :param some: a weight that is None stays as it was.
    """
    values = {
        "merchant": merchant,
        "orders": [parcel.order_id for parcel, _, _ in some],
        "parcels": [parcel.parcel_id for parcel, _, _ in some],
        "numbers": [parcel.tracking_number for parcel, _, _ in some],
        "packages": [package_id for _, package_id, _ in some],
        "weights": [weight for _, _, weight in some],
    }
    connection.execute(_WRITTEN, values)


def orders_that_left(connection: Connection, merchant: str) -> array[int]:
    """Return the orders of which a parcel has left that has not ended, ascending."""
    statement = (
        select(parcels.c.order_id)
        .distinct()
        .where(parcels.c.merchant == merchant, parcels.c.ended_at.is_(None))
    )
    return ids_of(connection, statement.order_by(parcels.c.order_id))


def end_parcels(connection: Connection, merchant: str, of_order: Sequence[Row[Any]]) -> None:
    """Note that an order has ended with these parcels; one that is shown again is open again."""
    connection.execute(
        update(parcels)
        .where(
            parcels.c.merchant == merchant,
            parcels.c.order_id == of_order[0].order_id,
            parcels.c.parcel_id.in_([row.parcel_id for row in of_order]),
            parcels.c.ended_at.is_(None),
        )
        .values(ended_at=func.now())
    )
