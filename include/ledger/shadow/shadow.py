"""The daily comparison of shadow mode: what we would have done, what really happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from include.core.dry_run.plan import PlanLine
from include.ledger.tables import plan_lines, plans, shadow_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from include.core.shadow.comparison import Compared

#: the row of a day on which nothing was to be compared
NOTHING = ""


def planned(
    connection: Connection, merchant: str, since: datetime, until: datetime
) -> dict[int, list[PlanLine]]:
    """Return the lines of all shadow plans made in this time, by order, oldest first."""
    found: dict[int, list[PlanLine]] = {}
    rows = connection.execute(
        select(plan_lines)
        .join(plans, plans.c.plan_id == plan_lines.c.plan_id)
        .where(
            plans.c.merchant == merchant,
            plans.c.kind == "shadow",
            plans.c.made_at >= since,
            plans.c.made_at < until,
            plan_lines.c.order_id.is_not(None),
            plan_lines.c.action.in_(["send", "status", "cancel", "exception"]),
        )
        .order_by(plan_lines.c.plan_id, plan_lines.c.line)
    )
    for row in rows:
        line = PlanLine(row.order_id, row.action, row.code, row.de, row.en)
        found.setdefault(row.order_id, []).append(line)
    return found


def first_plan(connection: Connection, merchant: str) -> datetime | None:
    """Return when the oldest shadow plan that is kept was made."""
    found: datetime | None = connection.execute(
        select(func.min(plans.c.made_at)).where(
            plans.c.merchant == merchant, plans.c.kind == "shadow"
        )
    ).scalar_one()
    return found


def keep(connection: Connection, merchant: str, day: date, rows: Sequence[Compared]) -> None:
    """Keep the comparison of one day in place of an earlier one."""
    connection.execute(
        delete(shadow_results).where(
            shadow_results.c.merchant == merchant, shadow_results.c.day == day
        )
    )
    values: list[dict[str, Any]] = [
        {
            "merchant": merchant,
            "day": day,
            "order_id": row.order_id,
            "verdict": row.verdict,
            "ours": row.ours,
            "theirs": row.theirs,
            "code": row.code,
            "de": row.de,
            "en": row.en,
        }
        for row in rows
    ]
    nothing = dict.fromkeys(("verdict", "ours", "theirs", "code", "de", "en"), NOTHING)
    values.append({"merchant": merchant, "day": day, "order_id": 0, **nothing})
    connection.execute(insert(shadow_results), values)


def results(connection: Connection, merchant: str, since: date) -> Sequence[Row[Any]]:
    """Return the comparisons of the days from ``since`` on."""
    return connection.execute(
        select(shadow_results)
        .where(
            shadow_results.c.merchant == merchant,
            shadow_results.c.day >= since,
            shadow_results.c.verdict != NOTHING,
        )
        .order_by(shadow_results.c.day, shadow_results.c.order_id)
    ).all()


def compared_days(connection: Connection, merchant: str, since: date) -> set[date]:
    """Return the days from ``since`` on that were compared."""
    return set(
        connection.execute(
            select(shadow_results.c.day).where(
                shadow_results.c.merchant == merchant, shadow_results.c.day >= since
            )
        ).scalars()
    )


def incomplete_plans(connection: Connection, merchant: str, since: date) -> int:
    """Return how many shadow plans had troubles."""
    return int(
        connection.execute(
            select(func.count()).where(
                plans.c.merchant == merchant,
                plans.c.kind == "shadow",
                plans.c.made_at >= since,
                func.jsonb_array_length(plans.c.troubles) > 0,
            )
        ).scalar_one()
    )
