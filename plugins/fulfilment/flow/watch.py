"""What a person should look at, as the ledger stands now: opened, and cleared by itself."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.core.exception_texts import ExceptionText, exception_text
from include.core.states import ENDED, State
from include.core.wemalo_order import WarehouseStatus
from include.ledger import exceptions, orders, outbox, shipping

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work

#: after so many unclear answers the warehouse is not asked to cancel again
CANCEL_TRIES = 5
#: why an order is set aside -> its exception
_STOPS = {
    "ORDER_UNKNOWN_SKU": "PRODUCT_UNKNOWN",
    "UNKNOWN_PRODUCT": "PRODUCT_UNKNOWN",
    "ORDER_PROFILE_MISSING": "PROFILE_UNMAPPED",
    "ORDER_PROFILE_UNMAPPED": "PROFILE_UNMAPPED",
}
#: their causes can be read from the ledger
_DERIVED = frozenset(
    {"ORDER_MALFORMED", "PRODUCT_UNKNOWN", "PROFILE_UNMAPPED", "ORDER_STOPPED", "CANCEL_UNCLEAR",
     "DELIVERY_ORDER_LATE", "PART_LATE", "CARRIER_UNMAPPED", "WRITE_REFUSED",
     "PARCEL_WITHOUT_NUMBER", "WAREHOUSE_BLOCKED"}
)  # fmt: skip
#: over when the order has ended
_UNTIL_THE_END = (
    "CANCEL_TOO_LATE", "CHANGED_TOO_LATE", "CHANGE_UNCLEAR", "CHANGE_INVALID",
    "SPLIT_AFTER_HANDOVER",
)  # fmt: skip
#: task groups -> how the codes of their exceptions begin: over when the group is switched off
_GROUPS = {"returns": "RETURN_", "documents": "DOCUMENT_", "stock": "STOCK_",
           "products": "PRODUCT_"}  # fmt: skip
#: error codes of a clear no; a revived row keeps its code until it is written
_REFUSALS = frozenset({"REJECTED", "VALIDATION", "CONFLICT", "NOT_FOUND"})
_REMINDER = timedelta(days=14)
_AT_WAREHOUSE = (State.WAITING, State.ACCEPTED, State.PARTLY_SHIPPED)


def look_over(work: Work) -> None:
    """Open and clear the exceptions about orders. Costs no call to either system."""
    wanted: dict[str, list[ExceptionText]] = defaultdict(list)
    with work.engine.begin() as connection:
        for order_id, text in [
            *_set_aside(work, connection),
            *_at_the_warehouse(work, connection),
            *_failed_writes(work, connection),
            *_without_number(work, connection),
        ]:
            wanted[exceptions.order_subject(order_id)].append(text)
        exceptions.keep(connection, work.journal, _DERIVED, wanted)
        exceptions.clear_where_state(connection, work.journal, _UNTIL_THE_END, ENDED)
        exceptions.clear_where_plenty_status(connection, work.journal, "WAREHOUSE_CANCELLED", 8, 9)
        off = sorted(_GROUPS.keys() - work.merchant.groups)
        exceptions.clear_kinds(connection, work.journal, [_GROUPS[group] for group in off])
        exceptions.clear_unseen(
            connection, work.journal, "CANCEL_AFTER_SHIPPING", datetime.now(UTC) - _REMINDER
        )


def _set_aside(work: Work, connection: Connection) -> list[tuple[int, ExceptionText]]:
    found = []
    for row in orders.rows_in(connection, work.name, [State.QUARANTINED]):
        reason = row.reason or {}
        if row.reason_code in {"DELIVERY_ORDER_LATE", "PART_LATE"}:
            text = exception_text(row.reason_code, parent=reason.get("parent", "?"))
        else:
            code = _STOPS.get(row.reason_code or "", "ORDER_STOPPED")
            code = code if row.content is not None else "ORDER_MALFORMED"
            values = {key: reason.get(key) or row.reason_code or "?" for key in ("de", "en")}
            text = exception_text(code, **values)
        found.append((row.order_id, text))
    return found


def _at_the_warehouse(work: Work, connection: Connection) -> list[tuple[int, ExceptionText]]:
    found = []
    for row in orders.rows_in(connection, work.name, _AT_WAREHOUSE):
        if row.wemalo_status == WarehouseStatus.BLOCKEDPACKED:
            reason = row.wemalo_reason or "?"
            found.append((row.order_id, exception_text("WAREHOUSE_BLOCKED", reason=reason)))
        if row.cancel_requested_at is not None and row.cancel_tries >= CANCEL_TRIES:
            text = exception_text(
                "CANCEL_UNCLEAR", tries=row.cancel_tries, warehouse=row.wemalo_status or "?"
            )
            found.append((row.order_id, text))
    return found


def _failed_writes(work: Work, connection: Connection) -> list[tuple[int, ExceptionText]]:
    refused: dict[int, list[Row[Any]]] = defaultdict(list)
    found = []
    for row in outbox.failing(connection, work.name):
        if row.error_code == "CARRIER_UNMAPPED":
            carrier = row.payload.get("carrier") or "?"
            found.append((row.order_id, exception_text("CARRIER_UNMAPPED", carrier=carrier)))
        elif row.state == "dead" or row.error_code in _REFUSALS:
            refused[row.order_id].append(row)
    for order_id, rows in refused.items():
        text = exception_text(
            "WRITE_REFUSED",
            kinds=", ".join(sorted({row.kind for row in rows})),
            reason=", ".join(sorted({row.error_code for row in rows})),
        )
        found.append((order_id, text))
    return found


def _without_number(work: Work, connection: Connection) -> list[tuple[int, ExceptionText]]:
    minutes = work.merchant.number_patience_minutes
    late: dict[int, list[str]] = defaultdict(list)
    for row in shipping.parcels_without_number(connection, work.name, minutes):
        late[row.order_id].append(row.parcel_id)
    return [
        (
            order_id,
            exception_text("PARCEL_WITHOUT_NUMBER", parcel=", ".join(ids), minutes=minutes),
        )
        for order_id, ids in late.items()
    ]
