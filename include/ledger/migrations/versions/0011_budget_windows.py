"""Remember when each window of a call budget began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment of a window's first permit."""
    op.add_column(
        "rate_budget",
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("rate_budget", "opened_at")
