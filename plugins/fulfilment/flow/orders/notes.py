"""Order notes: written once, found again by their marker before they are written twice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.as_shown_now import row_now
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.work import Work, log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders import notes
from include.core.systems.errors import (
    AmbiguousWrite,
    Forbidden,
    FulfilmentError,
    InDoubt,
    NotFound,
    OrderRejected,
    WriteHeld,
)
from include.ledger.orders import outbox, outbox_sets, outbox_writes

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

#: a clear no to this one write: it is kept with its reason, and tried again after hours
REFUSALS = (OrderRejected, NotFound, Forbidden)


def write_notes(work: Work, counts: dict[str, int]) -> None:
    """Write the notes that are due."""
    with work.engine.begin() as connection:
        ids = outbox.pending_orders(connection, work.name, ["note"])
    for some in work.slices(ids, PAGE_SIZE):
        with work.engine.begin() as connection:
            rows = outbox.pending(connection, work.name, ["note"], some)
        if not each(work, "note", rows, partial(_write_note, work, counts)):
            return


def _write_note(work: Work, counts: dict[str, int], row: Row[Any]) -> None:
    marker = notes.marker(row.order_id, row.payload["key"])

    def look() -> bool | None:
        comments = work.plenty.comments(row.order_id)
        return any(marker in str(comment.get("text", "")) for comment in comments) or None

    def send() -> bool:
        work.plenty.add_comment(row.order_id, notes.note(row.payload["text"], marker))
        return True

    def end(connection: Connection, _: bool, adopted: bool) -> None:
        outbox_writes.written(connection, row)
        data = {"key": row.payload["key"], **({"found": True} if adopted else {})}
        work.journal.add(connection, row.order_id, "note_written", **data)

    call = Write("note", (outbox_writes.subject_of(row),), f"a note of order {row.order_id}")
    try:
        write(
            work, work.plenty, call, send, look=look, end=end,
            begin=lambda connection: bool(outbox_sets.begin(connection, [row.outbox_id])),
        )  # fmt: skip
    except (InDoubt, WriteHeld):
        raise  # nothing was sent
    except REFUSALS as error:
        if error.code == NotFound.code and row_now(work, row.order_id) is None:
            _nobody_to_tell(work, row)
            return
        counts["refused"] += 1
        dead(work, row, error)
    except FulfilmentError as error:
        postpone(work, row, error, counts)
        raise
    else:
        counts["notes"] += 1


def _nobody_to_tell(work: Work, row: Row[Any]) -> None:
    """Drop the note of an order that was deleted; what a person must know is an exception."""
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id, "dropped")
        key = row.payload["key"]
        work.journal.add(connection, row.order_id, "note_dropped", key=key, why="deleted")


def postpone(work: Work, row: Row[Any], error: FulfilmentError, counts: dict[str, int]) -> None:
    """Give a write that failed its turn again; how long its order rests is said by `each`."""
    counts["postponed"] += 1
    ambiguous = isinstance(error, AmbiguousWrite)
    with work.engine.begin() as connection:
        outbox.postpone(connection, row.outbox_id, error.code, ambiguous=ambiguous, wait_s=0)
        work.journal.add(connection, row.order_id, f"{row.kind}_postponed", code=error.code)


def dead(work: Work, row: Row[Any], error: FulfilmentError) -> None:
    """Keep a write that plentymarkets refused for good, visible with its reason."""
    with work.engine.begin() as connection:
        outbox.refuse(connection, row.outbox_id, error.code)
        work.journal.add(
            connection, row.order_id, f"{row.kind}_refused", code=error.code, text=error.operator
        )
    log.warning("%s order %s: %s", work.name, row.order_id, error.log)
