"""Send again what the warehouse has and cannot begin with (`include.core.orders.send_again`)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.handover import accept
from fulfilment.flow.systems.each import by_order, each
from fulfilment.flow.systems.write import Write, write
from include.core.orders.send_again import is_due, possible
from include.core.orders.states import State
from include.core.orders.wemalo_order import compose
from include.ledger.exceptions import long_stays
from include.ledger.orders import orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloAnswer

#: orders of one run (wemalo contract 13)
AT_ONCE = 100


def send_again(work: Work) -> int:
    """Send what is due once more and return how many orders the warehouse can begin with now."""
    with work.engine.begin() as connection:
        rows = due_again(work, connection)
    freed = 0

    def send_one(row: Row[Any]) -> None:
        nonlocal freed
        freed += _send(work, row)

    each(work, "hand_over", rows, send_one)
    return freed


def due_again(work: Work, connection: Connection) -> Sequence[Row[Any]]:
    """Return the orders that are due to be sent once more."""
    if not possible(work.merchant):
        return []
    pause = timedelta(seconds=work.again_s)
    standing = long_stays.cannot_start(connection, work.name)
    due = [
        row.order_id for row in work.mine(standing) if is_due(row.tries, row.since, row.now, pause)
    ]
    return long_stays.to_send_again(connection, work.name, due[:AT_ONCE])


def _send(work: Work, row: Row[Any]) -> bool:
    """Send one order again; say whether the warehouse can begin with it now.

    Twice is the same as once, so that it is repeated without a look. It is a change to the same
    data: while one is in doubt the other waits.
    """
    body = compose(orders.content(row), work.merchant_by(row.facts))
    state = State.WAITING

    def end(connection: Connection, answer: WemaloAnswer, _: bool) -> None:
        nonlocal state
        work.journal.add(connection, row.order_id, "sent_again", reason=row.wemalo_reason)
        status = answer.status
        if status is None or not long_stays.is_as(connection, row):
            return  # the next look tells
        episode = row.episode + (status.name != row.wemalo_status)
        state = accept(
            work, connection, row.order_id, episode, status.name, status.reason,
            expect_version=row.version, sets={"episode": episode},
        )  # fmt: skip

    write(
        work,
        work.wemalo,
        Write("change", (by_order(row),), f"sending order {row.order_id} again"),
        lambda: work.wemalo.add_conditional(body),
        begin=lambda connection: long_stays.is_as(connection, row),
        end=end,
    )
    return state is State.ACCEPTED
