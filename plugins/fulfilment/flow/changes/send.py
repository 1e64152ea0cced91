"""Send changes to wemalo: ``addConditional`` takes the new data while picking has not begun.

The same write-ahead protocol as for a new order. An answer that was lost is followed by a look: an
order that has still not started gets the same data once more, which changes nothing there
(wemalo contract 4.3); one that has started is a person's matter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import each
from fulfilment.flow.orders.handover import accept
from include.core.changes import differences, in_words
from include.core.errors import AmbiguousWrite, FulfilmentError, OrderInvalid, OrderRejected
from include.core.models import order_from_json
from include.core.states import State
from include.core.wemalo_order import NOT_STARTED, compose, external_id, state_of
from include.ledger import exceptions, in_flight, orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work
    from fulfilment.hooks.wemalo import WemaloStatus

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
    with work.engine.begin() as connection:
        if not orders.lease(
            connection, work.journal, order_id, State.SUBMITTING,
            only_from=[State.ACCEPTED, State.WAITING], owner=work.owner, seconds=work.lease_s,
            event="change_submitting",
        ):  # fmt: skip
            return ""
    try:
        answer = work.wemalo.add_conditional(body)
    except AmbiguousWrite as error:
        with work.engine.begin() as connection:
            work.journal.add(connection, order_id, "submit_unclear", code=error.code)
        raise
    except OrderRejected as error:
        return _refused(work, row, error)
    except FulfilmentError as error:
        _back(work, row, found, code=error.code)
        raise
    status = answer.status or work.wemalo.status(external_id(order_id))
    if status is None or status.name not in NOT_STARTED:
        # it started meanwhile: a yes that may have been an ignored change
        settle_unclear(work, row, status or found)
        return "changes_late"
    _sent(work, row, status)
    return "changes_sent"


def _sent(work: Work, row: Row[Any], status: WemaloStatus) -> None:
    """Take over the change; a waiting order is told of anew."""
    episode = row.episode + (row.state == State.WAITING)
    with work.engine.begin() as connection:
        accept(
            work, connection, row.order_id, episode, status.name, status.reason,
            event="change_sent",
            sets={
                "episode": episode,
                "content": row.new_content,
                "sent_fingerprint": row.fingerprint,
                "new_content": None,
                "change_state": None,
            },
        )  # fmt: skip
        clear_changes(work, connection, row.order_id)


def _back(work: Work, row: Row[Any], found: WemaloStatus, **data: Any) -> None:
    """Return the order to where it was: the change certainly had no effect."""
    state = state_of(found.name) or State(row.state)
    with work.engine.begin() as connection:
        orders.move(
            connection, work.journal, row.order_id, state, only_from=[State.SUBMITTING],
            sets={"wemalo_status": found.name}, event="change_not_sent", **data,
        )  # fmt: skip


def _refused(work: Work, row: Row[Any], error: OrderRejected) -> str:
    found = work.wemalo.status(external_id(row.order_id))
    if found is None or state_of(found.name) is None:
        return ""  # still SUBMITTING: looked up when the lease has run out
    _back(work, row, found, code=error.code)
    if found.name in NOT_STARTED:
        _bad(work, row, error)
        return ""
    return _late(work, row, found)


def settle_unclear(work: Work, row: Row[Any], found: WemaloStatus) -> None:
    """Settle a change whose answer was lost, by what the warehouse says of the order now."""
    if found.name in NOT_STARTED:
        _back(work, row, found)  # still pending: the same data is sent once more
        return
    with work.engine.begin() as connection:
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


def _late(work: Work, row: Row[Any], found: WemaloStatus) -> str:
    """Tell that the warehouse has begun: what differs, on the order and to the operator."""
    german, english = _difference(row)
    with work.engine.begin() as connection:
        if row.state == State.PARTLY_SHIPPED:  # its next state comes with the last parcel
            orders.touch(connection, work.name, [row.order_id], change_state="late")
            work.journal.add(connection, row.order_id, "change_too_late", warehouse=found.name)
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


def clear_changes(work: Work, connection: Connection, order_id: int) -> None:
    """Take back what was told of a change that is sent or undone."""
    subject = exceptions.order_subject(order_id)
    codes = ("CHANGED_TOO_LATE", "CHANGE_INVALID", "CHANGE_UNCLEAR")
    exceptions.clear(connection, work.journal, subject, *codes)


def _difference(row: Row[Any]) -> tuple[str, str]:
    return in_words(differences(orders.content(row), order_from_json(row.new_content)))
