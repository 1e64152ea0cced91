"""Bookings of stock in plentymarkets: written ahead, sent in batches, proven by its journal.

No reply proves a row (plentymarkets contract 12.2), so the journal of movements is read before and
after: what shows is done. What does not show, after a good answer or a lost one, is in doubt: it is
looked for in the journal until it cannot come any more, and only then sent again, row by row
(`fulfilment.flow.systems.write`). A batch that is refused is halved until the sick row is alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.stock.measure import RECENT_DAYS, goods_issues
from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.work import Work, log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.plenty_stock import STOCK_ROWS
from include.core.stock.stock_sync import Line, movement, signature
from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    NotFound,
    OrderRejected,
    WriteHeld,
)
from include.core.systems.values import whole
from include.ledger.exceptions.exceptions import item_subject
from include.ledger.stock import stock_claims
from include.ledger.stock import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.stock.exceptions import Unread

#: plentymarkets' clock and ours may differ by less than this
CLOCK_MARGIN = timedelta(minutes=10)
#: a row that plentymarkets takes without an error and without effect is tried so often
MOST_TRIES = 3
STEP = "stock"


def by_variation(row: Row[Any]) -> str:
    """Return the subject of a booking."""
    return item_subject(row.variation_id)


def settle_interrupted(work: Work, counts: dict[str, int], unread: Unread) -> None:
    """Decide bookings whose call may have happened: the journal knows.

    One that may still come, and does not show yet, is told as in doubt and left alone.
    """
    with work.engine.begin() as connection:
        stock_claims.put_back_unsent(connection, work.name)
        rows = [r for r in ledger.open_bookings(connection, work.name) if r.state == "writing"]
    for since in sorted({row.journal_from for row in rows}):
        try:  # counted against the same stretch of the journal as before the call
            shown = _journal(work, since, unread)
        except FulfilmentError as error:
            work.note_trouble(error)
            return
        open_ones = [row for row in rows if row.journal_from == since]
        again = partial(_again, work, counts, unread, shown)
        if not each(work, STEP, open_ones, again, subject=by_variation):
            return


def send(work: Work, counts: dict[str, int], unread: Unread) -> None:
    """Send what is due, incoming and outgoing apart, in batches."""
    with work.engine.begin() as connection:
        rows = ledger.open_bookings(connection, work.name)
    due = [row for row in rows if row.state == "due"]
    due = _without_booked_shipments(work, due, counts)
    for group in ([r for r in due if r.quantity > 0], [r for r in due if r.quantity < 0]):
        left = group
        while batch := _next(work, left):
            if not _send_batch(work, batch, counts, unread):
                return
            sent = {row.booking_id for row in batch}
            left = [row for row in left if row.booking_id not in sent]


def _next(work: Work, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the next batch: one booking of each product that has none in doubt."""
    with work.engine.begin() as connection:
        open_ones = ledger.open_bookings(connection, work.name)
    in_doubt = {row.variation_id for row in open_ones if row.state == "writing"}
    seen: dict[int, Row[Any]] = {}
    for row in rows:
        if row.variation_id not in in_doubt:
            seen.setdefault(row.variation_id, row)
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
        if not stock_claims.begin_take_back(connection, row.booking_id):
            return
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
    seen = {row.booking_id: before.get(_signature(row), 0) for row in rows}
    lost: dict[int, Row[Any]] = {}  # bookings whose outcome is not known, as they are now
    shown: list[Mapping[Any, int]] = []  # the journal after that, once it was read

    def put(some: Sequence[Row[Any]]) -> None:
        if not any(row.booking_id in lost for row in some):
            try:
                _book(work, some, since, seen, counts, unread)
            except AmbiguousWrite:
                with work.engine.begin() as connection:
                    lost.update(stock_claims.by_id(connection, [row.booking_id for row in some]))
            except Exception:
                with work.engine.begin() as connection:
                    stock_claims.put_back_unsent(connection, work.name)
                raise
            else:
                return
        if len(some) > 1:
            raise AmbiguousWrite(_NOT_KNOWN, merchant=work.name)
        if not shown:
            shown.append(_journal(work, since, unread))
        _again(work, counts, unread, shown[0], lost[some[0].booking_id])

    # one whose journal cannot be read could not be told from one that is booked
    readable = [row for row in rows if row.variation_id not in unread.products]
    return halved(work, STEP, readable, put, subject=by_variation)


def _book(
    work: Work,
    rows: Sequence[Row[Any]],
    since: datetime,
    seen: Mapping[int, int],
    counts: dict[str, int],
    unread: Unread,
) -> None:
    """Send bookings that were never sent."""
    ids = {row.booking_id for row in rows}

    def begin(connection: Connection) -> bool:
        return stock_claims.begin(connection, ids, since, seen) == ids

    def call() -> None:
        _put(work, rows)
        _prove(work, rows, since, seen, unread)

    def end(connection: Connection, result: None, adopted: bool) -> None:
        for row in rows:
            _done(work, connection, row, counts)

    try:
        write(work, work.plenty, _about(rows), call, begin=begin, end=end)
    except (OrderRejected, NotFound) as error:
        if len(rows) > 1:
            raise
        _refused(work, rows[0], error, counts)


def _again(
    work: Work,
    counts: dict[str, int],
    unread: Unread,
    shown: Mapping[Any, int],
    row: Row[Any],
) -> None:
    """Settle one booking in doubt by the journal, or send it again.

    :param shown: the journal, read after the call was given up, and after it had settled where it
        has.
    """

    def begin(connection: Connection) -> bool:
        return stock_claims.still_written(connection, row)

    def look() -> bool | None:
        if _is_shown(row, shown):
            return True
        if unread.blind or row.variation_id in unread.products:
            text = "plentymarkets' journal of movements cannot be read in full; nothing was sent."
            raise WriteHeld(text, merchant=work.name)
        return None

    def call() -> bool:
        if row.attempts >= MOST_TRIES:
            return False
        with work.engine.begin() as connection:
            stock_claims.sent_again(connection, row)
        _put(work, [row])
        _prove(work, [row], row.journal_from, {row.booking_id: row.seen_before}, unread)
        return True

    def end(connection: Connection, booked: bool, adopted: bool) -> None:
        if booked:
            _done(work, connection, row, counts)
        else:
            ended = ledger.finish(connection, work.name, row, "refused", "NO_EFFECT")
            counts["refused"] += ended

    try:
        write(work, work.plenty, _about([row]), call, look=look, begin=begin, end=end)
    except (OrderRejected, NotFound) as error:
        _refused(work, row, error, counts)


def _about(rows: Sequence[Row[Any]]) -> Write:
    what = f"the booking of {len(rows)} products"
    if len(rows) == 1:
        what = f"the booking of variation {rows[0].variation_id}"
    return Write(STEP, tuple(by_variation(row) for row in rows), what)


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


def _prove(
    work: Work,
    rows: Sequence[Row[Any]],
    since: datetime,
    seen: Mapping[int, int],
    unread: Unread,
) -> None:
    """Make sure that the journal shows what plentymarkets has taken.

    :raises AmbiguousWrite: it does not, or cannot be read.
    """
    try:
        after = _journal(work, since, unread)
    except Exception as error:
        raise AmbiguousWrite(_NOT_KNOWN, code="JOURNAL_UNREAD", merchant=work.name) from error
    if any(after.get(_signature(row), 0) <= seen[row.booking_id] for row in rows):
        raise AmbiguousWrite(_NOT_KNOWN, code="NOT_IN_JOURNAL", merchant=work.name)


_NOT_KNOWN = "Whether plentymarkets has booked this stock is not known; its journal is read again."


def _signature(row: Row[Any]) -> tuple[int, Any, int]:
    return signature(row.variation_id, row.quantity, row.reason_id)


def _is_shown(row: Row[Any], shown: Mapping[Any, int]) -> bool:
    return shown.get(_signature(row), 0) > (row.seen_before or 0)


def _done(work: Work, connection: Connection, row: Row[Any], counts: dict[str, int]) -> None:
    done = ledger.finish(connection, work.name, row, "done")
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
