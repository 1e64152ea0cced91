"""Pieces that came back in a window and became no return order."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from fulfilment.flow.returns.read import existing_returns
from include.core import return_orders
from include.core.errors import ContractError
from include.core.returns import return_row
from include.core.wemalo_order import external_id
from include.ledger import replays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fulfilment.flow.work import Work
    from include.core.returns import ReturnRow
    from include.core.window import Window


def lost_returns(work: Work, window: Window, order_ids: Sequence[int]) -> list[ReturnRow]:
    """Return booked pieces of the replay, acknowledged or not, that plentymarkets has not.

    A piece is left alone where the ledger knows its return order, or where somebody else's return
    orders already hold as many pieces of the order as came back.
    """
    if not work.merchant.returns.create:
        return []
    rows: dict[int, ReturnRow] = {}
    for data in _read(work, window, order_ids):
        try:
            row = return_row(data)
        except ContractError as error:
            work.note_trouble(error)
            continue
        if row.order_id is not None:
            rows[row.history_id] = row
    with work.engine.begin() as connection:
        settled = replays.settled_pieces(connection, work.name, rows)
    by_order: dict[int, list[ReturnRow]] = defaultdict(list)
    for history_id, row in sorted(rows.items()):
        if history_id not in settled and row.order_id is not None:
            by_order[row.order_id].append(row)
    there = existing_returns(work, by_order) if by_order else {}
    lost = []
    for order_id, pieces in by_order.items():
        made = there.get(order_id, [])
        held = sum(return_orders.came_back(made).values())
        ours = {return_orders.key_of(data) for data in made} & {row.history_id for row in pieces}
        if ours or held < sum(row.quantity for row in pieces):
            lost += pieces
    return lost


def _read(work: Work, window: Window, order_ids: Sequence[int]) -> list[dict[str, object]]:
    if order_ids:
        return [row for i in order_ids for row in work.wemalo.returns_of(external_id(i))]
    if window[0] is None or window[1] is None:
        return []
    return work.wemalo.returns_between(window[0], window[1] - timedelta(seconds=1))
