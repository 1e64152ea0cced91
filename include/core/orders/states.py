"""The life of an order in the ledger: its states and the moves between them.

One table, `MOVES`, is the whole state machine. The ledger refuses any other move and records the
attempt. What has to be written to plentymarkets is not a state: it waits in the outbox.
"""

from __future__ import annotations

from enum import StrEnum

from include.core.systems.errors import IllegalMove


class State(StrEnum):
    """Where an order stands between the two systems."""

    FETCHED = "fetched"  # read from plentymarkets, not yet checked
    READY = "ready"  # checked and good, waits for its turn
    INVALID = "invalid"  # address or content faulty: 6.2, waits for the merchant
    NO_STOCK = "no_stock"  # not enough stock: 6.3, waits for goods
    QUARANTINED = "quarantined"  # cannot be handled without a person; the reason says why
    SUBMITTING = "submitting"  # written ahead: a POST to wemalo may have happened
    RETRY_WAIT = "retry_wait"  # wemalo refused for now (limit); has a time
    WAITING = "waiting"  # wemalo has it and cannot start (PARTIAL)
    ACCEPTED = "accepted"  # wemalo has it, and reserved everything
    CANCELLING = "cancelling"  # written ahead: a cancel call may have happened
    CANCELLED = "cancelled"  # will not ship: never sent, or cancelled in wemalo
    PARTLY_SHIPPED = "partly_shipped"  # some parcels left
    SHIPPED = "shipped"  # the last parcel left
    WITHDRAWN = "withdrawn"  # the merchant took it back before it was sent


S = State

#: a hand-over that was given up has arrived after all (`fulfilment.flow.orders.handover.arrived`)
_ARRIVED = frozenset({S.ACCEPTED, S.WAITING})
#: a parcel that left is a fact: whatever an order is taken for, it goes here then
_LEFT = frozenset({S.PARTLY_SHIPPED, S.SHIPPED})
_AFTER_ALL = _ARRIVED | _LEFT

#: state -> the states it may move to. Staying in a state is always allowed.
MOVES: dict[State, frozenset[State]] = {
    S.FETCHED: _AFTER_ALL | {
        S.READY, S.INVALID, S.NO_STOCK, S.QUARANTINED, S.CANCELLED, S.WITHDRAWN
    },
    S.READY: _AFTER_ALL | {S.FETCHED, S.SUBMITTING, S.CANCELLED, S.WITHDRAWN, S.QUARANTINED},
    S.INVALID: _AFTER_ALL | {S.FETCHED, S.CANCELLED, S.WITHDRAWN},
    S.NO_STOCK: _AFTER_ALL | {S.FETCHED, S.READY, S.CANCELLED, S.WITHDRAWN},
    S.QUARANTINED: _AFTER_ALL | {S.FETCHED, S.READY, S.CANCELLED, S.WITHDRAWN},
    S.SUBMITTING: frozenset(
        {S.ACCEPTED, S.WAITING, S.READY, S.RETRY_WAIT, S.QUARANTINED, S.PARTLY_SHIPPED, S.SHIPPED,
         S.CANCELLED}
    ),
    S.RETRY_WAIT: _AFTER_ALL | {S.FETCHED, S.READY, S.SUBMITTING, S.CANCELLED, S.WITHDRAWN},
    S.WAITING: frozenset(
        {S.ACCEPTED, S.SUBMITTING, S.CANCELLING, S.CANCELLED, S.PARTLY_SHIPPED, S.SHIPPED}
    ),
    S.ACCEPTED: frozenset(
        {S.WAITING, S.SUBMITTING, S.CANCELLING, S.CANCELLED, S.PARTLY_SHIPPED, S.SHIPPED}
    ),
    S.CANCELLING: frozenset(
        {S.CANCELLED, S.ACCEPTED, S.WAITING, S.PARTLY_SHIPPED, S.SHIPPED}
    ),
    S.CANCELLED: _AFTER_ALL | {S.FETCHED},
    S.PARTLY_SHIPPED: frozenset({S.SHIPPED, S.CANCELLED}),
    S.SHIPPED: frozenset(),
    S.WITHDRAWN: _AFTER_ALL | {S.FETCHED, S.CANCELLED},
}  # fmt: skip

#: wemalo has never heard of these orders: a cancellation needs no call to the warehouse.
NEVER_SENT = frozenset(
    {S.FETCHED, S.READY, S.INVALID, S.NO_STOCK, S.QUARANTINED, S.RETRY_WAIT, S.WITHDRAWN}
)
#: the warehouse has the order (or may have it).
AT_WAREHOUSE = frozenset({S.SUBMITTING, S.WAITING, S.ACCEPTED, S.CANCELLING, S.PARTLY_SHIPPED})
#: not known to be at the warehouse; one that was given up may arrive there all the same.
NOT_AT_WAREHOUSE = NEVER_SENT | {S.CANCELLED}
#: nothing more is expected to happen.
ENDED = frozenset({S.SHIPPED, S.CANCELLED, S.WITHDRAWN})


def require_move(old: State, new: State) -> None:
    """Raise `IllegalMove` unless the move from ``old`` to ``new`` is in the table."""
    if old != new and new not in MOVES[old]:
        text = f"An order cannot go from {old} to {new}."
        raise IllegalMove(text)


def sources_of(new: State) -> frozenset[State]:
    """Return every state from which ``new`` can be reached, for a conditional update."""
    return frozenset(old for old, targets in MOVES.items() if new in targets)
