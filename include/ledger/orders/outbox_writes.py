"""Rows of the outbox as external writes: claimed, written, in doubt, and watched afterwards.

A status that was written may land over what somebody set meanwhile, at once or minutes later. Its
row is watched (``unchecked_since``) until the history was read after no call of it could land any
more. `include.ledger.systems.writes` keeps which write is in doubt and until when.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, select, text, update

from include.ledger.orders.outbox import STANDING, puts_back
from include.ledger.orders.to_look_at import among
from include.ledger.tables import outbox, writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement


def written(
    connection: Connection,
    row: Row[Any],
    *,
    since: datetime | None = None,
    adopted: bool = False,
) -> bool:
    """End a row that plentymarkets has; say whether it still stood: events may have overtaken it.

    :param since: of a status: the history is watched from then on, unless it is already.
    :param adopted: it was found, and may have been found before its own call landed, which it may
        do until its write is out of doubt.
    """
    standing = outbox.c.state.in_(["due", "writing"])
    doubt = (
        select(writes.c.doubt_until)
        .where(writes.c.merchant == row.merchant, writes.c.subject == subject_of(row))
        .scalar_subquery()
    )
    values: dict[str, Any] = {
        "state": case((standing, "done"), else_=outbox.c.state),
        "done_at": func.now(),
    }
    if since is not None:
        values["unchecked_since"] = func.coalesce(outbox.c.unchecked_since, since)
    if adopted:
        values["may_land_until"] = func.greatest(outbox.c.may_land_until, doubt)
    state = connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == row.outbox_id)
        .values(**values)
        .returning(outbox.c.state)
    ).scalar_one()
    return bool(state == "done")


def subject_of(row: Row[Any]) -> str:
    """Return what a row's write is about (`include.ledger.systems.writes`): each row for itself."""
    return f"{row.kind}:{row.order_id}:{row.outbox_id}"


def in_doubt(connection: Connection, merchant: str, ids: Iterable[int]) -> set[int]:
    """Return the rows of some orders, by number, whose call may have happened or may still land."""
    return set(
        connection.execute(
            select(outbox.c.outbox_id)
            .join(writes, _write_of())
            .where(
                outbox.c.merchant == merchant,
                among(outbox.c.order_id, ids),
                writes.c.doubt_until.is_not(None),
            )
        ).scalars()
    )


def may_land(
    connection: Connection, merchant: str, ids: Iterable[int]
) -> dict[int, set[tuple[int, Decimal]]]:
    """Return number and target of the statuses of some orders that are watched, by order."""
    rows = connection.execute(
        select(outbox.c.order_id, outbox.c.outbox_id, outbox.c.payload["target"].astext).where(
            outbox.c.merchant == merchant,
            among(outbox.c.order_id, ids),
            outbox.c.unchecked_since.is_not(None),
        )
    )
    found: dict[int, set[tuple[int, Decimal]]] = {}
    for order_id, number, target in rows:
        found.setdefault(order_id, set()).add((number, Decimal(target)))
    return found


def unchecked(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return the statuses whose history is watched, oldest first.

    ``lands_until`` says until when a call of it may take effect, null: none is under way;
    ``read_at`` is the ledger's time.
    """
    until = func.greatest(outbox.c.may_land_until, writes.c.doubt_until, writes.c.lease_until)
    return connection.execute(
        select(
            outbox,
            until.label("lands_until"),
            (outbox.c.may_land_until.is_not(None) | writes.c.doubt_until.is_not(None)).label(
                "doubted"
            ),
            func.clock_timestamp().label("read_at"),
        )
        .outerjoin(writes, _write_of())
        .where(outbox.c.merchant == merchant, outbox.c.unchecked_since.is_not(None))
        .order_by(outbox.c.outbox_id)
    ).all()


_CHECKED = text("""
    WITH locked AS (
        SELECT outbox_id FROM outbox WHERE outbox_id = ANY(CAST(:ids AS bigint[]))
        ORDER BY outbox_id FOR UPDATE
    )
    UPDATE outbox AS o SET unchecked_since = watched.since
    FROM locked
    JOIN unnest(CAST(:ids AS bigint[]), CAST(:since AS timestamptz[]))
        AS watched (outbox_id, since) USING (outbox_id)
    WHERE o.outbox_id = locked.outbox_id
""")


def checked(connection: Connection, merchant: str, rows: Sequence[Row[Any]]) -> None:
    """Note that the history was read after no call of these rows could land any more.

    What was overtaken while it was in doubt is in doubt no longer. A row that is still to be
    written is watched from now on.
    """
    if not rows:
        return
    over = [row for row in rows if row.state not in {"due", "writing"}]
    ended = {row.outbox_id for row in over}
    values = {
        "ids": [row.outbox_id for row in rows],
        "since": [None if row.outbox_id in ended else row.read_at for row in rows],
    }
    connection.execute(_CHECKED, values)
    if not over:
        return
    connection.execute(
        delete(writes).where(
            writes.c.merchant == merchant,
            writes.c.subject.in_([subject_of(row) for row in over]),
            writes.c.lease_until <= func.now(),
            func.coalesce(writes.c.doubt_until, func.now()) <= func.now(),
        )
    )


def statuses_of(connection: Connection, merchant: str, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Return the statuses of some orders that were tried, written or found there, oldest first."""
    return connection.execute(
        select(outbox)
        .where(
            outbox.c.merchant == merchant,
            among(outbox.c.order_id, ids),
            outbox.c.kind == "status",
            (outbox.c.attempts > 0) | (outbox.c.state == "done"),
            outbox.c.payload.has_key("target"),
        )
        .order_by(outbox.c.outbox_id)
    ).all()


def putting_back(
    connection: Connection, merchant: str, ids: Iterable[int], *, refused: bool = False
) -> set[int]:
    """Return those of ``ids`` whose overwritten status is still to be put back.

    :param refused: also those where plentymarkets refused it.
    """
    return set(
        connection.execute(
            select(outbox.c.order_id).where(
                outbox.c.merchant == merchant,
                among(outbox.c.order_id, ids),
                outbox.c.state.in_(STANDING if refused else ["due", "writing"]),
                puts_back(),
            )
        ).scalars()
    )


def _write_of() -> ColumnElement[bool]:
    subject = func.concat(outbox.c.kind, ":", outbox.c.order_id, ":", outbox.c.outbox_id)
    return (writes.c.merchant == outbox.c.merchant) & (writes.c.subject == subject)
