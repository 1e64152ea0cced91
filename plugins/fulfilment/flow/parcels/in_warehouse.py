"""Look at orders in the warehouse: what waits may have got its goods, what is there may be gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.from_ledger import CANCEL_TRIES
from fulfilment.flow.orders.cancellation import settle_too_late
from fulfilment.flow.orders.handover import accept, arrived, warehouse_cancelled
from fulfilment.flow.orders.send_again import send_again
from fulfilment.flow.parcels.by_order import read_by_order
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.work import log
from include.core.exceptions.long_stays import NOT_FOUND
from include.core.orders.states import NOT_AT_WAREHOUSE, State
from include.core.orders.wemalo_order import NOT_STARTED, WarehouseStatus, external_id, state_of
from include.ledger.orders import in_flight, orders
from include.ledger.parcels import shipping

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloStatus

#: of the orders that wait, and of those that are being worked on, so many are looked at per run
WAITING_LIMIT = 200
WORKED_ON_LIMIT = 50
GIVEN_UP_LIMIT = 50
#: so long an order whose hand-over was given up is looked for: its call may have been held up
GIVEN_UP_LATELY = timedelta(hours=24)
#: so many clear looks in a row, and an order that wemalo had is one that it does not know
UNKNOWN_LOOKS = 2


def look_at_warehouse(work: Work, counts: dict[str, int]) -> None:
    """Ask wemalo for the orders that were not looked at for longest.

    Waiting orders at every run, since they go on as soon as wemalo has the goods; the others only
    when the last look is old: their end comes by the queue of sent items. Those whose hand-over was
    given up may have arrived all the same. What the warehouse cannot begin with for a reason of its
    own is sent again. Counts ``freed``.
    """
    with work.engine.begin() as connection:
        rows = orders_to_look_at(work, connection)

    def look(row: Row[Any]) -> None:
        with work.engine.begin() as connection:
            # before the answer: one that cannot be read takes no other order's turn
            orders.touch(connection, work.name, [row.order_id], looked_at=datetime.now(UTC))
        found = work.wemalo.status(external_id(row.order_id))
        if row.state in NOT_AT_WAREHOUSE:
            _look_for_given_up(work, row, found)
        elif found is None:
            _unknown(work, row)
        else:
            counts["freed"] += _take(work, row, found)
            if found.name == row.wemalo_status == WarehouseStatus.SHIPPED:
                read_by_order(work, row.order_id)

    if each(work, "look", rows, look):
        counts["freed"] += send_again(work)


def orders_to_look_at(work: Work, connection: Connection) -> list[Row[Any]]:
    """Return the orders whose turn it is, see `look_at_warehouse`."""
    rows = [
        *in_flight.oldest_look(
            connection, work.name, [State.WAITING], older_than_s=0, limit=WAITING_LIMIT
        ),
        *in_flight.oldest_look(
            connection,
            work.name,
            [State.ACCEPTED, State.PARTLY_SHIPPED],
            older_than_s=work.look_again_s,
            limit=WORKED_ON_LIMIT,
        ),
        *in_flight.oldest_look(
            connection,
            work.name,
            NOT_AT_WAREHOUSE,
            older_than_s=work.look_again_s,
            limit=GIVEN_UP_LIMIT,
            given_up=GIVEN_UP_LATELY,
        ),
    ]
    return work.mine(rows)


def _see(work: Work, connection: Connection, row: Row[Any], found: WemaloStatus) -> None:
    """Keep what wemalo shows of an order whose state does not follow from it."""
    reason = found.reason or found.block_reason
    seen = (found.name, reason, 0)
    if seen == (row.wemalo_status, row.wemalo_reason or "", row.lookups):
        return
    if state_of(found.name) is None:  # contract 4.6: logged, and no change
        log.warning("%s order %s: unknown status %r", work.name, row.order_id, found.name[:40])
    orders.touch(
        connection, work.name, [row.order_id],
        wemalo_status=found.name[:40], wemalo_reason=reason, lookups=0,
    )  # fmt: skip


def _look_for_given_up(work: Work, row: Row[Any], found: WemaloStatus | None) -> None:
    if found is not None:
        with work.engine.begin() as connection:
            reason = found.reason or found.block_reason
            arrived(work, connection, row.order_id, found.name, reason)


def _unknown(work: Work, row: Row[Any]) -> None:
    """Count a clear "not found" of an order that wemalo had; it is told, and never sent again."""
    looks = row.lookups + 1
    with work.engine.begin() as connection:
        orders.touch(connection, work.name, [row.order_id], lookups=looks)
        if looks >= UNKNOWN_LOOKS and row.wemalo_status != NOT_FOUND:
            orders.move(
                connection, work.journal, row.order_id, State(row.state),
                only_from=[State(row.state)], expect_version=row.version,
                sets={"wemalo_status": NOT_FOUND}, event="unknown_at_warehouse",
                lookups=looks, warehouse=row.wemalo_status,
            )  # fmt: skip


def _take(work: Work, row: Row[Any], found: WemaloStatus) -> bool:
    """Take over what wemalo says; say whether a waiting order can go on."""
    state = state_of(found.name)
    with work.engine.begin() as connection:
        if state is State.CANCELLED and shipping.parcels_of(connection, work.name, row.order_id):
            # the rest is cancelled, a part has left: the order ends as shipped, by its parcels
            _see(work, connection, row, found)
            return False
        if state is State.CANCELLED:
            warehouse_cancelled(work, connection, row.order_id)
            return False
        asked = row.cancel_requested_at is not None and row.cancel_tries >= CANCEL_TRIES
        if asked and state is State.ACCEPTED and found.name not in NOT_STARTED:
            settle_too_late(work, connection, row.order_id, found.name)
        reason = found.reason or found.block_reason
        same = found.name == row.wemalo_status and reason == (row.wemalo_reason or "")
        if state is None or same or row.state == State.PARTLY_SHIPPED:
            _see(work, connection, row, found)
            return False
        # goods that came, went and came again are told each time: a new occasion
        episode = row.episode + (state != row.state)
        accept(
            work,
            connection,
            row.order_id,
            episode,
            found.name,
            reason,
            expect_version=row.version,
            sets={"episode": episode, "lookups": 0},
        )
    return row.state == State.WAITING and state is State.ACCEPTED
