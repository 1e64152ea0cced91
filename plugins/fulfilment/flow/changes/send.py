"""Send changes to wemalo: ``addConditional`` takes the new data while picking has not begun.

What content wemalo has cannot be read. After an answer that was lost, an order that has not started
when the call cannot take effect any more gets the change once more, which changes nothing there
(wemalo contract 4.3); one that has started is a person's matter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.handover import accept
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.write import Write, nothing_happened, settle, write
from include.core.changes.differences import differences, in_words
from include.core.exceptions.long_stays import NOT_FOUND
from include.core.orders.models import order_from_json
from include.core.orders.states import State
from include.core.orders.wemalo_order import (
    NOT_STARTED,
    WarehouseStatus,
    compose,
    external_id,
    state_of,
)
from include.core.systems.errors import FulfilmentError, OrderInvalid, OrderRejected, WriteHeld
from include.ledger.exceptions import exceptions
from include.ledger.orders import in_flight, orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloAnswer, WemaloStatus

MERCHANT_RETRY = timedelta(minutes=15)
AT_A_TIME = 250  # rows with both contents: some megabytes


def send_changes(work: Work) -> dict[str, int]:
    """Send every change that was found good.

    :returns: counts: changes_sent, changes_late.
    """
    counts = {"changes_sent": 0, "changes_late": 0}
    kinds = ("good", "late")
    with work.engine.begin() as connection:
        ids = in_flight.change_ids(connection, work.name, kinds)
    for some in work.slices(ids, AT_A_TIME):
        with work.engine.begin() as connection:
            rows = in_flight.changes(connection, work.name, kinds, some)
        if not _send_some(work, rows, counts):
            break
    return counts


def _send_some(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    """Send some changes; False where wemalo cannot be used."""
    plain = work.merchant.wemalo.create_route == "add"

    def send_one(row: Row[Any]) -> None:
        if row.change_state == "late" and (plain or row.wemalo_status not in NOT_STARTED):
            return  # told before
        outcome = _send(work, row)
        if outcome:
            counts[outcome] += 1

    return each(work, "change", rows, send_one)


def change_of(order_id: int) -> Write:
    """Return the write that sends a change."""
    subject = exceptions.order_subject(order_id)
    return Write("change", (subject,), f"the change of order {order_id}")


def _send(work: Work, row: Row[Any]) -> str:
    """Send one change and return its count, "" for none."""
    order_id = row.order_id
    try:
        body = compose(order_from_json(row.new_content), work.merchant_by(row.facts))
    except OrderInvalid as error:
        _bad(work, row, error)
        return ""
    found = work.wemalo.status(external_id(order_id))
    if found is None or state_of(found.name) is None:
        return ""
    begun = found.name not in NOT_STARTED or row.state == State.PARTLY_SHIPPED
    if begun or work.merchant.wemalo.create_route == "add":
        return _late(work, row, found)

    def begin(connection: Connection) -> bool:
        return orders.write_ahead(
            connection, work.journal, order_id, State.SUBMITTING,
            only_from=[State.ACCEPTED, State.WAITING], expect_version=row.version,
            event="change_submitting",
        )  # fmt: skip

    def end(connection: Connection, answer: WemaloAnswer, _: bool) -> None:
        if answer.status is not None and answer.status.name in NOT_STARTED:
            _sent(work, connection, row, answer.status)

    try:
        answer = write(
            work, work.wemalo, change_of(order_id), lambda: work.wemalo.add_conditional(body),
            begin=begin, end=end,
        )  # fmt: skip
    except WriteHeld:
        raise
    except OrderRejected as error:
        return _refused(work, row, error)
    except FulfilmentError as error:
        with work.engine.begin() as connection:
            if nothing_happened(error):
                back_from_sending(
                    work, connection, order_id, found, "change_not_sent", code=error.code
                )
            else:
                work.journal.add(connection, order_id, "submit_unclear", code=error.code)
        raise
    if answer.status is None:
        return _sent_without_a_word(work, row, found)
    if answer.status.name not in NOT_STARTED:
        # it started meanwhile: a yes that may have been an ignored change
        with work.engine.begin() as connection:
            _unclear(work, connection, row, answer.status)
        return "changes_late"
    return "changes_sent"


def _sent_without_a_word(work: Work, row: Row[Any], before: WemaloStatus) -> str:
    """Take over a change whose answer named no status: it is asked for."""
    found = work.wemalo.status(external_id(row.order_id)) or before
    with work.engine.begin() as connection:
        if found.name in NOT_STARTED:
            _sent(work, connection, row, found)
            return "changes_sent"
        _unclear(work, connection, row, found)
    return "changes_late"


def _sent(work: Work, connection: Connection, row: Row[Any], status: WemaloStatus) -> None:
    """Take over the change; a waiting order is told of anew."""
    episode = row.episode + (row.state == State.WAITING)
    accept(
        work, connection, row.order_id, episode, status.name, status.reason,
        expect_version=row.version + 1, event="change_sent",
        sets={
            "episode": episode,
            "content": row.new_content,
            "sent_fingerprint": row.fingerprint,
            "new_content": None,
            "change_state": None,
        },
    )  # fmt: skip
    clear_changes(work, connection, row.order_id)


def back_from_sending(
    work: Work,
    connection: Connection,
    order_id: int,
    found: WemaloStatus | None,
    event: str,
    **data: Any,
) -> None:
    """Return an order to where the warehouse has it, or had it; its change is still to be sent."""
    row = orders.one(connection, work.name, order_id, lock=True)
    shown = found.name if found is not None and state_of(found.name) else row.wemalo_status
    state = state_of(shown or "") or State.ACCEPTED
    orders.move(
        connection, work.journal, order_id,
        State.ACCEPTED if state is State.CANCELLED else state,
        only_from=[State.SUBMITTING], sets={"wemalo_status": shown}, event=event, **data,
    )  # fmt: skip


def _refused(work: Work, row: Row[Any], error: OrderRejected) -> str:
    found = work.wemalo.status(external_id(row.order_id))
    with work.engine.begin() as connection:
        back_from_sending(work, connection, row.order_id, found, "change_not_sent", code=error.code)
    if found is None or state_of(found.name) is None:
        return ""  # the next look at the warehouse tells
    if found.name in NOT_STARTED:
        _bad(work, row, error)
        return ""
    return _late(work, row, found)


def settle_sent(work: Work, order_id: int) -> None:
    """Find out what came of a change whose answer was lost.

    One that has not started is left as it was: the change is sent once more. One that is not known
    there was known before: it is told as standing still, and nothing is concluded.

    :raises InDoubt: the call may still take effect.
    """
    shown: list[WemaloStatus | None] = []

    def look() -> WemaloStatus | None:
        shown.append(work.wemalo.status(external_id(order_id)))
        found = shown[-1]
        begun = found is not None and state_of(found.name) and found.name not in NOT_STARTED
        return found if begun else None

    def end(connection: Connection, found: WemaloStatus | None) -> None:
        row = orders.one(connection, work.name, order_id, lock=True)
        if row.state != State.SUBMITTING or row.new_content is None:
            return  # its parcels were faster
        if found is not None:
            _unclear(work, connection, row, found)
            return
        last = shown[-1] if shown else None
        back_from_sending(work, connection, order_id, last, "change_not_arrived")
        if shown and last is None:
            orders.touch(connection, work.name, [order_id], wemalo_status=NOT_FOUND)

    settle(work, change_of(order_id), look, end)


def _unclear(work: Work, connection: Connection, row: Row[Any], found: WemaloStatus) -> None:
    """Tell of a change that the warehouse may have got before it began, or not."""
    state = accept(
        work, connection, row.order_id, row.episode, found.name, found.reason,
        event="change_unclear", sets={"change_state": "unclear"},
    )  # fmt: skip
    if state is not State.CANCELLED:
        german, english = _difference(row)
        work.tell(
            connection, row.order_id, "CHANGE_UNCLEAR",
            warehouse=found.name, de=german, en=english,
        )  # fmt: skip
        _note(work, connection, row, "unclear", german, english, found.name)


def _is_same(work: Work, connection: Connection, row: Row[Any]) -> bool:
    """Say whether the change is the one that was read; a newer one is judged for itself."""
    now = orders.one(connection, work.name, row.order_id, lock=True)
    return bool(now.fingerprint == row.fingerprint and now.new_content is not None)


def _late(work: Work, row: Row[Any], found: WemaloStatus) -> str:
    """Tell that the warehouse has begun: what differs, on the order and to the operator."""
    german, english = _difference(row)
    with work.engine.begin() as connection:
        if not _is_same(work, connection, row):
            return ""
        if row.state == State.PARTLY_SHIPPED:  # its next state comes with the last parcel
            _is_late(work, connection, row, found.name)
        elif (
            accept(
                work, connection, row.order_id, row.episode, found.name, found.reason,
                event="change_too_late", sets={"change_state": "late"},
            )
            is State.CANCELLED
        ):  # fmt: skip
            return ""
        work.tell(
            connection, row.order_id, "CHANGED_TOO_LATE",
            warehouse=found.name, de=german, en=english,
        )  # fmt: skip
        _note(work, connection, row, "late", german, english, found.name)
    return "changes_late"


def tell_left(work: Work, row: Row[Any]) -> None:
    """Tell of a change of an order whose goods have left; its next state comes with its parcels."""
    warehouse = row.wemalo_status or WarehouseStatus.SHIPPED
    german, english = _difference(row)
    with work.engine.begin() as connection:
        if not _is_same(work, connection, row):
            return
        _is_late(work, connection, row, warehouse)
        work.tell(
            connection, row.order_id, "CHANGED_TOO_LATE",
            warehouse=warehouse, de=german, en=english,
        )  # fmt: skip
        _note(work, connection, row, "late", german, english, warehouse)


def _is_late(work: Work, connection: Connection, row: Row[Any], warehouse: str) -> None:
    orders.touch(connection, work.name, [row.order_id], change_state="late")
    work.journal.add(connection, row.order_id, "change_too_late", warehouse=warehouse)


def _note(
    work: Work,
    connection: Connection,
    row: Row[Any],
    key: str,
    german: str,
    english: str,
    warehouse: str,
) -> None:
    work.queue_note(
        connection,
        row.order_id,
        f"change_{key}:{row.fingerprint[:12]}",
        f"Änderung nach der Übergabe: das Lager arbeitet schon an dem Auftrag (Stand {warehouse}) "
        f"und versendet womöglich die alte Fassung. Geändert: {german}.",
        f"Changed after the hand-over: the warehouse already works on the order (status "
        f"{warehouse}) and may ship the old version. Changed: {english}.",
    )


def _bad(work: Work, row: Row[Any], error: OrderRejected | OrderInvalid) -> None:
    with work.engine.begin() as connection:
        if not _is_same(work, connection, row):
            return
        in_flight.wait(connection, work.name, row.order_id, MERCHANT_RETRY, change_state="bad")
        tell_bad(work, connection, row, error.operator, error.operator)


def tell_bad(work: Work, connection: Connection, row: Row[Any], german: str, english: str) -> None:
    """Tell that a change cannot be sent as it is; the warehouse keeps the old version."""
    german, english = german.rstrip("."), english.rstrip(".")
    work.tell(connection, row.order_id, "CHANGE_INVALID", de=german, en=english)
    work.queue_note(
        connection,
        row.order_id,
        f"change_bad:{(row.fingerprint or '')[:12]}",
        f"Änderung nach der Übergabe nicht übertragen: {german}. Das Lager hat die alte Fassung.",
        f"Change after the hand-over not transferred: {english}. The warehouse has the old one.",
    )


def clear_changes(work: Work, connection: Connection, *order_ids: int) -> None:
    """Take back what was told of changes that are sent or undone."""
    subjects = [exceptions.order_subject(order_id) for order_id in order_ids]
    codes = ("CHANGED_TOO_LATE", "CHANGE_INVALID", "CHANGE_UNCLEAR")
    exceptions.clear_all(connection, work.journal, subjects, *codes)


def _difference(row: Row[Any]) -> tuple[str, str]:
    if row.content is None:  # it has stood there for so long that its address was forgotten
        return "nicht mehr vergleichbar", "no longer comparable"
    return in_words(differences(orders.content(row), order_from_json(row.new_content)))
