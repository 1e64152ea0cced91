"""Add the plans of dry runs, and what a replay looks at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the plans of dry runs, and what a replay looks at."""
    op.add_column(
        "batches", sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True)),
        sa.Column("window_end", sa.DateTime(timezone=True)),
        sa.Column(
            "troubles",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_merchant_made_at"), "plans", ["merchant", "made_at"])
    op.create_table(
        "plan_lines",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("de", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.plan_id"], name=op.f("fk_plan_lines_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "line", name=op.f("pk_plan_lines")),
    )
    op.create_index(op.f("ix_plan_lines_order_id"), "plan_lines", ["order_id"])


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_table("plan_lines")
    op.drop_table("plans")
    op.drop_column("batches", "scope")
