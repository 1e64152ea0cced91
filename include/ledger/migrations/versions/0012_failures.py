"""Remember items that failed and rest, and which call a system failed at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "failures",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("merchant", "step", "subject", "task", "code", "operator_text")
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False),
        *(_now(name) for name in ("first_failed_at", "failed_at", "next_attempt_at")),
        sa.PrimaryKeyConstraint("merchant", "step", "subject", name=op.f("pk_failures")),
    )
    op.add_column("circuits", sa.Column("call", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("circuits", "call")
    op.drop_table("failures")
