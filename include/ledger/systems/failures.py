"""Items that failed and rest: noted when a step fails on an item, gone when it succeeds.

What a failure belongs to and how long an item rests is said by `include.core.systems.failures`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from include.core.exceptions.exception_texts import exception_text
from include.core.systems.failures import STEPS, pause_after
from include.ledger.exceptions import exceptions
from include.ledger.tables import failures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.core.systems.errors import FulfilmentError
    from include.ledger.orders.journal import Journal

CODE = "STEP_FAILED"
#: a failure that is due for so long, and was not tried although its task ran, has no item any more
_FORGOTTEN = timedelta(minutes=15)


def noted(
    connection: Connection, merchant: str, step: str, subjects: Collection[str]
) -> dict[str, bool]:
    """Return those of ``subjects`` that failed at ``step``: subject -> whether it rests still."""
    if not subjects:
        return {}
    rows = connection.execute(
        select(failures.c.subject, failures.c.next_attempt_at > func.now()).where(
            failures.c.merchant == merchant,
            failures.c.step == step,
            failures.c.subject.in_(list(subjects)),
        )
    )
    return {subject: bool(rests) for subject, rests in rows}


def subjects(connection: Connection, merchant: str, step: str) -> list[str]:
    """Return what failed at a step, resting or not."""
    where = (failures.c.merchant == merchant, failures.c.step == step)
    return list(connection.execute(select(failures.c.subject).where(*where)).scalars())


def note(
    connection: Connection,
    journal: Journal,
    step: str,
    subject: str,
    error: FulfilmentError,
    first_pause: timedelta,
    *,
    decided: datetime | None = None,
) -> int:
    """Note that ``step`` failed on an item and tell it; return how often it has failed in a row.

    :param decided: when it is known whether it failed at all: tried again then at the latest.
    """
    statement = insert(failures).values(
        merchant=journal.merchant,
        step=step,
        subject=subject,
        task=journal.task,
        code=error.code,
        operator_text=error.operator,
    )
    again = {
        "task": journal.task,
        "code": error.code,
        "operator_text": error.operator,
        "attempts": failures.c.attempts + 1,
        "failed_at": func.now(),
    }
    keys = ["merchant", "step", "subject"]
    attempts: int = connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=again).returning(
            failures.c.attempts
        )
    ).scalar_one()
    connection.execute(
        failures.update()
        .where(*_one(journal.merchant, step, subject))
        .values(
            next_attempt_at=func.least(func.now() + pause_after(attempts, first_pause), decided)
        )
    )
    tell(connection, journal, [subject])
    return attempts


def forget(connection: Connection, journal: Journal, step: str, subjects: Iterable[str]) -> None:
    """Forget that ``step`` failed on items: it succeeded, or it was the system that failed."""
    found = list(subjects)
    if not found:
        return
    connection.execute(
        delete(failures).where(
            failures.c.merchant == journal.merchant,
            failures.c.step == step,
            failures.c.subject.in_(found),
        )
    )
    tell(connection, journal, found)


def forget_gone(connection: Connection, journal: Journal, started: datetime) -> None:
    """Forget what failed in this task and is nobody's turn any more.

    :param started: when the task began: it has tried all that was due then.
    """
    gone = connection.execute(
        delete(failures)
        .where(
            failures.c.merchant == journal.merchant,
            failures.c.task == journal.task,
            failures.c.next_attempt_at < started - _FORGOTTEN,
        )
        .returning(failures.c.subject)
    ).scalars()
    tell(connection, journal, sorted(set(gone)))


def of_subject(connection: Connection, merchant: str, subject: str) -> list[Row[Any]]:
    """Return what fails on one item, the oldest first."""
    where = (failures.c.merchant == merchant, failures.c.subject == subject)
    return list(
        connection.execute(select(failures).where(*where).order_by(failures.c.first_failed_at))
    )


def tell(connection: Connection, journal: Journal, subjects: Iterable[str]) -> None:
    """Make each item's exception tell of the step that has failed for the longest time, if any."""
    for subject in subjects:
        rows = of_subject(connection, journal.merchant, subject)
        if not rows:
            exceptions.clear(connection, journal, subject, CODE)
            continue
        row = rows[0]
        german, english = STEPS[row.step]
        words = exception_text(
            CODE,
            what_de=german,
            what_en=english[0].upper() + english[1:],
            failure=row.code,
            reason=row.operator_text,
            tries=row.attempts,
            since=f"{row.first_failed_at:%Y-%m-%d %H:%M}",
            again=f"{row.next_attempt_at:%Y-%m-%d %H:%M}",
        )
        exceptions.raise_exception(connection, journal, subject=subject, **words)


def _one(merchant: str, step: str, subject: str) -> tuple[Any, ...]:
    return (
        failures.c.merchant == merchant,
        failures.c.step == step,
        failures.c.subject == subject,
    )
