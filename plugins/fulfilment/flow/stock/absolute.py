"""Stock as an absolute number: safe to repeat, guarded against the timeline trap.

The number is wemalo's pieces in the house plus what left wemalo but is not yet booked in
plentymarkets. It is only written if plentymarkets' stock did not move between a reading before
wemalo was measured and one after it, so no booking is younger than the measurement
(plentymarkets contract 12.5). A correction in doubt (`fulfilment.flow.systems.write`) is taken once
the stock is measured to be right; while it is wrong it is set anew only when the call has settled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.stock import measure
from fulfilment.flow.stock.measure import SETTLED, emptied_by
from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.plenty_stock import STOCK_ROWS
from include.core.stock.stock_sync import (
    MASS_ZERO_WITHIN,
    ZERO,
    Case,
    Decision,
    Line,
    guard,
    hold_mass_zero,
    on_hand,
)
from include.core.systems.errors import AmbiguousWrite, FulfilmentError
from include.core.systems.slices import slices
from include.core.systems.values import need_id, need_number, need_whole
from include.ledger.exceptions.exceptions import item_subject
from include.ledger.stock import stock_postings
from include.ledger.stock import stock_sync as ledger
from include.ledger.systems import sync_state, writes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from fulfilment.flow.stock.exceptions import Unread
    from fulfilment.flow.systems.work import Work

#: plentymarkets' lists are asked for what changed so long before the last look, too
OVERLAP = timedelta(minutes=10)
STEP = "stock"


def correct(work: Work, state: Row[Any] | None, counts: dict[str, int], unread: Unread) -> datetime:
    """Set the stock of all products that changed on either side; return when it was measured."""
    since = state.read_until if state else None
    warehouse = work.merchant.plenty.warehouse_id
    moved = work.plenty.stock(warehouse, since=since - OVERLAP) if since else {}
    at = measure.read_wemalo(work, since, counts, unread)
    with work.engine.begin() as connection:
        levels = ledger.levels(connection, work.name)
    chosen = {n for n, row in levels.items() if row.dirty or n in moved}
    if not chosen:
        return at
    first = work.plenty.stock(warehouse, variation_ids=chosen)
    with work.engine.begin() as connection:
        before = measure.demand(work, connection)
    at = measure.read_wemalo(work, since, counts, unread)
    with work.engine.begin() as connection:
        measure.count_sent(work, connection)
        after = measure.demand(work, connection)
        levels = ledger.levels(connection, work.name)
        rows = stock_postings.recently_sent(connection, work.name, chosen, measure.RECENT_DAYS)
    waiting = measure.not_booked(work, rows, unread)
    second = work.plenty.stock(warehouse, variation_ids=chosen)
    there = measure.physical(second, unread)
    unsteady = before.unsteady | after.unsteady | after.moved_since(before) | unread.products
    steady = {
        n
        for n in chosen
        if n not in unsteady and (first.get(n) or {}) == (second.get(n) or {}) and n in levels
    }
    cases = {
        n: Case(
            variation_id=n,
            booked=there.get(n, ZERO) - waiting.get(n, ZERO),
            delta=on_hand(levels[n].available, after.pieces.get(n, ZERO), work.merchant.stock)
            + waiting.get(n, ZERO)
            - there.get(n, ZERO),
            approved=levels[n].approved_delta,
        )
        for n in steady
    }
    decisions = _judge(work, cases, levels, state)
    _write(work, cases, levels, decisions, there, counts, unread)
    return at


def _judge(
    work: Work, cases: Mapping[int, Case], levels: Mapping[int, Row[Any]], state: Row[Any] | None
) -> dict[int, Decision]:
    settings = work.merchant.stock
    decisions: dict[int, Decision] = {}
    new = settings.confirm_first_run and not (state and state.data.get("first_run_done"))
    for number, case in cases.items():
        lines = (Line("absolute", case.delta),) if case.delta else ()
        if new and case.delta and case.approved is None:
            decisions[number] = Decision("hold", lines, code="STOCK_FIRST_RUN")
        else:
            decisions[number] = guard(case, Decision("book", lines), settings)
    figures = {n: row.booked for n, row in levels.items()}
    figures |= {n: case.booked for n, case in cases.items()}
    stocked = {n: pieces for n, pieces in figures.items() if pieces and pieces > 0}
    with work.engine.begin() as connection:
        emptied = ledger.emptied(connection, work.name, MASS_ZERO_WITHIN)
    decisions = hold_mass_zero(cases, decisions, stocked, emptied, settings)
    held = any(decision.outcome == "hold" for decision in decisions.values())
    if new and cases and not held:
        with work.engine.begin() as connection:
            sync_state.set_data(connection, work.name, measure.CONCERN, first_run_done=True)
    return decisions


def _write(
    work: Work,
    cases: Mapping[int, Case],
    levels: Mapping[int, Row[Any]],
    decisions: Mapping[int, Decision],
    there: Mapping[int, Decimal],
    counts: dict[str, int],
    unread: Unread,
) -> None:
    with work.engine.begin() as connection:
        for number, decision in decisions.items():
            if decision.outcome == "hold":
                counts["held"] += 1
                ledger.set_level(connection, work.name, number, held=decision.code,
                                 held_delta=decision.total)  # fmt: skip
    targets = {
        n: there.get(n, ZERO) + decision.total
        for n, decision in decisions.items()
        if decision.outcome == "book"
    }
    with work.engine.begin() as connection:
        doubted = writes.in_doubt(connection, work.name)
    in_doubt = {row.subject for row in doubted if row.step == STEP}
    right = [n for n in targets if not cases[n].delta]
    shown = [n for n in right if item_subject(n) in in_doubt]  # an earlier call took effect

    def adopt(number: int) -> None:
        _set(work, [number], cases, levels, lambda: True)
        _done(work, [number], cases, decisions)

    _done(work, [n for n in right if n not in shown], cases, decisions)
    if not each(work, STEP, shown, adopt, subject=item_subject):
        return
    for chunk in slices(sorted(n for n in targets if cases[n].delta), STOCK_ROWS):
        usable = halved(work, STEP, chunk, _put(work, cases, levels, targets), subject=item_subject)
        try:
            rows = work.plenty.stock(work.merchant.plenty.warehouse_id, variation_ids=chunk)
        except FulfilmentError as error:
            work.note_trouble(error)  # they stay dirty: the next look measures them anew
            return
        now = measure.physical(rows, unread)
        right = [n for n in chunk if n not in unread.products and now.get(n, ZERO) == targets[n]]
        counts["corrected"] += len(right)
        _done(work, right, cases, decisions)
        if not usable:
            return


def _put(
    work: Work,
    cases: Mapping[int, Case],
    levels: Mapping[int, Row[Any]],
    targets: Mapping[int, Decimal],
) -> Callable[[Sequence[int]], None]:
    """Return what sets the stock of some products; one whose outcome is not known is looked at."""
    lost: set[int] = set()

    def put(some: Sequence[int]) -> None:
        if lost.isdisjoint(some):
            try:
                # measured a moment ago, and wrong: an earlier call has not taken effect
                _set(work, some, cases, levels, lambda: None)
            except AmbiguousWrite:
                lost.update(some)
            else:
                return
        if len(some) > 1:
            text = "Whether plentymarkets has set this stock is not known; it is looked at again."
            raise AmbiguousWrite(text, merchant=work.name)
        _set(work, some, cases, levels, partial(_shows, work, some[0], targets[some[0]]))

    return put


def _shows(work: Work, number: int, target: Decimal) -> bool | None:
    rows = work.plenty.stock(work.merchant.plenty.warehouse_id, variation_ids=[number])
    return True if number in rows and measure.pieces_of(rows[number]) == target else None


def _set(
    work: Work,
    some: Sequence[int],
    cases: Mapping[int, Case],
    levels: Mapping[int, Row[Any]],
    look: Callable[[], bool | None],
) -> None:
    """Send corrections of products whose levels are still as they were judged.

    :param look: whether the stock shows what an earlier call was to set.
    """

    def begin(connection: Connection) -> bool:
        return ledger.same_levels(connection, [levels[n] for n in some])

    def call() -> bool:
        rows = _rows(work, some, cases)
        work.plenty.correct_stock(work.merchant.plenty.warehouse_id, rows)
        return True

    what = f"the stock of {len(some)} products"
    if len(some) == 1:
        what = f"the stock of variation {some[0]}"
    about = Write(STEP, tuple(item_subject(n) for n in some), what)
    write(work, work.plenty, about, call, look=look, begin=begin)


def _rows(work: Work, chunk: Sequence[int], cases: Mapping[int, Case]) -> list[dict[str, Any]]:
    """Return correction rows; a correction speaks of one location, our numbers of the warehouse.

    Only locations with positive stock are listed: ours may be below zero, so it is what the
    warehouse has less all others.
    """
    plenty = work.merchant.plenty
    stock = work.plenty.stock(plenty.warehouse_id, variation_ids=chunk)
    whole = {number: measure.pieces_of(row) for number, row in stock.items()}
    own = plenty.storage_location_id
    others: dict[int, Decimal] = {}
    for row in work.plenty.stock_at_locations(plenty.warehouse_id, chunk):
        if own and need_whole(row, "storageLocationId") != own:
            number = need_id(row, "variationId")
            others[number] = others.get(number, ZERO) + need_number(row, "quantity")
    return [
        {
            "variationId": n,
            "quantity": float(whole.get(n, ZERO) - others.get(n, ZERO) + cases[n].delta),
            "storageLocationId": own,
            "reasonId": work.merchant.stock.reasons.absolute,
        }
        for n in chunk
    ]


def _done(
    work: Work,
    numbers: Sequence[int],
    cases: Mapping[int, Case],
    decisions: Mapping[int, Decision],
) -> None:
    """Keep products that are right now; their postings need no booking any more."""
    done = set(numbers)
    with work.engine.begin() as connection:
        rows = stock_postings.untaken(connection, work.name)
        for number in done:
            case = cases[number]
            values: dict[str, Any] = {
                **dict.fromkeys(SETTLED), "dirty": False, "booked": case.booked + case.delta,
                **emptied_by(case, decisions[number]),
            }  # fmt: skip
            ledger.set_level(connection, work.name, number, **values)
        stock_postings.take(
            connection, work.name, [r.history_id for r in rows if r.variation_id in done]
        )
