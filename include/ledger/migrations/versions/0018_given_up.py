"""Keep looking at orders whose hand-over was given up; put writes in doubt into the one table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what earlier code may have sent is in doubt from now on."""
    op.add_column("orders", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("given_up_fingerprint", sa.Text(), nullable=True))
    op.create_index(
        "ix_orders_given_up",
        "orders",
        ["merchant", "given_up_at"],
        postgresql_where=sa.text("given_up_at IS NOT NULL"),
    )
    op.execute(
        """
        INSERT INTO writes (merchant, step, subject, token, owner, lease_until, doubt_until,
                            doubt_since)
        SELECT merchant,
               CASE WHEN state = 'cancelling' THEN 'cancel'
                    WHEN new_content IS NOT NULL THEN 'change' ELSE 'hand_over' END,
               'order:' || order_id, nextval('write_tokens'), 'upgrade', now(),
               now() + interval '5 minutes', now()
        FROM orders WHERE state IN ('submitting', 'cancelling')
        ON CONFLICT DO NOTHING
        """
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_index("ix_orders_given_up", "orders")
    op.drop_column("orders", "given_up_fingerprint")
    op.drop_column("orders", "given_up_at")
