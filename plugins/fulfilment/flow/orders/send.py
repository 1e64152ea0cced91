"""Send orders to wemalo, each exactly once: in groups, and alone where one is special."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.handover import accept, accept_all, hand_over_of, is_sent_again
from fulfilment.flow.orders.parts import may_be_sent
from fulfilment.flow.systems.groups import GroupWrite
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import nothing_happened, write
from fulfilment.hooks.wemalo import WemaloAnswer
from include.core.orders.states import State
from include.core.orders.wemalo_order import WarehouseStatus, compose, external_id, handed_over
from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    OrderInvalid,
    OrderRejected,
    RateLimited,
    WriteHeld,
)
from include.core.systems.failures import as_own
from include.ledger.orders import hand_overs, orders

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.flow.systems.write import Write
    from include.core.orders.models import Order

    Pair = tuple[Row[Any], Order]

QUARANTINE_RETRY = timedelta(minutes=15)
SENDABLE = (State.READY, State.RETRY_WAIT)


class HandOvers(GroupWrite["Pair", WemaloAnswer]):
    """Orders with the content that was judged; orders for the same product go in their order.

    Alone go parts of other orders, which are judged by what became of those, what cannot be put
    together, and all where wemalo must be asked first (route ``add``).
    """

    step = "hand_over"

    def __init__(self, work: Work, counts: dict[str, int]) -> None:
        """Take in the counts of the task: accepted, waiting, refused, postponed, unclear."""
        self._work = work
        self._counts = counts
        self._bodies: dict[int, dict[str, Any]] = {}
        self._words: dict[int, str] = {}

    def about(self, pair: Pair) -> Write:
        """Return the hand-over of an order."""
        return hand_over_of(pair[0].order_id)

    def fits(self, pair: Pair) -> bool:
        """Put an order together as wemalo wants it, if it can go with others."""
        row, order = pair
        if self._work.merchant.wemalo.create_route != "addConditional" or order.sources():
            return False
        try:
            self._bodies[row.order_id] = compose(order, self._work.merchant_by(row.facts))
        except OrderInvalid:
            return False
        return True

    def competes_for(self, pair: Pair) -> Collection[Hashable]:
        """Return the products: wemalo reserves in the order in which it is sent orders."""
        positions = self._bodies[pair[0].order_id]["positions"]
        return {("product", position["externalId"]) for position in positions}

    def wanted(self) -> bool:
        """Say whether the merchant still takes new orders."""
        return self._work.takes_new

    def begin(self, connection: Connection, pairs: Sequence[Pair]) -> Collection[Pair]:
        """Write orders ahead that are as they were judged."""
        begun = hand_overs.begin(connection, self._work.journal, [*map(self._ahead, pairs)])
        return [pair for pair in pairs if pair[0].order_id in begun]

    def _ahead(self, pair: Pair) -> hand_overs.Ahead:
        row, order = pair
        data = handed_over(self._bodies[row.order_id], order, self._work.merchant)
        return hand_overs.Ahead(row.order_id, row.version, row.fingerprint, data)

    def send(self, hook: Any, pair: Pair) -> WemaloAnswer:
        """Send an order."""
        answer: WemaloAnswer = hook.add_conditional(self._bodies[pair[0].order_id])
        return answer

    def end(self, connection: Connection, done: Sequence[tuple[Pair, WemaloAnswer]]) -> None:
        """Note that wemalo has the orders."""
        taken = accept_all(
            self._work,
            connection,
            [(row, answer.status) for (row, _), answer in done if answer.status is not None],
        )
        for (row, _), answer in done:
            self._words[row.order_id] = (
                "accepted"
                if row.order_id in taken
                else _taken(self._work, connection, row, answer, adopted=False)
            )

    def after(self, pair: Pair, answer: WemaloAnswer) -> None:
        """Count an order, and ask how far it is where wemalo did not say."""
        self._counts[self._words[pair[0].order_id]] += 1
        if answer.status is None:
            _ask_how_far(self._work, pair[0])

    def failed(self, pair: Pair, error: Exception, sent: bool) -> None:
        """Quarantine what was refused; give any other its turn again."""
        row = pair[0]
        if isinstance(error, OrderRejected):
            self._counts[_rejected(self._work, row, error)] += 1
            return
        if isinstance(error, AmbiguousWrite):
            self._counts["unclear"] += 1
        if isinstance(error, WriteHeld):
            raise error
        _not_sent(self._work, row, as_own(error, self._work.name), sent=sent)
        raise error

    def unsent(self, connection: Connection, pairs: Sequence[Pair]) -> None:
        """Let orders be due again."""
        hand_overs.put_back(connection, self._work.journal, [*map(self._ahead, pairs)])

    def alone(self, pair: Pair) -> None:
        """Send one order by itself."""
        if not self.wanted():
            return
        try:
            self._counts[send(self._work, *pair)] += 1
        except AmbiguousWrite:
            self._counts["unclear"] += 1
            raise


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
    if order.sources():
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
        return _rejected(work, row, error)
    except FulfilmentError as error:
        _not_sent(work, row, error)
        raise
    if answer.status is None:
        _ask_how_far(work, row)
    return counted[0]


def _rejected(work: Work, row: Row[Any], error: OrderRejected) -> str:
    if is_sent_again(row) and error.code == "CONFLICT":
        with work.engine.begin() as connection:
            return _stays_cancelled(work, connection, row)
    return _refused(work, row, row.version + 1, error)


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


def _not_sent(work: Work, row: Row[Any], error: FulfilmentError, *, sent: bool = True) -> None:
    """Give the order back its turn if the call certainly had no effect.

    :param sent: the call may have left.
    """
    if sent and not nothing_happened(error):
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
