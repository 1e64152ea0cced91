"""Call budgets, shared by all processes of a merchant and corrected from the answers' headers.

One row per merchant, system and bucket holds the calls left in the current window. A permit is
taken before each call; the row lock makes taking atomic. Both systems count in windows
(plentymarkets contract 4, wemalo contract 13).

Important work goes first: each priority leaves a share of the window to the more important ones,
so backfills stop long before a cancellation would have to wait. What nobody more important has used
by the middle of a minute becomes free bit by bit until its end, so that the limit is used in full.
The last few calls of a window are never used, because answers of calls on their way may still
report fewer calls left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.tables import rate_budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, Engine, Row

#: share of a window that each priority leaves to the more important ones
RESERVES = {
    "cancel": 0.0,
    "orders": 0.05,
    "tracking": 0.10,
    "returns": 0.20,
    "stock": 0.30,
    "products": 0.40,
    "watch": 0.50,
    "backfill": 0.60,
}
MOST_CALLS = 1_000_000_000  # that a window may be said to have
_SPARE_SHARE, _SPARE_LEAST = 0.02, 2  # never used: calls on their way, headers seen late
# Servers report whole seconds, and a window that reopens early costs a refused call.
_GUARD = timedelta(seconds=1)
_LONGEST_YIELDING_S = 60  # of a day's calls the reserves are kept to the end


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls a system allows in ``period_s`` seconds."""

    calls: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to `take`: go (``wait_s`` is 0) or come back in ``wait_s`` seconds."""

    wait_s: float
    bucket: str = ""  # the bucket that is used up
    at: datetime | None = None  # of the ledger's clock; `correct` needs it


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer's headers say of one bucket; None where they are silent."""

    limit: int | None = None
    left: int | None = None
    reset_s: float | None = None


def reserve(limit: int, priority: str, elapsed: float = 0.0) -> int:
    """Return how many calls of a window of ``limit`` calls ``priority`` must leave untouched.

    :param elapsed: how much of the window is over, 0 to 1.
    """
    kept = RESERVES[priority] * min(1.0, 2 * (1 - elapsed))
    return min(_spare(limit) + int(limit * kept), max(limit - 1, 0))


def _spare(limit: int) -> int:
    return min(max(_SPARE_LEAST, round(limit * _SPARE_SHARE)), max(limit - 1, 0))


def _wait(row: Row[tuple[object, ...]], priority: str, now: datetime) -> float:
    """Return in how many seconds ``priority`` may draw from a bucket; 0 for at once."""
    if row.resets_at <= now:
        return 0.0
    left_s: float = (row.resets_at - now).total_seconds()
    yields = row.period_s <= _LONGEST_YIELDING_S
    elapsed = min(max(1 - left_s / row.period_s, 0.0), 1.0) if yields else 0.0
    if row.calls_left > reserve(row.max_calls, priority, elapsed):
        return 0.0
    free = row.calls_left - _spare(row.max_calls)
    reserved = 2 * row.max_calls * RESERVES[priority]
    if yields and 0 < free <= reserved / 2:
        # the moment from which less than ``free`` calls are kept back
        left_s -= row.period_s * free / reserved
    return max(left_s, 0.05)


def take(
    engine: Engine, merchant: str, system: str, limits: Mapping[str, Limit], priority: str
) -> Grant:
    """Take one call from every bucket in ``limits`` at once, or from none of them.

    :param limits: bucket name -> the plan's limit, used until headers say otherwise.
    :param priority: a key of `RESERVES`.
    """
    names = sorted(limits)
    with engine.begin() as connection:
        rows = _locked(connection, merchant, system, names)
        if len(rows) < len(names):
            _create(connection, merchant, system, limits)
            rows = _locked(connection, merchant, system, names)
        now = connection.execute(select(func.clock_timestamp())).scalar_one()
        for row in rows:
            wait = _wait(row, priority, now)
            if wait:
                return Grant(wait, row.bucket, now)
        for row in rows:
            _draw(connection, row, now)
    return Grant(0.0, at=now)


def _draw(connection: Connection, row: Row[tuple[object, ...]], now: datetime) -> None:
    values: dict[str, object] = {"calls_left": row.calls_left - 1}
    if row.resets_at <= now:  # a new window
        values = {
            "calls_left": row.max_calls - 1,
            "opened_at": now,
            "resets_at": now + timedelta(seconds=row.period_s),
        }
    connection.execute(
        update(rate_budget).where(_key(row.merchant, row.system, row.bucket)).values(**values)
    )


def correct(
    engine: Engine,
    merchant: str,
    system: str,
    bucket: str,
    reading: Reading,
    *,
    granted: datetime | None = None,
) -> None:
    """Bring a bucket in line with an answer's headers.

    :param granted: `Grant.at` of the call that was answered, None for a refusal. An answer to a
        call of an earlier window says nothing of the current one and is ignored.
    """
    if reading == Reading():
        return
    with engine.begin() as connection:
        rows = _locked(connection, merchant, system, [bucket])
        if not rows:
            return
        row = rows[0]
        now = connection.execute(select(func.clock_timestamp())).scalar_one()
        if granted is not None and granted < row.opened_at:
            return
        values = _corrected(row, reading, now, refused=granted is None)
        if values:
            connection.execute(
                update(rate_budget).where(_key(merchant, system, bucket)).values(**values)
            )


def _corrected(
    row: Row[tuple[object, ...]], reading: Reading, now: datetime, *, refused: bool
) -> dict[str, object]:
    values: dict[str, object] = {}
    if reading.limit is not None and reading.limit > 0 and reading.limit != row.max_calls:
        values["max_calls"] = reading.limit
    if reading.reset_s is not None:
        told = now + timedelta(seconds=max(reading.reset_s, 0)) + _GUARD
        guessed = row.resets_at == row.opened_at + timedelta(seconds=row.period_s)
        # Of the whole seconds that one window's answers name, the earliest end is the nearest to
        # the truth; a much later one is that of another window.
        if refused or guessed or told > row.resets_at + 2 * _GUARD:
            values["resets_at"] = told
        else:
            values["resets_at"] = min(told, row.resets_at)
    if reading.left is not None:
        values["calls_left"] = min(row.calls_left, max(reading.left, 0))
        # Without a reset time (wemalo) a jump upwards is the only sign of a new window.
        jump = max(8, row.max_calls // 10)
        if reading.reset_s is None and reading.left > row.calls_left + jump:
            values["calls_left"] = reading.left
            values["resets_at"] = now + timedelta(seconds=row.period_s)
    return values


def _locked(
    connection: Connection, merchant: str, system: str, buckets: list[str]
) -> list[Row[tuple[object, ...]]]:
    statement = (
        select(rate_budget)
        .where(
            rate_budget.c.merchant == merchant,
            rate_budget.c.system == system,
            rate_budget.c.bucket.in_(buckets),
        )
        .order_by(rate_budget.c.bucket)  # always in the same order: two takers never deadlock
        .with_for_update()
    )
    return list(connection.execute(statement))


def _create(
    connection: Connection, merchant: str, system: str, limits: Mapping[str, Limit]
) -> None:
    for bucket in sorted(limits):
        limit = limits[bucket]
        connection.execute(
            insert(rate_budget)
            .values(
                merchant=merchant,
                system=system,
                bucket=bucket,
                max_calls=limit.calls,
                calls_left=limit.calls,
                opened_at=func.now(),
                resets_at=func.now() + timedelta(seconds=limit.period_s),
                period_s=limit.period_s,
            )
            .on_conflict_do_nothing()
        )


def _key(merchant: str, system: str, bucket: str) -> ColumnElement[bool]:
    return and_(
        rate_budget.c.merchant == merchant,
        rate_budget.c.system == system,
        rate_budget.c.bucket == bucket,
    )
