"""Keep the doctor's newest report per merchant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reports."""
    op.create_table(
        "doctor_reports",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("was_ready", sa.Boolean(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_doctor_reports")),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("doctor_reports")
