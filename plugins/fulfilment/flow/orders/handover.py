"""What follows when the warehouse has an order: its state here, and the status at plentymarkets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fulfilment.flow.orders.cancellation import request_cancel, settle_cancelled
from fulfilment.flow.systems.write import Write
from include.core.orders.moved_by_hand import UNWANTED
from include.core.orders.send_again import REASONS
from include.core.orders.states import NOT_AT_WAREHOUSE, State
from include.core.orders.statuses import is_cancelled
from include.core.orders.wemalo_order import WarehouseStatus, state_of
from include.ledger.exceptions.exceptions import order_subject
from include.ledger.orders import hand_overs, orders, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from typing import Any

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloStatus
    from include.core.merchants.merchant import Merchant

_EXPECTS = (State.SUBMITTING, State.WAITING, State.ACCEPTED, State.CANCELLING)
ADDRESS = "ADDRESS"  # wemalo contract 4.6: the only reason with a meaning that is known


def is_sent_again(row: Row[Any]) -> bool:
    """Say whether the warehouse has the order as cancelled from before: that is no sign of it."""
    return bool(row.wemalo_status == WarehouseStatus.CANCELLED)


def hand_over_of(order_id: int) -> Write:
    """Return the write that hands an order over."""
    return Write("hand_over", (order_subject(order_id),), f"the hand-over of order {order_id}")


def accept(
    work: Work,
    connection: Connection,
    order_id: int,
    episode: int,
    status_name: str,
    reason: str,
    *,
    expect_version: int | None = None,
    event: str | None = None,
    sets: dict[str, Any] | None = None,
) -> State:
    """Take over what wemalo says of an order it has, and queue the status that belongs to it.

    PARTIAL for its address is 6.2, PARTIAL for anything else 6.3 (wemalo contract 4.7, 14.2),
    everything beyond is handed over, 5.1. An order that is not expected there is `arrived`.

    :param episode: names the occasion: each statuses and note is queued once for it.
    :param expect_version: of the row as it was written ahead, or as it was when wemalo was asked.
    :param sets: further columns of the order.
    :returns: the order's state.
    """
    state = state_of(status_name) or State.ACCEPTED
    if state is State.CANCELLED:
        warehouse_cancelled(work, connection, order_id)
        return state
    taken = orders.move(
        connection,
        work.journal,
        order_id,
        state,
        only_from=_EXPECTS,
        expect_version=expect_version,
        sets={
            "wemalo_status": status_name,
            "wemalo_reason": reason,
            "next_attempt_at": None,
            "looked_at": datetime.now(UTC),
            **(sets or {}),
        },
        event=event,
        warehouse=status_name,
        reason=reason,
    )
    if not taken:
        now = arrived(work, connection, order_id, status_name, reason)
        if now not in {State.PARTLY_SHIPPED, State.SHIPPED}:
            return now
        state = State.ACCEPTED  # its parcels were faster than this answer
    _tell_status(work, connection, order_id, state, episode, reason)
    return state


def accept_all(
    work: Work, connection: Connection, answers: Sequence[tuple[Row[Any], WemaloStatus]]
) -> set[int]:
    """Take over orders that wemalo has just taken and can begin with, and queue their status.

    :param answers: the orders' rows as they were before they were written ahead.
    :returns: those that this was all of; any other is told to `accept`.
    """
    plain = {
        row.order_id: (row, status)
        for row, status in answers
        if (state_of(status.name) or State.ACCEPTED) is State.ACCEPTED
    }
    taken = hand_overs.accept(
        connection,
        work.journal,
        [
            hand_overs.Accepted(order_id, row.version + 1, status.name, status.reason)
            for order_id, (row, status) in plain.items()
        ],
    )
    told = [
        (order_id, *_handed_over(work.merchant_by(row.facts), row.episode))
        for order_id, (row, _) in plain.items()
        if order_id in taken
    ]
    work.queue_statuses(connection, told)
    return taken


def _handed_over(merchant: Merchant, episode: int) -> tuple[Decimal, tuple[Decimal, ...], str]:
    """Return the status of an order that was handed over, those it may replace, its occasion."""
    statuses = merchant.statuses
    expected = (statuses.fetch, statuses.address_error, statuses.no_stock)
    return statuses.handed_over, expected, str(episode)


def _tell_status(
    work: Work, connection: Connection, order_id: int, state: State, episode: int, reason: str
) -> None:
    if state is State.WAITING:
        _waiting(work, connection, order_id, episode, reason)
        return
    told = _handed_over(work.merchant_of(connection, order_id), episode)
    work.queue_status(connection, order_id, *told)


def arrived(
    work: Work, connection: Connection, order_id: int, status_name: str, reason: str
) -> State:
    """Take over an order that the warehouse has although its hand-over was given up.

    A call can take effect later than anybody waits for it. What is cancelled or withdrawn here is
    to be cancelled at the warehouse; anything else is handed over, with what was sent then: what
    differs from it is a change.

    :returns: the order's state, the same as before where it is expected there, or ended there.
    """
    row = orders.one(connection, work.name, order_id, lock=True)
    before = State(row.state)
    state = state_of(status_name)
    if before not in NOT_AT_WAREHOUSE or state is None or state is State.CANCELLED:
        return before
    unwanted = before in {State.CANCELLED, State.WITHDRAWN}
    orders.move(
        connection, work.journal, order_id, state, only_from=[before],
        sets={
            "wemalo_status": status_name,
            "wemalo_reason": reason,
            "sent_fingerprint": row.given_up_fingerprint or row.fingerprint,
            "reason_code": None,
            "reason": None,
            "next_attempt_at": None,
            "looked_at": datetime.now(UTC),
            "episode": row.episode + 1,
        },
        event="arrived_after_all", warehouse=status_name, before=before,
    )  # fmt: skip
    outbox.drop_pending(connection, work.name, order_id, ["status", "note"])
    if unwanted:
        request_cancel(
            work, connection, order_id, reason=None if is_cancelled(row.plenty_status) else UNWANTED
        )
        work.tell(connection, order_id, "ARRIVED_UNWANTED", warehouse=status_name)
    else:
        _tell_status(work, connection, order_id, state, row.episode + 1, reason)
    return state


def warehouse_cancelled(work: Work, connection: Connection, order_id: int) -> None:
    """End an order that wemalo shows as CANCELLED: on the merchant's wish, or on its own."""
    if orders.one(connection, work.name, order_id).cancel_requested_at is not None:
        settle_cancelled(work, connection, order_id, why="warehouse shows CANCELLED")
        return
    if not orders.move(
        connection,
        work.journal,
        order_id,
        State.CANCELLED,
        only_from=_EXPECTS,
        sets={
            "wemalo_status": WarehouseStatus.CANCELLED,
            "looked_at": datetime.now(UTC),
        },
        event="warehouse_cancelled",
    ):
        return
    outbox.drop_pending(connection, work.name, order_id, ["status"])
    work.tell(connection, order_id, "WAREHOUSE_CANCELLED")
    work.queue_note(
        connection,
        order_id,
        "warehouse_cancelled",
        "Das Lager hat diesen Auftrag selbst storniert; er wird nicht versendet. Bitte im Lager "
        "nachfragen und den Auftrag stornieren oder neu anlegen.",
        "The warehouse cancelled this order by itself; it does not ship. Please ask the warehouse, "
        "then cancel the order or make a new one.",
    )


def _waiting(work: Work, connection: Connection, order_id: int, episode: int, reason: str) -> None:
    statuses = work.merchant_of(connection, order_id).statuses
    faulty = reason == ADDRESS
    target = statuses.address_error if faulty else statuses.no_stock
    expected = (
        statuses.fetch,
        statuses.handed_over,
        statuses.address_error,
        statuses.no_stock,
    )
    work.queue_status(connection, order_id, target, expected, f"partial:{episode}")
    if faulty:
        german = (
            "Das Lager lehnt die Lieferadresse ab. Bitte die Adresse korrigieren und den Auftrag "
            "wieder freigeben."
        )
        english = (
            "The warehouse refuses the delivery address. Please correct it and release the order "
            "again."
        )
    elif reason in REASONS:
        german = (
            f"Das Lager hat den Auftrag und kann nicht mit ihm beginnen (Grund: {reason}). Er wird "
            "einige Male erneut gesendet; hilft das nicht, fragt der Betreiber im Lager nach."
        )
        english = (
            f"The warehouse has the order and cannot begin with it (reason: {reason}). It is sent "
            "again some times; if that does not help, the operator asks the warehouse."
        )
    else:
        german = (
            f"Das Lager hat den Auftrag, kann ihn aber nicht vollständig reservieren "
            f"(Grund: {reason or 'unbekannt'}). Er geht von selbst weiter, sobald das möglich ist."
        )
        english = (
            f"The warehouse has the order but cannot reserve all of it (reason: "
            f"{reason or 'unknown'}). It goes on by itself as soon as that is possible."
        )
    work.queue_note(connection, order_id, f"partial:{episode}:{reason}", german, english)
