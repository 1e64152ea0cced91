"""Cancellations: what was never sent is settled at once, the warehouse is asked about the rest.

The warehouse's word decides (wemalo contract 4.8): a refused cancel is followed by a look at the
order's status, and so is an agreed one: a yes that changed nothing is no yes. One whose answer was
lost, or that is not to be seen there, says nothing until it has settled: an order that is still
there may be cancelled a moment later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.from_ledger import CANCEL_TRIES
from fulfilment.flow.orders.as_shown_now import rows_now
from fulfilment.flow.orders.cancellation import settle_cancelled, settle_too_late, settle_unsent
from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.write import Write, nothing_happened, settle, write
from include.core.orders.moved_by_hand import (
    DELETED,
    HELD,
    UNWANTED,
    Moved,
    on_moved,
    wants_shipping,
)
from include.core.orders.plenty_order import row_status
from include.core.orders.states import NEVER_SENT, State
from include.core.orders.statuses import is_cancelled
from include.core.orders.wemalo_order import NOT_STARTED, WarehouseStatus, external_id, state_of
from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    NotFound,
    OrderRejected,
    WriteHeld,
)
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders, outbox_writes, to_look_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloStatus

ASKABLE = (State.ACCEPTED, State.WAITING)
REASON = "cancelled by the merchant"
AT_A_TIME = 500  # rows: half a megabyte
#: the warehouse agreed, and its status does not show it
NOT_SHOWN = "CANCEL_NOT_SHOWN"
#: orders that are read together right before the warehouse is asked for each: seconds
ASKED_AT_A_TIME = 20


def cancel_requested(work: Work) -> dict[str, int]:
    """Ask the warehouse for every order whose merchant cancelled it.

    :returns: counts: cancelled, too_late, unclear (asked again once that is settled, a few times;
        then only its status is read, and a person is told).
    """
    counts = {"cancelled": 0, "too_late": 0, "unclear": 0}

    def unsent(row: Row[Any]) -> None:
        with work.engine.begin() as connection:
            if row.reason_code == HELD:
                _let_go(work, connection, row)
            else:
                counts["cancelled"] += settle_unsent(work, connection, row.order_id, "unsent:late")

    def left(row: Row[Any]) -> None:
        with work.engine.begin() as connection:
            settle_too_late(work, connection, row.order_id, WarehouseStatus.SHIPPED)
        counts["too_late"] += 1

    def at_warehouse(row: Row[Any]) -> None:
        if row.cancel_tries >= CANCEL_TRIES:
            counts["unclear"] += 1  # the look at orders in flight settles it
            return
        try:
            counts[_ask(work, row)] += 1
        except AmbiguousWrite:
            counts["unclear"] += 1
            raise

    for states, do in (
        (NEVER_SENT, unsent),
        ((State.PARTLY_SHIPPED, State.SHIPPED), left),
        (ASKABLE, at_warehouse),
    ):
        for rows in _cancelled(work, states):
            still: list[Row[Any]] = [] if states is ASKABLE else [*rows]
            if states is ASKABLE and not halved(
                work, "read", rows, partial(_still_wanted, work, still)
            ):
                return counts
            if not each(work, "cancel", still, do):
                return counts
    return counts


def _cancelled(work: Work, states: Collection[State]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the orders in ``states`` whose merchant cancelled them, without their contents."""
    with work.engine.begin() as connection:
        ids = to_look_at.cancel_ids(connection, work.name, states)
    for some in work.slices(ids, ASKED_AT_A_TIME if states is ASKABLE else AT_A_TIME):
        with work.engine.begin() as connection:
            rows = to_look_at.brief(connection, work.name, states, some)
        yield rows


def _still_wanted(work: Work, still: list[Row[Any]], rows: Sequence[Row[Any]]) -> None:
    """Read orders once more before the warehouse is asked: the merchant may have thought again.

    :param still: takes in those that are to be asked about, deleted ones too.
    """
    now = rows_now(work, [row.order_id for row in rows])
    unwanted = [row.order_id for row in rows if row.reason_code == UNWANTED]
    # the delivery orders carry its goods and show their own status on it: it stays unwanted
    split = work.plenty.split_orders(unwanted) if unwanted else set()
    keep = []
    with work.engine.begin() as connection:
        # it shows what a late status of ours put over the cancellation
        hidden = outbox_writes.putting_back(connection, work.name, now, refused=True)
        for row in rows:
            seen = now.get(row.order_id)
            status = row_status(seen) if seen else DELETED
            if seen is not None and row.order_id in hidden:
                keep.append(row)
                continue
            orders.set_statuses(connection, work.name, {row.order_id: status})
            if seen is None or row.order_id in split or _shall_not_ship(work, row, status):
                keep.append(row)
                continue
            orders.touch(
                connection, work.name, [row.order_id],
                cancel_requested_at=None, cancel_tries=0, reason_code=None, seen_updated_at=None,
            )  # fmt: skip
            subject = exceptions.order_subject(row.order_id)
            exceptions.clear(connection, work.journal, subject, "ARRIVED_UNWANTED")
            work.journal.add(connection, row.order_id, "cancel_taken_back", status=str(status))
    still += keep


def _shall_not_ship(work: Work, row: Row[Any], status: Decimal) -> bool:
    """Say whether an order whose cancellation was asked for still shows that it is wanted."""
    if is_cancelled(status):
        return True
    merchant = work.merchant_by(row.facts)
    if row.reason_code == UNWANTED:
        return not wants_shipping(status, merchant)
    moved = on_moved(status, merchant)
    return row.reason_code == HELD and moved in {Moved.HELD, Moved.SHIPPED}


def _let_go(work: Work, connection: Connection, row: Row[Any]) -> None:
    """Withdraw an order that shall not ship for now and never came to the warehouse."""
    orders.move(
        connection, work.journal, row.order_id, State.WITHDRAWN, only_from=NEVER_SENT,
        sets={"cancel_requested_at": None, "reason_code": None},
        plenty_status=str(row.plenty_status),
    )  # fmt: skip


def cancellation_of(order_id: int) -> Write:
    """Return the write that asks the warehouse to cancel an order."""
    subject = exceptions.order_subject(order_id)
    return Write("cancel", (subject,), f"the cancellation of order {order_id}")


def _ask(work: Work, row: Row[Any]) -> str:
    order_id = row.order_id

    def begin(connection: Connection) -> bool:
        now = orders.one(connection, work.name, order_id, lock=True)
        return now.cancel_requested_at is not None and orders.write_ahead(
            connection, work.journal, order_id, State.CANCELLING,
            only_from=ASKABLE, sets={"cancel_tries": row.cancel_tries + 1},
        )  # fmt: skip

    def send() -> bool:
        work.wemalo.cancel(external_id(order_id), REASON)
        _see_it_cancelled(work, order_id)
        return True

    def end(connection: Connection, _: bool, adopted: bool) -> None:
        why = "warehouse shows CANCELLED" if adopted else "warehouse agreed"
        settle_cancelled(work, connection, order_id, why=why)

    try:
        write(
            work, work.wemalo, cancellation_of(order_id), send,
            look=lambda: _is_cancelled_there(work, order_id), begin=begin, end=end,
        )  # fmt: skip
    except WriteHeld:
        raise
    except (OrderRejected, NotFound) as refusal:
        return _refused(work, order_id, refusal.code)
    except FulfilmentError as error:
        if nothing_happened(error):
            _back(work, order_id, "cancel_not_sent", tries=row.cancel_tries)
        elif error.code == NOT_SHOWN:  # it has answered: another call would tell us no more
            with work.engine.begin() as connection:
                orders.touch(connection, work.name, [order_id], cancel_tries=CANCEL_TRIES)
        raise
    return "cancelled"


def _see_it_cancelled(work: Work, order_id: int) -> None:
    """Read the status behind a yes.

    :raises AmbiguousWrite: it is not cancelled there, or that cannot be read.
    """
    try:
        if _is_cancelled_there(work, order_id):
            return
    except FulfilmentError as error:
        text = "The warehouse agreed to cancel the order; whether it did cannot be read."
        raise AmbiguousWrite(text, code=error.code, merchant=work.name) from error
    text = "The warehouse agreed to cancel the order, and does not show it as cancelled."
    raise AmbiguousWrite(text, code=NOT_SHOWN, merchant=work.name)


def _is_cancelled_there(work: Work, order_id: int) -> bool | None:
    found = work.wemalo.status(external_id(order_id))
    return True if found is not None and found.name == WarehouseStatus.CANCELLED else None


def _back(work: Work, order_id: int, event: str, *, tries: int) -> None:
    """Return an order to where it was before the warehouse was asked; it is asked again."""
    with work.engine.begin() as connection:
        back_from_asking(work, connection, order_id, None, event, cancel_tries=tries)


def back_from_asking(
    work: Work,
    connection: Connection,
    order_id: int,
    found: WemaloStatus | None,
    event: str,
    *,
    cancel_tries: int | None = None,
    code: str = "",
) -> None:
    """Return an order to where the warehouse has it, or had it; the cancellation stays wanted.

    :param cancel_tries: as before a call that was never made.
    """
    row = orders.one(connection, work.name, order_id, lock=True)
    shown = found.name if found is not None and state_of(found.name) else row.wemalo_status
    state = state_of(shown or "") or State.ACCEPTED
    tries = row.cancel_tries if cancel_tries is None else cancel_tries
    why: dict[str, Any] = {"code": code} if code else {}
    orders.move(
        connection, work.journal, order_id,
        State.ACCEPTED if state is State.CANCELLED else state,
        only_from=[State.CANCELLING], sets={"wemalo_status": shown, "cancel_tries": tries},
        event=event, warehouse=shown, **why,
    )  # fmt: skip


def settle_asked(work: Work, order_id: int) -> None:
    """Find out what came of a cancellation whose answer was lost; if nothing, it is asked for anew.

    :raises InDoubt: it may still take effect: nothing is told before.
    """
    shown: list[WemaloStatus | None] = []

    def look() -> bool | None:
        shown.append(work.wemalo.status(external_id(order_id)))
        found = shown[-1]
        return True if found is not None and found.name == WarehouseStatus.CANCELLED else None

    def end(connection: Connection, found: bool | None) -> None:
        if orders.one(connection, work.name, order_id, lock=True).state != State.CANCELLING:
            return  # its parcels were faster, or somebody else settled it
        if found:
            settle_cancelled(work, connection, order_id, why="warehouse shows CANCELLED")
        elif shown and shown[-1] is None:
            _unknown_there(work, connection, order_id)
        else:
            last = shown[-1] if shown else None
            back_from_asking(work, connection, order_id, last, "cancel_not_arrived")

    settle(work, cancellation_of(order_id), look, end)


def _unknown_there(work: Work, connection: Connection, order_id: int) -> None:
    """End an order that the warehouse does not know: it is looked for a while longer."""
    row = orders.one(connection, work.name, order_id)
    settle_cancelled(work, connection, order_id, why="warehouse does not know it")
    orders.touch(
        connection, work.name, [order_id],
        given_up_at=datetime.now(UTC), given_up_fingerprint=row.sent_fingerprint,
    )  # fmt: skip


def _refused(work: Work, order_id: int, code: str) -> str:
    """Settle a cancellation that the warehouse clearly refused, by what it says of the order."""
    found = work.wemalo.status(external_id(order_id))
    with work.engine.begin() as connection:
        if orders.one(connection, work.name, order_id, lock=True).state != State.CANCELLING:
            return "unclear"
        if found is None:
            _unknown_there(work, connection, order_id)
            return "cancelled"
        if found.name == WarehouseStatus.CANCELLED:
            settle_cancelled(work, connection, order_id, why="warehouse shows CANCELLED")
            return "cancelled"
        begun = state_of(found.name) is not None and found.name not in NOT_STARTED
        back_from_asking(
            work, connection, order_id, found if begun else None, "cancel_refused", code=code
        )
        if not begun:  # refused although it has not started: ask again at the next run
            return "unclear"
        settle_too_late(work, connection, order_id, found.name)
    return "too_late"
