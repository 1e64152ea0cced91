"""Shadow mode: once a day is over, compare what we would have done with what really happened."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from fulfilment.flow.orders.contents import is_ours
from fulfilment.flow.systems.opening import DryRun, open_work
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import Work, log
from fulfilment.hooks.paging import passes
from fulfilment.hooks.plenty import FULFILMENT_SET
from fulfilment.hooks.rehearsal import Rehearsal
from include.core.dry_run.plan import PlanLine
from include.core.orders.plenty_order import parse_order, row_status
from include.core.parcels.sent_rows import SentRow, sent_row
from include.core.shadow.comparison import Compared, compare, ours, theirs
from include.core.stock.stock_rules import StockView
from include.core.systems.failures import Level, as_own, level_of
from include.core.systems.values import need_id, need_moment
from include.ledger.orders.journal import Journal
from include.ledger.shadow import shadow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from sqlalchemy import Engine

    from fulfilment.flow.tasks.validate import Examine
    from include.core.merchants.merchant import Merchant

Value = TypeVar("Value")

#: the other connection may need so long for what came late in the evening
PATIENCE = timedelta(hours=1)
#: so many days back at most: dry runs that stood still are not made up for ever
LOOK_BACK = 7


def compare_days(
    merchant: Merchant, engine: Engine, run_id: str, examine: Examine, now: datetime
) -> list[date]:
    """Compare every day (UTC) that is over and was not compared; return them.

    Nothing is read while there is none, so it costs nothing to ask at every run.

    :param now: aware.
    """
    today = (now - PATIENCE).astimezone(UTC).date()
    with engine.begin() as connection:
        first = shadow.first_plan(connection, merchant.merchant)
        if first is None:
            return []
        start = max(first.astimezone(UTC).date(), today - timedelta(days=LOOK_BACK))
        done = shadow.compared_days(connection, merchant.merchant, start)
    days = [start + timedelta(days=n) for n in range((today - start).days)]
    left = [day for day in days if day not in done]
    if left:
        work = open_work(
            merchant,
            engine,
            Journal(merchant.merchant, "shadow", run_id, 1),
            0,
            priority="backfill",
            dry=DryRun(engine, Rehearsal()),  # its hooks write nothing; the results are ours
        )
        for day in left:
            rows = compare_day(work, day, examine)
            with engine.begin() as connection:
                shadow.keep(connection, merchant.merchant, day, rows)
    return left


def compare_day(work: Work, day: date, examine: Examine) -> list[Compared]:
    """Return the comparison of all orders on which one side decided something on this day."""
    since = datetime.combine(day, time(), UTC)
    until = since + timedelta(days=1)
    seen: dict[int, set[Decimal]] = defaultdict(set)
    began: set[int] = set()
    for order_id, status, at in _readable(work, work.plenty.status_history(since), _change):
        seen[order_id].add(status)
        if at < until:
            began.add(order_id)
    with work.engine.begin() as connection:
        lines = shadow.planned(connection, work.name, since, until)
    statuses = work.merchant.statuses
    done = {i: theirs(seen[i], statuses) for i in began}
    plans = {i: ours(lines.get(i, []), statuses) for i in began | lines.keys()}
    unseen = [i for i in began if done[i] == "sent" and not plans[i][0]]
    plans |= _judge(work, unseen, examine)
    rows = []
    for order_id in sorted(plans):
        our, why = plans[order_id]
        their = done.get(order_id) or theirs(seen.get(order_id, set()), statuses)
        found = compare(order_id, our, their, why)
        if found is not None:
            rows.append(found)
    return [*rows, *_tracking(work, since, until)]


def _judge(
    work: Work, ids: Sequence[int], examine: Examine
) -> dict[int, tuple[str, PlanLine | None]]:
    """Judge orders that were handed over between two of our runs, by the same rules as ever.

    Not by stock: what was there at that time is not known any more.
    """
    read = read_orders(work, "compare", ids, FULFILMENT_SET)
    if not read.usable:
        work.raise_trouble()
    contents = read.found
    countries = work.countries() if contents else {}
    found: dict[int, tuple[str, PlanLine | None]] = {}
    readable = []
    for order_id, data in contents.items():
        try:
            order = parse_order(data, countries)
        except Exception as error:
            if level_of(error) is not Level.ITEM:
                raise
            own = as_own(error, work.name)
            line = PlanLine(order_id, "exception", own.code, own.operator, own.operator)
            found[order_id] = ("stopped", line)
            continue
        if is_ours(work, order):
            readable.append(order)
    if readable:
        judgement = examine(
            readable, merchant=work.merchant, stock=StockView(available={}), known_products=None
        )
        for verdict in judgement.verdicts:
            line = PlanLine(
                verdict.order_id, "status", verdict.code, verdict.reason_de, verdict.reason_en
            )
            good = verdict.outcome == "ok"
            kind = {"bad": "address", "short": "stock"}.get(verdict.outcome, "stopped")
            found[verdict.order_id] = ("sent", None) if good else (kind, line)
    return found


def _tracking(work: Work, since: datetime, until: datetime) -> list[Compared]:
    """Say of each order that left whether plentymarkets has its tracking numbers."""
    numbers: dict[int, set[str]] = defaultdict(set)
    pages = work.wemalo.sent_between(since, until - timedelta(seconds=1))
    for row in _readable(work, chain.from_iterable(pages), _sent):
        if row.order_id is not None:
            numbers[row.order_id].update(row.numbers)
    read = read_orders(work, "compare", sorted(numbers), ["shippingPackages"])
    there = read.found
    if not read.usable:
        work.raise_trouble()
    return [
        Compared(
            order_id,
            "tracking_agreed" if wanted <= _written(there[order_id]) else "tracking_missing",
            "sent",
            "sent",
        )
        for order_id, wanted in sorted(numbers.items())
        if order_id in there and passes(there[order_id], partial(_is_merchants, work))
    ]


def _change(entry: Mapping[str, Any]) -> tuple[int, Decimal, datetime]:
    at = need_moment(entry, "createdAt", UTC)
    return need_id(entry, "orderId"), row_status(entry), at


def _sent(data: Mapping[str, Any]) -> SentRow:
    return sent_row({"packageId": "0", **data})


def _readable(
    work: Work, rows: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Value]
) -> Iterator[Value]:
    """Yield what ``read`` makes of each row; one that cannot be read is not compared."""
    for row in rows:
        try:
            value = read(row)
        except Exception as error:
            if level_of(error) is not Level.ITEM:
                raise
            log.warning("%s shadow: a row is left out: %s", work.name, as_own(error).log)
        else:
            yield value


def _written(row: Mapping[str, Any]) -> set[str]:
    return {str(package.get("packageNumber") or "") for package in row["shippingPackages"] or []}


def _is_merchants(work: Work, row: Mapping[str, Any]) -> bool:
    return need_id(row, "plentyId") == work.merchant.plenty.plenty_id
