"""Fill a ledger with orders that ended: every table with the rows that such an order leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from include.ledger.merchants import event_months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

#: orders ended from a fortnight to half a year ago: nobody looks at them any more. Of fifty one was
#: cancelled and one withdrawn, a tenth left as letters; housekeeping has taken the content of those
#: older than 30 days
_ENDED = """
    (SELECT n, now() - interval '15 days' - make_interval(mins => (n * 7 % 240000)::int) AS at,
        n % 50 = 0 AS cancelled, n % 50 = 1 AS withdrawn, n % 50 > 1 AS shipped,
        n % 10 = 2 AS letter, md5(n::text) AS hash
    FROM generate_series(CAST(:first AS bigint), :last) n) ended
"""
_TABLES = (
    """
    INSERT INTO batches (merchant, run_id, opened_at, counts)
    SELECT :m, 'ended-' || n, at, '{"released": 20}' FROM {ended} WHERE n % 20 = 0
    """,
    """
    INSERT INTO orders (merchant, order_id, state, plenty_status, plenty_updated_at, fingerprint,
        sent_fingerprint, wemalo_status, looked_at, seen_updated_at, first_seen_at, changed_at,
        stands_since, ended_at, facts, content)
    SELECT :m, n,
        CASE WHEN shipped THEN 'shipped' WHEN cancelled THEN 'cancelled' ELSE 'withdrawn' END,
        CASE WHEN shipped THEN 7 WHEN cancelled THEN 8 ELSE 3 END, at, hash,
        CASE WHEN NOT withdrawn THEN hash END,
        CASE WHEN shipped THEN 'SHIPPED' WHEN cancelled THEN 'CANCELLED' END,
        at, at, at - interval '1 day', at, at, at, 'v1',
        CASE WHEN at > now() - interval '30 days' THEN jsonb_build_object('order_id', n,
            'type_id', 1, 'shipping_profile_id', 6, 'express', false, 'created_at', at,
            'delivery', jsonb_build_object('name2', 'Erika', 'name3', 'Mustermann', 'address1',
                'Heidestrasse', 'address2', '17', 'postal_code', '51147', 'town', 'Koeln'),
            'items', jsonb_build_array(
                jsonb_build_object('variation_id', n % 900, 'sku', 'A-1', 'quantity', 1),
                jsonb_build_object('variation_id', n % 700, 'sku', 'A-2', 'quantity', 2)))
        END
    FROM {ended}
    """,
    """
    INSERT INTO outbox (merchant, order_id, kind, dedupe_key, payload, state, attempts,
        next_attempt_at, created_at, done_at)
    SELECT :m, n, kind, kind || ':' || place, jsonb_build_object('target', target, 'key', place),
        'done', 1, at, at, at
    FROM {ended}, (VALUES (1, 'status', '5.1'), (2, 'shipping_info', NULL),
        (3, 'goods_issue', NULL)) AS kinds (place, kind, target)
    """,
    """
    INSERT INTO parcels (merchant, order_id, parcel_id, tracking_number, carrier,
        handed_over_at, plenty_package_id, written_number, sent_number, ended_at)
    SELECT :m, n, 'P' || n, CASE WHEN letter THEN '' ELSE 'JJD' || n END,
        CASE WHEN letter THEN 'letter' ELSE 'DHL' END, at, n,
        CASE WHEN NOT letter THEN 'JJD' || n END, CASE WHEN NOT letter THEN 'JJD' || n END, at
    FROM {ended} WHERE shipped
    """,
    """
    INSERT INTO sent_rows (merchant, history_id, order_id, parcel_id, quantity, product, complete,
        acknowledged_at, counted_at)
    SELECT :m, n, n, 'P' || n, 1, 'A-1', true, at, at FROM {ended} WHERE shipped
    """,
    """
    INSERT INTO stock_postings (merchant, history_id, reason, variation_id, order_id, quantity,
        first_seen_at, taken_at, acknowledged_at)
    SELECT :m, n, 'SENT', n % 900, n, 1, at, at, at FROM {ended} WHERE shipped
    """,
    """
    INSERT INTO stock_bookings (merchant, variation_id, kind, quantity, reason_id, order_id, state,
        done_at)
    SELECT :m, n % 900, 'correction', 1, 300, n, 'done', at FROM {ended} WHERE n % 20 = 0
    """,
    """
    INSERT INTO documents (merchant, order_id, kind, document_id, state, attached_at)
    SELECT :m, n, 'invoice', n, 'attached', at FROM {ended} WHERE shipped
    """,
    """
    INSERT INTO returns (merchant, return_key, order_id, announced, lines, state,
        plenty_return_id, done_at)
    SELECT :m, n, n, false, '[]', 'done', n, at FROM {ended} WHERE n % 10 = 3
    """,
    """
    INSERT INTO return_rows (merchant, history_id, order_id, facts, return_key, acknowledged_at)
    SELECT :m, n, n, '{}', n, at FROM {ended} WHERE n % 10 = 3
    """,
    """
    INSERT INTO announced_returns (merchant, return_id, order_id, state, announced_at)
    SELECT :m, n, n, 'announced', at FROM {ended} WHERE n % 20 = 3
    """,
    """
    INSERT INTO exceptions (merchant, subject, code, de, en, action_de, action_en, first_seen_at,
        cleared_at)
    SELECT :m, 'order:' || n, 'NO_STOCK', '', '', '', '', at, at FROM {ended} WHERE n % 10 = 4
    """,
    """
    INSERT INTO order_events (merchant, order_id, at, kind, task, run_id, try_number, data)
    SELECT :m, n, at, kind, 'load_to_wemalo', 'ended-' || n, 1, '{}'
    FROM {ended}, unnest(CAST(:events AS text[])) kind
    """,
)
#: all indexes of the ledger but those that constraints have
_INDEXES = """
    SELECT c.relname AS name, pg_get_indexdef(c.oid) AS made
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
        AND NOT i.indisunique
"""
#: what an order's diary tells, from its first read to its parcel
EVENTS = (
    "fetched", "ready", "submitting", "accepted", "status_written", "note_written", "shipped",
    "package_written",
)  # fmt: skip


def fill(
    engine: Engine, merchants: Sequence[str], number: int, *, first: int = 10_000_000,
    events: tuple[str, ...] = EVENTS,
) -> None:  # fmt: skip
    """Add ended orders of each merchant, and `settle`.

    No trigger and no foreign key is looked at: the rows are right by themselves. The indexes are
    made anew behind them, which is faster.

    :param first: number of the first order.
    :param events: kinds of the events that each has.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        _make_months(connection)
        indexes = connection.execute(text(_INDEXES)).all()
        for index in indexes:
            connection.execute(text(f'DROP INDEX "{index.name}"'))
        for merchant in merchants:
            values = {
                "m": merchant, "first": first, "last": first + number - 1, "events": list(events)
            }  # fmt: skip
            for statement in _TABLES:
                connection.execute(text(statement.replace("{ended}", _ENDED)), values)
        for index in indexes:
            connection.exec_driver_sql(index.made.replace(" ON ONLY ", " ON ").replace("%", "%%"))
    settle(engine)


def _make_months(connection: Connection) -> None:
    now = connection.execute(select(func.now())).scalar_one()
    there = event_months.made(connection)
    for month in event_months.months_from(now - timedelta(days=200), now):
        if month not in there:
            event_months.make(connection, month)


def settle(engine: Engine) -> None:
    """Do what autovacuum does sooner or later, so that no measurement depends on when."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
