"""Load: hand valid orders over to wemalo, each exactly once.

::

    begin   the content is still the one that was judged → SUBMITTING + fingerprint
    POST    clear yes → ACCEPTED or WAITING, and the status for plentymarkets, one transaction
            clear no  → QUARANTINED with its reason
            limit     → RETRY_WAIT
            no right  → READY: it says nothing of the order
            unknown   → stays SUBMITTING until `fulfilment.flow.tasks.recover` has settled it
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.cancel import cancel_requested
from fulfilment.flow.changes.send import send_changes
from fulfilment.flow.orders.as_shown_now import rows_now
from fulfilment.flow.orders.cancellation import settle_unsent
from fulfilment.flow.orders.handover import accept, hand_over_of, is_sent_again
from fulfilment.flow.orders.parts import may_be_sent
from fulfilment.flow.systems.each import by_order, each, halved
from fulfilment.flow.systems.work import Work, log
from fulfilment.flow.systems.write import nothing_happened, write
from fulfilment.flow.tasks import recover
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.wemalo import WemaloAnswer
from include.core.orders.plenty_order import parse_order, row_status, row_time
from include.core.orders.states import State
from include.core.orders.statuses import is_cancelled
from include.core.orders.wemalo_order import WarehouseStatus, compose, external_id, handed_over
from include.core.stock.stock_rules import priority
from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    OrderInvalid,
    OrderRejected,
    RateLimited,
    WriteHeld,
)
from include.ledger.orders import orders, to_look_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from include.core.orders.models import Order

    Pair = tuple[Row[Any], Order]

QUARANTINE_RETRY = timedelta(minutes=15)
SENDABLE = (State.READY, State.RETRY_WAIT)
#: orders read again at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE


def load(work: Work) -> dict[str, int]:
    """Settle what earlier runs left open, cancel first, then send every order that is due.

    :returns: counts: accepted, waiting, refused, withdrawn, changed, postponed, unclear,
        cancelled, too_late, changes_sent, changes_late.
    :raises FulfilmentError: a system failed; everything else was done before.
    """
    counts = dict.fromkeys(
        ("accepted", "waiting", "refused", "withdrawn", "changed", "postponed", "unclear"), 0
    )
    recover.settle_interrupted(work)
    counts |= cancel_requested(work)
    counts |= send_changes(work)
    if not work.trouble and work.takes_new:
        _send_due(work, counts)
    return work.end(counts)


def _send_due(work: Work, counts: dict[str, int]) -> None:
    """Read and send slice by slice: an order is read again shortly before it is sent."""
    with work.engine.begin() as connection:
        ids = to_look_at.due_ids(connection, work.name, SENDABLE)
    for some in work.slices(ids, AT_A_TIME):
        with work.engine.begin() as connection:
            rows = to_look_at.due(connection, work.name, SENDABLE, some)
        ready: list[Pair] = []
        look = partial(_still_released, work, ready, counts)
        if not (halved(work, "read", rows, look) and _send_some(work, ready, counts)):
            return


def _still_released(
    work: Work, ready: list[Pair], counts: dict[str, int], rows: Sequence[Row[Any]]
) -> None:
    """Read orders once more, in one search, and keep those that are released and unchanged.

    :param ready: takes in those.
    """
    now = rows_now(work, [row.order_id for row in rows], splits=True)
    touched = [
        row.order_id
        for row in rows
        if row.order_id in now and row_time(now[row.order_id]) != row.plenty_updated_at
    ]
    contents = work.plenty.order_contents(touched) if touched else {}
    countries = work.countries() if contents else {}
    keep: list[Pair] = []
    found: Counter[str] = Counter()
    with work.engine.begin() as connection:
        for row in rows:
            seen = now.get(row.order_id)
            current = row_status(seen) if seen else None
            statuses = work.merchant_by(row.facts).statuses
            # one that lacked goods goes on by itself: its fault status is ours
            resumed = current == statuses.no_stock == row.plenty_status
            if seen is None or not (current == statuses.fetch or resumed):
                _not_released(work, connection, row, current, found)
            elif seen.get("hasDeliveryOrders"):
                # split since it was read: it shows its lowest delivery order's status, and those
                # carry the goods: sending both would ship twice (plentymarkets contract 9.1)
                found["withdrawn"] += 1
                orders.move(
                    connection, work.journal, row.order_id, State.WITHDRAWN,
                    plenty_status=str(current), event="split_before_sending",
                )  # fmt: skip
            elif row.order_id in touched and row.order_id not in contents:
                found["postponed"] += 1  # changed, and not shown: what was read is not sent
            elif row.order_id in contents and _changed(contents[row.order_id], row, countries):
                found["changed"] += 1
                orders.move(
                    connection, work.journal, row.order_id, State.FETCHED,
                    sets={"plenty_updated_at": None}, event="changed_before_sending",
                )  # fmt: skip
                if resumed or row.facts in work.facts.older:
                    # it is in no status that is read again: take it as it is
                    _take(work, connection, row.order_id, contents[row.order_id], countries)
            else:
                keep.append((row, orders.content(row)))
    for name, count in found.items():
        counts[name] += count
    ready += keep


def _take(
    work: Work,
    connection: Connection,
    order_id: int,
    data: dict[str, Any],
    countries: Mapping[int, str],
) -> None:
    try:
        order = parse_order(data, countries)
    except OrderInvalid as error:
        reason = {"field": error.field, "de": error.operator, "en": error.operator}
        orders.put_unreadable(connection, work.journal, work.batch_id, order_id, error.rule, reason)
        return
    orders.put_fetched(connection, work.journal, work.batch_id, [order])


def _changed(data: dict[str, Any], row: Row[Any], countries: Mapping[int, str]) -> bool:
    try:
        return not parse_order(data, countries).is_as(row.fingerprint)
    except OrderInvalid:
        return True


def _not_released(
    work: Work, connection: Any, row: Row[Any], current: Any, counts: Counter[str]
) -> None:
    if current is not None and is_cancelled(current):
        orders.set_statuses(connection, work.name, {row.order_id: current})
        settle_unsent(work, connection, row.order_id, f"unsent:{row.episode}")
        counts["cancelled"] += 1
        return
    counts["withdrawn"] += 1
    shown = "deleted" if current is None else current
    orders.move(
        connection, work.journal, row.order_id, State.WITHDRAWN, plenty_status=str(shown)
    )  # fmt: skip


def _send_some(work: Work, ready: list[Pair], counts: dict[str, int]) -> bool:
    """Send some orders; False where wemalo cannot be used."""

    def send_one(pair: Pair) -> None:
        if not work.takes_new:
            return
        try:
            counts[send(work, *pair)] += 1
        except AmbiguousWrite:
            counts["unclear"] += 1
            raise

    # wemalo reserves in this order, and decides alone where the stock could not be checked
    urgent_first = sorted(ready, key=lambda pair: priority(pair[1]))
    return each(work, "hand_over", urgent_first, send_one, subject=lambda pair: by_order(pair[0]))


def send(work: Work, row: Row[Any], order: Order) -> str:
    """Send one order, with the content that was judged, and return which count it belongs to.

    :raises AmbiguousWrite: it may have arrived; the order stays SUBMITTING.
    :raises WriteHeld: it was changed meanwhile, or another run sends it.
    :raises FulfilmentError: this order or the system fails; the order is READY again.
    """
    try:
        body = compose(order, work.merchant_by(row.facts))
    except OrderInvalid as error:
        return _refused(work, row, row.version, error)
    with work.engine.begin() as connection:
        if not may_be_sent(work, connection, order):
            orders.move(
                connection, work.journal, order.order_id, State.FETCHED,
                only_from=SENDABLE, event="held_back",
            )  # fmt: skip
            return "postponed"
    there = _there_already(work, row)
    counted: list[str] = []

    def begin(connection: Connection) -> bool:
        return may_be_sent(work, connection, order) and orders.write_ahead(
            connection, work.journal, order.order_id, State.SUBMITTING,
            only_from=SENDABLE, expect_version=row.version,
            sets={"sent_fingerprint": row.fingerprint},
            **handed_over(body, order, work.merchant),
        )  # fmt: skip

    def post() -> WemaloAnswer:
        if there is not None:
            return there
        if work.merchant.wemalo.create_route == "addConditional":
            return work.wemalo.add_conditional(body)
        return work.wemalo.add(body)

    def end(connection: Connection, answer: WemaloAnswer, adopted: bool) -> None:
        counted.append(_taken(work, connection, row, answer, adopted=adopted))

    try:
        answer = write(
            work, work.wemalo, hand_over_of(order.order_id), post,
            look=lambda: _there(work, row), begin=begin, end=end,
        )  # fmt: skip
    except WriteHeld:
        raise
    except OrderRejected as error:
        if is_sent_again(row) and error.code == "CONFLICT":
            with work.engine.begin() as connection:
                return _stays_cancelled(work, connection, row)
        return _refused(work, row, row.version + 1, error)
    except FulfilmentError as error:
        _not_sent(work, row, error)
        raise
    if answer.status is None:
        _ask_how_far(work, row)
    return counted[0]


def _taken(
    work: Work, connection: Connection, row: Row[Any], answer: WemaloAnswer, *, adopted: bool
) -> str:
    """Note that wemalo has the order."""
    written_ahead = row.version + 1
    if answer.status is None:  # it is asked how far it is; without an answer, by the next look
        orders.move(
            connection, work.journal, row.order_id, State.ACCEPTED,
            only_from=[State.SUBMITTING], expect_version=written_ahead,
            sets={"wemalo_status": None, "looked_at": None, "next_attempt_at": None},
        )  # fmt: skip
        return "accepted"
    if is_sent_again(row) and answer.status.name == WarehouseStatus.CANCELLED:
        return _stays_cancelled(work, connection, row)
    state = accept(
        work, connection, row.order_id, row.episode, answer.status.name, answer.status.reason,
        expect_version=written_ahead, event="adopted" if adopted else None,
    )  # fmt: skip
    return "waiting" if state is State.WAITING else "accepted"


def _stays_cancelled(work: Work, connection: Connection, row: Row[Any]) -> str:
    """End an order that wemalo did not take once more: the next look at plentymarkets tells."""
    orders.move(
        connection, work.journal, row.order_id, State.CANCELLED,
        only_from=[State.SUBMITTING], expect_version=row.version + 1, event="not_taken_again",
    )  # fmt: skip
    return "refused"


def _ask_how_far(work: Work, row: Row[Any]) -> None:
    """Read the status of an order that wemalo took without a word about it."""
    found = work.wemalo.status(external_id(row.order_id))
    if found is None:
        return  # its index may be behind: the next look tells
    with work.engine.begin() as connection:
        accept(work, connection, row.order_id, row.episode, found.name, found.reason)


def _there_already(work: Work, row: Row[Any]) -> WemaloAnswer | None:
    """Return the order as wemalo has it where the merchant's route cannot take it twice.

    ``add`` may refuse or double an external id it knows (wemalo contract 4.3, 4.9): it is asked
    first, and an order that is there already is taken as it is.
    """
    if work.merchant.wemalo.create_route == "addConditional":
        return None
    return _there(work, row)


def _there(work: Work, row: Row[Any]) -> WemaloAnswer | None:
    found = work.wemalo.status(external_id(row.order_id))
    if found is None or (is_sent_again(row) and found.name == WarehouseStatus.CANCELLED):
        return None
    return WemaloAnswer(None, found)


def _not_sent(work: Work, row: Row[Any], error: FulfilmentError) -> None:
    """Give the order back its turn if the call certainly had no effect."""
    if not nothing_happened(error):
        with work.engine.begin() as connection:
            work.journal.add(connection, row.order_id, "submit_unclear", code=error.code)
    elif isinstance(error, RateLimited):
        _step_back(work, row, State.RETRY_WAIT, error.code, error.retry_after or 60)
    else:
        _step_back(work, row, State.READY, error.code, 0)


def _step_back(work: Work, row: Row[Any], state: State, code: str, wait_s: float) -> None:
    with work.engine.begin() as connection:
        orders.move(
            connection, work.journal, row.order_id, state,
            only_from=[State.SUBMITTING], expect_version=row.version + 1,
            sets={
                "sent_fingerprint": None,
                "next_attempt_at": datetime.now(UTC) + timedelta(seconds=wait_s),
            },
            event="submit_postponed", code=code,
        )  # fmt: skip


def _refused(work: Work, row: Row[Any], version: int, error: OrderRejected | OrderInvalid) -> str:
    """Quarantine an order after a clear no, tell the merchant, try again later."""
    order_id = row.order_id
    pause = min(QUARANTINE_RETRY * 2 ** min(row.attempts, 6), timedelta(hours=12))
    with work.engine.begin() as connection:
        if not orders.move(
            connection, work.journal, order_id, State.QUARANTINED,
            only_from=[State.SUBMITTING, State.READY, State.RETRY_WAIT], expect_version=version,
            sets={
                "sent_fingerprint": None,
                "reason_code": error.code,
                "reason": {"de": error.operator, "en": error.operator},
                "next_attempt_at": datetime.now(UTC) + pause,
            },
            code=error.code,
        ):  # fmt: skip
            return "postponed"  # other content came meanwhile: it is judged anew
        work.queue_note(
            connection, order_id, f"refused:{error.code}",
            f"Noch nicht an das Lager übergeben: {error.operator}",
            f"Not yet handed over to the warehouse: {error.operator}",
        )  # fmt: skip
    log.warning("%s order %s: %s", work.name, order_id, error.log)
    return "refused"
