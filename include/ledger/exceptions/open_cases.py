"""What only a certain task can end: its failed items, and exceptions whose cause it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select, union

from include.ledger.documents.documents import WAITING
from include.ledger.tables import (
    announced_returns,
    documents,
    exceptions,
    failures,
    return_rows,
    returns,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: `fulfilment.flow.systems.work` tells of rows without an id by the task that reads them
_ROWS = "rows:"


def tasks_awaited(connection: Connection, merchant: str) -> set[str]:
    """Return the tasks whose failed items rest no longer, or whose lists had unreadable rows.

    :returns: names without their group's.
    """
    f, e = failures.c, exceptions.c
    failed = select(f.task).where(f.merchant == merchant, f.next_attempt_at <= func.now())
    unreadable = select(func.substr(e.subject, len(_ROWS) + 1)).where(
        e.merchant == merchant, e.cleared_at.is_(None), e.subject.startswith(_ROWS)
    )
    found = connection.execute(union(failed, unreadable)).scalars()
    return {task.rpartition(".")[2] for task in found}


def has_case(connection: Connection, merchant: str, *, code: str = "", subject: str = "") -> bool:
    """Say whether an exception is open whose code and subject begin with these."""
    c = exceptions.c
    found = exists().where(
        c.merchant == merchant,
        c.cleared_at.is_(None),
        c.code.startswith(code, autoescape=True),
        c.subject.startswith(subject, autoescape=True),
    )
    return bool(connection.execute(select(found)).scalar_one())


def has_returns(connection: Connection, merchant: str) -> bool:
    """Say whether returned pieces, return orders or announcements are on their way."""
    pieces, notices = return_rows.c, announced_returns.c
    found = or_(
        exists().where(returns.c.merchant == merchant, returns.c.state != "done"),
        exists().where(
            pieces.merchant == merchant, pieces.acknowledged_at.is_(None), pieces.gone_at.is_(None)
        ),
        exists().where(notices.merchant == merchant, notices.state != "announced"),
    )
    return bool(connection.execute(select(found)).scalar_one())


def has_waiting_documents(connection: Connection, merchant: str) -> bool:
    """Say whether a document is awaited, maybe for an order that has ended."""
    c = documents.c
    found = exists().where(c.merchant == merchant, c.state.in_(WAITING))
    return bool(connection.execute(select(found)).scalar_one())
