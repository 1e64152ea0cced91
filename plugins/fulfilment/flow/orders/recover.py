"""Settle writes that were interrupted: a process died, a connection broke, an answer was lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fulfilment.flow.changes.cancel import settle_by_status
from fulfilment.flow.changes.send import settle_unclear
from fulfilment.flow.each import by_order, each
from fulfilment.flow.orders.handover import accept
from include.core.errors import FulfilmentError
from include.core.states import State
from include.core.wemalo_order import NOT_STARTED, external_id
from include.ledger import failures, orders

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Row

    from fulfilment.flow.work import Work

#: so many clear "not found" answers before an order counts as never arrived (design 4)
LOOKUPS = 2


def settle_interrupted(work: Work) -> int:
    """Ask wemalo for every SUBMITTING or CANCELLING order whose lease has run out.

    :returns: how many were settled; the others are asked again at the next run.
    """
    with work.engine.begin() as connection:
        rows = orders.take_over_leases(connection, work.name, work.owner, work.lease_s)
    rows = [row for row in rows if row.order_id not in work.facts.strangers]
    settled = 0

    def look(row: Row[Any]) -> None:
        nonlocal settled
        try:
            settled += _settle(work, row)
        except FulfilmentError:  # nothing was found out: it may be looked at again at once
            with work.engine.begin() as connection:
                orders.touch(connection, work.name, [row.order_id], lease_until=None)
            raise

    each(work, "look", rows, look)
    return settled


def _settle(work: Work, row: Row[Any]) -> bool:
    if row.state == State.CANCELLING:
        if settle_by_status(work, row.order_id, "INTERRUPTED") != "unclear":
            _certain(work, row, "cancel")
            return True
        with work.engine.begin() as connection:  # it never arrived: asking again is safe
            orders.move(
                connection, work.journal, row.order_id, State.ACCEPTED,
                only_from=[State.CANCELLING], event="cancel_not_arrived",
            )  # fmt: skip
        return True
    found = work.wemalo.status(external_id(row.order_id))
    if found is not None and row.new_content is not None:
        settle_unclear(work, row, found)
        if found.name not in NOT_STARTED:  # else it is sent once more
            _certain(work, row, "change")
        return True
    if found is not None:
        with work.engine.begin() as connection:
            accept(
                work,
                connection,
                row.order_id,
                row.episode,
                found.name,
                found.reason,
                event="adopted",
            )
        _certain(work, row, "hand_over")
        return True
    return _not_found(work, row)


def _certain(work: Work, row: Row[Any], step: str) -> None:
    """Forget that the answer to ``step`` was lost: it arrived."""
    with work.engine.begin() as connection:
        failures.forget(connection, work.journal, step, [by_order(row)])


def _not_found(work: Work, row: Row[Any]) -> bool:
    """Count a clear "not found"; a call that is slow to take effect gets a second look later."""
    with work.engine.begin() as connection:
        if row.lookups + 1 < LOOKUPS:
            again = datetime.now(UTC) + timedelta(seconds=work.lookup_gap_s)
            orders.touch(
                connection,
                work.name,
                [row.order_id],
                lookups=row.lookups + 1,
                lease_until=again,
            )
            work.journal.add(connection, row.order_id, "not_found", lookups=row.lookups + 1)
            return False
        return orders.move(
            connection,
            work.journal,
            row.order_id,
            State.READY,
            only_from=[State.SUBMITTING],
            sets={
                "sent_fingerprint": None,
                "lookups": 0,
                "content": row.new_content or row.content,
                "new_content": None,
                "change_state": None,
            },
            event="submit_not_arrived",
        )
