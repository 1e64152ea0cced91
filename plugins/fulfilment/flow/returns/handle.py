"""Returns: pieces that the warehouse booked become return orders in plentymarkets, each once.

::

    wemalo's queue → ledger rows → one planned return per order (written ahead, contents fixed)
    planned  → creating → POST     clear yes → created
                                   clear no  → planned anew, a person is told
                                   unknown   → stays creating: looked for, and made again only if
                                               it is not there when it can no longer arrive
    created  → reasons and conditions → booking (where set up) → done → queue acknowledged

Pieces that fit no order stay in wemalo's queue with an open exception. Nothing is read from
plentymarkets when nothing came back.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.open_cases import clear_case, raise_case
from fulfilment.flow.returns.adopt import adopt_made
from fulfilment.flow.returns.announce import announce_returns
from fulfilment.flow.returns.create import REFUSED, create_planned
from fulfilment.flow.returns.end import LOST, end_created
from fulfilment.flow.returns.lost import lost_returns
from fulfilment.flow.returns.read import existing_returns
from fulfilment.flow.systems.each import as_trouble, each, halved
from fulfilment.flow.systems.reading import Read, read_orders
from include.core.parcels.sent_rows import row_name
from include.core.returns import return_orders
from include.core.returns import returned_pieces as rules
from include.core.systems.errors import NotFound, OrderRejected
from include.core.systems.values import need_whole, whole
from include.core.systems.window import EVERYTHING
from include.ledger.parcels import sent_queue
from include.ledger.returns import announcements
from include.ledger.returns import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from fulfilment.flow.systems.work import Work
    from include.core.returns.returned_pieces import ReturnRow, Trouble
    from include.core.systems.window import Window

COUNTS = (
    "return_rows", "returns_created", "returns_adopted", "returns_ended", "returns_booked",
    "return_exceptions", "returns_acknowledged", "returns_announced",
)  # fmt: skip
#: after so long it is looked again whether plentymarkets has something that it did not have
TROUBLE_RETRY_S = 3600


def handle_returns(
    work: Work, *, window: Window = EVERYTHING, order_ids: Sequence[int] = ()
) -> dict[str, int]:
    """Bring plentymarkets up to what came back, and tell wemalo what will come back.

    :param window: of a replay, which also takes up pieces that somebody acknowledged.
    :param order_ids: of a replay of single orders.
    :returns: counts: return_rows (in wemalo's queue), returns_created, returns_adopted (found
        after a lost answer), returns_ended, returns_booked (into stock), return_exceptions (new),
        returns_acknowledged (rows), returns_announced.
    :raises FulfilmentError: a system failed; what could be done was done.
    """
    counts = dict.fromkeys(COUNTS, 0)
    with as_trouble(work):
        _take_back(work, counts, window, order_ids)
    if work.scope is None:
        with as_trouble(work):
            announce_returns(work, counts)
    return work.end(counts)


def _take_back(
    work: Work, counts: dict[str, int], window: Window, order_ids: Sequence[int]
) -> None:
    if not work.merchant.returns.create:
        return
    lost = [] if work.scope is None else lost_returns(work, window, order_ids)
    rows = _take_queue(work, counts, lost)
    if not work.trouble:
        _plan(work, rows, counts)
    if not work.trouble:
        create_planned(work, counts)
    if not work.trouble:
        end_created(work, counts)
    _acknowledge(work, rows, counts)


def _take_queue(
    work: Work, counts: dict[str, int], lost: Sequence[ReturnRow]
) -> dict[int, ReturnRow]:
    """Keep wemalo's open rows; what left the queue without us is no longer our case.

    :param lost: of a replay: pieces that are no longer in the queue.
    """
    rows: dict[int, ReturnRow] = {row.history_id: row for row in lost}
    shown = work.wemalo.booked_returns()

    def read(data: Mapping[str, Any]) -> None:
        row = rules.return_row(data)
        if work.covers(row.order_id):
            rows[row.history_id] = row

    each(work, "row", shown, read, subject=lambda data: _row(data.get("id")))
    halved(work, "row_kept", list(rows.values()), partial(_keep, work), subject=_row_of)
    counts["return_rows"] = len(rows)
    there = {*rows, *(number for data in shown if (number := whole(data.get("id"))) is not None)}
    with work.engine.begin() as connection:
        gone_rows = [] if work.scope is not None else ledger.mark_gone(connection, work.name, there)
        for gone in gone_rows:
            work.journal.add(connection, gone.order_id or 0, "piece_gone", piece=gone.history_id)
            if gone.trouble_code:
                clear_case(
                    work, connection, gone.order_id, _item(gone.history_id), gone.trouble_code
                )
        for lost in ledger.give_up(connection, work.name, LOST, there):
            item = _item(lost.return_key)
            clear_case(work, connection, lost.order_id, item, LOST)
            work.journal.add(
                connection, lost.order_id, "return_given_up", return_order=lost.plenty_return_id
            )
    return rows


def _keep(work: Work, rows: Sequence[ReturnRow]) -> None:
    with work.engine.begin() as connection:
        fresh = ledger.keep_rows(connection, work.name, rows)
        work.journal.add_many(
            connection,
            [
                (row.order_id or 0, "piece_returned", row.facts())
                for row in rows
                if row.history_id in fresh
            ],
        )


def _row(history_id: object) -> str:
    return f"returned:{row_name(history_id)}"


def _row_of(row: ReturnRow) -> str:
    return _row(row.history_id)


def _item(history_id: int) -> str:
    return f"return:{history_id}"


# -- planning -------------------------------------------------------------------------------------


def _plan(work: Work, rows: Mapping[int, ReturnRow], counts: dict[str, int]) -> None:
    """Plan one return per order of the pieces that have none yet."""
    with work.engine.begin() as connection:
        waiting = ledger.unplanned(connection, work.name, rows)
        ids = {row.return_id for row in rows.values() if row.return_id}
        announced = announcements.known(connection, work.name, ids)
        busy = ledger.unfinished_orders(connection, work.name)
    by_order: dict[int, list[ReturnRow]] = defaultdict(list)
    by_return: dict[int, list[ReturnRow]] = defaultdict(list)
    known = {kept.history_id: kept for kept in waiting}
    for kept in waiting:
        row = rows[kept.history_id]
        notice = announced.get(row.return_id or 0)
        trouble = _at_sight(work, row, is_announced=notice is not None)
        if trouble is not None:
            _tell(work, kept, row, trouble, counts)
        elif not kept.due and kept.trouble_code not in _CURED_BY_SETTINGS:
            continue
        elif notice is not None:
            by_return[notice.return_id].append(row)
        elif row.order_id is not None and row.order_id not in busy:
            by_order[row.order_id].append(row)
    if by_order or by_return:
        read = read_orders(work, "returns_read", {*by_order, *by_return}, ["orderItems.variation"])
        if read.usable:
            _plan_announced(work, by_return, read, known, counts)
            _plan_new(work, by_order, read, known, counts)


#: these are judged from the row and the settings alone, so they cost nothing to judge again
_CURED_BY_SETTINGS = frozenset(
    {"RETURN_REASON_UNMAPPED", "RETURN_CONDITION_UNMAPPED", "RETURN_UNANNOUNCED"}
)


def _at_sight(work: Work, row: ReturnRow, *, is_announced: bool) -> Trouble | None:
    """Return a trouble that needs no look at plentymarkets."""
    settings = work.merchant.returns
    if row.order_id is None and not is_announced:
        return rules.no_order(row)
    if not row.return_external_id and settings.unannounced == "exception":
        return rules.not_announced(row)
    return rules.mapping_trouble(row, settings, work.name)


def _tell(
    work: Work, kept: Row[Any], row: ReturnRow, trouble: Trouble, counts: dict[str, int]
) -> None:
    """Open the exception of one piece, once per cause."""
    with work.engine.begin() as connection:
        ledger.set_trouble(connection, work.name, row.history_id, trouble.code, TROUBLE_RETRY_S)
        if kept.trouble_code == trouble.code:
            return
        item = _item(row.history_id)
        if kept.trouble_code:
            clear_case(work, connection, row.order_id, item, kept.trouble_code)
        raise_case(work, connection, row.order_id, item, trouble, **row.facts())
    counts["return_exceptions"] += 1


def _plan_new(
    work: Work,
    by_order: Mapping[int, Sequence[ReturnRow]],
    read: Read,
    known: Mapping[int, Row[Any]],
    counts: dict[str, int],
) -> None:
    mine = {
        order_id
        for order_id, data in read.found.items()
        if need_whole(data, "plentyId") == work.merchant.plenty.plenty_id
        and need_whole(data, "typeId") != return_orders.RETURN_TYPE
    }
    before = existing_returns(work, mine & set(by_order))

    def plan(order_id: int) -> None:
        if order_id not in mine:
            for row in by_order[order_id]:
                _tell(work, known[row.history_id], row, rules.no_order(row), counts)
            return
        content, made = read.found[order_id], before[order_id]
        rows = adopt_made(work, order_id, by_order[order_id], content, made)
        if not rows:
            return
        gone = return_orders.came_back(made)
        with work.engine.begin() as connection:
            sent = sent_queue.pieces_out(connection, work.name, order_id)
        left = return_orders.positions(content, work.merchant.wemalo.product_id, gone, sent)
        _write_ahead(work, order_id, None, rows, left, known, counts)

    judged = [n for n in by_order if read.knows(n) and (n not in mine or n in before)]
    each(work, "return", judged, plan)


def _plan_announced(
    work: Work,
    by_return: Mapping[int, Sequence[ReturnRow]],
    read: Read,
    known: Mapping[int, Row[Any]],
    counts: dict[str, int],
) -> None:
    """Count pieces against the return order that the merchant made beforehand."""

    def plan(return_id: int) -> None:
        rows, data = by_return[return_id], read.found.get(return_id)
        if data is None:  # the merchant deleted it meanwhile
            for row in rows:
                _tell(work, known[row.history_id], row, rules.no_order(row), counts)
            return
        with work.engine.begin() as connection:
            earlier = ledger.of_return_order(connection, work.name, return_id)
        gone: dict[int, int] = defaultdict(int)
        for line in (line for old in earlier for line in old.lines):
            gone[line["item_id"]] += line["quantity"]
        left = return_orders.positions(data, work.merchant.wemalo.product_id, gone)
        order_id = return_orders.parent_of(data) or rows[0].order_id or return_id
        _write_ahead(work, order_id, return_id, rows, left, known, counts)

    each(work, "return", [n for n in by_return if read.knows(n)], plan)


def _write_ahead(
    work: Work,
    order_id: int,
    return_id: int | None,
    rows: Sequence[ReturnRow],
    left: Sequence[rules.Returnable],
    known: Mapping[int, Row[Any]],
    counts: dict[str, int],
) -> None:
    plan = rules.plan(rows, left, work.merchant.returns, order_id)
    by_id = {row.history_id: row for row in rows}
    for history_id, trouble in plan.troubles.items():
        _tell(work, known[history_id], by_id[history_id], trouble, counts)
    if not plan.taken:
        return
    with work.engine.begin() as connection:
        for history_id in plan.taken:
            code = known[history_id].trouble_code
            if code and code != REFUSED:  # that one ends when plentymarkets takes the return
                clear_case(work, connection, order_id, _item(history_id), code)
        key = ledger.plan_return(
            connection, work.name, order_id, plan.taken, plan.lines, plenty_return_id=return_id
        )
        work.journal.add(
            connection,
            order_id,
            "return_planned",
            key=key,
            return_order=return_id,
            pieces=sum(line.quantity for line in plan.lines),
        )


# -- the end --------------------------------------------------------------------------------------


def _acknowledge(work: Work, there: Iterable[int], counts: dict[str, int]) -> None:
    """Take rows off wemalo's queue whose return order is complete; last of all."""
    with work.engine.begin() as connection:
        ids = ledger.rows_to_acknowledge(connection, work.name, list(there))
    done: list[int] = []

    def take_off(history_id: int) -> None:
        """Acknowledge a row; one that wemalo does not know is off, if the queue says so as well."""
        try:
            work.wemalo.acknowledge_return(history_id)
        except (OrderRejected, NotFound) as error:
            if error.code != "NOT_FOUND":
                raise
            if any(whole(row.get("id")) == history_id for row in work.wemalo.booked_returns()):
                raise
        done.append(history_id)

    each(work, "acknowledge", ids, take_off, subject=_row)
    with work.engine.begin() as connection:
        ledger.acknowledged(connection, work.name, done)
    counts["returns_acknowledged"] = len(done)
