"""Open exceptions: what a person should look at, told once, cleared when the cause is gone.

One open row per merchant, subject and code. A subject is ``order:123``, ``item:2044``,
``return:77`` (wemalo's booking), ``document:123:invoice``, ``parcel:123:1214``, ``row:2806901`` and
``returned:8219212`` (rows of wemalo's queues), ``announcement:456`` or ``merchant``.
Raising an open exception again refreshes its texts and when it was last seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.orders.to_look_at import ids_of
from include.ledger.tables import exceptions, order_events, orders, returns

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.exceptions.exception_texts import ExceptionText
    from include.ledger.orders.journal import Journal

MERCHANT = "merchant"
_ORDER = "order:"


def order_subject(order_id: int) -> str:
    """Return the subject of an order."""
    return f"{_ORDER}{order_id}"


def item_subject(variation_id: int) -> str:
    """Return the subject of an item: a variation."""
    return f"item:{variation_id}"


def raise_exception(
    connection: Connection,
    journal: Journal,
    *,
    subject: str,
    code: str,
    de: str,
    en: str,
    action_de: str,
    action_en: str,
) -> bool:
    """Open an exception, or refresh the open one; say whether it is new.

    :param code: stable, UPPER_SNAKE_CASE; see `include.core.exceptions.exception_texts`.
    :param de: what is wrong, in German; never personal.
    :param action_de: what to do about it.
    """
    texts = {"de": de, "en": en, "action_de": action_de, "action_en": action_en}
    statement = insert(exceptions).values(
        merchant=journal.merchant, subject=subject, code=code, **texts
    )
    times = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "subject", "code"],
            index_where=exceptions.c.cleared_at.is_(None),
            set_={**texts, "last_seen_at": func.now(), "times": exceptions.c.times + 1},
        ).returning(exceptions.c.times)
    ).scalar_one()
    if times == 1 and subject.startswith(_ORDER):
        order_id = int(subject.removeprefix(_ORDER))
        journal.add(connection, order_id, "exception_opened", code=code, text=en)
    return bool(times == 1)


def clear(connection: Connection, journal: Journal, subject: str, *codes: str) -> list[str]:
    """Clear a subject's open exceptions, all or those of ``codes``; return the codes cleared."""
    where = [exceptions.c.subject == subject]
    if codes:
        where.append(exceptions.c.code.in_(codes))
    return _clear(connection, journal, *where)


def clear_all(
    connection: Connection, journal: Journal, subjects: Collection[str], *codes: str
) -> None:
    """Clear the open exceptions of some codes of some subjects."""
    if subjects:
        _clear(
            connection, journal,
            exceptions.c.subject.in_(list(subjects)), exceptions.c.code.in_(codes),
        )  # fmt: skip


def acknowledge(
    connection: Connection, journal: Journal, subject: str, code: str, by: str, note: str
) -> bool:
    """Note that a person has seen an open exception; say whether there is one.

    It stays open until its cause is gone. One that tells of something past, which no cause keeps
    open, is cleared by the next look.
    """
    found = connection.execute(
        update(exceptions)
        .where(
            exceptions.c.merchant == journal.merchant,
            exceptions.c.subject == subject,
            exceptions.c.code == code,
            exceptions.c.cleared_at.is_(None),
        )
        .values(acknowledged_at=func.now(), acknowledged_by=by, acknowledged_note=note)
    ).rowcount
    if found and subject.startswith(_ORDER):
        order_id = int(subject.removeprefix(_ORDER))
        data = {"code": code, "by": by, "note": note}
        journal.add(connection, order_id, "exception_acknowledged", **data)
    return bool(found)


def clear_acknowledged(connection: Connection, journal: Journal, codes: Collection[str]) -> None:
    """Clear exceptions of ``codes`` that a person has acknowledged."""
    _clear(
        connection, journal,
        exceptions.c.code.in_(list(codes)), exceptions.c.acknowledged_at.is_not(None),
    )  # fmt: skip


def clear_returned(connection: Connection, journal: Journal, codes: Collection[str]) -> None:
    """Clear exceptions of ``codes`` whose order has come back: a return of it is booked."""
    back = (
        select(returns.c.return_key)
        .where(
            returns.c.merchant == exceptions.c.merchant,
            returns.c.order_id == _order_id(),
            returns.c.state == "done",
        )
        .exists()
    )
    _clear(connection, journal, exceptions.c.code.in_(list(codes)), back)


def keep(
    connection: Connection,
    journal: Journal,
    codes: Collection[str],
    wanted: Mapping[str, Sequence[ExceptionText]],
    *,
    of: Iterable[int] | None = None,
) -> None:
    """Make the open exceptions of ``codes`` equal to ``wanted`` (subject -> texts).

    What is open with the same text stays untouched, so that a quiet run writes nothing.

    :param of: only those about these orders.
    """
    where = [exceptions.c.code.in_(list(codes))]
    if of is not None:
        where.append(exceptions.c.subject.in_([order_subject(order_id) for order_id in of]))
    there = {
        (row.subject, row.code): row.en
        for row in open_exceptions(connection, journal.merchant, *where)
    }
    texts = {(subject, text["code"]): text for subject, rows in wanted.items() for text in rows}
    for subject, code in there.keys() - texts.keys():
        clear(connection, journal, subject, code)
    for (subject, code), text in sorted(texts.items()):
        if there.get((subject, code)) != text["en"]:
            raise_exception(connection, journal, subject=subject, **text)


def clock(connection: Connection) -> datetime:
    """Return the database's time, which ``last_seen_at`` is compared with."""
    return connection.execute(select(func.now())).scalar_one()


def clear_kinds(connection: Connection, journal: Journal, prefixes: Iterable[str]) -> None:
    """Clear exceptions whose code begins like this, but for those about orders themselves."""
    for prefix in prefixes:
        alike = exceptions.c.code.startswith(prefix, autoescape=True)
        _clear(connection, journal, alike, ~exceptions.c.subject.startswith(_ORDER))


def clear_unseen(connection: Connection, journal: Journal, code: str, since: datetime) -> None:
    """Clear the open exceptions of a code that were not raised again since a full look."""
    _clear(connection, journal, exceptions.c.code == code, exceptions.c.last_seen_at < since)


def clear_where_state(
    connection: Connection, journal: Journal, codes: Collection[str], states: Iterable[str]
) -> None:
    """Clear exceptions of ``codes`` whose order has come to one of ``states``."""
    _clear(
        connection, journal, exceptions.c.code.in_(list(codes)),
        _of_order(orders.c.state.in_(sorted(states))),
    )  # fmt: skip


def clear_where_plenty_status(
    connection: Connection, journal: Journal, code: str, low: Any, high: Any
) -> None:
    """Clear exceptions of a code whose order shows a status from ``low`` up to ``high``."""
    shown = (orders.c.plenty_status >= low) & (orders.c.plenty_status < high)
    _clear(connection, journal, exceptions.c.code == code, _of_order(shown))


def of_order(
    connection: Connection, merchant: str, order_id: int, variations: Collection[int]
) -> Sequence[Row[Any]]:
    """Return the open exceptions about an order: its own, and of all that belongs to it.

    :param variations: the variations of its items.
    """
    told = select(order_events.c.data["subject"].astext).where(
        order_events.c.merchant == merchant,
        order_events.c.order_id == order_id,
        order_events.c.kind == "exception_opened",
        order_events.c.data.has_key("subject"),
    )
    own = [order_subject(order_id), *(item_subject(number) for number in variations)]
    return open_exceptions(
        connection,
        merchant,
        exceptions.c.subject.in_(own)
        | exceptions.c.subject.in_(told)
        | exceptions.c.subject.startswith(f"parcel:{order_id}:")
        | exceptions.c.subject.startswith(f"document:{order_id}:"),
    )


def open_exceptions(
    connection: Connection, merchant: str | None = None, *where: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Return open exceptions of all merchants or one, the oldest first within a merchant."""
    statement = select(exceptions).where(exceptions.c.cleared_at.is_(None), *where)
    if merchant is not None:
        statement = statement.where(exceptions.c.merchant == merchant)
    return connection.execute(
        statement.order_by(
            exceptions.c.merchant, exceptions.c.first_seen_at, exceptions.c.exception_id
        )
    ).all()


def of_codes(codes: Collection[str]) -> ColumnElement[bool]:
    """Return the condition of exceptions with one of these codes, for `open_exceptions`."""
    return exceptions.c.code.in_(sorted(codes))


def order_ids(connection: Connection, merchant: str, codes: Collection[str]) -> array[int]:
    """Return the orders that have an open exception of ``codes``, ascending."""
    order_id = cast(func.substr(exceptions.c.subject, len(_ORDER) + 1), BigInteger)
    statement = (
        select(order_id)
        .distinct()
        .where(
            exceptions.c.merchant == merchant,
            exceptions.c.code.in_(list(codes)),
            exceptions.c.cleared_at.is_(None),
            exceptions.c.subject.startswith(_ORDER),
        )
    )
    return ids_of(connection, statement.order_by(order_id))


def _order_id() -> ColumnElement[int]:
    """Return the order that an exception is about, null where it is about none."""
    number = func.substring(exceptions.c.subject, f"^{_ORDER}([0-9]{{1,18}})$")
    return cast(number, BigInteger)


def _of_order(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(orders.c.order_id)
        .where(
            orders.c.merchant == exceptions.c.merchant,
            orders.c.order_id == _order_id(),
            condition,
        )
        .exists()
    )


def _clear(connection: Connection, journal: Journal, *where: ColumnElement[bool]) -> list[str]:
    cleared = connection.execute(
        update(exceptions)
        .where(exceptions.c.merchant == journal.merchant, exceptions.c.cleared_at.is_(None), *where)
        .values(cleared_at=func.now())
        .returning(exceptions.c.subject, exceptions.c.code)
    ).all()
    journal.add_many(
        connection,
        [
            (int(row.subject.removeprefix(_ORDER)), "exception_cleared", {"code": row.code})
            for row in cleared
            if row.subject.startswith(_ORDER)
        ],
    )
    return [row.code for row in cleared]
