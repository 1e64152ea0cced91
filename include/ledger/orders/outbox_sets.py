"""Rows of the outbox some at a time: queued, claimed, written and put back as sets.

Each is one statement for a whole group, made once; what they do to a row is said by
`include.ledger.orders.outbox` and `include.ledger.orders.outbox_writes`. Rows are locked by their
number, so that two groups never wait for each other in a circle.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.ledger.orders.outbox import PUTS_BACK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from include.ledger.orders.journal import Journal

_ENQUEUE = text("""
    INSERT INTO outbox (merchant, order_id, kind, dedupe_key, payload)
    SELECT :merchant, o.order_id, :kind, o.dedupe_key, CAST(o.payload AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[]), CAST(:payloads AS text[]))
        AS o (order_id, dedupe_key, payload)
    ORDER BY o.order_id
    ON CONFLICT (merchant, order_id, dedupe_key) DO NOTHING
""")
_LOCKED = """
    locked AS (
        SELECT outbox_id FROM outbox WHERE outbox_id = ANY(CAST(:ids AS bigint[]))
        ORDER BY outbox_id FOR UPDATE
    )
"""
_CLAIM = text(f"""
    WITH {_LOCKED},
    read AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:before AS numeric[]))
            AS r (outbox_id, before)
    )
    UPDATE outbox AS o SET
        state = 'writing',
        attempts = o.attempts + 1,
        status_before =
            CASE WHEN o.unchecked_since IS NULL THEN read.before ELSE o.status_before END,
        may_land_until = CASE WHEN o.unchecked_since IS NULL THEN NULL ELSE o.may_land_until END,
        unchecked_since = coalesce(o.unchecked_since, :since)
    FROM locked JOIN read USING (outbox_id)
    WHERE o.outbox_id = locked.outbox_id
        AND o.state IN ('due', 'writing') AND o.next_attempt_at <= now()
    RETURNING o.outbox_id
""")  # noqa: S608 - of constants, as the next ones are
_WRITTEN = text(f"""
    WITH {_LOCKED}
    UPDATE outbox AS o SET
        state = CASE WHEN o.state IN ('due', 'writing') THEN 'done' ELSE o.state END,
        done_at = now(),
        unchecked_since = coalesce(o.unchecked_since, :since)
    FROM locked WHERE o.outbox_id = locked.outbox_id
    RETURNING o.outbox_id, o.state
""")  # noqa: S608
_BEGIN = text(f"""
    WITH {_LOCKED}
    UPDATE outbox AS o SET state = 'writing', attempts = o.attempts + 1
    FROM locked WHERE o.outbox_id = locked.outbox_id
        AND o.state IN ('due', 'writing') AND o.next_attempt_at <= now()
    RETURNING o.outbox_id
""")  # noqa: S608
_FINISH = text(f"""
    WITH {_LOCKED}
    UPDATE outbox AS o SET state = 'done', done_at = now()
    FROM locked WHERE o.outbox_id = locked.outbox_id AND o.state IN ('due', 'writing')
""")  # noqa: S608
_SUPERSEDE = text("""
    UPDATE outbox AS o SET state = 'dropped'
    FROM unnest(CAST(:orders AS bigint[]), CAST(:ids AS bigint[])) AS newer (order_id, outbox_id)
    WHERE o.merchant = :merchant AND o.order_id = newer.order_id AND o.kind = :kind
        AND o.state = 'dead' AND o.outbox_id < newer.outbox_id
""")
_DROP = text("""
    UPDATE outbox SET state = 'dropped', done_at = now()
    WHERE merchant = :merchant AND order_id = ANY(CAST(:orders AS bigint[])) AND kind = 'status'
        AND state IN ('due', 'writing', 'dead') AND NOT (payload ? :puts_back)
""")
_PUT_BACK = text(f"""
    WITH {_LOCKED}
    UPDATE outbox AS o SET state = 'due', attempts = greatest(o.attempts - 1, 0)
    FROM locked WHERE o.outbox_id = locked.outbox_id AND o.state = 'writing'
""")  # noqa: S608


def enqueue(
    connection: Connection,
    journal: Journal,
    kind: str,
    facts: Collection[tuple[int, str, dict[str, Any]]],
) -> None:
    """Queue facts, ``(order id, key, payload)``, unless they are queued or written already."""
    if facts:
        values = {
            "merchant": journal.merchant,
            "kind": kind,
            "ids": [order_id for order_id, _, _ in facts],
            "keys": [key for _, key, _ in facts],
            "payloads": [json.dumps(payload) for _, _, payload in facts],
        }
        connection.execute(_ENQUEUE, values)


def begin(connection: Connection, ids: Collection[int]) -> set[int]:
    """Note ahead that rows are written; return those that still are to be. Locks them."""
    return set(connection.execute(_BEGIN, {"ids": list(ids)}).scalars()) if ids else set()


def finish(connection: Connection, ids: Collection[int]) -> None:
    """End rows that plentymarkets has, unless they have ended meanwhile."""
    connection.execute(_FINISH, {"ids": list(ids)})


def claim(connection: Connection, before: Mapping[int, Decimal], since: datetime) -> set[int]:
    """Note ahead that statuses are written, as `begin`; their history is watched from then on.

    :param before: row -> what was read before, at ``since`` (UTC).
    """
    if not before:
        return set()
    values = {"ids": [*before], "before": [*before.values()], "since": since}
    return set(connection.execute(_CLAIM, values).scalars())


def written(connection: Connection, ids: Collection[int], since: datetime) -> set[int]:
    """End statuses that plentymarkets has; return those that still stood.

    :param since: their history is watched from then on, unless it is already.
    """
    rows = connection.execute(_WRITTEN, {"ids": list(ids), "since": since})
    return {row.outbox_id for row in rows if row.state == "done"}


def supersede(connection: Connection, merchant: str, kind: str, rows: Sequence[Row[Any]]) -> None:
    """Drop refused rows of the same orders and kind that are older than these, just written."""
    if rows:
        values = {
            "merchant": merchant,
            "kind": kind,
            "orders": [row.order_id for row in rows],
            "ids": [row.outbox_id for row in rows],
        }
        connection.execute(_SUPERSEDE, values)


def drop_statuses(connection: Connection, merchant: str, orders: Collection[int]) -> None:
    """Drop the statuses of orders that events have overtaken, as `outbox.drop_pending`."""
    if orders:
        values = {"merchant": merchant, "orders": list(orders), "puts_back": PUTS_BACK}
        connection.execute(_DROP, values)


def put_back(connection: Connection, ids: Collection[int]) -> None:
    """Let rows that were claimed and never sent be due again."""
    if ids:
        connection.execute(_PUT_BACK, {"ids": list(ids)})
