"""End orders whose parcels plentymarkets has: provider, goods issue, status; each once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fulfilment.flow.work import Work, log
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.errors import (
    ConfigError,
    FulfilmentError,
    NotFound,
    OrderRejected,
)
from include.core.plenty_order import goods_issue_booked
from include.core.states import State
from include.ledger import orders, outbox, shipping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

CARRIER_UNMAPPED = "CARRIER_UNMAPPED"
KINDS = ("shipping_info", "goods_issue")
#: orders read at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE


def end_orders(work: Work, counts: dict[str, int]) -> None:
    """End orders whose parcels plentymarkets has: provider, goods issue, status; each once."""
    states = (
        State.ACCEPTED,
        State.WAITING,
        State.PARTLY_SHIPPED,
        State.SUBMITTING,
        State.CANCELLING,
    )
    with work.engine.begin() as connection:
        left = shipping.orders_that_left(connection, work.name, states)
    for some in work.slices(left, AT_A_TIME):
        with work.engine.begin() as connection:
            complete = shipping.complete_orders(connection, work.name, some)
            for order_id in some:
                _move_shipped(work, connection, order_id, order_id in complete, counts)
    with work.engine.begin() as connection:
        pending = outbox.pending_orders(connection, work.name, KINDS)
    for some in work.slices(pending, AT_A_TIME):
        if not _write_some(work, some):
            return


def _write_some(work: Work, ids: Sequence[int]) -> bool:
    """Write provider and goods issue of some orders; False where plentymarkets cannot be used."""
    with work.engine.begin() as connection:
        rows = outbox.pending(connection, work.name, KINDS, ids)
    booking = [row.order_id for row in rows if row.kind == "goods_issue"]
    contents = work.plenty.order_contents(booking) if booking else {}
    return all(_put(work, row, contents.get(row.order_id, {})) for row in rows)


def _move_shipped(
    work: Work, connection: Any, order_id: int, complete: bool, counts: dict[str, int]
) -> None:
    parcels = shipping.parcels_of(connection, work.name, order_id)
    written = all(parcel.written_number == parcel.tracking_number for parcel in parcels)
    new = State.SHIPPED if complete and written else State.PARTLY_SHIPPED
    known = orders.known(connection, work.name, [order_id])[order_id]
    if known.state is new or not orders.move(connection, work.journal, order_id, new):
        return
    if new is State.PARTLY_SHIPPED:
        counts["partly"] += 1
        return
    counts["shipped"] += 1
    last = parcels[-1]
    queue_information(work, connection, order_id, parcels, "shipping_info")
    if work.merchant.goods_issue == "book":
        at = (last.handed_over_at or datetime.now(UTC)).isoformat()
        outbox.enqueue(connection, work.journal, order_id, "goods_issue", "goods_issue", {"at": at})
    elif work.merchant.statuses.shipped is not None:
        statuses = work.merchant.statuses
        work.queue_status(
            connection,
            order_id,
            work.merchant.statuses.shipped,
            (statuses.handed_over, statuses.fetch),
            "shipped",
        )


def correct_information(work: Work, connection: Connection, order_id: int) -> None:
    """Write the shipping information of an ended order once more: a number has changed."""
    if orders.one(connection, work.name, order_id).state != State.SHIPPED:
        return
    parcels = shipping.parcels_of(connection, work.name, order_id)
    key = ",".join(p.tracking_number for p in parcels)
    queue_information(work, connection, order_id, parcels, f"shipping_info:{key}")


def queue_information(
    work: Work, connection: Connection, order_id: int, parcels: Sequence[Row[Any]], key: str
) -> None:
    """Queue number, carrier and tracking pages of an order; ``key`` names the occasion."""
    last = parcels[-1]
    outbox.enqueue(
        connection,
        work.journal,
        order_id,
        "shipping_info",
        key,
        {
            "number": ",".join(dict.fromkeys(p.tracking_number for p in parcels)),
            "carrier": last.carrier,
            "links": " ".join(dict.fromkeys(filter(None, (_link(work, p) for p in parcels)))),
            "shipped_at": (last.handed_over_at or datetime.now(UTC)).isoformat(),
        },
    )


def _link(work: Work, parcel: Row[Any]) -> str:
    """Return the carrier's tracking page of a parcel, "" where the merchant names none."""
    template = work.merchant.tracking_urls.get(parcel.carrier, "")
    return template.format(number=quote(parcel.tracking_number, safe=""))


def _put(work: Work, row: Row[Any], content: dict[str, Any]) -> bool:
    """Write shipping information or book goods issue; False stops the loop.

    :param content: the order as just read, where goods issue is to be booked.
    """
    with work.engine.begin() as connection:
        tries = outbox.begin(connection, row.outbox_id)
    if not tries:
        return True
    try:
        if row.kind == "goods_issue" and tries > 1:  # an earlier try may have booked: look again
            content = work.plenty.order_contents([row.order_id]).get(row.order_id, {})
        if row.kind == "shipping_info":
            _put_shipping_information(work, row)
        else:
            _book(work, row, content)
    except (OrderRejected, NotFound) as error:
        if row.kind == "goods_issue" and _booked_meanwhile(work, row.order_id):
            return _written(work, row)
        with work.engine.begin() as connection:
            outbox.refuse(connection, row.outbox_id, error.code)
            work.journal.add(connection, row.order_id, f"{row.kind}_refused", code=error.code)
        log.warning("%s order %s: %s", work.name, row.order_id, error.log)
        return True
    except ConfigError as error:  # an unmapped carrier: only this order waits, as an exception
        if error.code != CARRIER_UNMAPPED:
            work.note_trouble(error)
        with work.engine.begin() as connection:
            outbox.postpone(connection, row.outbox_id, error.code, ambiguous=False, wait_s=0)
            if row.error_code != error.code:
                work.journal.add(connection, row.order_id, f"{row.kind}_waits", code=error.code)
        return True
    except FulfilmentError as error:
        return work.postpone(row, error)
    return _written(work, row)


def _written(work: Work, row: Row[Any]) -> bool:
    with work.engine.begin() as connection:
        outbox.finish(connection, row.outbox_id)
        work.journal.add(connection, row.order_id, f"{row.kind}_written")
    return True


def _booked_meanwhile(work: Work, order_id: int) -> bool:
    try:
        content = work.plenty.order_contents([order_id]).get(order_id, {})
    except FulfilmentError as error:
        work.note_trouble(error)
        return False
    return goods_issue_booked(content)


def _put_shipping_information(work: Work, row: Row[Any]) -> None:
    """Write number and provider; repeating it changes nothing (one record per order)."""
    carrier = row.payload["carrier"]
    provider = work.merchant.carriers.get(carrier)
    if provider is None:
        text = (
            f"The carrier {carrier!r} is not mapped to a plentymarkets shipping service provider. "
            f"Add it to carriers in the file of merchant {work.name}."
        )
        raise ConfigError(text, code=CARRIER_UNMAPPED, merchant=work.name)
    work.plenty.set_shipping_information(
        row.order_id,
        number=row.payload["number"],
        provider=provider,
        shipped_at=datetime.fromisoformat(row.payload["shipped_at"]),
        additional=row.payload.get("links", ""),
    )


def _book(work: Work, row: Row[Any], content: dict[str, Any]) -> None:
    """Book goods issue unless it is booked: date 5 says so (plentymarkets contract 11)."""
    if goods_issue_booked(content):
        return
    work.plenty.book_goods_issue(
        row.order_id, int(content.get("typeId") or 1), datetime.fromisoformat(row.payload["at"])
    )
