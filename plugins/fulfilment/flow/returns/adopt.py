"""Return orders of ours that the ledger lost: known again by their marker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.returns import return_orders
from include.core.returns import returned_pieces as rules
from include.core.systems.values import need_id
from include.ledger.returns import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fulfilment.flow.systems.work import Work
    from include.core.returns.returned_pieces import ReturnRow


def adopt_made(
    work: Work,
    order_id: int,
    rows: Sequence[ReturnRow],
    content: Mapping[str, Any],
    made: Sequence[Mapping[str, Any]],
) -> Sequence[ReturnRow]:
    """Take over return orders that we made of these pieces; return the pieces that have none.

    The key of a return order is the first of its pieces; the others follow it in wemalo's order.

    :param rows: pieces that the ledger knows no return order of, ascending.
    :param content: the original order, with its items.
    :param made: the order's return orders in plentymarkets.
    """
    left = list(rows)
    for data in sorted(made, key=lambda one: return_orders.key_of(one) or 0):
        key = return_orders.key_of(data)
        wanted = sum(return_orders.came_back([data]).values())
        mine: list[ReturnRow] = []
        for row in left:
            if key is not None and row.history_id >= key and wanted > 0:
                mine.append(row)
                wanted -= row.quantity
        if not mine or mine[0].history_id != key or wanted != 0:
            continue
        others = return_orders.came_back([one for one in made if one is not data])
        positions = return_orders.positions(content, work.merchant.wemalo.product_id, others)
        plan = rules.plan(mine, positions, work.merchant.returns, order_id)
        if len(plan.taken) != len(mine):
            continue
        with work.engine.begin() as connection:
            key = ledger.plan_return(connection, work.name, order_id, plan.taken, plan.lines)
            ledger.step(
                connection, work.name, key, state="done", plenty_return_id=need_id(data, "id"),
                created_at=ledger.wait(0), done_at=ledger.wait(0),
            )  # fmt: skip
            work.journal.add(
                connection, order_id, "return_adopted", key=key, return_order=need_id(data, "id")
            )
        left = [row for row in left if row not in mine]
    return left
