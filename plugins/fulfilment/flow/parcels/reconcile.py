"""Reconcile: parcels, tracking numbers and carriers to plentymarkets; wemalo's queue last of all.

Order of work: keep the queue's rows → write what plentymarkets lacks → end the order → acknowledge.
A row leaves wemalo's queue only when plentymarkets has its parcel, so a crash at any point costs a
repeated look, never a parcel.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from fulfilment.flow.parcels.numbers import look_at_numbers
from fulfilment.flow.parcels.ship import correct_information, end_orders
from fulfilment.flow.poll import look_at_warehouse
from fulfilment.flow.watch import look_over
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.errors import (
    AmbiguousWrite,
    ConfigError,
    ContractError,
    FulfilmentError,
    NotFound,
    OrderRejected,
)
from include.core.exception_texts import exception_text
from include.core.sent import SentRow, sent_row
from include.core.wemalo_order import external_id
from include.ledger import exceptions, orders, outbox, shipping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work

#: orders read at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE
NAMED = 5  # foreign orders that the exception names
COUNTS = ("queue_rows", "foreign_rows", "packages", "shipped", "partly", "acknowledged", "freed")


def reconcile(work: Work) -> dict[str, int]:
    """Bring plentymarkets up to what the warehouse has sent.

    :returns: counts: queue_rows, foreign_rows (not our orders: left in the queue), packages,
        shipped, partly, acknowledged, freed (waiting orders that wemalo could now reserve).
    :raises FulfilmentError: a system failed; what could be written was written.
    """
    counts = dict.fromkeys(COUNTS, 0)
    with work.engine.begin() as connection:
        outbox.revive(connection, work.name, ["shipping_info", "goods_issue"])
    look_at_warehouse(work, counts)
    _take_queue(work, counts)
    look_at_numbers(work)
    _write_parcels(work, counts)
    end_orders(work, counts)
    _acknowledge(work, counts)
    look_over(work)
    return work.end(counts)


def _take_queue(work: Work, counts: dict[str, int]) -> None:
    """Keep the queue's rows page by page: a day's parcels may wait there."""
    foreign: set[str] = set()
    for page in work.wemalo.sent_queue():
        rows = []
        for data in page:
            try:
                row = sent_row(data)
            except ContractError as error:
                work.note_trouble(error)
                continue
            if work.covers(row.order_id):
                rows.append(row)
        ids = {row.order_id for row in rows if row.order_id is not None}
        with work.engine.begin() as connection:
            known = orders.known(connection, work.name, ids)
            fresh = shipping.keep_sent_rows(connection, work.name, rows, known)
            _journal_rows(work, connection, [row for row in rows if row.history_id in fresh])
        strange = [row.external_id for row in rows if row.order_id not in known]
        counts["queue_rows"] += len(rows)
        counts["foreign_rows"] += len(strange)
        foreign = set(sorted(foreign.union(strange))[: NAMED + 1])
    if work.scope is not None:
        return
    with work.engine.begin() as connection:
        _tell_foreign(work, connection, counts["foreign_rows"], sorted(foreign))


def _tell_foreign(work: Work, connection: Connection, count: int, foreign: Sequence[str]) -> None:
    named = ", ".join(foreign[:NAMED]) + (", ..." if len(foreign) > NAMED else "")
    text = [exception_text("FOREIGN_ROWS", count=count, orders=named)] if foreign else []
    exceptions.keep(connection, work.journal, {"FOREIGN_ROWS"}, {exceptions.MERCHANT: text})


def _journal_rows(work: Work, connection: Any, rows: Sequence[SentRow]) -> None:
    work.journal.add_many(
        connection,
        [
            (
                row.order_id or 0,
                "parcel_left",
                {
                    "parcel": row.parcel_id,
                    "tracking": row.tracking_number,
                    "carrier": row.carrier,
                    "complete": row.complete,
                },
            )
            for row in rows
        ],
    )


def _write_parcels(work: Work, counts: dict[str, int]) -> None:
    """Write each parcel as one plentymarkets package; look first, since a POST has no key."""
    with work.engine.begin() as connection:
        ids = shipping.orders_to_write(connection, work.name)
    for some in work.slices(ids, AT_A_TIME):
        if not _write_some(work, some, counts):
            return


def _write_some(work: Work, ids: Sequence[int], counts: dict[str, int]) -> bool:
    """Write the parcels of some orders; False where a system cannot be used."""
    there = work.plenty.rows_by_id(ids, ["shippingPackages"])
    by_order: dict[int, list[Row[Any]]] = defaultdict(list)
    with work.engine.begin() as connection:
        for parcel in shipping.parcels_to_write(connection, work.name, ids):
            by_order[parcel.order_id].append(parcel)
    for order_id, lacking in by_order.items():
        packages = list((there.get(order_id) or {}).get("shippingPackages") or [])
        try:
            weights = _weights(work, order_id)
            for parcel in lacking:
                _write_parcel(work, parcel, packages, weights)
                counts["packages"] += 1
        except (OrderRejected, NotFound, ConfigError) as error:
            _parcel_trouble(work, order_id, error)
        except FulfilmentError as error:
            _parcel_trouble(work, order_id, error)
            if not isinstance(error, AmbiguousWrite):
                return False
    return True


def _parcel_trouble(work: Work, order_id: int, error: FulfilmentError) -> None:
    work.note_trouble(error)
    with work.engine.begin() as connection:
        work.journal.add(connection, order_id, "package_not_written", code=error.code)


def _weights(work: Work, order_id: int) -> dict[str, int]:
    """Return the weight of each parcel in grams, where wemalo knows it (wemalo contract 5)."""
    return {
        str(package.get("id")): int(float(package.get("weightTotal") or 0))
        for package in work.wemalo.packages(external_id(order_id))
    }


def _write_parcel(
    work: Work,
    parcel: Row[Any],
    packages: list[dict[str, Any]],
    weights: Mapping[str, int],
) -> None:
    """Write one parcel: adopt its number, correct ours, fill an empty package, or create one.

    :param packages: the order's packages as plentymarkets showed them; kept up to date here.
    """
    number, weight = parcel.tracking_number, weights.get(parcel.parcel_id, 0)
    kind = work.merchant.plenty.package_type_id
    same = [p for p in packages if str(p.get("packageNumber") or "") == number]
    ours = [p for p in packages if int(p.get("id") or 0) == (parcel.plenty_package_id or -1)]
    empty = [p for p in packages if not p.get("packageNumber")]
    if same:
        package_id, event = int(same[0]["id"]), "package_there"
    elif ours or empty:
        package = (ours or empty)[0]
        package_id, event = int(package["id"]), "package_filled"
        work.plenty.update_package(
            parcel.order_id, package_id, package_type_id=kind, number=number, weight_g=weight
        )
        package["packageNumber"] = number
    else:
        package_id = work.plenty.create_package(
            parcel.order_id, package_type_id=kind, number=number, weight_g=weight
        )
        event = "package_created"
        packages.append({"id": package_id, "packageNumber": number})
    with work.engine.begin() as connection:
        shipping.parcel_written(
            connection,
            work.name,
            parcel.order_id,
            parcel.parcel_id,
            number=number,
            plenty_package_id=package_id,
            weight_g=weight,
        )
        work.journal.add(
            connection,
            parcel.order_id,
            event,
            parcel=parcel.parcel_id,
            tracking=number,
            weight_g=weight,
        )
        if parcel.written_number is not None:
            correct_information(work, connection, parcel.order_id)


def _acknowledge(work: Work, counts: dict[str, int]) -> None:
    last = 0
    while True:
        with work.engine.begin() as connection:
            rows = shipping.rows_to_acknowledge(connection, work.name, after=last, limit=AT_A_TIME)
        if not rows:
            return
        last = rows[-1].history_id
        if not _acknowledge_some(work, work.mine(rows), counts):
            return


def _acknowledge_some(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    """Acknowledge some rows; False where wemalo cannot be used."""
    done: list[int] = []
    try:
        for row in rows:
            work.wemalo.acknowledge_sent(row.history_id)
            done.append(row.history_id)
    except FulfilmentError as error:
        work.note_trouble(error)
    with work.engine.begin() as connection:
        shipping.acknowledged(connection, work.name, done)
    counts["acknowledged"] += len(done)
    return len(done) == len(rows)
