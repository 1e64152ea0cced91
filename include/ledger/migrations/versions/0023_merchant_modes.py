"""What people decide about a merchant's work, and indexes of what is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the modes; who has none is live."""
    op.create_table(
        "merchant_modes",
        sa.Column("merchant", sa.Text(), primary_key=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index(
        "ix_parcels_to_write",
        "parcels",
        ["merchant"],
        postgresql_where=sa.text(
            "tracking_number <> '' AND tracking_number IS DISTINCT FROM written_number"
        ),
    )
    op.create_index(
        "ix_sent_rows_open",
        "sent_rows",
        ["merchant"],
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )


def downgrade() -> None:
    """Forget the decisions."""
    op.drop_index("ix_sent_rows_open", "sent_rows")
    op.drop_index("ix_parcels_to_write", "parcels")
    op.drop_table("merchant_modes")
