"""Keep bookings in doubt that were sent before; tell products again after a lost reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let what may have been sent settle before the journal decides about it."""
    op.execute(
        """
        INSERT INTO writes (merchant, step, subject, token, owner, lease_until, doubt_until,
                            doubt_since)
        SELECT merchant, 'stock', 'item:' || variation_id, nextval('write_tokens'), 'upgrade',
               now(), now() + interval '10 minutes', coalesce(min(called_at), now())
        FROM stock_bookings
        WHERE state = 'writing'
        GROUP BY merchant, variation_id
        ON CONFLICT DO NOTHING
        """
    )
    op.add_column("products", sa.Column("again_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("products", sa.Column("again_hash", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove the columns; the rows stay, for nothing else minds them."""
    op.drop_column("products", "again_hash")
    op.drop_column("products", "again_at")
