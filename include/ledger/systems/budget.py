"""Call budgets, shared by all processes of a merchant and corrected from the answers' headers.

One row per merchant, system and bucket holds the calls left in the current window. Permits are
taken before the calls, some at once; the row lock makes taking atomic. What a process took and did
not use it gives back, and what answers said of the limits comes with the next taking. Both systems
count in windows (plentymarkets contract 4, wemalo contract 13).

Libraries for limits (pyrate-limiter, limits) count calls by their own clock: they know neither
shares of priorities nor a server's own count, and need a round trip per call.

Important work goes first: each priority leaves a share of the window to the more important ones,
so backfills stop long before a cancellation would have to wait. What nobody more important has used
by the middle of a minute becomes free bit by bit until its end, so that the limit is used in full.
The last few calls of a window are never used, because answers of calls on their way may still
report fewer calls left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.tables import rate_budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

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
_LARGEST_BLOCK = 16
_LONGEST_YIELDING_S = 60  # of a day's calls the reserves are kept to the end


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls a system allows in ``period_s`` seconds."""

    calls: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to `take`: ``calls`` permits (``wait_s`` is 0), or come back in ``wait_s`` s."""

    wait_s: float
    bucket: str = ""  # the bucket that is used up
    at: datetime | None = None  # of the ledger's clock; `settle` needs it
    calls: int = 0
    valid_s: float = 0.0  # so long, until the first of the windows ends
    left: Mapping[str, int] = field(default_factory=dict)  # bucket -> calls that others may take


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer's headers say of one bucket; None where they are silent."""

    limit: int | None = None
    left: int | None = None
    reset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What a process has to say of permits that it took.

    :param granted: `Grant.at` of the permits; None for an answer that refused a call.
    :param readings: every bucket of the permits -> the newest answer's reading.
    :param unused: permits of each bucket that it gives back.
    """

    granted: datetime | None
    readings: Mapping[str, Reading]
    unused: int = 0


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A row, locked, at the time ``now`` of the ledger's clock."""

    merchant: str
    system: str
    bucket: str
    max_calls: int
    calls_left: int
    opened_at: datetime
    resets_at: datetime
    period_s: int
    now: datetime


_COLUMNS = [rate_budget.c[one.name] for one in fields(_Bucket) if one.name != "now"]
_LOCKED = (
    select(*_COLUMNS)
    .where(
        rate_budget.c.merchant == bindparam("merchant"),
        rate_budget.c.system == bindparam("system"),
        rate_budget.c.bucket == func.any(bindparam("buckets", type_=ARRAY(Text))),
    )
    .order_by(rate_budget.c.bucket)  # always in the same order: two takers never deadlock
    .with_for_update()
    .cte("locked")
)
#: the time is that after the locks
_LOCK = select(_LOCKED, func.clock_timestamp().label("now")).order_by(_LOCKED.c.bucket)
_UPDATE = (
    update(rate_budget)
    .where(
        rate_budget.c.merchant == bindparam("of_merchant"),
        rate_budget.c.system == bindparam("of_system"),
        rate_budget.c.bucket == bindparam("of_bucket"),
    )
    .values(
        {name: bindparam(name) for name in ("max_calls", "calls_left", "opened_at", "resets_at")}
    )
)


def block(limit: int) -> int:
    """Return how many calls of a window of ``limit`` calls a process may take ahead at most."""
    return max(1, min(_LARGEST_BLOCK, limit // 40))


def reserve(limit: int, priority: str, elapsed: float = 0.0) -> int:
    """Return how many calls of a window of ``limit`` calls ``priority`` must leave untouched.

    :param elapsed: how much of the window is over, 0 to 1.
    """
    kept = RESERVES[priority] * min(1.0, 2 * (1 - elapsed))
    return min(_spare(limit) + int(limit * kept), max(limit - 1, 0))


def _spare(limit: int) -> int:
    return min(max(_SPARE_LEAST, round(limit * _SPARE_SHARE)), max(limit - 1, 0))


def _wait(bucket: _Bucket, priority: str) -> float:
    """Return in how many seconds ``priority`` may draw from a bucket; 0 for at once."""
    if bucket.resets_at <= bucket.now:
        return 0.0
    if bucket.calls_left > _reserve_now(bucket, priority):
        return 0.0
    left_s: float = (bucket.resets_at - bucket.now).total_seconds()
    free = bucket.calls_left - _spare(bucket.max_calls)
    reserved = 2 * bucket.max_calls * RESERVES[priority]
    if bucket.period_s <= _LONGEST_YIELDING_S and 0 < free <= reserved / 2:
        # the moment from which less than ``free`` calls are kept back
        left_s -= bucket.period_s * free / reserved
    return max(left_s, 0.05)


def take(
    engine: Engine,
    merchant: str,
    system: str,
    limits: Mapping[str, Limit],
    priority: str,
    *,
    most: int = 1,
    account: Account | None = None,
) -> Grant:
    """Take calls from every bucket in ``limits`` at once, or from none of them.

    :param limits: bucket name -> the plan's limit, used until headers say otherwise.
    :param priority: a key of `RESERVES`.
    :param most: so many, where the windows hold that many more: near a window's end it is one.
    :param account: of the permits taken before.
    """
    names = sorted(limits)
    with engine.begin() as connection:
        rows = _locked(connection, merchant, system, names)
        if len(rows) < len(names):
            _create(connection, merchant, system, limits)
            rows = _locked(connection, merchant, system, names)
        now = rows[0].now
        settled = [_settled(row, account) for row in rows] if account else rows
        for row in settled:
            wait = _wait(row, priority)
            if wait:
                _write(connection, rows, settled)
                return Grant(wait, row.bucket, now)
        opened = [_opened(row) for row in settled]
        calls = min(most, *(_share(row, priority) for row in opened))
        drawn = [replace(row, calls_left=row.calls_left - calls) for row in opened]
        _write(connection, rows, drawn)
    return Grant(
        0.0,
        at=now,
        calls=calls,
        valid_s=min((row.resets_at - now).total_seconds() for row in drawn),
        left={row.bucket: row.calls_left for row in drawn},
    )


def settle(engine: Engine, merchant: str, system: str, account: Account) -> Mapping[str, int]:
    """Give permits back and bring their buckets in line with an answer's headers.

    An answer to a call of an earlier window says nothing of the current one and is ignored; that
    window's permits are gone with it.

    :returns: bucket -> calls that are left for others.
    """
    with engine.begin() as connection:
        rows = _locked(connection, merchant, system, sorted(account.readings))
        settled = [_settled(row, account) for row in rows]
        _write(connection, rows, settled)
    return {row.bucket: row.calls_left for row in settled}


def _opened(bucket: _Bucket) -> _Bucket:
    """Return the bucket in the window that is open now."""
    if bucket.resets_at > bucket.now:
        return bucket
    return replace(
        bucket,
        calls_left=bucket.max_calls,
        opened_at=bucket.now,
        resets_at=bucket.now + timedelta(seconds=bucket.period_s),
    )


def _share(bucket: _Bucket, priority: str) -> int:
    """Return how many calls one process may take ahead of its need; at least the one it asks for.

    The fewer are left, the fewer: what lies unused with one process others wait for.
    """
    free = bucket.calls_left - _reserve_now(bucket, priority)
    return max(1, min(block(bucket.max_calls), free // 8))


def _reserve_now(bucket: _Bucket, priority: str) -> int:
    left_s = max((bucket.resets_at - bucket.now).total_seconds(), 0.0)
    yields = bucket.period_s <= _LONGEST_YIELDING_S
    elapsed = min(max(1 - left_s / bucket.period_s, 0.0), 1.0) if yields else 0.0
    return reserve(bucket.max_calls, priority, elapsed)


def _settled(bucket: _Bucket, account: Account) -> _Bucket:
    reading = account.readings.get(bucket.bucket)
    if account.granted is not None and account.granted < bucket.opened_at:
        return bucket
    back = min(bucket.calls_left + account.unused, bucket.max_calls)
    bucket = replace(bucket, calls_left=back)
    return bucket if reading is None else _corrected(bucket, reading, account.granted is None)


def _corrected(bucket: _Bucket, reading: Reading, refused: bool) -> _Bucket:
    limit = bucket.max_calls
    if reading.limit is not None and reading.limit > 0:
        limit = reading.limit
    resets_at, left = bucket.resets_at, bucket.calls_left
    if reading.reset_s is not None:
        told = bucket.now + timedelta(seconds=max(reading.reset_s, 0)) + _GUARD
        guessed = resets_at == bucket.opened_at + timedelta(seconds=bucket.period_s)
        # Of the whole seconds that one window's answers name, the earliest end is the nearest to
        # the truth; a much later one is that of another window.
        other = told > resets_at + 2 * _GUARD
        resets_at = told if refused or guessed or other else min(told, resets_at)
    if reading.left is not None:
        # Without a reset time (wemalo) a jump upwards is the only sign of a new window; what
        # processes took ahead is none.
        jump = max(8, bucket.max_calls // 10, 4 * block(bucket.max_calls))
        if reading.reset_s is None and reading.left > left + jump:
            left = reading.left
            resets_at = bucket.now + timedelta(seconds=bucket.period_s)
        else:
            left = min(left, max(reading.left, 0))
    return replace(bucket, max_calls=limit, resets_at=resets_at, calls_left=left)


def _locked(
    connection: Connection, merchant: str, system: str, buckets: list[str]
) -> list[_Bucket]:
    values = {"merchant": merchant, "system": system, "buckets": buckets}
    rows = connection.execute(_LOCK, values).all()
    return [_Bucket(**{**row._asdict(), "now": rows[-1].now}) for row in rows]


def _write(connection: Connection, before: list[_Bucket], after: list[_Bucket]) -> None:
    changed = [
        {
            "of_merchant": new.merchant,
            "of_system": new.system,
            "of_bucket": new.bucket,
            "max_calls": new.max_calls,
            "calls_left": new.calls_left,
            "opened_at": new.opened_at,
            "resets_at": new.resets_at,
        }
        for old, new in zip(before, after, strict=True)
        if new != old
    ]
    if changed:
        connection.execute(_UPDATE, changed)


def _create(
    connection: Connection, merchant: str, system: str, limits: Mapping[str, Limit]
) -> None:
    rows = [
        {
            "merchant": merchant,
            "system": system,
            "bucket": bucket,
            "max_calls": limits[bucket].calls,
            "calls_left": limits[bucket].calls,
            "opened_at": func.now(),
            "resets_at": func.now() + timedelta(seconds=limits[bucket].period_s),
            "period_s": limits[bucket].period_s,
        }
        for bucket in sorted(limits)
    ]
    connection.execute(insert(rate_budget).values(rows).on_conflict_do_nothing())
