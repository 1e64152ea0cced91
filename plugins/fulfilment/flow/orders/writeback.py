"""Write-back: statuses and notes to plentymarkets, one fact once, never over a cancellation.

There is no conditional write: orders are read again in one search right before, and the status
history is read once after some thousand of them, so that a cancellation we overwrote is put back
(plentymarkets contract 19, pitfall 3). What was written stays noted until the history was read: a
run that dies or cannot read it leaves that to the next one.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.cancel import cancel_requested
from fulfilment.flow.changes.settled import request_cancel, settle_unsent
from fulfilment.flow.each import each
from fulfilment.flow.orders.now import row_now
from fulfilment.flow.work import Work, log
from fulfilment.hooks.paging import PAGE_SIZE
from include.core import notes
from include.core.errors import (
    AmbiguousWrite,
    Forbidden,
    FulfilmentError,
    NotFound,
    OrderRejected,
)
from include.core.plenty_order import row_status
from include.core.slices import packed, slices
from include.core.states import NEVER_SENT, State
from include.core.status_write import Write, before_write, overwritten_cancel
from include.core.values import need_id
from include.ledger import orders, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

#: the two clocks may differ; rows of the history are matched by id, not by time (contract 18)
CLOCK_MARGIN = timedelta(minutes=10)
#: orders read again at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE
#: statuses written between two looks at the history. Each look reads ten minutes more than was
#: written (`CLOCK_MARGIN`), so not too few; a cancellation waits for it, and the rows are held, so
#: not too many: an hour at 80 writes a minute (contract 4), ten megabytes.
CHECKED_AT_ONCE = 5_000
#: a clear no to this one write: it is kept with its reason, and tried again after hours
REFUSALS = (OrderRejected, NotFound, Forbidden)
COUNTS = ("statuses", "notes", "overtaken", "put_back", "refused", "postponed")


def write_back(work: Work) -> dict[str, int]:
    """Empty the outbox of statuses and notes.

    :returns: counts: statuses, notes, overtaken (dropped, the merchant's word counts), put_back
        (cancellations we had overwritten), refused, postponed.
    :raises FulfilmentError: plentymarkets failed; what could be written was written.
    """
    counts = dict.fromkeys(COUNTS, 0)
    with work.engine.begin() as connection:
        outbox.revive(connection, work.name, ["status", "note"])
    found = False
    for cancels in _write_statuses(work, counts):
        if cancels:
            # a cancellation came to light: settle it now, before the warehouse starts
            cancel_requested(work)
            found = True
    if found:
        list(_write_statuses(work, counts))
    _write_notes(work, counts)
    return work.end(counts)


def _write_statuses(work: Work, counts: dict[str, int]) -> Iterator[bool]:
    """Write all due statuses; after each check say whether cancellations came to light."""
    with work.engine.begin() as connection:
        ids = outbox.pending_orders(connection, work.name, ["status"])
    # what an earlier run wrote is checked even where nothing is to be written
    for some in [*work.slices(ids, CHECKED_AT_ONCE)] or [packed(())]:
        go_on, cancels = True, False
        for few in slices(some, AT_A_TIME):
            go_on, more = _write_some(work, few, counts)
            cancels |= more
            if not go_on:
                break
        readable, lost = _check_history(work, counts)
        yield cancels or lost
        if not (readable and go_on):
            return


def _write_some(work: Work, ids: Sequence[int], counts: dict[str, int]) -> tuple[bool, bool]:
    """Write the statuses of some orders, read again right before.

    :returns: whether plentymarkets can be used, and whether cancellations came to light.
    """
    with work.engine.begin() as connection:
        rows = outbox.pending(connection, work.name, ["status"], ids)
        newest = {row.order_id: row for row in rows}  # by age: the last word per order counts
        for row in rows:
            if newest[row.order_id] is not row:
                outbox.finish(connection, row.outbox_id, "dropped")
    started = datetime.now(UTC)
    try:
        now = work.plenty.rows_by_id(newest)
    except FulfilmentError as error:
        work.note_trouble(error)
        return False, False
    cancels = False

    def write(row: Row[Any]) -> None:
        nonlocal cancels
        order_id = row.order_id
        seen = now.get(order_id) or row_now(work, order_id)
        current = row_status(seen) if seen else None
        target = Decimal(row.payload["target"])
        expected = {Decimal(value) for value in row.payload["expected"]}
        action = Write.MOVED if current is None else before_write(current, target, expected)
        if action is Write.WRITE and current is not None:
            _put(work, row, target, counts, read=(current, started))
        else:
            cancels |= action is Write.CANCELLED
            _not_written(work, row, action, current, counts)

    go_on = each(work, "status", [row for _, row in sorted(newest.items())], write)
    return go_on, cancels


def _put(
    work: Work,
    row: Row[Any],
    target: Decimal,
    counts: dict[str, int],
    *,
    read: tuple[Decimal, datetime],
) -> None:
    """Write one status.

    :param read: the status that was read before, and when.
    """
    with work.engine.begin() as connection:
        if not outbox.begin(connection, row.outbox_id):
            return  # another run is writing it
        outbox.leave_unchecked(connection, row.outbox_id, *read)
    try:
        work.plenty.set_status(row.order_id, target)
    except REFUSALS as error:
        counts["refused"] += 1
        _dead(work, row, error)
        return
    except FulfilmentError as error:
        # harmless to repeat: the next try reads the order first
        _postpone(work, row, error, counts)
        raise
    counts["statuses"] += 1
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id)
        outbox.supersede(connection, work.name, row)
        orders.set_statuses(connection, work.name, {row.order_id: target})
        work.journal.add(connection, row.order_id, "status_written", target=str(target))


def _postpone(work: Work, row: Row[Any], error: FulfilmentError, counts: dict[str, int]) -> None:
    """Give a write that failed its turn again; how long its order rests is said by `each`."""
    counts["postponed"] += 1
    ambiguous = isinstance(error, AmbiguousWrite)
    with work.engine.begin() as connection:
        outbox.postpone(connection, row.outbox_id, error.code, ambiguous=ambiguous, wait_s=0)
        work.journal.add(connection, row.order_id, f"{row.kind}_postponed", code=error.code)


def _dead(work: Work, row: Row[Any], error: FulfilmentError) -> None:
    """Keep a write that plentymarkets refused for good, visible with its reason."""
    with work.engine.begin() as connection:
        outbox.refuse(connection, row.outbox_id, error.code)
        work.journal.add(
            connection, row.order_id, f"{row.kind}_refused", code=error.code, text=error.operator
        )
    log.warning("%s order %s: %s", work.name, row.order_id, error.log)


def _not_written(
    work: Work, row: Row[Any], action: Write, current: Decimal | None, counts: dict[str, int]
) -> None:
    with work.engine.begin() as connection:
        if action is Write.DONE:
            outbox.finish(connection, row.outbox_id)
            outbox.supersede(connection, work.name, row)
            work.journal.add(connection, row.order_id, "status_there", target=str(current))
            return
        counts["overtaken"] += 1
        outbox.finish(connection, row.outbox_id, "dropped")
        work.journal.add(
            connection,
            row.order_id,
            "status_overtaken",
            wanted=row.payload["target"],
            found=None if current is None else str(current),
        )
        if action is Write.CANCELLED:
            _start_cancel(work, connection, row.order_id)


def _start_cancel(work: Work, connection: Connection, order_id: int) -> None:
    known = orders.known(connection, work.name, [order_id]).get(order_id)
    if known is None or known.state is State.CANCELLED:
        return
    if known.state in NEVER_SENT:
        settle_unsent(work, connection, order_id, f"unsent:{known.episode}")
    else:
        request_cancel(work, connection, order_id)


def _check_history(work: Work, counts: dict[str, int]) -> tuple[bool, bool]:
    """Read the history once for all written statuses and put back cancellations we overwrote.

    :returns: whether plentymarkets can be used, and whether there were any.
    """
    with work.engine.begin() as connection:
        rows = outbox.unchecked(connection, work.name)
    rows = [row for row in rows if row.order_id not in work.facts.strangers]
    if not rows:
        return True, False
    targets: dict[int, set[Decimal]] = defaultdict(set)
    for row in rows:
        targets[row.order_id].add(Decimal(row.payload["target"]))
    by_order: dict[int, list[dict[str, Any]]] = defaultdict(list)
    since = min(row.unchecked_since for row in rows) - CLOCK_MARGIN
    found = False
    try:
        for entry in work.plenty.status_history(since, only=targets):
            by_order[need_id(entry, "orderId")].append(entry)
    except FulfilmentError as error:
        work.note_trouble(error)  # the next run reads it
        return False, found

    def put_back(row: Row[Any]) -> None:
        nonlocal found
        history = by_order[row.order_id]
        found |= _put_back(work, row, history, targets[row.order_id], counts)

    go_on = each(work, "put_back", rows, put_back)
    return go_on, found


def _put_back(
    work: Work,
    row: Row[Any],
    history: Sequence[Mapping[str, Any]],
    later: set[Decimal],
    counts: dict[str, int],
) -> bool:
    """Put back a cancellation that a written status overwrote; say whether there was one."""
    target = Decimal(row.payload["target"])
    lost = overwritten_cancel(history, target, row.status_before, later=later)
    if lost is not None:
        with suppress(NotFound):  # deleted: its cancellation counts all the same
            work.plenty.set_status(row.order_id, lost)
        counts["put_back"] += 1
    with work.engine.begin() as connection:
        outbox.checked(connection, [row.outbox_id])
        if lost is not None:
            orders.set_statuses(connection, work.name, {row.order_id: lost})
            work.journal.add(
                connection, row.order_id, "cancel_put_back", status=str(lost), over=str(target)
            )
            _start_cancel(work, connection, row.order_id)
    return lost is not None


def _write_notes(work: Work, counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        ids = outbox.pending_orders(connection, work.name, ["note"])
    for some in work.slices(ids, AT_A_TIME):
        with work.engine.begin() as connection:
            rows = outbox.pending(connection, work.name, ["note"], some)
        if not each(work, "note", rows, partial(_write_note, work, counts)):
            return


def _write_note(work: Work, counts: dict[str, int], row: Row[Any]) -> None:
    marker = notes.marker(row.order_id, row.payload["key"])
    with work.engine.begin() as connection:
        if not outbox.begin(connection, row.outbox_id):
            return
    try:
        # only an interrupted try can have left the note there: look before writing it twice
        there = row.state == "writing" and any(
            marker in str(comment.get("text", "")) for comment in work.plenty.comments(row.order_id)
        )
        if not there:
            work.plenty.add_comment(row.order_id, notes.note(row.payload["text"], marker))
    except REFUSALS as error:
        counts["refused"] += 1
        _dead(work, row, error)
        return
    except FulfilmentError as error:
        _postpone(work, row, error, counts)
        raise
    counts["notes"] += 1
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id)
        work.journal.add(connection, row.order_id, "note_written", key=row.payload["key"])
