"""What follows from a cancellation: asked for, done or too late, and told to the merchant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.core.orders.moved_by_hand import DELETED, HELD, HELD_LATE, UNWANTED
from include.core.orders.states import NEVER_SENT, State
from include.core.orders.statuses import is_cancelled
from include.core.orders.wemalo_order import WarehouseStatus
from include.ledger.exceptions.exceptions import order_subject
from include.ledger.orders import orders, outbox
from include.ledger.systems import writes

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

#: what the merchant's status says, not we
_THEIRS = frozenset({HELD, UNWANTED})


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
    over: dict[str, Any] = {
        "cancel_requested_at": None, "cancel_tries": 0, "seen_updated_at": None
    }  # fmt: skip
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
    """End an order that the warehouse will not ship; queue 8.8 unless the status is a person's."""
    row = orders.one(connection, work.name, order_id)
    settled = orders.move(
        connection, work.journal, order_id, State.CANCELLED,
        sets={
            "cancel_requested_at": None,
            "wemalo_status": WarehouseStatus.CANCELLED,
            **_looked_for(work, connection, row),
        },
        why=why,
    )  # fmt: skip
    if settled and not _is_theirs(row):
        queue_cancel_done(work, connection, order_id, "cancelled")


def _looked_for(work: Work, connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Return what makes a cancelled order be looked for: data sent before may still land.

    It may bring the order back there (wemalo contract 4.9).
    """
    subject = order_subject(row.order_id)
    if not any(writes.may_land(connection, work.name, s, subject) for s in ("hand_over", "change")):
        return {}
    return {"given_up_at": datetime.now(UTC), "given_up_fingerprint": row.sent_fingerprint}


def _is_theirs(row: Row[Any]) -> bool:
    """Say whether the order keeps the status that a person gave it, or has none any more."""
    kept = row.reason_code in _THEIRS and not is_cancelled(row.plenty_status)
    return kept or row.plenty_status == DELETED


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
    work: Work, connection: Connection, order_id: int, *, reason: str | None = None
) -> None:
    """Note that the merchant wants an order cancelled that the warehouse has, or may have.

    :param reason: HELD: only to be stopped for now; UNWANTED: it was withdrawn; both keep their
        status.
    """
    orders.touch(
        connection, work.name, [order_id], cancel_requested_at=datetime.now(UTC), cancel_tries=0,
        reason_code=reason,
    )  # fmt: skip
    # a fault status that waits to be written would overwrite the cancellation
    outbox.drop_pending(connection, work.name, order_id, ["status"])
    work.journal.add(connection, order_id, "hold_seen" if reason == HELD else "cancel_seen")


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
    row = orders.one(connection, work.name, order_id)
    if row.plenty_status != DELETED:
        if not _is_theirs(row):
            work.queue_status(
                connection,
                order_id,
                work.merchant_by(row.facts).statuses.cancel_too_late,
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
    state = row.state
    # the warehouse's word comes before the rows of what left, which end the order
    all_left = warehouse_status == WarehouseStatus.SHIPPED and state != State.PARTLY_SHIPPED
    if state == State.SHIPPED or all_left:
        work.tell(connection, order_id, "CANCEL_AFTER_SHIPPING", at=at)
    else:
        work.tell(connection, order_id, "CANCEL_TOO_LATE", warehouse=warehouse_status, at=at)
