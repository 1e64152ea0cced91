"""Load: hand valid orders over to wemalo, each exactly once.

::

    begin   the content is still the one that was judged → SUBMITTING + fingerprint
    POST    clear yes → ACCEPTED or WAITING, and the status for plentymarkets, one transaction
            clear no  → QUARANTINED with its reason
            limit     → RETRY_WAIT
            no right  → READY: it says nothing of the order
            unknown   → stays SUBMITTING until `fulfilment.flow.tasks.recover` has settled it
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.cancel import cancel_requested
from fulfilment.flow.changes.send import send_changes
from fulfilment.flow.orders.as_shown_now import rows_now
from fulfilment.flow.orders.cancellation import settle_unsent
from fulfilment.flow.orders.send import SENDABLE, HandOvers
from fulfilment.flow.systems.each import by_order, halved
from fulfilment.flow.systems.groups import in_groups
from fulfilment.flow.tasks import recover
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.plenty_order import parse_order, row_status, row_time
from include.core.orders.states import State
from include.core.orders.statuses import is_cancelled
from include.core.stock.stock_rules import priority
from include.core.systems.errors import OrderInvalid
from include.ledger.orders import orders, to_look_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.orders.send import Pair
    from fulfilment.flow.systems.work import Work

#: orders read again at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE


def load(work: Work) -> dict[str, int]:
    """Settle what earlier runs left open, cancel first, then send every order that is due.

    :returns: counts: accepted, waiting, refused, withdrawn, changed, postponed, unclear,
        cancelled, too_late, changes_sent, changes_late.
    :raises FulfilmentError: a system failed; everything else was done before.
    """
    counts = dict.fromkeys(
        ("accepted", "waiting", "refused", "withdrawn", "changed", "postponed", "unclear"), 0
    )
    recover.settle_interrupted(work)
    counts |= cancel_requested(work)
    counts |= send_changes(work)
    if not work.trouble and work.takes_new:
        _send_due(work, counts)
    return work.end(counts)


def _send_due(work: Work, counts: dict[str, int]) -> None:
    """Read and send slice by slice: an order is read again shortly before it is sent."""
    with work.engine.begin() as connection:
        ids = to_look_at.due_ids(connection, work.name, SENDABLE)
    for some in work.slices(ids, AT_A_TIME):
        with work.engine.begin() as connection:
            rows = to_look_at.due(connection, work.name, SENDABLE, some)
        ready: list[Pair] = []
        look = partial(_still_released, work, ready, counts)
        if not (halved(work, "read", rows, look) and _send_some(work, ready, counts)):
            return


def _still_released(
    work: Work, ready: list[Pair], counts: dict[str, int], rows: Sequence[Row[Any]]
) -> None:
    """Read orders once more, in one search, and keep those that are released and unchanged.

    :param ready: takes in those.
    """
    now = rows_now(work, [row.order_id for row in rows], splits=True)
    touched = [
        row.order_id
        for row in rows
        if row.order_id in now and row_time(now[row.order_id]) != row.plenty_updated_at
    ]
    contents = work.plenty.order_contents(touched) if touched else {}
    countries = work.countries() if contents else {}
    keep: list[Pair] = []
    found: Counter[str] = Counter()
    with work.engine.begin() as connection:
        for row in rows:
            seen = now.get(row.order_id)
            current = row_status(seen) if seen else None
            statuses = work.merchant_by(row.facts).statuses
            # one that lacked goods goes on by itself: its fault status is ours
            resumed = current == statuses.no_stock == row.plenty_status
            if seen is None or not (current == statuses.fetch or resumed):
                _not_released(work, connection, row, current, found)
            elif seen.get("hasDeliveryOrders"):
                # split since it was read: it shows its lowest delivery order's status, and those
                # carry the goods: sending both would ship twice (plentymarkets contract 9.1)
                found["withdrawn"] += 1
                orders.move(
                    connection, work.journal, row.order_id, State.WITHDRAWN,
                    plenty_status=str(current), event="split_before_sending",
                )  # fmt: skip
            elif row.order_id in touched and row.order_id not in contents:
                found["postponed"] += 1  # changed, and not shown: what was read is not sent
            elif row.order_id in contents and _changed(contents[row.order_id], row, countries):
                found["changed"] += 1
                orders.move(
                    connection, work.journal, row.order_id, State.FETCHED,
                    sets={"plenty_updated_at": None}, event="changed_before_sending",
                )  # fmt: skip
                if resumed or row.facts in work.facts.older:
                    # it is in no status that is read again: take it as it is
                    _take(work, connection, row.order_id, contents[row.order_id], countries)
            else:
                keep.append((row, orders.content(row)))
    for name, count in found.items():
        counts[name] += count
    ready += keep


def _take(
    work: Work,
    connection: Connection,
    order_id: int,
    data: dict[str, Any],
    countries: Mapping[int, str],
) -> None:
    try:
        order = parse_order(data, countries)
    except OrderInvalid as error:
        reason = {"field": error.field, "de": error.operator, "en": error.operator}
        orders.put_unreadable(connection, work.journal, work.batch_id, order_id, error.rule, reason)
        return
    orders.put_fetched(connection, work.journal, work.batch_id, [order])


def _changed(data: dict[str, Any], row: Row[Any], countries: Mapping[int, str]) -> bool:
    try:
        return not parse_order(data, countries).is_as(row.fingerprint)
    except OrderInvalid:
        return True


def _not_released(
    work: Work, connection: Any, row: Row[Any], current: Any, counts: Counter[str]
) -> None:
    if current is not None and is_cancelled(current):
        orders.set_statuses(connection, work.name, {row.order_id: current})
        settle_unsent(work, connection, row.order_id, f"unsent:{row.episode}")
        counts["cancelled"] += 1
        return
    counts["withdrawn"] += 1
    shown = "deleted" if current is None else current
    orders.move(
        connection, work.journal, row.order_id, State.WITHDRAWN, plenty_status=str(shown)
    )  # fmt: skip


def _send_some(work: Work, ready: list[Pair], counts: dict[str, int]) -> bool:
    """Send some orders; False where wemalo cannot be used."""
    # wemalo reserves in this order, and decides alone where the stock could not be checked
    urgent_first = sorted(ready, key=lambda pair: priority(pair[1]))
    kind = HandOvers(work, counts)
    return in_groups(work, work.wemalo, kind, urgent_first, subject=lambda pair: by_order(pair[0]))
