"""Documents for the parcel: waited for, being attached (written ahead), attached; each once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.orders.states import ENDED, State
from include.ledger.tables import documents, orders

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

#: wemalo has the order, and nothing of it has left
AT_WEMALO = (State.ACCEPTED, State.WAITING)
WAITING = ("missing", "pending", "faulty")


def _in(seconds: float) -> ColumnElement[Any]:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, float(seconds))


def at_wemalo(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return the orders that documents can be attached to: order_id, type_id and parent_id."""
    return connection.execute(
        select(
            orders.c.order_id,
            orders.c.content["type_id"].as_integer().label("type_id"),
            orders.c.content["parent_order_id"].as_integer().label("parent_id"),
        )
        .where(
            orders.c.merchant == merchant,
            orders.c.state.in_(AT_WEMALO),
            orders.c.content.is_not(None),
        )
        .order_by(orders.c.order_id)
    ).all()


def of_orders(
    connection: Connection, merchant: str, ids: Collection[int]
) -> dict[tuple[int, str], list[Row[Any]]]:
    """Return the document rows of orders, by order and kind, with ``due``."""
    found: dict[tuple[int, str], list[Row[Any]]] = defaultdict(list)
    if not ids:
        return found
    rows = connection.execute(
        select(
            documents,
            or_(
                documents.c.next_attempt_at.is_(None), documents.c.next_attempt_at <= func.now()
            ).label("due"),
        )
        .where(documents.c.merchant == merchant, documents.c.order_id.in_(list(ids)))
        .order_by(documents.c.document_id)
    )
    for row in rows:
        found[row.order_id, row.kind].append(row)
    return found


def wait_for(
    connection: Connection,
    merchant: str,
    order_id: int,
    kind: str,
    state: str,
    patience_s: float,
) -> bool:
    """Remember that a document is not there; say whether it has now been awaited too long."""
    impatient = connection.execute(
        insert(documents)
        .values(merchant=merchant, order_id=order_id, kind=kind, document_id=0, state=state)
        .on_conflict_do_update(
            index_elements=["merchant", "order_id", "kind", "document_id"], set_={"state": state}
        )
        .returning(documents.c.first_seen_at + func.make_interval(
            0, 0, 0, 0, 0, 0, float(patience_s)) <= func.now())
    ).scalar_one()  # fmt: skip
    return bool(impatient)


def begin(
    connection: Connection,
    merchant: str,
    order_id: int,
    kind: str,
    document_id: int,
    *,
    corrections: bool,
) -> bool:
    """Write ahead: the document is being attached.

    :param corrections: a newer document goes along with one that is attached already.
    :returns: False where nothing is to be attached any more: it is, or the order has left.
    """
    state = connection.execute(
        select(orders.c.state)
        .where(orders.c.merchant == merchant, orders.c.order_id == order_id)
        .with_for_update()
    ).scalar_one_or_none()
    newest = connection.execute(
        select(func.max(documents.c.document_id)).where(
            documents.c.merchant == merchant,
            documents.c.order_id == order_id,
            documents.c.kind == kind,
            documents.c.state == "attached",
        )
    ).scalar_one_or_none()
    overtaken = newest is not None and (document_id <= newest or not corrections)
    if state not in AT_WEMALO or overtaken:
        return False
    told = case((documents.c.state == "unclear", documents.c.told_at))
    connection.execute(
        insert(documents)
        .values(
            merchant=merchant, order_id=order_id, kind=kind, document_id=document_id, attempts=1,
            state="attaching",
        )
        .on_conflict_do_update(
            index_elements=["merchant", "order_id", "kind", "document_id"],
            set_={
                "state": "attaching",
                "next_attempt_at": None,
                "told_at": told,
                "attempts": documents.c.attempts + 1,
            },
        )
    )  # fmt: skip
    return True


def set_unclear(
    connection: Connection, merchant: str, order_id: int, kind: str, retry_s: float
) -> None:
    """Remember that nobody can tell whether a document was attached; look again after ``retry_s``.

    What was begun of this kind waits with it.
    """
    connection.execute(
        update(documents)
        .where(*_begun(merchant, order_id, kind))
        .values(state="unclear", error_code="DOCUMENT_UNCLEAR", next_attempt_at=_in(retry_s))
    )


def set_attached(
    connection: Connection,
    merchant: str,
    order_id: int,
    kind: str,
    document_id: int,
    *,
    wemalo_id: int | None,
) -> None:
    """Remember that wemalo has a document; what was awaited or begun of this kind is over."""
    set_row(
        connection, merchant, order_id, kind, document_id,
        state="attached", wemalo_id=wemalo_id, attached_at=_in(0), error_code=None,
    )  # fmt: skip
    forget(connection, merchant, order_id, kind)
    connection.execute(delete(documents).where(*_begun(merchant, order_id, kind)))


def _begun(merchant: str, order_id: int, kind: str) -> tuple[ColumnElement[bool], ...]:
    return (
        documents.c.merchant == merchant,
        documents.c.order_id == order_id,
        documents.c.kind == kind,
        documents.c.state.in_(["attaching", "unclear"]),
    )


def set_row(
    connection: Connection,
    merchant: str,
    order_id: int,
    kind: str,
    document_id: int,
    *,
    retry_s: float | None = None,
    **values: Any,
) -> None:
    """Set columns of one document row.

    :param retry_s: look at it again after so long.
    """
    connection.execute(
        update(documents)
        .where(*_key(merchant, order_id, kind, document_id))
        .values(next_attempt_at=None if retry_s is None else _in(retry_s), **values)
    )


def set_told(
    connection: Connection, merchant: str, order_id: int, kind: str, document_id: int
) -> None:
    """Remember that a person was told of a row."""
    connection.execute(
        update(documents)
        .where(*_key(merchant, order_id, kind, document_id))
        .values(told_at=func.now())
    )


def forget(
    connection: Connection, merchant: str, order_id: int, kind: str, document_id: int = 0
) -> Row[Any] | None:
    """Remove a row that says nothing any more, by default the waiting one; return it."""
    return connection.execute(
        delete(documents).where(*_key(merchant, order_id, kind, document_id)).returning(documents)
    ).one_or_none()


def left_behind(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Remove and return what was awaited for orders that have ended, with their ``order_state``."""
    return connection.execute(
        delete(documents)
        .where(
            documents.c.merchant == merchant,
            documents.c.state.in_(WAITING),
            orders.c.merchant == documents.c.merchant,
            orders.c.order_id == documents.c.order_id,
            orders.c.state.in_(sorted(ENDED)),
        )
        .returning(documents, orders.c.state.label("order_state"))
    ).all()


def _key(
    merchant: str, order_id: int, kind: str, document_id: int
) -> tuple[ColumnElement[bool], ...]:
    return (
        documents.c.merchant == merchant,
        documents.c.order_id == order_id,
        documents.c.kind == kind,
        documents.c.document_id == document_id,
    )
