"""Add the quality report and Data Docs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the quality report and Data Docs."""
    op.create_table(
        "quality_days",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "day", "code", name="pk_quality_days"),
    )
    op.create_table(
        "quality_seen",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("episode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "merchant", "day", "order_id", "episode", "code", name="pk_quality_seen"
        ),
    )
    op.create_table(
        "data_docs",
        sa.Column("page_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("not_sent", sa.Integer(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("page_id", name="pk_data_docs"),
    )
    op.create_index("ix_data_docs_merchant_run_id", "data_docs", ["merchant", "run_id"])


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_table("data_docs")
    op.drop_table("quality_seen")
    op.drop_table("quality_days")
