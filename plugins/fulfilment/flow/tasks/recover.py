"""Settle writes that were interrupted: a process died, a connection broke, an answer was lost.

Nothing is repeated here: what certainly never took effect goes back to where its step decides anew,
from what plentymarkets shows then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from fulfilment.flow.changes.cancel import back_from_asking, settle_asked
from fulfilment.flow.changes.send import back_from_sending, settle_sent
from fulfilment.flow.orders.handover import accept, arrived, hand_over_of, is_sent_again
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.write import settle
from include.core.orders.states import State
from include.core.orders.wemalo_order import WarehouseStatus, external_id
from include.ledger.orders import in_flight, orders

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloStatus


def settle_interrupted(work: Work) -> None:
    """Find out what came of every write about an order that nobody holds and that has not ended."""
    with work.engine.begin() as connection:
        for row in work.mine(in_flight.never_left(connection, work.name)):
            _never_left(work, connection, row)
    for step, find_out in (
        ("hand_over", _settle_hand_over),
        ("cancel", settle_asked),
        ("change", settle_sent),
    ):
        with work.engine.begin() as connection:
            ids = [n for n in in_flight.unsettled(connection, work.name, step) if work.covers(n)]
        if not each(work, step, ids, partial(find_out, work)):
            return


def _never_left(work: Work, connection: Connection, row: Row[Any]) -> None:
    """Return an order that was written ahead, and of whose write no call has left."""
    if row.state == State.CANCELLING:
        back_from_asking(work, connection, row.order_id, None, "cancel_not_sent")
    elif row.new_content is not None:
        back_from_sending(work, connection, row.order_id, None, "change_not_sent")
    else:
        orders.move(
            connection, work.journal, row.order_id, State.READY,
            only_from=[State.SUBMITTING], expect_version=row.version,
            sets={"sent_fingerprint": None}, event="submit_not_sent",
        )  # fmt: skip


def _settle_hand_over(work: Work, order_id: int) -> None:
    """Find out whether an order arrived; one that never did is looked at and sent anew.

    :raises InDoubt: it may still arrive.
    """

    def end(connection: Connection, found: WemaloStatus | None) -> None:
        row = orders.one(connection, work.name, order_id, lock=True)
        if row.state != State.SUBMITTING or row.new_content is not None:
            if found is not None:
                arrived(work, connection, order_id, found.name, found.reason)
        elif found is not None:
            accept(
                work, connection, order_id, row.episode, found.name, found.reason, event="adopted"
            )
        else:
            orders.move(
                connection, work.journal, order_id, State.READY,
                sets={
                    "sent_fingerprint": None,
                    "given_up_at": datetime.now(UTC),
                    "given_up_fingerprint": row.sent_fingerprint,
                },
                event="submit_not_arrived",
            )  # fmt: skip

    def look() -> WemaloStatus | None:
        found = work.wemalo.status(external_id(order_id))
        with work.engine.begin() as connection:
            again = is_sent_again(orders.one(connection, work.name, order_id))
        cancelled = found is not None and found.name == WarehouseStatus.CANCELLED
        return None if again and cancelled else found

    settle(work, hand_over_of(order_id), look, end)
