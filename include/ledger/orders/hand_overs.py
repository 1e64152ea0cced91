"""Orders on their way to the warehouse some at a time: judged, noted ahead and accepted as sets.

Each is one statement for a whole group, made once. Rows are locked by their order's number, so that
two groups never wait for each other in a circle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.core.orders.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, TextClause

    from include.ledger.orders.journal import Journal


def _of_orders(columns: str, arrays: str, sets: str, states: str) -> TextClause:
    """Return the statement that changes orders of a version in some states, and tells which."""
    return text(f"""
        WITH wanted AS (SELECT * FROM unnest({arrays}) AS w ({columns})),
        locked AS (
            SELECT o.order_id FROM orders AS o JOIN wanted USING (order_id)
            WHERE o.merchant = :merchant ORDER BY o.order_id FOR UPDATE OF o
        )
        UPDATE orders AS o SET {sets}, version = o.version + 1, changed_at = now(), ended_at = NULL
        FROM locked JOIN wanted USING (order_id)
        WHERE o.merchant = :merchant AND o.order_id = locked.order_id
            AND o.version = wanted.version AND o.state IN ({states})
        RETURNING o.order_id
    """)  # noqa: S608 - of constants


_ARRAYS = "CAST(:ids AS bigint[]), CAST(:versions AS bigint[])"
_READY = _of_orders(
    "order_id, version, content",
    f"{_ARRAYS}, CAST(:contents AS text[])",
    f"state = '{State.READY}', reason_code = NULL, reason = NULL, next_attempt_at = NULL, "
    "content = coalesce(CAST(wanted.content AS jsonb), o.content)",
    f"'{State.FETCHED}', '{State.QUARANTINED}', '{State.NO_STOCK}'",
)
_BEGIN = _of_orders(
    "order_id, version, fingerprint",
    f"{_ARRAYS}, CAST(:fingerprints AS text[])",
    f"state = '{State.SUBMITTING}', attempts = o.attempts + 1, "
    "sent_fingerprint = wanted.fingerprint",
    f"'{State.READY}', '{State.RETRY_WAIT}'",
)
#: what the order looks like after a write is read once more, as `orders.move` does
_ACCEPT = _of_orders(
    "order_id, version, status, reason",
    f"{_ARRAYS}, CAST(:statuses AS text[]), CAST(:reasons AS text[])",
    f"state = '{State.ACCEPTED}', wemalo_status = wanted.status, wemalo_reason = wanted.reason, "
    "next_attempt_at = NULL, looked_at = clock_timestamp(), seen_updated_at = NULL",
    f"'{State.SUBMITTING}'",
)
_PUT_BACK = _of_orders(
    "order_id, version",
    _ARRAYS,
    f"state = '{State.READY}', attempts = greatest(o.attempts - 1, 0), sent_fingerprint = NULL, "
    "seen_updated_at = NULL",
    f"'{State.SUBMITTING}'",
)


@dataclass(frozen=True, slots=True)
class Valid:
    """One order that was judged and can be handed over.

    :param version: of the row that was judged; a later one is judged anew.
    :param content: what was repaired, None: the content stays.
    :param data: of the event.
    """

    order_id: int
    version: int
    content: dict[str, Any] | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ahead:
    """One order to be written ahead.

    :param version: of the row that the decision was made from; a later one is not written.
    :param data: of the event.
    """

    order_id: int
    version: int
    fingerprint: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """One order that the warehouse has.

    :param version: of the row as it was written ahead.
    """

    order_id: int
    version: int
    status: str
    reason: str


def ready(connection: Connection, journal: Journal, some: Sequence[Valid]) -> set[int]:
    """Let judged orders be due for the hand-over; return those that were still as judged."""
    contents = [None if one.content is None else json.dumps(one.content) for one in some]
    done = _run(connection, journal, _READY, some, {"contents": contents})
    journal.add_many(
        connection,
        [
            (one.order_id, "validated_ok", one.data)
            if one.order_id in done
            else (one.order_id, "move_refused", {"to": State.READY, **one.data})
            for one in some
        ],
    )
    return done


def begin(connection: Connection, journal: Journal, some: Sequence[Ahead]) -> set[int]:
    """Write orders ahead, within the claims of their writes; return those that still were due."""
    more = {"fingerprints": [one.fingerprint for one in some]}
    begun = _run(connection, journal, _BEGIN, some, more)
    events = [(o.order_id, str(State.SUBMITTING), o.data) for o in some if o.order_id in begun]
    journal.add_many(connection, events)
    return begun


def accept(connection: Connection, journal: Journal, some: Sequence[Accepted]) -> set[int]:
    """Note that the warehouse has orders; return those that were still as written ahead."""
    more = {
        "statuses": [one.status for one in some],
        "reasons": [one.reason for one in some],
    }
    taken = _run(connection, journal, _ACCEPT, some, more)
    journal.add_many(
        connection,
        [
            (one.order_id, str(State.ACCEPTED), {"warehouse": one.status, "reason": one.reason})
            for one in some
            if one.order_id in taken
        ],
    )
    return taken


def put_back(connection: Connection, journal: Journal, some: Sequence[Ahead]) -> None:
    """Let orders that were written ahead and never sent be due again.

    :param some: as they were given to `begin`.
    """
    ahead = [Accepted(one.order_id, one.version + 1, "", "") for one in some]
    back = _run(connection, journal, _PUT_BACK, ahead, {})
    journal.add_many(connection, [(order_id, "submit_not_sent", {}) for order_id in sorted(back)])


def _run(
    connection: Connection,
    journal: Journal,
    statement: TextClause,
    some: Sequence[Valid] | Sequence[Ahead] | Sequence[Accepted],
    more: dict[str, Any],
) -> set[int]:
    if not some:
        return set()
    values = {
        "merchant": journal.merchant,
        "ids": [one.order_id for one in some],
        "versions": [one.version for one in some],
        **more,
    }
    return set(connection.execute(statement, values).scalars())
