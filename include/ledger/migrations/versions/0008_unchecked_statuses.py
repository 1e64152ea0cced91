"""Remember written statuses until the history was read after them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what was read before a status was written, and when."""
    op.add_column("outbox", sa.Column("status_before", sa.Numeric(6, 4), nullable=True))
    op.add_column("outbox", sa.Column("unchecked_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_outbox_unchecked",
        "outbox",
        ["merchant"],
        postgresql_where=sa.text("unchecked_since IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_index("ix_outbox_unchecked", "outbox")
    op.drop_column("outbox", "unchecked_since")
    op.drop_column("outbox", "status_before")
