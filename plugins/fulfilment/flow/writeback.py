"""Write-back: statuses and notes to plentymarkets, one fact once, never over a cancellation.

There is no conditional write: all orders are read again in one search right before, and the status
history is read once right after, so that a cancellation we overwrote is put back
(plentymarkets contract 19, pitfall 3). What was written stays noted until the history was read: a
run that dies or cannot read it leaves that to the next one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fulfilment.flow.cancel import cancel_requested, request_cancel, settle_unsent
from fulfilment.flow.work import Work, log
from include.core import notes
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.plenty_order import row_status
from include.core.states import NEVER_SENT, State
from include.core.status_write import Write, before_write, overwritten_cancel
from include.ledger import batches, orders, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

#: the two clocks may differ; rows of the history are matched by id, not by time (contract 18)
CLOCK_MARGIN = timedelta(minutes=10)
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
    if _write_statuses(work, counts):
        # a cancellation came to light: settle it now, before the warehouse starts
        cancel_requested(work)
        _write_statuses(work, counts)
    _write_notes(work, counts)
    with work.engine.begin() as connection:
        batches.add_counts(connection, work.batch_id, counts)
    work.raise_trouble()
    return counts


def _write_statuses(work: Work, counts: dict[str, int]) -> bool:
    """Write all due statuses; say whether cancellations came to light."""
    with work.engine.begin() as connection:
        rows = work.mine(outbox.pending(connection, work.name, ["status"]))
    cancels = _write_newest(work, rows, counts) if rows else False
    return _check_history(work, counts) or cancels


def _write_newest(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    newest = {row.order_id: row for row in rows}  # by age: the last word per order counts
    with work.engine.begin() as connection:
        for row in rows:
            if newest[row.order_id] is not row:
                outbox.finish(connection, row.outbox_id, "dropped")
    started = datetime.now(UTC)
    now = work.plenty.rows_by_id(sorted(newest))
    cancels = False
    for order_id, row in sorted(newest.items()):
        current = row_status(now[order_id]) if order_id in now else None
        target = Decimal(row.payload["target"])
        expected = {Decimal(value) for value in row.payload["expected"]}
        action = Write.MOVED if current is None else before_write(current, target, expected)
        if action is Write.WRITE and current is not None:
            if not _put(work, row, target, counts, read=(current, started)):
                break
        else:
            cancels |= action is Write.CANCELLED
            _not_written(work, row, action, current, counts)
    return cancels


def _put(
    work: Work,
    row: Row[Any],
    target: Decimal,
    counts: dict[str, int],
    *,
    read: tuple[Decimal, datetime],
) -> bool:
    """Write one status; False stops the loop because plentymarkets cannot be used.

    :param read: the status that was read before, and when.
    """
    with work.engine.begin() as connection:
        if not outbox.begin(connection, row.outbox_id):
            return True  # another run is writing it
        outbox.leave_unchecked(connection, row.outbox_id, *read)
    try:
        work.plenty.set_status(row.order_id, target)
    except (OrderRejected, NotFound) as error:
        counts["refused"] += 1
        _dead(work, row, error)
        return True
    except FulfilmentError as error:
        counts["postponed"] += 1
        ambiguous = isinstance(error, AmbiguousWrite)
        with work.engine.begin() as connection:
            # harmless to repeat: the next try reads the order first
            outbox.postpone(connection, row.outbox_id, error.code, ambiguous=ambiguous, wait_s=0)
            work.journal.add(connection, row.order_id, "status_postponed", code=error.code)
        work.note_trouble(error)
        return ambiguous
    counts["statuses"] += 1
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id)
        outbox.supersede(connection, work.name, row)
        orders.set_statuses(connection, work.name, {row.order_id: target})
        work.journal.add(connection, row.order_id, "status_written", target=str(target))
    return True


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


def _check_history(work: Work, counts: dict[str, int]) -> bool:
    """Read the history once for all written statuses and put back cancellations we overwrote."""
    with work.engine.begin() as connection:
        rows = outbox.unchecked(connection, work.name)
    if not rows:
        return False
    by_order: dict[int, list[dict[str, Any]]] = defaultdict(list)
    found = False
    try:
        for entry in work.plenty.status_history(
            min(row.unchecked_since for row in rows) - CLOCK_MARGIN
        ):
            by_order[int(entry["orderId"])].append(entry)
        for row in rows:
            later = {Decimal(r.payload["target"]) for r in rows if r.order_id == row.order_id}
            found |= _put_back(work, row, by_order[row.order_id], later, counts)
    except FulfilmentError as error:
        work.note_trouble(error)  # the next run reads it
    return found


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
        rows = work.mine(outbox.pending(connection, work.name, ["note"]))
    for row in rows:
        if not _write_note(work, row, counts):
            return


def _write_note(work: Work, row: Row[Any], counts: dict[str, int]) -> bool:
    marker = notes.marker(row.order_id, row.payload["key"])
    with work.engine.begin() as connection:
        if not outbox.begin(connection, row.outbox_id):
            return True
    try:
        # only an interrupted try can have left the note there: look before writing it twice
        there = row.state == "writing" and any(
            marker in str(comment.get("text", "")) for comment in work.plenty.comments(row.order_id)
        )
        if not there:
            work.plenty.add_comment(row.order_id, notes.note(row.payload["text"], marker))
    except (OrderRejected, NotFound) as error:
        counts["refused"] += 1
        _dead(work, row, error)
        return True
    except FulfilmentError as error:
        counts["postponed"] += 1
        ambiguous = isinstance(error, AmbiguousWrite)
        with work.engine.begin() as connection:
            outbox.postpone(connection, row.outbox_id, error.code, ambiguous=ambiguous, wait_s=0)
        work.note_trouble(error)
        return ambiguous
    counts["notes"] += 1
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id)
        work.journal.add(connection, row.order_id, "note_written", key=row.payload["key"])
    return True
