"""Write-back: statuses and notes to plentymarkets, one fact once, never over a cancellation.

There is no conditional write: orders are read again in one search right before, and the status
history is read after some thousand of them, and as long as one of them may still land
(`fulfilment.flow.orders.history`), so that what we overwrote is put back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.cancel import cancel_requested
from fulfilment.flow.orders import history
from fulfilment.flow.orders.as_shown_now import row_now
from fulfilment.flow.orders.notes import REFUSALS, dead, postpone, write_notes
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.groups import GroupWrite, in_groups
from fulfilment.flow.systems.write import Write as Call
from fulfilment.flow.systems.write import write
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.plenty_order import row_status
from include.core.orders.status_write import Write, before_write, says_the_same
from include.core.systems.errors import FulfilmentError, InDoubt, WriteHeld
from include.core.systems.failures import Level, level_of
from include.core.systems.slices import packed, slices
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders, outbox, outbox_sets, outbox_writes
from include.ledger.systems import failures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

#: orders read again at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE
#: statuses written between two looks at the history. Each look reads ten minutes more than was
#: written (`history.CLOCK_MARGIN`), so not too few; a cancellation waits for it, and the rows are
#: held, so not too many: an hour at 80 writes a minute (contract 4), ten megabytes.
CHECKED_AT_ONCE = 5_000
COUNTS = ("statuses", "notes", "overtaken", "put_back", "refused", "postponed")
#: a settled fact that could not be set; over when a later status was, or somebody has seen it
OVERTAKEN = "STATUS_OVERTAKEN"


def write_back(work: Work) -> dict[str, int]:
    """Empty the outbox of statuses and notes.

    :returns: counts: statuses, notes, overtaken (dropped, the merchant's word counts), put_back
        (what we had overwritten), refused, postponed.
    :raises FulfilmentError: plentymarkets failed; what could be written was written.
    """
    counts = dict.fromkeys(COUNTS, 0)
    with work.engine.begin() as connection:
        outbox.revive(connection, work.name, ["status", "note"])
    found = False
    for cancels in _write_statuses(work, counts):
        if cancels:
            # it came to light: put it back and settle it now, before the warehouse starts
            _put_back(work, counts)
            cancel_requested(work)
            found = True
    if found:
        list(_write_statuses(work, counts))
    write_notes(work, counts)
    return work.end(counts)


def _write_statuses(work: Work, counts: dict[str, int]) -> Iterator[bool]:
    """Write all due statuses; after each look at the history say whether one came to light."""
    # what an earlier run wrote may have landed since: it is put right before more is written
    readable, lost = history.watch(work, counts)
    yield lost
    if not readable:
        return
    with work.engine.begin() as connection:
        ids = outbox.pending_orders(connection, work.name, ["status"])
    for some in work.slices(ids, CHECKED_AT_ONCE):
        go_on, cancels = True, False
        for few in slices(some, AT_A_TIME):
            go_on, more = _write_some(work, few, counts)
            cancels |= more
            if not go_on:
                break
        readable, lost = history.watch(work, counts)
        yield cancels or lost
        if not (readable and go_on):
            return


def _put_back(work: Work, counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        ids = outbox.pending_orders(connection, work.name, ["status"])
        ids = packed(sorted(outbox_writes.putting_back(connection, work.name, ids)))
    for few in work.slices(ids, AT_A_TIME):
        if not _write_some(work, few, counts)[0]:
            return


def _write_some(work: Work, ids: Sequence[int], counts: dict[str, int]) -> tuple[bool, bool]:
    """Write the statuses of some orders, read again right before.

    :returns: whether plentymarkets can be used, and whether cancellations came to light.
    """
    with work.engine.begin() as connection:
        rows = _to_write(work, connection, ids)
        doubted = outbox_writes.in_doubt(connection, work.name, rows)
        may_land = outbox_writes.may_land(connection, work.name, rows)
    started = datetime.now(UTC)
    try:
        now = work.plenty.rows_by_id(rows)
    except FulfilmentError as error:
        if level_of(error) is not Level.ITEM:
            work.note_trouble(error)
            return False, False
        now = {}  # each is read by its id
    cancels = False

    def put(row: Row[Any]) -> None:
        nonlocal cancels
        seen = now.get(row.order_id) or row_now(work, row.order_id)
        current = row_status(seen) if seen else None
        action = _action(row, current, may_land)
        in_doubt = row.outbox_id in doubted
        if current is not None and (action is Write.WRITE or (action is Write.DONE and in_doubt)):
            _put(work, row, counts, read=(current, started))
        elif action is not Write.LATER:
            cancels |= action is Write.CANCELLED
            _not_written(work, row, action, current, counts)

    go_on = True
    for step in ("put_back", "status"):
        some = [row for _, row in sorted(rows.items()) if _step(row) == step]
        clear = [
            row
            for row in some
            if row.outbox_id not in doubted
            and (current := _shown(now.get(row.order_id))) is not None
            and _action(row, current, may_land) is Write.WRITE
        ]
        kind = Statuses(work, step, counts, now, started)
        plain = {row.outbox_id for row in clear}
        others = [row for row in some if row.outbox_id not in plain]
        go_on = (
            go_on and in_groups(work, work.plenty, kind, clear) and each(work, step, others, put)
        )
    return go_on, cancels


def _shown(row: Mapping[str, Any] | None) -> Decimal | None:
    """Return the status of a row that can be read; any other is looked at by itself."""
    try:
        return row_status(row) if row else None
    except Exception as error:
        if level_of(error) is Level.PLATFORM:
            raise
        return None


class Statuses(GroupWrite["Row[Any]", bool]):
    """Statuses that are to be written over what was read just now."""

    def __init__(
        self,
        work: Work,
        step: str,
        counts: dict[str, int],
        now: Mapping[int, dict[str, Any]],
        since: datetime,
    ) -> None:
        """Take in the orders as they were read.

        :param since: when they were read; UTC.
        """
        self.step = step
        self._work = work
        self._counts = counts
        self._now = now
        self._since = since

    def about(self, row: Row[Any]) -> Call:
        """Return the write of one status."""
        return _call(row)

    def begin(self, connection: Connection, rows: Sequence[Row[Any]]) -> Collection[Row[Any]]:
        """Claim rows that are still due."""
        before = {row.outbox_id: row_status(self._now[row.order_id]) for row in rows}
        mine = outbox_sets.claim(connection, before, self._since)
        return [row for row in rows if row.outbox_id in mine]

    def send(self, hook: Any, row: Row[Any]) -> bool:
        """Set the status."""
        hook.set_status(row.order_id, _aim(row)[0])
        return True

    def end(self, connection: Connection, done: Sequence[tuple[Row[Any], bool]]) -> None:
        """Note that plentymarkets has the statuses."""
        work, rows = self._work, [row for row, _ in done]
        stood = outbox_sets.written(connection, [row.outbox_id for row in rows], self._since)
        news = [row for row in rows if row.outbox_id in stood]
        outbox_sets.supersede(connection, work.name, "status", news)
        orders.set_statuses(connection, work.name, {row.order_id: _aim(row)[0] for row in news})
        subjects = [exceptions.order_subject(row.order_id) for row in news]
        exceptions.clear_all(connection, work.journal, subjects, OVERTAKEN)
        work.journal.add_many(
            connection,
            [
                (
                    row.order_id,
                    # or overtaken while its call was under way: the history tells what it overwrote
                    "status_written" if row.outbox_id in stood else "status_landed_late",
                    {"target": str(_aim(row)[0])},
                )
                for row in rows
            ],
        )

    def after(self, _row: Row[Any], _: bool) -> None:
        """Count a status."""
        self._counts["statuses"] += 1

    def failed(self, row: Row[Any], error: Exception, sent: bool) -> None:
        """Keep what was refused; give any other its turn again."""
        _not_put(self._work, row, error, self._counts)

    def unsent(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        """Let statuses be due again."""
        outbox_sets.put_back(connection, [row.outbox_id for row in rows])

    def alone(self, row: Row[Any]) -> None:
        """Write one status by itself."""
        read = (row_status(self._now[row.order_id]), self._since)
        _put(self._work, row, self._counts, read=read)


def _call(row: Row[Any]) -> Call:
    what = f"status {row.payload['target']} of order {row.order_id}"
    return Call(_step(row), (outbox_writes.subject_of(row),), what)


def _to_write(work: Work, connection: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return per order the status whose turn it is; drop those that a later one has overtaken.

    What was overwritten is put back first: a later status expects it.
    """
    pending = outbox.pending(connection, work.name, ["status"], ids)
    back = outbox_writes.putting_back(connection, work.name, ids)
    turn: dict[int, Row[Any]] = {}
    for row in pending:
        if _step(row) == "put_back":
            turn.setdefault(row.order_id, row)
    newest = {row.order_id: row for row in pending if _step(row) == "status"}
    for row in pending:  # by age: the last word per order counts
        if _step(row) == "status" and newest[row.order_id] is not row:
            outbox.finish(connection, row.outbox_id, "dropped")
    turn |= {order_id: row for order_id, row in newest.items() if order_id not in back}
    # an order that rests because of an earlier status does not hold up a new one
    new = [exceptions.order_subject(row.order_id) for row in turn.values() if not row.attempts]
    rests = failures.noted(connection, work.name, "status", new)
    failures.forget(connection, work.journal, "status", rests)
    return turn


def _step(row: Row[Any]) -> str:
    return "put_back" if outbox.PUTS_BACK in row.payload else "status"


def _action(
    row: Row[Any], current: Decimal | None, may_land: Mapping[int, set[tuple[int, Decimal]]]
) -> Write:
    if current is None:
        return Write.MOVED
    earlier = {
        target for number, target in may_land.get(row.order_id, ()) if number < row.outbox_id
    }
    return before_write(current, *_aim(row), may_land=earlier)


def _aim(row: Row[Any]) -> tuple[Decimal, frozenset[Decimal]]:
    """Return the status to be set, and those that it may be set over."""
    return Decimal(row.payload["target"]), frozenset(map(Decimal, row.payload["expected"]))


def _put(
    work: Work, row: Row[Any], counts: dict[str, int], *, read: tuple[Decimal, datetime]
) -> None:
    """Write one status, or find that an earlier call of ours did.

    :param read: the status that was read before, and when.
    """
    target, expected = _aim(row)
    before, since = read

    def look() -> bool | None:
        seen = row_now(work, row.order_id)
        current = row_status(seen) if seen else None
        if current == target:
            return True
        if current not in expected:  # moved meanwhile: the next run decides anew
            text = f"Order {row.order_id} shows {current} now; nothing was sent."
            raise WriteHeld(text, merchant=work.name)
        return None

    def send() -> bool:
        work.plenty.set_status(row.order_id, target)
        return True

    def end(connection: Connection, _: bool, adopted: bool) -> None:
        _written(work, connection, row, since=since, adopted=adopted)

    try:
        write(
            work, work.plenty, _call(row), send, look=look, end=end,
            begin=lambda connection: bool(
                outbox_sets.claim(connection, {row.outbox_id: before}, since)
            ),
        )  # fmt: skip
    except FulfilmentError as error:
        _not_put(work, row, error, counts)
    else:
        counts["statuses"] += 1


def _not_put(work: Work, row: Row[Any], error: Exception, counts: dict[str, int]) -> None:
    """Keep a status that was refused; give any other that failed its turn again."""
    if isinstance(error, REFUSALS):
        counts["refused"] += 1
        dead(work, row, error)
        return
    if isinstance(error, FulfilmentError) and not isinstance(error, (InDoubt, WriteHeld)):
        postpone(work, row, error, counts)
    raise error


def _written(
    work: Work, connection: Connection, row: Row[Any], *, since: datetime, adopted: bool
) -> None:
    target = Decimal(row.payload["target"])
    if not outbox_writes.written(connection, row, since=since, adopted=adopted):
        # overtaken while its call was under way: the history tells what it has overwritten
        work.journal.add(connection, row.order_id, "status_landed_late", target=str(target))
        return
    outbox_sets.supersede(connection, work.name, row.kind, [row])
    orders.set_statuses(connection, work.name, {row.order_id: target})
    exceptions.clear(connection, work.journal, exceptions.order_subject(row.order_id), OVERTAKEN)
    event = "status_there" if adopted else "status_written"
    work.journal.add(connection, row.order_id, event, target=str(target))


def _not_written(
    work: Work, row: Row[Any], action: Write, current: Decimal | None, counts: dict[str, int]
) -> None:
    with work.engine.begin() as connection:
        if action is Write.DONE:
            outbox.finish(connection, row.outbox_id)
            outbox_sets.supersede(connection, work.name, row.kind, [row])
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
            history.start_cancel(work, connection, row.order_id)
        elif current is not None and _is_settled(work, connection, row, current):
            target = row.payload["target"]
            work.tell(connection, row.order_id, OVERTAKEN, target=target, found=current)


def _is_settled(work: Work, connection: Connection, row: Row[Any], current: Decimal) -> bool:
    """Say whether a status that cannot be set was a fact that plentymarkets now does not show."""
    target = Decimal(row.payload["target"])
    statuses = work.merchant_of(connection, row.order_id).statuses
    fact = target in {statuses.cancel_done, statuses.shipped} or ":partial:" in row.dedupe_key
    told = ":too_late:" in row.dedupe_key  # an exception of its own
    return fact and not told and not says_the_same(current, target)
