"""The watch over written statuses: what one of ours overwrote is found in the history, put back.

There is no conditional write (plentymarkets contract 19, pitfall 3), and a call that timed out here
may take effect there minutes later. So the history is read in every run from the first try of a
status until no call of it can land any more. What is put back is a status of the outbox like any
other: written ahead, looked up when in doubt, and watched itself.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.cancellation import request_cancel, settle_unsent
from fulfilment.flow.systems.each import each
from include.core.orders.states import NEVER_SENT, State
from include.core.orders.status_write import Overwritten, OwnStatus, overwritten
from include.core.orders.statuses import is_cancelled
from include.core.systems.errors import FulfilmentError
from include.core.systems.values import need_id
from include.ledger.orders import orders, outbox, outbox_writes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

#: the two clocks may differ; rows of the history are matched by id, not by time (contract 18)
CLOCK_MARGIN = timedelta(minutes=10)


def watch(work: Work, counts: dict[str, int]) -> tuple[bool, bool]:
    """Read the history once for all watched statuses; queue what is to be put back.

    :returns: whether plentymarkets can be used, and whether there was anything.
    """
    with work.engine.begin() as connection:
        rows = outbox_writes.unchecked(connection, work.name)
        watched: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            if row.order_id not in work.facts.strangers:
                watched[row.order_id].append(row)
        if not watched:
            return True, False
        own: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in outbox_writes.statuses_of(connection, work.name, watched):
            own[row.order_id].append(row)
        waiting = outbox.has_pending(connection, work.name, watched, ["status"])
    by_order: dict[int, list[dict[str, Any]]] = defaultdict(list)
    since = min(row.unchecked_since for some in watched.values() for row in some) - CLOCK_MARGIN
    try:
        for entry in work.plenty.status_history(since, only=watched):
            by_order[need_id(entry, "orderId")].append(entry)
    except FulfilmentError as error:
        work.note_trouble(error)  # the next run reads it
        return False, False
    found = 0
    quiet: list[Row[Any]] = []  # nothing to put back: noted together

    def look(order_id: int) -> None:
        nonlocal found
        statuses = [_own_status(row, watched[order_id], since) for row in own[order_id]]
        lost = overwritten(by_order[order_id], statuses, waiting=order_id in waiting)
        over = [row for row in watched[order_id] if _is_over(row)]
        if lost is None:
            quiet.extend(over)
            return
        with work.engine.begin() as connection:
            found += _queue(work, connection, order_id, lost)
            outbox_writes.checked(connection, work.name, over)

    go_on = each(work, "history", sorted(watched), look)
    with work.engine.begin() as connection:
        outbox_writes.checked(connection, work.name, quiet)
    counts["put_back"] += found
    return go_on, found > 0


def _is_over(row: Row[Any]) -> bool:
    """Say whether no call of a status could land any more when the history was read."""
    return row.lands_until is None or bool(row.lands_until <= row.read_at)


def _own_status(row: Row[Any], watched: Sequence[Row[Any]], since: datetime) -> OwnStatus:
    seen = next((one for one in watched if one.outbox_id == row.outbox_id), None)
    lately = row.done_at is not None and row.done_at >= since
    return OwnStatus(
        number=row.outbox_id,
        target=Decimal(row.payload["target"]),
        expected=frozenset(map(Decimal, row.payload["expected"])),
        before=row.status_before,
        done=row.state == "done" and lately,
        dropped=row.state == "dropped",
        watched=seen is not None,
        doubted=seen is not None and seen.doubted,
        after=int(row.payload.get(outbox.PUTS_BACK, 0)),
    )


def _queue(work: Work, connection: Connection, order_id: int, lost: Overwritten) -> bool:
    """Queue what was overwritten, once; a cancellation counts from now on, whatever becomes of it.

    :returns: whether it is new.
    """
    payload = {
        "target": str(lost.status),
        "expected": [str(lost.over)],
        outbox.PUTS_BACK: lost.over_id,
    }
    key = f"status:{lost.status}:put_back:{lost.over_id}"
    if not outbox.enqueue(connection, work.journal, order_id, "status", key, payload):
        return False
    cancelled = is_cancelled(lost.status) and not lost.ours
    work.journal.add(
        connection, order_id, "cancel_put_back" if is_cancelled(lost.status) else "status_put_back",
        status=str(lost.status), over=str(lost.over),
    )  # fmt: skip
    if cancelled:
        orders.set_statuses(connection, work.name, {order_id: lost.status})
        start_cancel(work, connection, order_id)
    return True


def start_cancel(work: Work, connection: Connection, order_id: int) -> None:
    """Settle a cancellation that came to light while a status was written."""
    known = orders.known(connection, work.name, [order_id]).get(order_id)
    if known is None or known.state is State.CANCELLED:
        return
    if known.state in NEVER_SENT:
        settle_unsent(work, connection, order_id, f"unsent:{known.episode}")
    else:
        request_cancel(work, connection, order_id)
