"""Keep the last good version of every merchant file that a task ran with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; the next task of each merchant fills it."""
    op.create_table(
        "merchant_files",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False),
        sa.Column(
            "good_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("red_for", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_merchant_files")),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("merchant_files")
