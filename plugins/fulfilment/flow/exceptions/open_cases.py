"""What a person has to look at: told once, and taken back when its cause is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.ledger.exceptions import exceptions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from include.core.returns.returned_pieces import Trouble


def raise_case(
    work: Work,
    connection: Connection,
    order_id: int | None,
    subject: str,
    trouble: Trouble,
    **facts: Any,
) -> bool:
    """Open an exception and write everything known about it into the order's timeline.

    An order can have several cases of one kind at a time, so the subject is the piece, return or
    document it is about, for example ``return:8219212``.

    :param facts: goods and codes, never a person.
    :returns: whether it is new.
    """
    new = exceptions.raise_exception(
        connection,
        work.journal,
        subject=subject,
        code=trouble.code,
        de=trouble.de,
        en=trouble.en,
        action_de=trouble.action_de,
        action_en=trouble.action_en,
    )
    if new:
        work.journal.add(
            connection,
            order_id or 0,
            "exception_opened",
            code=trouble.code,
            text=trouble.en,
            subject=subject,
            facts=facts,
        )
    return new


def clear_case(
    work: Work, connection: Connection, order_id: int | None, subject: str, *codes: str
) -> None:
    """Take a subject's exceptions back, all or those of ``codes``: their cause is gone."""
    for code in exceptions.clear(connection, work.journal, subject, *codes):
        work.journal.add(connection, order_id or 0, "exception_cleared", code=code, subject=subject)
