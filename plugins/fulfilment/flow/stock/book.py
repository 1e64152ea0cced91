"""Bookings of stock in plentymarkets: written ahead, sent in batches, proven by its journal.

No reply proves a row (plentymarkets contract 12.2), so the journal of movements is read before and
after. A row that shows is done. A row that does not show after a lost reply is looked for again
later before it counts as not booked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.stock.measure import RECENT_DAYS
from fulfilment.flow.work import Work, log
from fulfilment.hooks.plenty_stock import STOCK_ROWS
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.plenty_order import goods_issue_booked
from include.core.stock_sync import Line, count_signatures, signature
from include.ledger import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

#: plentymarkets' clock and ours may differ by less than this
CLOCK_MARGIN = timedelta(minutes=10)
#: a row that plentymarkets takes without an error and without effect is tried so often
MOST_TRIES = 3


def settle_interrupted(work: Work, counts: dict[str, int]) -> None:
    """Decide bookings whose call may have happened: the journal knows."""
    with work.engine.begin() as connection:
        rows = [r for r in ledger.open_bookings(connection, work.name) if r.state == "writing"]
    for since in sorted({row.journal_from for row in rows}):
        # counted against the same stretch of the journal as before the call
        if not _read_back(work, [r for r in rows if r.journal_from == since], counts):
            return


def send(work: Work, counts: dict[str, int]) -> None:
    """Send what is due, incoming and outgoing apart, in batches."""
    with work.engine.begin() as connection:
        rows = ledger.open_bookings(connection, work.name)
    in_doubt = {row.variation_id for row in rows if row.state == "writing"}
    due = [row for row in rows if row.state == "due" and row.variation_id not in in_doubt]
    due = _without_booked_shipments(work, due, counts)
    for group in ([r for r in due if r.quantity > 0], [r for r in due if r.quantity < 0]):
        left = group
        while left:
            batch = _distinct(left)
            if not _send_batch(work, batch, counts):
                return
            sent = {row.booking_id for row in batch}
            left = [row for row in left if row.booking_id not in sent]


def _distinct(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the next batch; equal rows go apart, for the journal could not tell them apart."""
    seen: dict[Any, Row[Any]] = {}
    for row in rows:
        seen.setdefault(signature(row.variation_id, row.quantity, row.reason_id), row)
    return list(seen.values())[:STOCK_ROWS]


def _without_booked_shipments(
    work: Work, due: Sequence[Row[Any]], counts: dict[str, int]
) -> list[Row[Any]]:
    """Drop shipments whose goods issue somebody booked: date 5 (plentymarkets contract 11)."""
    shipments = [row for row in due if row.kind == "shipment"]
    contents = work.plenty.order_contents({r.order_id for r in shipments}) if shipments else {}
    booked = {r.order_id for r in shipments if goods_issue_booked(contents.get(r.order_id) or {})}
    with work.engine.begin() as connection:
        for row in shipments:
            if row.order_id in booked:
                counts["dropped"] += ledger.finish(connection, work.name, row, "dropped")
                work.journal.add(connection, row.order_id, "stock_shipment_there")
    return [row for row in due if row.kind != "shipment" or row.order_id not in booked]


def take_back_doubles(work: Work, counts: dict[str, int]) -> None:
    """Take back shipments that we booked out and somebody booked as goods issue afterwards."""
    with work.engine.begin() as connection:
        rows = ledger.booked_shipments(connection, work.name, RECENT_DAYS)
    contents = work.plenty.order_contents({r.order_id for r in rows}) if rows else {}
    reason = work.merchant.stock.reasons.correction_in
    for row in rows:
        if not goods_issue_booked(contents.get(row.order_id) or {}):
            continue
        counts["taken_back"] += 1
        with work.engine.begin() as connection:
            # the goods left once: the baseline stays where our booking brought it
            ledger.add_booked(connection, work.name, row.variation_id, row.quantity)
            ledger.write_ahead(
                connection,
                work.name,
                row.variation_id,
                [(Line("shipment_back", -row.quantity), reason)],
                order_id=row.order_id,
            )
            work.journal.add(connection, row.order_id, "stock_shipment_taken_back")


def _send_batch(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    """Send one batch; False stops because plentymarkets cannot be used."""
    since = datetime.now(UTC) - CLOCK_MARGIN
    try:
        before = _journal(work, since)
    except FulfilmentError as error:
        work.note_trouble(error)
        return False
    seen = {
        r.booking_id: before.get(signature(r.variation_id, r.quantity, r.reason_id), 0)
        for r in rows
    }
    with work.engine.begin() as connection:
        ledger.begin(connection, list(seen), since, seen)
    try:
        _put(work, rows)
    except (OrderRejected, NotFound) as error:
        return _refused(work, rows, error, counts)
    except FulfilmentError as error:
        work.note_trouble(error)
        if not isinstance(error, AmbiguousWrite):
            _back(work, rows, error.code)  # nothing happened
        return False
    return _read_back(work, _reread(work, rows), counts)


def _put(work: Work, rows: Sequence[Row[Any]]) -> None:
    body = [
        {
            "variationId": row.variation_id,
            "quantity": _number(row.quantity),
            "storageLocationId": work.merchant.plenty.storage_location_id,
            "reasonId": row.reason_id,
        }
        for row in rows
    ]
    warehouse = work.merchant.plenty.warehouse_id
    if rows[0].quantity > 0:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        extra = {"deliveredAt": now, "currency": "EUR"}
        work.plenty.book_incoming(warehouse, [{**row, **extra} for row in body])
    else:
        work.plenty.book_outgoing(warehouse, body)


def _number(quantity: Any) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def _refused(
    work: Work, rows: Sequence[Row[Any]], error: FulfilmentError, counts: dict[str, int]
) -> bool:
    """One bad row may refuse all of them: send them one by one to find it."""
    if len(rows) > 1:
        _back(work, rows, error.code)
        alone = [_send_batch(work, [row], counts) for row in _reread(work, rows)]
        return all(alone)
    counts["refused"] += 1
    with work.engine.begin() as connection:
        ledger.finish(connection, work.name, rows[0], "refused", error.code)
    log.warning("%s variation %s: %s", work.name, rows[0].variation_id, error.log)
    return True


def _back(work: Work, rows: Sequence[Row[Any]], code: str) -> None:
    with work.engine.begin() as connection:
        for row in rows:
            ledger.finish(connection, work.name, row, "due", code)


def _reread(work: Work, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    ids = {row.booking_id for row in rows}
    with work.engine.begin() as connection:
        return [r for r in ledger.open_bookings(connection, work.name) if r.booking_id in ids]


def _read_back(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    """Settle bookings by the journal; False if it cannot be read."""
    try:
        after = _journal(work, rows[0].journal_from)
    except FulfilmentError as error:
        work.note_trouble(error)
        return False
    patience = datetime.now(UTC) - timedelta(seconds=work.lookup_gap_s)
    for row in rows:
        key = signature(row.variation_id, row.quantity, row.reason_id)
        with work.engine.begin() as connection:
            if after.get(key, 0) > row.seen_before:
                done = ledger.finish(connection, work.name, row, "done")
                counts["booked"] += done
                if done and row.kind == "shipment":
                    work.journal.add(
                        connection, row.order_id, "stock_shipment_booked",
                        pieces=str(-row.quantity), variation=row.variation_id,
                    )  # fmt: skip
            elif row.called_at <= patience and row.attempts >= MOST_TRIES:
                counts["refused"] += ledger.finish(
                    connection, work.name, row, "refused", "NO_EFFECT"
                )
            elif row.called_at <= patience:
                ledger.finish(connection, work.name, row, "due", "NOT_FOUND")
    return True


def _journal(work: Work, since: datetime) -> dict[Any, int]:
    rows = work.plenty.movements(work.merchant.plenty.warehouse_id, since)
    return count_signatures(rows)
