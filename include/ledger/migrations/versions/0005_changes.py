"""Add what changed after the hand-over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what changed after the hand-over."""
    op.add_column(
        "orders",
        sa.Column("new_content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.add_column("orders", sa.Column("change_state", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("orders", "change_state")
    op.drop_column("orders", "new_content")
