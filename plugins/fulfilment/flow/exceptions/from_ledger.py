"""What a person should look at, as the ledger stands now: opened, and cleared by itself."""

from __future__ import annotations

from collections import defaultdict
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING

from fulfilment.flow.exceptions import long_stays
from fulfilment.flow.merchants.facts import merchants_under_way
from include.core.exceptions.exception_texts import ExceptionText, exception_text
from include.core.exceptions.long_stays import CODE as STANDS_STILL
from include.core.exceptions.long_stays import NOT_FOUND
from include.core.orders.moved_by_hand import DELETED, HELD, Moved, on_moved, usual_statuses
from include.core.orders.states import ENDED, NEVER_SENT, State
from include.core.orders.statuses import normal
from include.core.orders.wemalo_order import WarehouseStatus
from include.core.systems.slices import packed, slices
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.long_stays import cannot_start_ids
from include.ledger.orders import outbox, to_look_at
from include.ledger.parcels import shipping

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from typing import Any

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

    Found = list[tuple[int, ExceptionText]]

AT_A_TIME = 500  # orders looked at together: a megabyte with the texts about them
#: after so many unclear answers, or a yes that nothing shows, the warehouse is not asked again
CANCEL_TRIES = 5
#: why an order is set aside -> its exception
_STOPS = {
    "ORDER_UNKNOWN_SKU": "PRODUCT_UNKNOWN",
    "UNKNOWN_PRODUCT": "PRODUCT_UNKNOWN",
    "ORDER_PROFILE_MISSING": "PROFILE_UNMAPPED",
    "ORDER_PROFILE_UNMAPPED": "PROFILE_UNMAPPED",
    "RULE_FAILED": "RULE_FAILED",
}
#: their causes can be read from the ledger
_DERIVED = frozenset(
    {"ORDER_MALFORMED", "PRODUCT_UNKNOWN", "PROFILE_UNMAPPED", "ORDER_STOPPED", "CANCEL_UNCLEAR",
     "DELIVERY_ORDER_LATE", "PART_LATE", "CARRIER_UNMAPPED", "WRITE_REFUSED",
     "PARCEL_WITHOUT_NUMBER", "WAREHOUSE_BLOCKED", "RULE_FAILED", "ORDER_HELD",
     "SHIPPED_BY_HAND", "ORDER_DELETED", "NOT_HANDED_OVER", "NOT_IN_WAREHOUSE",
     "WAREHOUSE_CANNOT_START", STANDS_STILL}
)  # fmt: skip
#: over when the order has ended
_UNTIL_THE_END = (
    "CHANGED_TOO_LATE", "CHANGE_UNCLEAR", "CHANGE_INVALID", "ARRIVED_UNWANTED",
    "SPLIT_AFTER_HANDOVER",
)  # fmt: skip
#: they tell of something past: over when somebody has seen it, or the goods came back
_UNTIL_SEEN = (
    "CANCEL_TOO_LATE", "CANCEL_AFTER_SHIPPING", "SHIPPED_SHORT", "SHIPPED_ALTHOUGH_CANCELLED",
    "SENT_ROWS_TAKEN", "STATUS_OVERTAKEN", "TRACKING_NUMBER_ODD",
    "ORDER_NOT_FOUND",
)  # fmt: skip
#: task groups -> how the codes of their exceptions begin: over when the group is switched off
_GROUPS = {"returns": "RETURN_", "documents": "DOCUMENT_", "stock": "STOCK_",
           "products": "PRODUCT_"}  # fmt: skip
#: error codes of a clear no; a revived row keeps its code until it is written
_REFUSALS = outbox.STATUS_REFUSALS | {"NOT_FOUND"}
_AT_WAREHOUSE = (State.WAITING, State.ACCEPTED, State.PARTLY_SHIPPED)
_STOPPABLE = (*_AT_WAREHOUSE, State.CANCELLING)
_MAY_BE_HELD = (*_STOPPABLE, State.CANCELLED)


def look_over(work: Work) -> None:
    """Open and clear the exceptions about orders. Costs no call to either system."""
    with work.engine.begin() as connection:
        ids = _to_look_at(work, connection)
    for some in slices(ids, AT_A_TIME):
        wanted: dict[str, list[ExceptionText]] = defaultdict(list)
        with work.engine.begin() as connection:
            for order_id, text in [
                *_set_aside(work, connection, some),
                *_at_the_warehouse(work, connection, some),
                *_moved_by_hand(work, connection, some),
                *_failed_writes(work, connection, some),
                *_without_number(work, connection, some),
                *long_stays.cannot_start(work, connection, some),
                *long_stays.standing_still(work, connection, some),
            ]:
                wanted[exceptions.order_subject(order_id)].append(text)
            exceptions.keep(connection, work.journal, _DERIVED, wanted, of=some)
    with work.engine.begin() as connection:
        missing = _missing_statuses(work, connection)
        exceptions.keep(connection, work.journal, {"STATUS_MISSING"}, missing)
        left = long_stays.unfinished(work, connection)
        exceptions.keep(connection, work.journal, {long_stays.UNFINISHED}, left)
        exceptions.clear_where_state(connection, work.journal, _UNTIL_THE_END, ENDED)
        exceptions.clear_where_plenty_status(connection, work.journal, "WAREHOUSE_CANCELLED", 8, 9)
        off = sorted(_GROUPS.keys() - work.merchant.groups)
        exceptions.clear_kinds(connection, work.journal, [_GROUPS[group] for group in off])
        exceptions.clear_acknowledged(connection, work.journal, _UNTIL_SEEN)
        exceptions.clear_returned(connection, work.journal, _UNTIL_SEEN)


def _to_look_at(work: Work, connection: Connection) -> array[int]:
    """Return the orders that may have an exception, or have one, ascending."""
    name = work.name
    merchants = merchants_under_way(work, connection)
    usual = set.intersection(*map(usual_statuses, merchants))
    lists = (
        to_look_at.ids_in(connection, name, [State.QUARANTINED]),
        to_look_at.ids_in(connection, name, _AT_WAREHOUSE, to_look_at.stuck(CANCEL_TRIES)),
        to_look_at.ids_in(connection, name, _STOPPABLE, to_look_at.moved(usual)),
        to_look_at.held_ids(connection, name, usual, HELD),
        to_look_at.ids_in(
            connection, name, NEVER_SENT, to_look_at.shows(work.merchant.statuses.handed_over)
        ),
        outbox.failing_orders(connection, name),
        shipping.orders_without_number(
            connection, name, work.merchant.number_patience_minutes, work.merchant.letters
        ),
        cannot_start_ids(connection, name),
        long_stays.overdue_ids(work, connection),
        exceptions.order_ids(connection, name, _DERIVED),
    )
    return packed(order_id for order_id, _ in groupby(merge(*lists)))


def _set_aside(work: Work, connection: Connection, ids: Sequence[int]) -> Found:
    found = []
    for row in to_look_at.brief(connection, work.name, [State.QUARANTINED], ids):
        reason = row.reason or {}
        if row.reason_code in {"DELIVERY_ORDER_LATE", "PART_LATE"}:
            text = exception_text(row.reason_code, parent=reason.get("parent", "?"))
        else:
            code = _STOPS.get(row.reason_code or "", "ORDER_STOPPED")
            code = code if row.has_content else "ORDER_MALFORMED"
            values = {key: reason.get(key) or row.reason_code or "?" for key in ("de", "en")}
            text = exception_text(code, **values)
        found.append((row.order_id, text))
    return found


def _at_the_warehouse(work: Work, connection: Connection, ids: Sequence[int]) -> Found:
    found = []
    for row in to_look_at.brief(connection, work.name, _AT_WAREHOUSE, ids):
        if row.wemalo_status == WarehouseStatus.BLOCKEDPACKED:
            reason = row.wemalo_reason or "?"
            found.append((row.order_id, exception_text("WAREHOUSE_BLOCKED", reason=reason)))
        elif row.wemalo_status == NOT_FOUND:
            found.append((row.order_id, exception_text("NOT_IN_WAREHOUSE", state=row.state)))
        if row.cancel_requested_at is not None and row.cancel_tries >= CANCEL_TRIES:
            text = exception_text("CANCEL_UNCLEAR", warehouse=row.wemalo_status or "?")
            found.append((row.order_id, text))
    return found


def _moved_by_hand(work: Work, connection: Connection, ids: Sequence[int]) -> Found:
    """Tell of orders whose status says something else than where their goods are."""
    found = []
    left = shipping.with_parcels(connection, work.name, ids)
    for row in to_look_at.brief(connection, work.name, _MAY_BE_HELD, ids):
        if row.state == State.CANCELLED and row.reason_code != HELD:
            continue
        warehouse = row.wemalo_status or "?"
        if row.plenty_status == DELETED:
            if row.state != State.CANCELLED:
                german, english = _end_of(row)
                text = exception_text(
                    "ORDER_DELETED", warehouse=warehouse, end_de=german, end_en=english
                )
                found.append((row.order_id, text))
            continue
        moved = on_moved(row.plenty_status, work.merchant_by(row.facts))
        code = {Moved.HELD: "ORDER_HELD", Moved.SHIPPED: "SHIPPED_BY_HAND"}.get(moved)
        if code is None or (moved is Moved.SHIPPED and row.order_id in left):
            continue
        german, english = _end_of(row)
        text = exception_text(
            code, status=normal(row.plenty_status), warehouse=warehouse,
            end_de=german, end_en=english,
        )  # fmt: skip
        found.append((row.order_id, text))
    handed_over = work.merchant.statuses.handed_over
    for row in to_look_at.brief(connection, work.name, NEVER_SENT, ids):
        if row.plenty_status == handed_over:
            text = exception_text("NOT_HANDED_OVER", status=handed_over, state=row.state)
            found.append((row.order_id, text))
    return found


def _end_of(row: Row[Any]) -> tuple[str, str]:
    """Return what becomes of an order that a person took out of the release."""
    if row.state == State.CANCELLED:
        return (
            "Er ist im Lager storniert und wird nicht versendet.",
            "It is cancelled in the warehouse and does not ship.",
        )
    if row.cancel_requested_at is not None:
        return "Das Lager wird um Stornierung gebeten.", "The warehouse is asked to cancel it."
    return "Er wird versendet.", "It ships."


def _missing_statuses(work: Work, connection: Connection) -> dict[str, list[ExceptionText]]:
    """Tell once per status, not per order, that plentymarkets does not take it."""
    return {
        f"status:{row.target}": [
            exception_text(
                "STATUS_MISSING",
                status=row.target,
                reason=", ".join(sorted(row.codes)),
                count=row.waiting,
                first=row.first,
            )
        ]
        for row in outbox.unknown_statuses(connection, work.name)
    }


def _failed_writes(work: Work, connection: Connection, ids: Sequence[int]) -> Found:
    refused: dict[int, list[Row[Any]]] = defaultdict(list)
    found = []
    for row in outbox.failing(connection, work.name, ids):
        if row.error_code == "CARRIER_UNMAPPED":
            carriers = work.merchant.carriers
            named = row.payload.get("carriers") or [row.payload.get("carrier") or "?"]
            carrier = ", ".join(name or "?" for name in named if name not in carriers)
            found.append((row.order_id, exception_text("CARRIER_UNMAPPED", carrier=carrier)))
        elif row.unknown:
            continue  # told once for all orders that wait for this status
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


def _without_number(work: Work, connection: Connection, ids: Sequence[int]) -> Found:
    minutes = work.merchant.number_patience_minutes
    late: dict[int, list[str]] = defaultdict(list)
    letters = work.merchant.letters
    for row in shipping.parcels_without_number(connection, work.name, minutes, letters, ids):
        late[row.order_id].append(row.parcel_id)
    return [
        (
            order_id,
            exception_text("PARCEL_WITHOUT_NUMBER", parcel=", ".join(ids), minutes=minutes),
        )
        for order_id, ids in late.items()
    ]
