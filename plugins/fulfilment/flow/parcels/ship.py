"""End orders whose parcels plentymarkets has: provider, goods issue, status; each once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from fulfilment.flow.parcels.short import correct_stock, tell_short
from fulfilment.flow.systems.each import by_order, each
from fulfilment.flow.systems.groups import GroupWrite, in_groups
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import Work, log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.plenty import FULFILMENT_SET
from include.core.orders.plenty_order import goods_issue_booked
from include.core.orders.states import AT_WAREHOUSE, State
from include.core.systems.errors import (
    AmbiguousWrite,
    ConfigError,
    Forbidden,
    FulfilmentError,
    InDoubt,
    NotFound,
    OrderRejected,
    WriteHeld,
)
from include.core.systems.slices import slices
from include.core.systems.values import need_whole
from include.ledger.orders import orders, outbox, outbox_sets
from include.ledger.parcels import sent_queue, shipping

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from include.ledger.orders.orders import Known

Result = TypeVar("Result")

CARRIER_UNMAPPED, NOT_BOOKABLE = "CARRIER_UNMAPPED", "NOT_BOOKABLE"
KINDS = ("shipping_info", "goods_issue")
#: orders read at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE
#: of so many orders the goods issues are booked before they are read once more: a minute or so
BOOKED_AT_A_TIME = 50


def end_orders(work: Work, counts: dict[str, int]) -> None:
    """End orders whose parcels plentymarkets has: provider, goods issue, status; each once."""
    with work.engine.begin() as connection:
        left = shipping.orders_that_left(connection, work.name)
    for some in work.slices(left, AT_A_TIME):
        with work.engine.begin() as connection:
            complete = sent_queue.complete_orders(connection, work.name, some)
            parcels = shipping.parcels_by_order(connection, work.name, some)
            known = orders.known(connection, work.name, some)
            moved = [
                _move_shipped(work, connection, known[n], parcels[n], n in complete, counts)
                for n in some
            ]
            tell_short(work, connection, [n for n, new in zip(some, moved, strict=True) if new])
    with work.engine.begin() as connection:
        pending = outbox.pending_orders(connection, work.name, KINDS)
    for some in work.slices(pending, AT_A_TIME):
        if not all(_write_some(work, kind, some) for kind in KINDS):
            return


def _write_some(work: Work, kind: str, ids: Sequence[int]) -> bool:
    """Write provider or goods issue of some orders; False where plentymarkets cannot be used."""
    with work.engine.begin() as connection:
        pending = outbox.pending(connection, work.name, [kind], ids)
        rows = {row.order_id: row for row in pending}  # by age: the last word per order counts
        for row in pending:
            if rows[row.order_id] is not row:
                outbox.finish(connection, row.outbox_id, "dropped")
    if kind == "shipping_info":
        return in_groups(work, work.plenty, Informations(work), [*rows.values()])
    read = read_orders(work, "dates", rows, FULFILMENT_SET)
    known = [row for order_id, row in rows.items() if read.knows(order_id)]
    if not work.merchant.stock.enabled:
        usable = each(work, kind, known, lambda r: _book(work, r, read.found.get(r.order_id)))
        return read.usable and usable
    return read.usable and all(
        _book_some(work, part, read.found) for part in slices(known, BOOKED_AT_A_TIME)
    )


def _book_some(work: Work, rows: Sequence[Row[Any]], found: Mapping[int, dict[str, Any]]) -> bool:
    """Book goods issue of some orders, and put right by what they hold then what did not leave.

    An order may be edited between the reading and the booking. What cannot be read as booked stays
    in doubt, and is looked at by a later run.
    """
    after: dict[int, dict[str, Any]] = {}
    ends: dict[int, list[Callable[[], object]]] = {row.order_id: [] for row in rows}

    def book(row: Row[Any]) -> None:
        _book(work, row, found.get(row.order_id), after, ends[row.order_id])

    usable = each(work, "goods_issue", rows, book)
    sent = [row for row in rows if ends[row.order_id]]
    read = read_orders(work, "dates", {row.order_id for row in sent}, FULFILMENT_SET)
    after |= {n: order for n, order in read.found.items() if goods_issue_booked(order)}

    def end(row: Row[Any]) -> None:
        for one in ends[row.order_id]:
            one()

    sure = [row for row in sent if row.order_id in after]
    return each(work, "goods_issue", sure, end) and usable and read.usable


def _move_shipped(
    work: Work,
    connection: Connection,
    known: Known,
    parcels: Sequence[Row[Any]],
    complete: bool,
    counts: dict[str, int],
) -> bool:
    """Move an order of which parcels have left; say whether it is all of it."""
    order_id = known.order_id
    letters: set[str] = set()
    if not all(parcel.tracking_number for parcel in parcels):
        letters = shipping.letters_among(connection, work.name, order_id, work.merchant.letters)
    written = all(
        (parcel.parcel_id in letters and not parcel.tracking_number)
        or parcel.written_number == parcel.tracking_number
        for parcel in parcels
    )
    new = State.SHIPPED if complete and written else State.PARTLY_SHIPPED
    if written and State.SHIPPED in {new, known.state}:
        shipping.end_parcels(connection, work.name, parcels)
    if known.state in {new, State.SHIPPED}:
        return False
    if not orders.move(connection, work.journal, order_id, new):
        return False
    if known.state not in AT_WAREHOUSE:
        _tell_unexpected(work, connection, order_id, known.state)
    if new is State.PARTLY_SHIPPED:
        counts["partly"] += 1
        return False
    counts["shipped"] += 1
    last = parcels[-1]
    queue_information(work, connection, order_id, parcels, "shipping_info")
    statuses = work.merchant_of(connection, order_id).statuses
    if work.merchant.goods_issue == "book":
        at = (last.handed_over_at or datetime.now(UTC)).isoformat()
        outbox.enqueue(connection, work.journal, order_id, "goods_issue", "goods_issue", {"at": at})
    elif statuses.shipped is not None:
        work.queue_status(
            connection,
            order_id,
            statuses.shipped,
            (statuses.handed_over, statuses.fetch, statuses.address_error, statuses.no_stock),
            "shipped",
        )
    return True


def _tell_unexpected(work: Work, connection: Connection, order_id: int, state: State) -> None:
    """Tell that goods left of an order that the warehouse should not have had."""
    work.tell(connection, order_id, "SHIPPED_ALTHOUGH_CANCELLED", state=state)
    work.queue_note(
        connection,
        order_id,
        "shipped_unexpectedly",
        "Das Lager hat Ware dieses Auftrags versendet, obwohl er nicht versendet werden sollte. "
        "Bitte die Sendung als Retoure behandeln oder den Auftrag dem Kunden berechnen.",
        "The warehouse sent goods of this order although it was not to be sent. Please treat the "
        "parcel as a return, or charge the customer for it.",
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
            "number": ",".join(dict.fromkeys(filter(None, (p.tracking_number for p in parcels)))),
            "carrier": last.carrier,
            "carriers": sorted({p.carrier for p in parcels}),
            "links": " ".join(dict.fromkeys(filter(None, (_link(work, p) for p in parcels)))),
            "shipped_at": (last.handed_over_at or datetime.now(UTC)).isoformat(),
        },
    )


def _link(work: Work, parcel: Row[Any]) -> str:
    """Return the carrier's tracking page of a parcel, "" where the merchant names none."""
    template = work.merchant.tracking_urls.get(parcel.carrier, "")
    if not parcel.tracking_number:
        return ""
    return template.format(number=quote(parcel.tracking_number, safe=""))


class Informations(GroupWrite["Row[Any]", bool]):
    """Number and provider of orders; repeating them changes nothing (one record per order)."""

    step = "shipping_info"

    def __init__(self, work: Work) -> None:
        """Write for this merchant."""
        self._work = work

    def about(self, row: Row[Any]) -> Write:
        """Return the write of an order's shipping information."""
        return Write(
            row.kind, (by_order(row),), f"the shipping information of order {row.order_id}"
        )

    def begin(self, connection: Connection, rows: Sequence[Row[Any]]) -> Collection[Row[Any]]:
        """Claim rows that are still due."""
        begun = outbox_sets.begin(connection, [row.outbox_id for row in rows])
        return [row for row in rows if row.outbox_id in begun]

    def send(self, hook: Any, row: Row[Any]) -> bool:
        """Write them."""
        carrier, carriers = row.payload["carrier"], self._work.merchant.carriers
        unmapped = [name for name in row.payload.get("carriers", [carrier]) if name not in carriers]
        if unmapped:
            text = (
                f"No plentymarkets shipping service provider is mapped to: {', '.join(unmapped)}. "
                f"Add it to carriers in the file of merchant {self._work.name}."
            )
            raise ConfigError(text, code=CARRIER_UNMAPPED, merchant=self._work.name)
        hook.set_shipping_information(
            row.order_id,
            number=row.payload["number"],
            provider=carriers[carrier],
            shipped_at=datetime.fromisoformat(row.payload["shipped_at"]),
            additional=row.payload.get("links", ""),
        )
        return True

    def end(self, connection: Connection, done: Sequence[tuple[Row[Any], bool]]) -> None:
        """Note that plentymarkets has them."""
        rows = [row for row, _ in done]
        outbox_sets.finish(connection, [row.outbox_id for row in rows])
        outbox_sets.supersede(connection, self._work.name, self.step, rows)
        event = "shipping_info_written"
        self._work.journal.add_many(connection, [(row.order_id, event, {}) for row in rows])

    def failed(self, row: Row[Any], error: Exception, sent: bool) -> None:
        """Keep what was refused; give any other its turn again."""
        _not_put(self._work, row, error)

    def unsent(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        """Let rows be due again."""
        outbox_sets.put_back(connection, [row.outbox_id for row in rows])

    def alone(self, row: Row[Any]) -> None:
        """Write one by itself."""
        work = self._work
        _put(
            work, row, "the shipping information",
            partial(self.send, work.plenty, row), partial(_written, work, row),
        )  # fmt: skip


def _book(
    work: Work,
    row: Row[Any],
    content: dict[str, Any] | None,
    after: Mapping[int, dict[str, Any]] | None = None,
    ends: list[Callable[[], object]] | None = None,
) -> None:
    """Book goods issue unless it is booked: date 5 says so (plentymarkets contract 11).

    :param content: the order as it was read for this; None: its own route did not know it.
    :param after: gets the order as it is read behind the booking, before ``ends`` are called.
    """
    if work.merchant.stock.enabled:
        work.countries()  # read now, not in the transaction that notes the booking

    def look() -> dict[str, Any] | None:
        found = work.plenty.order(row.order_id, FULFILMENT_SET)
        return found if goods_issue_booked(found) else None

    def send() -> dict[str, Any]:
        order = content or work.plenty.order(row.order_id, FULFILMENT_SET)
        if not goods_issue_booked(order):
            at = datetime.fromisoformat(row.payload["at"])
            work.plenty.book_goods_issue(row.order_id, need_whole(order, "typeId") or 1, at)
        return order

    def booked(connection: Connection, order: dict[str, Any]) -> None:
        correct_stock(work, connection, row.order_id, (after or {}).get(row.order_id, order))
        _written(work, row, connection, order)

    _put(work, row, "the goods issue", send, booked, look, ends)


def _put(
    work: Work,
    row: Row[Any],
    what: str,
    send: Callable[[], Result],
    written: Callable[[Connection, Result], None],
    look: Callable[[], Result | None] | None = None,
    ends: list[Callable[[], object]] | None = None,
) -> None:
    """Write one row of the outbox by the write protocol; what it cannot handle is raised.

    :param written: notes the result, in the transaction that ends the write.
    :param look: also decides after a refusal: what is there already was not refused.
    :param ends: as `write`.
    """
    about = Write(row.kind, (by_order(row),), f"{what} of order {row.order_id}")
    try:
        write(
            work, work.plenty, about, send, look=look,
            begin=lambda connection: bool(outbox.begin(connection, row.outbox_id, hold_s=0)),
            end=lambda connection, result, _: written(connection, result), ends=ends,
        )  # fmt: skip
    except (OrderRejected, NotFound, Forbidden) as error:
        with suppress(NotFound):
            found = look() if look is not None else None
            if found is not None:
                with work.engine.begin() as connection:
                    written(connection, found)
                return
        _refused(work, row, error)
    except FulfilmentError as error:
        _not_put(work, row, error)


def _not_put(work: Work, row: Row[Any], error: Exception) -> None:
    """Keep a row that was refused; give any other that failed its turn again."""
    if isinstance(error, (OrderRejected, NotFound, Forbidden)):
        _refused(work, row, error)
        return
    if isinstance(error, ConfigError):  # an unmapped carrier: only this order waits
        if error.code == NOT_BOOKABLE:
            _refused(work, row, error)
            return
        with work.engine.begin() as connection:
            outbox.postpone(connection, row.outbox_id, error.code, ambiguous=False, wait_s=0)
            if row.error_code != error.code:
                work.journal.add(connection, row.order_id, f"{row.kind}_waits", code=error.code)
        if error.code == CARRIER_UNMAPPED:
            return
    elif isinstance(error, FulfilmentError) and not isinstance(error, (WriteHeld, InDoubt)):
        unclear = isinstance(error, AmbiguousWrite)
        with work.engine.begin() as connection:
            outbox.postpone(connection, row.outbox_id, error.code, ambiguous=unclear, wait_s=0)
    raise error


def _refused(work: Work, row: Row[Any], error: FulfilmentError) -> None:
    with work.engine.begin() as connection:
        outbox.refuse(connection, row.outbox_id, error.code)
        work.journal.add(connection, row.order_id, f"{row.kind}_refused", code=error.code)
    log.warning("%s order %s: %s", work.name, row.order_id, error.log)


def _written(work: Work, row: Row[Any], connection: Connection, _: object) -> None:
    outbox.finish(connection, row.outbox_id)
    outbox_sets.supersede(connection, work.name, row.kind, [row])
    work.journal.add(connection, row.order_id, f"{row.kind}_written")
