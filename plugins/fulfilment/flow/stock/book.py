"""Bookings of stock in plentymarkets: written ahead, sent in batches, proven by its journal.

No reply proves a row (plentymarkets contract 12.2), so the journal of movements is read before and
after. A row that shows is done. A row that does not show after a lost reply is looked for again
later before it counts as not booked. A batch that is refused is halved until the sick row is alone;
one whose reply was lost is never sent again before the journal was looked at, and then row by row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import each, halved
from fulfilment.flow.stock.measure import RECENT_DAYS, goods_issues
from fulfilment.flow.work import Work, log
from fulfilment.hooks.plenty_stock import STOCK_ROWS
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.stock_sync import Line, movement, signature
from include.core.values import whole
from include.ledger import failures
from include.ledger import stock_sync as ledger
from include.ledger.exceptions import item_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from fulfilment.flow.stock.tell import Unread

#: plentymarkets' clock and ours may differ by less than this
CLOCK_MARGIN = timedelta(minutes=10)
#: a row that plentymarkets takes without an error and without effect is tried so often
MOST_TRIES = 3
STEP = "stock"


def by_variation(row: Row[Any]) -> str:
    """Return the subject of a booking."""
    return item_subject(row.variation_id)


def settle_interrupted(work: Work, counts: dict[str, int], unread: Unread) -> None:
    """Decide bookings whose call may have happened: the journal knows."""
    with work.engine.begin() as connection:
        rows = [r for r in ledger.open_bookings(connection, work.name) if r.state == "writing"]
    for since in sorted({row.journal_from for row in rows}):
        # counted against the same stretch of the journal as before the call
        some = [row for row in rows if row.journal_from == since]
        if not _read_back(work, some, counts, unread):
            return


def send(work: Work, counts: dict[str, int], unread: Unread) -> None:
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
            if not _send_batch(work, batch, counts, unread):
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
    """Drop shipments whose goods issue somebody booked: date 5 (plentymarkets contract 11).

    Shipments of orders that cannot be read are left for later.
    """
    shipments = [row for row in due if row.kind == "shipment"]
    booked = goods_issues(work, {r.order_id for r in shipments})
    with work.engine.begin() as connection:
        for row in shipments:
            if booked.get(row.order_id):
                counts["dropped"] += ledger.finish(connection, work.name, row, "dropped")
                work.journal.add(connection, row.order_id, "stock_shipment_there")
    free = {order_id for order_id, found in booked.items() if not found}
    return [row for row in due if row.kind != "shipment" or row.order_id in free]


def take_back_doubles(work: Work, counts: dict[str, int]) -> None:
    """Take back shipments that we booked out and somebody booked as goods issue afterwards."""
    with work.engine.begin() as connection:
        rows = ledger.booked_shipments(connection, work.name, RECENT_DAYS)
    booked = goods_issues(work, {r.order_id for r in rows})
    each(
        work,
        STEP,
        [row for row in rows if booked.get(row.order_id)],
        partial(_take_back, work, counts),
        subject=by_variation,
    )


def _take_back(work: Work, counts: dict[str, int], row: Row[Any]) -> None:
    with work.engine.begin() as connection:
        # the goods left once: the baseline stays where our booking brought it
        ledger.add_booked(connection, work.name, row.variation_id, row.quantity)
        ledger.write_ahead(
            connection,
            work.name,
            row.variation_id,
            [(Line("shipment_back", -row.quantity), work.merchant.stock.reasons.correction_in)],
            order_id=row.order_id,
            takes_back=row.booking_id,
        )
        work.journal.add(connection, row.order_id, "stock_shipment_taken_back")
    counts["taken_back"] += 1


def _send_batch(
    work: Work, rows: Sequence[Row[Any]], counts: dict[str, int], unread: Unread
) -> bool:
    """Send one batch; False stops because plentymarkets cannot be used."""
    since = datetime.now(UTC) - CLOCK_MARGIN
    try:
        before = _journal(work, since, unread)
    except FulfilmentError as error:
        work.note_trouble(error)
        return False
    seen = {
        r.booking_id: before.get(signature(r.variation_id, r.quantity, r.reason_id), 0)
        for r in rows
    }
    lost: dict[int, FulfilmentError] = {}  # bookings whose reply was lost

    def put(some: Sequence[Row[Any]]) -> None:
        for row in some:
            if row.booking_id in lost:
                raise lost[row.booking_id]
        with work.engine.begin() as connection:
            ledger.begin(connection, [r.booking_id for r in some], since, seen)
        try:
            _put(work, some)
        except AmbiguousWrite as error:
            lost.update({row.booking_id: error for row in some})
            raise
        except (OrderRejected, NotFound) as error:
            if len(some) > 1:
                _back(work, some, error.code)
                raise
            _refused(work, some[0], error, counts)
        except Exception as error:
            _back(work, some, getattr(error, "code", "UNEXPECTED"))  # nothing happened
            raise

    # one whose journal cannot be read could not be told from one that is booked
    readable = [row for row in rows if row.variation_id not in unread.products]
    usable = halved(work, STEP, readable, put, subject=by_variation)
    with work.engine.begin() as connection:
        ids = {row.booking_id for row in readable}
        open_ones = ledger.open_bookings(connection, work.name)
    written = [r for r in open_ones if r.booking_id in ids and r.state == "writing"]
    return (not written or _read_back(work, written, counts, unread)) and usable


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


def _refused(work: Work, row: Row[Any], error: FulfilmentError, counts: dict[str, int]) -> None:
    """Set one booking aside that plentymarkets does not take; its exception is `tell`'s."""
    with work.engine.begin() as connection:
        counts["refused"] += ledger.finish(connection, work.name, row, "refused", error.code)
    log.warning("%s variation %s: %s", work.name, row.variation_id, error.log)


def _back(work: Work, rows: Sequence[Row[Any]], code: str) -> None:
    with work.engine.begin() as connection:
        for row in rows:
            ledger.finish(connection, work.name, row, "due", code)


def _read_back(
    work: Work, rows: Sequence[Row[Any]], counts: dict[str, int], unread: Unread
) -> bool:
    """Settle bookings by the journal; False if it cannot be read."""
    try:
        after = _journal(work, rows[0].journal_from, unread)
    except FulfilmentError as error:
        work.note_trouble(error)
        return False
    patience = datetime.now(UTC) - timedelta(seconds=work.lookup_gap_s)
    for row in rows:
        key = signature(row.variation_id, row.quantity, row.reason_id)
        if after.get(key, 0) > row.seen_before:
            _done(work, row, counts)
        elif row.called_at > patience or unread.blind or row.variation_id in unread.products:
            continue  # it may show yet
        elif row.attempts >= MOST_TRIES:
            with work.engine.begin() as connection:
                counts["refused"] += ledger.finish(
                    connection, work.name, row, "refused", "NO_EFFECT"
                )
                failures.forget(connection, work.journal, STEP, [by_variation(row)])
        else:
            _back(work, [row], "NOT_FOUND")
    return True


def _done(work: Work, row: Row[Any], counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        done = ledger.finish(connection, work.name, row, "done")
        failures.forget(connection, work.journal, STEP, [by_variation(row)])
        work.failing.discard(by_variation(row))  # its reply was lost, and nothing else
        counts["booked"] += done
        if done and row.kind == "shipment":
            work.journal.add(
                connection, row.order_id, "stock_shipment_booked",
                pieces=str(-row.quantity), variation=row.variation_id,
            )  # fmt: skip


def _journal(work: Work, since: datetime, unread: Unread) -> dict[Any, int]:
    """Return how often the journal shows each signature since a moment."""
    counts: dict[Any, int] = {}
    for row in work.plenty.movements(work.merchant.plenty.warehouse_id, since):
        number = whole(row.get("variationId"))
        source = f"plentymarkets stock/movements {whole(row.get('id')) or ''}".strip()
        key = unread.read(source, partial(movement, row), variation=number)
        if key is None:
            unread.blind |= number is None
        else:
            counts[key] = counts.get(key, 0) + 1
    return counts
