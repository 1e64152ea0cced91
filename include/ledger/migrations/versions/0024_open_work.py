"""Index what is open, so that no run pays for what ended; note which parcels and rows are over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None

_TO_WRITE = "tracking_number <> '' AND tracking_number IS DISTINCT FROM written_number"
#: name, table, columns, condition
_INDEXES: tuple[tuple[str, str, list[str | sa.TextClause], str | None], ...] = (
    (
        "ix_batches_released", "batches", ["merchant", "batch_id"],
        "counts ? 'released' AND scope IS NULL",
    ),
    (
        "ix_orders_open", "orders", ["merchant", "state", "next_attempt_at"],
        "state NOT IN ('cancelled', 'shipped', 'withdrawn')",
    ),
    ("ix_orders_cancel_requested", "orders", ["merchant"], "cancel_requested_at IS NOT NULL"),
    (
        "ix_orders_left", "orders", ["merchant", "changed_at"],
        "state IN ('partly_shipped', 'shipped')",
    ),
    ("ix_orders_withdrawn", "orders", ["merchant", "changed_at"], "state = 'withdrawn'"),
    ("ix_orders_withdrawn_status", "orders", ["merchant", "plenty_status"], "state = 'withdrawn'"),
    (
        "ix_orders_withdrawn_sent", "orders", ["merchant"],
        "state = 'withdrawn' AND sent_fingerprint IS NOT NULL",
    ),
    ("ix_orders_held", "orders", ["merchant"], "state = 'cancelled' AND reason_code = 'HELD'"),
    (
        "ix_orders_with_content", "orders", ["merchant", "ended_at"],
        "state IN ('cancelled', 'shipped', 'withdrawn') "
        "AND (content IS NOT NULL OR new_content IS NOT NULL)",
    ),
    (
        "ix_outbox_standing", "outbox", ["merchant", "order_id"],
        "state IN ('due', 'writing', 'dead')",
    ),
    (
        "ix_outbox_taken", "outbox", ["merchant", sa.text("(payload ->> 'target')"), "done_at"],
        "kind = 'status' AND state = 'done'",
    ),
    ("ix_parcels_to_write", "parcels", ["merchant", "order_id"], _TO_WRITE),
    ("ix_parcels_open", "parcels", ["merchant", "order_id"], "ended_at IS NULL"),
    ("ix_sent_rows_uncounted", "sent_rows", ["merchant", "product"], "counted_at IS NULL"),
    ("ix_returns_merchant_plenty_return_id", "returns", ["merchant", "plenty_return_id"], None),
    (
        "ix_returns_undescribed", "returns", ["merchant"],
        "state = 'done' AND error_code IS NOT NULL",
    ),
    ("ix_announced_returns_open", "announced_returns", ["merchant"], "state <> 'announced'"),
    (
        "ix_documents_open", "documents", ["merchant"],
        "state IN ('missing', 'pending', 'faulty', 'attaching', 'unclear')",
    ),
    (
        "ix_stock_postings_merchant_variation_id_first_seen_at", "stock_postings",
        ["merchant", "variation_id", "first_seen_at"], None,
    ),
    ("ix_stock_postings_untaken", "stock_postings", ["merchant"], "taken_at IS NULL"),
    (
        "ix_stock_bookings_shipments", "stock_bookings", ["merchant", "done_at"],
        "kind = 'shipment' AND state = 'done'",
    ),
    (
        "ix_stock_bookings_takes_back", "stock_bookings", ["takes_back"],
        "takes_back IS NOT NULL",
    ),
)  # fmt: skip


def upgrade() -> None:
    """Add the columns, fill them for what is over already, and change the indexes."""
    time = sa.DateTime(timezone=True)
    op.add_column("parcels", sa.Column("ended_at", time, nullable=True))
    op.execute(
        """
        UPDATE parcels p SET ended_at = coalesce(o.ended_at, now())
        FROM orders o
        WHERE o.merchant = p.merchant AND o.order_id = p.order_id AND o.state = 'shipped'
            AND (p.written_number = p.tracking_number OR p.tracking_number = '')
            AND NOT EXISTS (
                SELECT FROM sent_rows s
                WHERE s.merchant = p.merchant AND s.order_id = p.order_id
                    AND s.acknowledged_at IS NULL
            )
        """
    )
    op.add_column("sent_rows", sa.Column("counted_at", time, nullable=True))
    op.execute(
        """
        UPDATE sent_rows s SET counted_at = p.first_seen_at
        FROM stock_postings p
        WHERE p.merchant = s.merchant AND p.history_id = s.history_id AND p.reason = 'SENT'
        """
    )
    op.drop_index("ix_orders_merchant_state_next_attempt_at", "orders")
    op.drop_index("ix_stock_postings_merchant_variation_id", "stock_postings")
    op.drop_index("ix_parcels_to_write", "parcels")
    for name, table, columns, condition in _INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns, postgresql_where=where)


def downgrade() -> None:
    """Bring the indexes over everything back and remove what `upgrade` added."""
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    op.create_index(
        "ix_parcels_to_write", "parcels", ["merchant"], postgresql_where=sa.text(_TO_WRITE)
    )
    op.create_index(
        "ix_stock_postings_merchant_variation_id", "stock_postings", ["merchant", "variation_id"]
    )
    op.create_index(
        "ix_orders_merchant_state_next_attempt_at",
        "orders",
        ["merchant", "state", "next_attempt_at"],
    )
    op.drop_column("sent_rows", "counted_at")
    op.drop_column("parcels", "ended_at")
