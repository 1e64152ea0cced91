"""What follows when the warehouse has an order: its state here, and the status at plentymarkets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fulfilment.flow.changes.cancel import settle_cancelled
from include.core.states import State
from include.core.wemalo_order import WarehouseStatus, state_of
from include.ledger import orders, outbox

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection

    from fulfilment.flow.work import Work

ADDRESS = "ADDRESS"  # wemalo contract 4.6: the only reason with a meaning that is known


def accept(
    work: Work,
    connection: Connection,
    order_id: int,
    episode: int,
    status_name: str,
    reason: str,
    *,
    event: str | None = None,
    sets: dict[str, Any] | None = None,
) -> State:
    """Take over what wemalo says of an order it has, and queue the status that belongs to it.

    PARTIAL for its address is 6.2, PARTIAL for anything else 6.3 (wemalo contract 4.7, 14.2),
    everything beyond is handed over, 5.1.

    :param episode: names the occasion: each statuses and note is queued once for it.
    :param sets: further columns of the order.
    """
    state = state_of(status_name) or State.ACCEPTED
    if state is State.CANCELLED:
        warehouse_cancelled(work, connection, order_id)
        return state
    orders.move(
        connection,
        work.journal,
        order_id,
        state,
        sets={
            "wemalo_status": status_name,
            "wemalo_reason": reason,
            "lookups": 0,
            "next_attempt_at": None,
            "looked_at": datetime.now(UTC),
            **(sets or {}),
        },
        event=event,
        warehouse=status_name,
        reason=reason,
    )
    if state is State.WAITING:
        _waiting(work, connection, order_id, episode, reason)
    elif state is State.ACCEPTED:
        statuses = work.merchant_of(connection, order_id).statuses
        work.queue_status(
            connection,
            order_id,
            statuses.handed_over,
            (statuses.fetch, statuses.address_error, statuses.no_stock),
            str(episode),
        )
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
        sets={
            "wemalo_status": WarehouseStatus.CANCELLED,
            "lookups": 0,
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
