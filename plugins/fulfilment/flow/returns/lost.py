"""Pieces that came back in a window and became no return order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fulfilment.flow.returns.read import existing_returns
from fulfilment.flow.systems.each import each
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.wemalo_order import external_id
from include.core.parcels.sent_rows import row_name
from include.core.returns import return_orders
from include.core.returns.returned_pieces import return_row
from include.core.systems.slices import slices
from include.core.systems.window import both_ends
from include.ledger.replay import replays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.paging import Row
    from include.core.returns.returned_pieces import ReturnRow
    from include.core.systems.window import Window


def lost_returns(work: Work, window: Window, order_ids: Sequence[int]) -> list[ReturnRow]:
    """Return booked pieces of the replay, acknowledged or not, that plentymarkets has not.

    A piece is left alone where the ledger knows its return order, or where somebody else's return
    orders already hold as many pieces of the order as came back.
    """
    if not work.merchant.returns.create:
        return []
    by_order: dict[int, list[ReturnRow]] = defaultdict(list)
    for page in _read(work, window, order_ids):
        for order_id, row in _open_pieces(work, page):
            by_order[order_id].append(row)
    lost: list[ReturnRow] = []
    for some in slices(sorted(by_order), PAGE_SIZE):
        there = existing_returns(work, some)
        for order_id in some:
            if order_id in there:
                lost += _beyond(there[order_id], by_order[order_id])
    return lost


def _beyond(made: Sequence[Row], pieces: list[ReturnRow]) -> list[ReturnRow]:
    """Return an order's pieces, unless its return orders are somebody else's and hold them all."""
    ours = {return_orders.key_of(data) for data in made} & {row.history_id for row in pieces}
    held = sum(return_orders.came_back(made).values())
    return pieces if ours or held < sum(row.quantity for row in pieces) else []


def _open_pieces(work: Work, page: Sequence[Row]) -> list[tuple[int, ReturnRow]]:
    """Return the pieces of a page that are part of no return order we know, with their orders."""
    rows: dict[int, tuple[int, ReturnRow]] = {}

    def read(data: Row) -> None:
        row = return_row(data)
        if row.order_id is not None:
            rows[row.history_id] = row.order_id, row

    each(work, "row", page, read, subject=lambda data: f"returned:{row_name(data.get('id'))}")
    with work.engine.begin() as connection:
        settled = replays.settled_pieces(connection, work.name, rows)
    return [found for history_id, found in rows.items() if history_id not in settled]


def _read(work: Work, window: Window, order_ids: Sequence[int]) -> Iterable[list[Row]]:
    if not order_ids:
        return work.wemalo.returns_between(*both_ends(window))
    pages: list[list[Row]] = []
    each(work, "replay", order_ids, lambda n: pages.append(work.wemalo.returns_of(external_id(n))))
    return pages
