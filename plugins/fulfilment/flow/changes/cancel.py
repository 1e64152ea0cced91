"""Cancellations: what was never sent is settled at once, the warehouse is asked about the rest.

The warehouse's word decides (wemalo contract 4.8): a refused or unclear cancel is followed by a
look at the order's status, never by another guess.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import each, halved
from fulfilment.flow.orders.now import rows_now
from fulfilment.flow.watch import CANCEL_TRIES
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.moved import HELD, HELD_LATE, Moved, on_moved
from include.core.plenty_order import row_status
from include.core.states import NEVER_SENT, State
from include.core.statuses import is_cancelled
from include.core.wemalo_order import WarehouseStatus, external_id, state_of
from include.ledger import due, orders, outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work

ASKABLE = (State.ACCEPTED, State.WAITING)
REASON = "cancelled by the merchant"
AT_A_TIME = 500  # rows: half a megabyte


def cancel_requested(work: Work) -> dict[str, int]:
    """Ask the warehouse for every order whose merchant cancelled it.

    :returns: counts: cancelled, too_late, unclear (asked again at the next run, a few times; then
        only its status is read, and a person is told).
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
        else:
            counts[_ask(work, row)] += 1

    for states, settle in (
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
            if not each(work, "cancel", still, settle):
                return counts
    return counts


def _cancelled(work: Work, states: Collection[State]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the orders in ``states`` whose merchant cancelled them, without their contents."""
    with work.engine.begin() as connection:
        ids = due.cancel_ids(connection, work.name, states)
    for some in work.slices(ids, AT_A_TIME):
        with work.engine.begin() as connection:
            rows = due.brief(connection, work.name, states, some)
        yield rows


def _still_wanted(work: Work, still: list[Row[Any]], rows: Sequence[Row[Any]]) -> None:
    """Read orders once more before the warehouse is asked: the merchant may have thought again.

    :param still: takes in those that are to be asked about, deleted ones too.
    """
    now = rows_now(work, [row.order_id for row in rows])
    keep = []
    with work.engine.begin() as connection:
        for row in rows:
            seen = now.get(row.order_id)
            moved = (
                on_moved(row_status(seen), work.merchant_by(row.facts)) if seen else Moved.CANCELLED
            )
            held = row.reason_code == HELD and moved in {Moved.HELD, Moved.SHIPPED}
            if seen is None or held or is_cancelled(row_status(seen)):
                keep.append(row)
                continue
            orders.set_statuses(connection, work.name, {row.order_id: row_status(seen)})
            orders.touch(
                connection, work.name, [row.order_id],
                cancel_requested_at=None, cancel_tries=0, reason_code=None,
            )  # fmt: skip
            work.journal.add(
                connection, row.order_id, "cancel_taken_back", status=str(row_status(seen))
            )
    still += keep


def _let_go(work: Work, connection: Connection, row: Row[Any]) -> None:
    """Withdraw an order that shall not ship for now and never came to the warehouse."""
    orders.move(
        connection, work.journal, row.order_id, State.WITHDRAWN, only_from=NEVER_SENT,
        sets={"cancel_requested_at": None, "reason_code": None},
        plenty_status=str(row.plenty_status),
    )  # fmt: skip


def _ask(work: Work, row: Row[Any]) -> str:
    order_id = row.order_id
    with work.engine.begin() as connection:
        if not orders.lease(
            connection,
            work.journal,
            order_id,
            State.CANCELLING,
            only_from=ASKABLE,
            owner=work.owner,
            seconds=work.lease_s,
            sets={"cancel_tries": row.cancel_tries + 1},
        ):
            return "unclear"
    try:
        work.wemalo.cancel(external_id(order_id), REASON)
    except (OrderRejected, NotFound) as refusal:
        return settle_by_status(work, order_id, refusal.code)
    except AmbiguousWrite as error:
        return settle_by_status(work, order_id, error.code)
    except FulfilmentError:
        with work.engine.begin() as connection:  # nothing happened there: ask again next time
            orders.move(
                connection,
                work.journal,
                order_id,
                State.ACCEPTED,
                only_from=[State.CANCELLING],
                sets={"cancel_tries": row.cancel_tries},
                event="cancel_not_sent",
            )
        raise
    with work.engine.begin() as connection:
        settle_cancelled(work, connection, order_id, why="warehouse agreed")
    return "cancelled"


def settle_by_status(work: Work, order_id: int, code: str) -> str:
    """Settle a CANCELLING order by what the warehouse says of it; unclear stays unclear."""
    found = work.wemalo.status(external_id(order_id))
    with work.engine.begin() as connection:
        if found is None or found.name == WarehouseStatus.CANCELLED:
            why = "warehouse does not know it" if found is None else "warehouse shows CANCELLED"
            settle_cancelled(work, connection, order_id, why=why)
            return "cancelled"
        state = state_of(found.name)
        if state is None or code == AmbiguousWrite.code:
            # the call may still be on its way: look again once the lease has run out
            work.journal.add(connection, order_id, "cancel_unclear", warehouse=found.name)
            return "unclear"
        not_started = state is State.WAITING or found.name == WarehouseStatus.OPEN
        orders.move(
            connection,
            work.journal,
            order_id,
            state,
            only_from=[State.CANCELLING],
            sets={} if not_started else {"wemalo_status": found.name},
            event="cancel_refused",
            warehouse=found.name,
            code=code,
        )
        if not_started:  # refused although it has not started: ask again at the next run
            return "unclear"
        settle_too_late(work, connection, order_id, found.name)
    return "too_late"


def told_too_late(work: Work, connection: Connection, ids: Collection[int]) -> set[int]:
    """Return the orders whose cancellation was settled as too late, and its status is pending."""
    statuses = work.merchant.statuses
    # where the merchant's own status stays, it is told by what was written before
    stays = statuses.cancel_too_late == statuses.cancel_requested
    return outbox.has_pending(
        connection, work.name, ids, ["status"], occasion=":too_late:", written=stays
    )


def settle_too_late(work: Work, connection: Connection, order_id: int, warehouse: str) -> None:
    """End a cancellation that the warehouse was faster than; the order goes on."""
    row = orders.one(connection, work.name, order_id)
    over: dict[str, Any] = {"cancel_requested_at": None, "cancel_tries": 0}
    if row.reason_code == HELD:  # told as long as it is held; the status is the merchant's
        over["reason_code"] = HELD_LATE
        work.journal.add(connection, order_id, "hold_too_late", warehouse=warehouse)
    else:
        _too_late(work, connection, row, warehouse)
    orders.touch(connection, work.name, [order_id], **over)


def _too_late(work: Work, connection: Connection, row: Row[Any], warehouse: str) -> None:
    asked_at = row.cancel_requested_at or datetime.now(UTC)
    queue_too_late(work, connection, row.order_id, warehouse, asked_at.isoformat())


def settle_cancelled(work: Work, connection: Connection, order_id: int, *, why: str) -> None:
    """End an order that the warehouse will not ship, and queue 8.8 unless it is only held."""
    held = orders.one(connection, work.name, order_id).reason_code == HELD
    settled = orders.move(
        connection,
        work.journal,
        order_id,
        State.CANCELLED,
        sets={"cancel_requested_at": None, "wemalo_status": WarehouseStatus.CANCELLED},
        why=why,
    )
    if settled and not held:
        queue_cancel_done(work, connection, order_id, "cancelled")


def queue_cancel_done(work: Work, connection: Connection, order_id: int, key: str) -> None:
    """Queue 8.8 over the merchant's 8.0; ``key`` names the occasion."""
    target = work.merchant_of(connection, order_id).statuses.cancel_done
    work.queue_status(connection, order_id, target, _asked(work, connection, order_id), key)


def _asked(work: Work, connection: Connection, order_id: int) -> tuple[Decimal, ...]:
    """Return the statuses that asked for a cancellation: 8.0, and the one that was seen."""
    row = orders.one(connection, work.name, order_id)
    shown, asked = row.plenty_status, work.merchant_by(row.facts).statuses.cancel_requested
    return (asked, shown) if is_cancelled(shown) and shown != asked else (asked,)


def request_cancel(
    work: Work, connection: Connection, order_id: int, *, held: bool = False
) -> None:
    """Note that the merchant wants an order cancelled that the warehouse has, or may have.

    :param held: only to be stopped for now: it keeps its status.
    """
    orders.touch(
        connection, work.name, [order_id], cancel_requested_at=datetime.now(UTC), cancel_tries=0,
        reason_code=HELD if held else None,
    )  # fmt: skip
    # a fault status that waits to be written would overwrite the cancellation
    outbox.drop_pending(connection, work.name, order_id, ["status"])
    work.journal.add(connection, order_id, "hold_seen" if held else "cancel_seen")


def settle_unsent(work: Work, connection: Connection, order_id: int, key: str) -> bool:
    """Cancel an order that wemalo never had: it is never sent, and plentymarkets gets 8.8."""
    if not orders.move(
        connection, work.journal, order_id, State.CANCELLED, only_from=NEVER_SENT, why="unsent"
    ):
        return False
    outbox.drop_pending(connection, work.name, order_id, ["status", "note"])
    queue_cancel_done(work, connection, order_id, key)
    return True


def queue_too_late(
    work: Work, connection: Connection, order_id: int, warehouse_status: str, key: str
) -> None:
    """Tell the merchant that the warehouse was faster: status of choice, and always a note.

    :param key: names the cancellation: the merchant may cancel a second time.
    """
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    work.queue_status(
        connection,
        order_id,
        work.merchant_of(connection, order_id).statuses.cancel_too_late,
        _asked(work, connection, order_id),
        f"too_late:{key}",
    )
    work.queue_note(
        connection,
        order_id,
        f"cancel_too_late:{key}",
        f"Stornierung zu spät: das Lager arbeitet bereits an diesem Auftrag (Stand "
        f"{warehouse_status}). Er wird versendet. Bitte die Sendung als Retoure behandeln.",
        f"Cancelled too late: the warehouse already works on this order (status "
        f"{warehouse_status}). It ships. Please treat the parcel as a return.",
    )
    work.journal.add(connection, order_id, "cancel_too_late", warehouse=warehouse_status)
    state = orders.one(connection, work.name, order_id).state
    # the warehouse's word comes before the rows of what left, which end the order
    all_left = warehouse_status == WarehouseStatus.SHIPPED and state != State.PARTLY_SHIPPED
    if state == State.SHIPPED or all_left:
        work.tell(connection, order_id, "CANCEL_AFTER_SHIPPING", at=at)
    else:
        work.tell(connection, order_id, "CANCEL_TOO_LATE", warehouse=warehouse_status, at=at)
