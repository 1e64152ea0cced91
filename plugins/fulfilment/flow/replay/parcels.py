"""Parcels that left in a window and that the ledger or plentymarkets does not have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from fulfilment.flow.parcels.ship import queue_information
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.sent import SentRow, sent_row
from include.core.states import State
from include.core.wemalo_order import WarehouseStatus, external_id
from include.core.window import both_ends
from include.ledger import orders, replays, shipping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fulfilment.flow.work import Work
    from fulfilment.hooks.paging import Row
    from include.core.window import Window


def sent_by_order(
    work: Work, window: Window, order_ids: Sequence[int]
) -> Iterator[dict[int, list[Row]]]:
    """Yield wemalo's rows of sent items of a replay, by order, some hundred orders at a time.

    An order whose parcels left at different times may come more than once.
    """
    pages = (
        (work.wemalo.sent_of(external_id(order_id)) for order_id in order_ids)
        if order_ids
        else work.wemalo.sent_between(*both_ends(window))
    )
    by_order: dict[int, list[Row]] = {}
    for row in chain.from_iterable(pages):
        number = str(row.get("externalGoodsOrderId") or "")
        if not number.isdecimal():
            continue
        if len(by_order) >= PAGE_SIZE and int(number) not in by_order:
            yield by_order
            by_order = {}
        by_order.setdefault(int(number), []).append(row)
    if by_order:
        yield by_order


def repair_parcels(work: Work, sent: Mapping[int, Sequence[Row]]) -> set[int]:
    """Make parcels due again that plentymarkets lacks, and keep those that the ledger lacks.

    :param sent: wemalo's rows of sent items of some of the replay's orders, by order.
    :returns: the orders concerned.
    """
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, sent)
    if not known:
        return set()
    there = work.plenty.rows_by_id(sorted(known), ["shippingPackages"])
    lacking = set()
    for order_id, entry in sorted(known.items()):
        packages = (there.get(order_id) or {}).get("shippingPackages") or []
        written = {str(package.get("packageNumber") or "") for package in packages}
        left = [sent_row({"packageId": "", **row}) for row in sent[order_id]]
        numbers = {row.tracking_number for row in left if row.tracking_number}
        with work.engine.begin() as connection:
            kept = {p.tracking_number for p in shipping.parcels_of(connection, work.name, order_id)}
        if numbers <= written and numbers <= kept and entry.state is not State.ACCEPTED:
            continue
        _keep(work, order_id, left, known)
        lost = numbers - written
        lacking.add(order_id)
        if entry.state is State.SHIPPED and lost:
            _write_again(work, order_id, lost)
        elif lost:
            with work.engine.begin() as connection:
                for number in lost:
                    replays.forget_package(connection, work.name, order_id, number)
    return lacking


def _keep(work: Work, order_id: int, left: Sequence[SentRow], known: Mapping[int, Any]) -> None:
    """Keep what left as the queue of sent items would have told it (wemalo contract 5)."""
    by_number = {
        str(package.get("trackingNumber") or "").strip(): str(package.get("id"))
        for package in work.wemalo.packages(external_id(order_id))
        if package.get("isHandedOver")
    }
    found = work.wemalo.status(external_id(order_id))
    complete = found is not None and found.name == WarehouseStatus.SHIPPED
    rows = [
        replace(row, parcel_id=by_number[row.tracking_number], complete=complete)
        for row in left
        if row.tracking_number in by_number
    ]
    with work.engine.begin() as connection:
        fresh = shipping.keep_sent_rows(connection, work.name, rows, known)
        if fresh:
            work.journal.add(connection, order_id, "parcels_found", rows=len(fresh))


def _write_again(work: Work, order_id: int, lost: set[str]) -> None:
    """Let an ended order's packages and shipping information be written once more."""
    with work.engine.begin() as connection:
        for number in sorted(lost):
            replays.forget_package(connection, work.name, order_id, number)
            work.journal.add(connection, order_id, "package_lost", tracking=number)
        parcels = shipping.parcels_of(connection, work.name, order_id)
        key = f"shipping_info:replay:{datetime.now(UTC).isoformat()}"
        queue_information(work, connection, order_id, parcels, key)
