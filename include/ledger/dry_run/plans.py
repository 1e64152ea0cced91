"""Plans of dry runs: what would have been done, order by order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from include.core.dry_run.plan import PlanLine
from include.ledger.tables import exceptions as open_cases
from include.ledger.tables import order_events, orders, plan_lines, plans

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

KEEP_DAYS = 30


def keep(
    connection: Connection,
    merchant: str,
    run_id: str,
    kind: str,
    window: tuple[datetime | None, datetime | None],
    lines: Sequence[PlanLine],
    troubles: Sequence[str],
) -> int:
    """Keep a plan and return its number; a merchant's plans of more than a month ago are removed.

    :param kind: dry_run, shadow or backfill.
    :param troubles: what kept the plan from being complete, for the operator.
    """
    connection.execute(
        delete(plans).where(
            plans.c.merchant == merchant,
            plans.c.made_at < func.now() - func.make_interval(0, 0, 0, KEEP_DAYS),
        )
    )
    plan_id = connection.execute(
        insert(plans)
        .values(
            merchant=merchant,
            run_id=run_id,
            kind=kind,
            window_start=window[0],
            window_end=window[1],
            troubles=list(troubles),
        )
        .returning(plans.c.plan_id)
    ).scalar_one()
    if lines:
        connection.execute(
            insert(plan_lines),
            [
                {
                    "plan_id": plan_id,
                    "line": number,
                    "order_id": line.order_id,
                    "action": line.action,
                    "code": line.code,
                    "de": line.de,
                    "en": line.en,
                }
                for number, line in enumerate(lines, 1)
            ],
        )
    return int(plan_id)


def find(connection: Connection, merchant: str, run_id: str | None = None) -> Row[Any] | None:
    """Return the newest plan of a merchant, or of one run of it; None if there is none."""
    statement = select(plans).where(plans.c.merchant == merchant)
    if run_id is not None:
        statement = statement.where(plans.c.run_id == run_id)
    return connection.execute(statement.order_by(plans.c.plan_id.desc()).limit(1)).one_or_none()


def lines_of(connection: Connection, plan_id: int) -> list[PlanLine]:
    """Return a plan's lines in their order."""
    rows = connection.execute(
        select(plan_lines).where(plan_lines.c.plan_id == plan_id).order_by(plan_lines.c.line)
    )
    return [PlanLine(row.order_id, row.action, row.code, row.de, row.en) for row in rows]


# -- what a paper ledger tells after a rehearsal --------------------------------------------------


def newest_exception(connection: Connection) -> int:
    """Return the highest exception id, 0 if there is none."""
    return int(connection.execute(select(func.max(open_cases.c.exception_id))).scalar() or 0)


def exceptions_after(connection: Connection, exception_id: int) -> Sequence[Row[Any]]:
    """Return the open exceptions that are newer than ``exception_id``."""
    return connection.execute(
        select(open_cases)
        .where(open_cases.c.exception_id > exception_id, open_cases.c.cleared_at.is_(None))
        .order_by(open_cases.c.exception_id)
    ).all()


def events(connection: Connection) -> dict[int, set[str]]:
    """Return the kinds of all events of a paper ledger, by order."""
    found: dict[int, set[str]] = {}
    for row in connection.execute(select(order_events.c.order_id, order_events.c.kind)):
        found.setdefault(row.order_id, set()).add(row.kind)
    return found


def standing(connection: Connection, merchant: str, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return state and reason of orders, by id."""
    wanted: Select[Any] = select(
        orders.c.order_id, orders.c.state, orders.c.reason_code, orders.c.reason
    ).where(orders.c.merchant == merchant, orders.c.order_id.in_(list(ids)))
    rows = connection.execute(wanted).all()
    return {row.order_id: row for row in rows}
