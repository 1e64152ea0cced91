"""End created return orders: reasons and conditions, stock where set up, the order note."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.open_cases import clear_case, raise_case
from fulfilment.flow.returns.read import existing_returns
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from include.core.orders.plenty_order import goods_issue_booked, row_status
from include.core.returns import return_orders
from include.core.returns.returned_pieces import Line, Trouble, line_from_json
from include.core.systems.errors import FulfilmentError, InDoubt, NotFound, OrderRejected, WriteHeld
from include.core.systems.values import need_id
from include.ledger.returns import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work


LOST, NOT_BOOKED, NOT_DESCRIBED = "RETURN_LOST", "RETURN_NOT_BOOKED", "RETURN_NOT_DESCRIBED"
ITEMS = ("orderItems.variation",)
#: so long after its end a return order without its reasons is completed again
DESCRIBE_AGAIN_S = 3600


def end_created(work: Work, counts: dict[str, int]) -> None:
    """Take every created return order to its end."""
    with work.engine.begin() as connection:
        open_rows = ledger.open_returns(connection, work.name)
    rows = [row for row in open_rows if row.state in ("created", "booking") and row.due]
    reading = {row.plenty_return_id for row in rows if _needs_reading(work, row)}
    read = read_orders(work, "return_end", reading, ITEMS)

    def end(row: Row[Any]) -> None:
        data = read.found.get(row.plenty_return_id, {})
        if data and row.error_code == LOST:
            _found_again(work, row)
        try:
            if _describe(work, row, data) and _book(work, row, data, counts):
                counts["returns_ended"] += 1
        except (WriteHeld, InDoubt):
            raise
        except FulfilmentError as error:
            with work.engine.begin() as connection:
                ledger.postpone(connection, work.name, row.return_key, error.code, wait_s=0)
            raise

    known = [
        row
        for row in rows
        if row.plenty_return_id not in reading or read.knows(row.plenty_return_id)
    ]
    if read.usable and each(work, "return_end", known, end):
        _describe_late(work)


def _describe_late(work: Work) -> None:
    """Complete ended return orders whose reasons were refused, or see that somebody did."""
    with work.engine.begin() as connection:
        rows = ledger.undescribed(connection, work.name, NOT_DESCRIBED)
    if not rows:
        return
    read = read_orders(work, "return_end", {row.plenty_return_id for row in rows}, ITEMS)

    def complete(row: Row[Any]) -> None:
        data = read.found.get(row.plenty_return_id, {})
        if not data or _is_described(work, row, data):  # deleted, or completed by hand
            with work.engine.begin() as connection:
                _set_described(work, connection, row)
        else:
            _describe(work, row, data)

    each(work, "return_end", [row for row in rows if read.knows(row.plenty_return_id)], complete)


def _is_described(work: Work, row: Row[Any], data: Mapping[str, Any]) -> bool:
    if row.announced and row_status(data) in work.merchant.returns.announce.statuses:
        return False
    return all(
        return_orders.is_described(item, line)
        for item, line in return_orders.pair_items(data, _lines(row), announced=row.announced)
    )


def _lines(row: Row[Any]) -> list[Line]:
    return [line_from_json(line) for line in row.lines]


def _needs_reading(work: Work, row: Row[Any]) -> bool:
    lines = _lines(row)
    described = row.described_at is not None or not _has_description(row, lines)
    return not described or bool(_to_book(work, lines))


def _has_description(row: Row[Any], lines: Sequence[Line]) -> bool:
    return row.announced or any(line.reason or line.condition for line in lines)


def _to_book(work: Work, lines: Sequence[Line]) -> list[Line]:
    wish = work.merchant.returns.book_stock
    return [line for line in lines if wish == "all" or (wish == "sellable" and line.sellable)]


def _describe(work: Work, row: Row[Any], data: Mapping[str, Any]) -> bool:
    """Write reasons, conditions and an announced return's status; repeating it changes nothing."""
    lines = _lines(row)
    if row.described_at is not None or not _has_description(row, lines):
        return True
    if not data:
        return _lost(work, row)
    settings = work.merchant.returns
    status = None
    if row.announced and row_status(data) in settings.announce.statuses:
        status = settings.status
    items = {need_id(item, "id"): dict(item) for item in data.get("orderItems") or []}
    changed = False
    for item, line in return_orders.pair_items(data, lines, announced=row.announced):
        if line.reason or line.condition:
            item_id = need_id(item, "id")
            items[item_id] = return_orders.described(items[item_id], line)
            changed = True
    if not changed and status is None:
        with work.engine.begin() as connection:
            _set_described(work, connection, row)
        return True

    def look() -> bool | None:
        now = work.plenty.order(row.plenty_return_id, ITEMS)
        return _is_described(work, row, now) or None

    def send() -> bool:
        work.plenty.update_return(
            row.plenty_return_id,
            status=status,
            items=[return_orders.bare(item) for item in items.values()] if changed else (),
        )
        return True

    what = f"what is said of return order {row.plenty_return_id}"
    about = Write("return_end", (f"{_subject(row)}:description",), what)
    try:
        write(
            work, work.plenty, about, send, look=look,
            begin=lambda connection: ledger.is_undescribed(connection, work.name, row.return_key),
            end=lambda connection, *_: _set_described(work, connection, row),
        )  # fmt: skip
    except (OrderRejected, NotFound) as error:  # the return itself stands and goes on
        _case(
            work, row, NOT_DESCRIBED, error,
            "Grund, Zustand oder Status der Retoure konnten nicht geschrieben werden",
            "Reason, condition or status of the return could not be written",
            "Berichtigen, was plentymarkets nennt, oder den Retourenauftrag von Hand ergänzen; es "
            "wird stündlich neu versucht.",
            "Correct what plentymarkets names, or complete the return order by hand; it is tried "
            "again every hour.",
        )  # fmt: skip
        with work.engine.begin() as connection:
            ledger.postpone(
                connection, work.name, row.return_key, NOT_DESCRIBED, wait_s=DESCRIBE_AGAIN_S
            )
    return True


def _set_described(work: Work, connection: Connection, row: Row[Any]) -> None:
    ledger.step(connection, work.name, row.return_key, described_at=ledger.wait(0))
    clear_case(work, connection, row.order_id, _subject(row), NOT_DESCRIBED)
    work.journal.add(
        connection, row.order_id, "return_described", return_order=row.plenty_return_id
    )


def _book(work: Work, row: Row[Any], data: Mapping[str, Any], counts: dict[str, int]) -> bool:
    """Book pieces into stock, where the merchant wants it, and end the return; say whether it did.

    Whether a booking in doubt took effect is told by date 5, and by plentymarkets' refusal to book
    the same pieces again (plentymarkets contract 9.2, 11).
    """
    lines = _to_book(work, _lines(row))
    if lines and not data:
        return _lost(work, row)
    by_hand = row.error_code == NOT_BOOKED and goods_issue_booked(data) and _alone(work, row)
    if not lines or by_hand:
        with work.engine.begin() as connection:
            if by_hand:
                _tell_booked(work, connection, row)
            _end(work, connection, row)
        return True
    location = work.merchant.plenty.storage_location_id
    quantities = [
        {
            "orderItemId": need_id(item, "id"),
            "quantity": line.quantity,
            "storageLocationId": location,
        }
        for item, line in return_orders.pair_items(data, lines, announced=row.announced)
    ]

    def begin(connection: Connection) -> bool:
        return ledger.begin(
            connection, work.name, row.return_key, ["created", "booking"], "booking",
            planned_at=row.planned_at,
        )  # fmt: skip

    def send() -> bool:
        work.plenty.book_return(row.plenty_return_id, quantities)
        return True

    def end(connection: Connection, _booked: bool, adopted: bool) -> None:
        if adopted:
            _tell_booked(work, connection, row)
        else:
            counts["returns_booked"] += 1
            work.journal.add(
                connection, row.order_id, "return_booked",
                return_order=row.plenty_return_id, pieces=sum(line.quantity for line in lines),
            )  # fmt: skip
        _end(work, connection, row)

    what = f"the booking of return order {row.plenty_return_id}"
    try:
        write(
            work, work.plenty, Write("return_end", (_subject(row),), what), send,
            look=lambda: _is_booked(work, row, quantities), begin=begin, end=end,
        )  # fmt: skip
    except (OrderRejected, NotFound) as error:
        _case(
            work, row, NOT_BOOKED, error,
            "Die Retoure konnte nicht in den Bestand gebucht werden",
            "The return could not be booked into stock",
            "Von Hand buchen oder berichtigen, was plentymarkets nennt; es wird neu versucht.",
            "Book it by hand, or correct what plentymarkets names; it is tried again.",
        )  # fmt: skip
        with work.engine.begin() as connection:
            ledger.postpone(connection, work.name, row.return_key, NOT_BOOKED)
        return False
    return True


def _is_booked(work: Work, row: Row[Any], quantities: Sequence[dict[str, Any]]) -> bool | None:
    if _alone(work, row) and goods_issue_booked(work.plenty.order(row.plenty_return_id, ITEMS)):
        return True
    try:
        work.plenty.validate_return_booking(row.plenty_return_id, quantities)
    except OrderRejected as error:
        if error.code == NotFound.code:  # of the return order or its route: it is not booked
            raise
        return True
    return None


def _alone(work: Work, row: Row[Any]) -> bool:
    """Say whether nothing else was planned for this return order: date 5 speaks of all of it."""
    with work.engine.begin() as connection:
        return len(ledger.of_return_order(connection, work.name, row.plenty_return_id)) == 1


def _tell_booked(work: Work, connection: Connection, row: Row[Any]) -> None:
    work.journal.add(
        connection, row.order_id, "return_booking_there", return_order=row.plenty_return_id
    )


def _end(work: Work, connection: Connection, row: Row[Any]) -> None:
    ledger.end(connection, work.name, row.return_key, keep=NOT_DESCRIBED)
    clear_case(work, connection, row.order_id, _subject(row), LOST, NOT_BOOKED)
    work.journal.add(
        connection,
        row.order_id,
        "return_done",
        key=row.return_key,
        return_order=row.plenty_return_id,
    )
    if work.merchant.returns.note:
        goods = _goods(ledger.pieces(connection, work.name, row.return_key))
        work.queue_note(
            connection,
            row.order_id,
            f"return:{row.return_key}",
            f"Retoure im Lager gebucht, Retourenauftrag {row.plenty_return_id}: {goods}.",
            f"Return booked by the warehouse, return order {row.plenty_return_id}: {goods}.",
        )


def _goods(pieces: Sequence[Mapping[str, Any]]) -> str:
    """Return the pieces in a few words: count, product, reason and condition as wemalo has them."""
    counted: Counter[tuple[str, str]] = Counter()
    for piece in pieces:
        name = piece["product_name"] or piece["product"]
        codes = " / ".join(code for code in (piece["reason"], piece["quality"]) if code)
        counted[name, codes] += piece["quantity"]
    return ", ".join(
        f"{count} × {name}" + (f" ({codes})" if codes else "")
        for (name, codes), count in counted.items()
    )


def _subject(row: Row[Any]) -> str:
    return f"return:{row.return_key}"


def _lost(work: Work, row: Row[Any]) -> bool:
    """Take over what the merchant made instead of a return order that is gone, or tell a person.

    It is looked for again, so one that comes back goes on by itself.
    """
    instead = _made_instead(work, row)
    if instead is not None:
        with work.engine.begin() as connection:
            ledger.step(
                connection, work.name, row.return_key, plenty_return_id=instead, announced=False
            )
            clear_case(work, connection, row.order_id, _subject(row), LOST)
            work.journal.add(connection, row.order_id, "return_replaced", return_order=instead)
        return False  # its content is read at the next look
    trouble = Trouble(
        LOST,
        f"Der Retourenauftrag {row.plenty_return_id} fehlt in plentymarkets.",
        f"Return order {row.plenty_return_id} is no longer to be found in plentymarkets.",
        "Einen neuen zum Auftrag anlegen, er wird übernommen, oder in wemalo quittieren.",
        "Make a new one for the order, it is taken over; or acknowledge the pieces in wemalo.",
    )
    with work.engine.begin() as connection:
        raise_case(work, connection, row.order_id, _subject(row), trouble)
        ledger.postpone(connection, work.name, row.return_key, LOST, attempts=row.attempts + 1)
    return False


def _found_again(work: Work, row: Row[Any]) -> None:
    with work.engine.begin() as connection:
        clear_case(work, connection, row.order_id, _subject(row), LOST)


def _made_instead(work: Work, row: Row[Any]) -> int | None:
    """Return the return order of the same goods that the merchant made after ours, if any."""
    if row.announced:  # its lines name items of the order that is gone
        return None
    there = existing_returns(work, {row.order_id}).get(row.order_id, [])
    with work.engine.begin() as connection:
        taken = ledger.ours(connection, work.name, [need_id(data, "id") for data in there])
    fitting = [
        need_id(data, "id")
        for data in there
        if need_id(data, "id") not in taken
        and need_id(data, "id") > row.plenty_return_id
        and return_orders.same_goods(data, _lines(row))
    ]
    return min(fitting, default=None)


def _case(
    work: Work,
    row: Row[Any],
    code: str,
    error: FulfilmentError,
    german: str,
    english: str,
    action_de: str,
    action_en: str,
) -> None:
    log.warning("%s order %s: %s", work.name, row.order_id, error.log)
    trouble = Trouble(
        code,
        f"{german}: {error.operator}",
        f"{english}: {error.operator}",
        action_de,
        action_en,
    )
    with work.engine.begin() as connection:
        raise_case(
            work, connection, row.order_id, _subject(row), trouble,
            return_order=row.plenty_return_id,
        )  # fmt: skip
