"""Stock: wemalo's physical, sellable pieces to plentymarkets' stock of the merchant's warehouse.

Order of work: settle what a lost reply left open → read wemalo → decide → write ahead → book →
acknowledge wemalo's postings. Whoever books goods issue takes shipped goods out of plentymarkets'
stock; here they only lower the baseline, so no shipment is booked twice whatever crosses it
(plentymarkets contract 12.5).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from fulfilment.flow.stock import measure
from fulfilment.flow.stock.absolute import correct
from fulfilment.flow.stock.book import send, settle_interrupted, take_back_doubles
from fulfilment.flow.stock.exceptions import Unread, tell, tell_unread
from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.work import Work, log
from fulfilment.hooks.wemalo_stock import FLAGGED
from include.core.orders.wemalo_order import external_id
from include.core.stock.stock_sync import (
    KINDS,
    MASS_ZERO_WITHIN,
    ZERO,
    Case,
    Decision,
    Line,
    decide,
    hold_mass_zero,
    near,
    on_hand,
    reason_of,
)
from include.core.systems.errors import OrderRejected
from include.core.systems.slices import slices
from include.ledger.stock import stock_postings
from include.ledger.stock import stock_sync as ledger
from include.ledger.systems import sync_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection, Row

    from fulfilment.flow.stock.measure import Demand

COUNTS = (
    "postings", "unknown", "planned", "booked", "settling", "held", "refused", "dropped",
    "taken_back", "corrected", "stock_acknowledged",
)  # fmt: skip

#: so often orders of products with a surplus are asked about, per look
ASKED_ORDERS = 50
#: bookings that plentymarkets refused are tried again after so long
REFUSED_AGAIN = timedelta(hours=1)
#: between two looks for shipments that were booked twice
DOUBLES_EVERY = timedelta(hours=1)


def stock(work: Work) -> dict[str, int]:
    """Bring plentymarkets' stock up to wemalo's; does nothing when off or not due.

    :returns: counts: postings (new), unknown (products that are not this merchant's), planned
        (bookings written ahead), booked, settling (differences that must stand for a while), held
        (wait for `fulfil stock approve`), refused, dropped (shipments somebody else booked),
        taken_back, corrected (absolute), stock_acknowledged.
    :raises FulfilmentError: a system failed; what could be done was done.
    """
    settings = work.merchant.stock
    counts = dict.fromkeys(COUNTS, 0)
    if not settings.enabled:
        return counts
    with work.engine.begin() as connection:
        due = sync_state.is_due(
            connection, work.name, measure.CONCERN, timedelta(minutes=settings.every_minutes)
        )
        state = sync_state.state_of(connection, work.name, measure.CONCERN)
    if not due:
        return counts
    unread = Unread()
    settle_interrupted(work, counts, unread)
    if settings.mode == "absolute":
        at = correct(work, state, counts, unread)
    else:
        at = _by_delta(work, state, counts, unread)
    if unread.behind:  # wemalo lists changes: what could not be read must come again
        at = (state.read_until if state else None) or measure.EVER
    _acknowledge(work, counts)
    tell(work)
    tell_unread(work, unread)
    with work.engine.begin() as connection:
        if not work.trouble:
            sync_state.looked(connection, work.name, measure.CONCERN, at)
    return work.end(counts)


def _by_delta(
    work: Work, state: Row[Any] | None, counts: dict[str, int], unread: Unread
) -> datetime:
    with work.engine.begin() as connection:
        before = measure.demand(work, connection)
    at = measure.read_wemalo(work, state.read_until if state else None, counts, unread)
    with work.engine.begin() as connection:
        levels = ledger.levels(connection, work.name)
    measure.set_baselines(work, [n for n, row in levels.items() if row.booked is None], unread)
    before.unsteady |= _doubted_surplus(work, levels, before)
    work.check_lock()  # what a run without its lock has measured may be old
    snapshot = work.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection, connection.begin():
        measure.count_sent(work, connection)
        after = measure.demand(work, connection)
        levels = ledger.levels(connection, work.name)
        after.unsteady |= unread.products
        first = not (state and state.data.get("first_run_done"))
        _plan(work, connection, levels, before, after, first, counts)
    if work.merchant.stock.book_shipments:
        _look_for_doubles(work, counts)
    with work.engine.begin() as connection:
        ledger.try_refused_again(connection, work.name, REFUSED_AGAIN)
    send(work, counts, unread)
    return at


def _look_for_doubles(work: Work, counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        if not sync_state.is_due(connection, work.name, "stock_doubles", DOUBLES_EVERY):
            return
    take_back_doubles(work, counts)
    with work.engine.begin() as connection:
        sync_state.looked(connection, work.name, "stock_doubles", datetime.now(UTC))


def _doubted_surplus(work: Work, levels: Mapping[int, Row[Any]], held: Demand) -> set[int]:
    """Return products whose surplus comes from orders that wemalo does not hold any more.

    An order that the warehouse cancelled frees goods; until the ledger knows, they look like more
    goods in the house.
    """
    surplus = {n for n, row in levels.items() if row.seen_delta is not None and row.seen_delta > 0}
    asked = [n for n, variations in sorted(held.variations.items()) if variations & surplus]
    doubted = set(asked[:ASKED_ORDERS])  # until their status is known

    def ask(order_id: int) -> None:
        status = work.wemalo.status(external_id(order_id))
        if status is not None and status.name not in ("CANCELLED", "SHIPPED"):
            doubted.discard(order_id)

    each(work, "look", sorted(doubted), ask)
    return {variation for order_id in doubted for variation in held.variations[order_id]}


def _plan(
    work: Work,
    connection: Connection,
    levels: Mapping[int, Row[Any]],
    before: Demand,
    after: Demand,
    first: bool,
    counts: dict[str, int],
) -> None:
    """Decide for every product that may differ, and write the bookings ahead."""
    settings = work.merchant.stock
    now = datetime.now(UTC)
    rows = stock_postings.untaken(connection, work.name)
    ours, others = measure.explained(rows, returns_elsewhere=returns_elsewhere(work))
    pending = {row.variation_id for row in ledger.open_bookings(connection, work.name)}
    unsteady = before.unsteady | after.unsteady | after.moved_since(before) | pending
    cases = {
        number: Case(
            variation_id=number,
            delta=on_hand(row.available, after.pieces.get(number, ZERO), settings) - row.booked,
            booked=row.booked,
            explained=ours.get(number, {}),
            foreign=others.get(number, ZERO),
            seen_delta=row.seen_delta,
            seen_since=row.seen_since,
            approved=row.approved_delta,
        )
        for number, row in levels.items()
        if row.booked is not None and number not in unsteady
    }
    decisions = {number: decide(case, settings, now) for number, case in cases.items()}
    if first and settings.confirm_first_run:
        decisions = {number: _first_decision(case) for number, case in cases.items()}
    stocked = {n: row.booked for n, row in levels.items() if row.booked and row.booked > 0}
    emptied = ledger.emptied(connection, work.name, MASS_ZERO_WITHIN)
    decisions = hold_mass_zero(cases, decisions, stocked, emptied, settings)
    for number, decision in sorted(decisions.items()):
        _apply(work, connection, levels[number], cases[number], decision, counts)
        if decision.outcome == "book":
            taken = [r.history_id for r in rows if r.variation_id == number]
            stock_postings.take(connection, work.name, taken)
    held = any(decision.outcome == "hold" for decision in decisions.values())
    if first and not held and levels and len(cases) == len(levels):
        sync_state.set_data(connection, work.name, measure.CONCERN, first_run_done=True)


def _first_decision(case: Case) -> Decision:
    """Book what is confirmed and hold the rest: nothing was ever compared before."""
    kind = "correction_in" if case.delta > 0 else "correction_out"
    lines = (Line(kind, case.delta),) if case.delta else ()
    if not lines or (case.approved is not None and near(case.delta, case.approved)):
        return Decision("book", lines)
    return Decision("hold", lines, code="STOCK_FIRST_RUN")


def _apply(
    work: Work,
    connection: Connection,
    level: Row[Any],
    case: Case,
    decision: Decision,
    counts: dict[str, int],
) -> None:
    """Keep what was decided for one product, in the transaction that read it."""
    number, name = case.variation_id, work.name
    values: dict[str, Any] = {**dict.fromkeys(measure.SETTLED), "dirty": False}
    if decision.outcome == "wait":
        counts["settling"] += 1
        values = {"seen_delta": case.delta}
        if case.seen_delta != case.delta:
            values["seen_since"] = datetime.now(UTC)
    elif decision.outcome == "hold":
        counts["held"] += 1
        values = {"held": decision.code, "held_delta": decision.total}
        log.warning("%s variation %s: %s", name, number, decision.code)
    elif decision.outcome == "book":
        reasons = work.merchant.stock.reasons
        lines = [(line, reason_of(line.kind, reasons)) for line in decision.lines]
        by = level.approved_by if lines else None
        counts["planned"] += ledger.write_ahead(connection, name, number, lines, approved_by=by)
        values |= measure.emptied_by(case, decision)
        if decision.foreign:
            ledger.add_booked(connection, name, number, decision.foreign)
    # always where something is booked: of two snapshots that book the same the second one fails
    books = decision.outcome == "book" and decision.lines
    if books or any(getattr(level, column) != value for column, value in values.items()):
        ledger.set_level(connection, name, number, **values)


def returns_elsewhere(work: Work) -> bool:
    """Say whether the returns flow books returned goods into plentymarkets' stock."""
    return work.merchant.returns.book_stock != "none"


def _acknowledge(work: Work, counts: dict[str, int]) -> None:
    """Take postings off wemalo's queue once plentymarkets has what they stand for.

    Returns that the returns flow books stay: its queue may share their ids.
    """
    reasons = [r for r, (kind, _) in KINDS.items() if kind != "returns" or not
               returns_elsewhere(work)]  # fmt: skip
    with work.engine.begin() as connection:
        ids = stock_postings.to_acknowledge(connection, work.name, reasons)
    for chunk in slices(ids, FLAGGED):
        if not halved(work, "acknowledge", chunk, partial(_flag, work, counts), subject=_posting):
            return


def _posting(history_id: int) -> str:
    return f"posting:{history_id}"


def _flag(work: Work, counts: dict[str, int], ids: Sequence[int]) -> None:
    try:
        work.wemalo.acknowledge_postings(ids)
    except OrderRejected as error:
        if len(ids) > 1 or error.code != "NOT_FOUND":
            raise  # one that wemalo has no more is done
    with work.engine.begin() as connection:
        stock_postings.acknowledged(connection, work.name, ids)
    counts["stock_acknowledged"] += len(ids)
