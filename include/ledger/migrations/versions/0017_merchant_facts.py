"""Keep the facts of a merchant file that orders were fetched under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _time(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    """Add the table, and the column of orders that names one of its rows."""
    op.create_table(
        "merchant_facts",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("plenty_address", sa.Text(), nullable=False),
        sa.Column("wemalo_address", sa.Text(), nullable=False),
        sa.Column("wemalo_secret", sa.Text(), nullable=True),
        _time("first_seen_at"),
        _time("last_seen_at"),
        sa.PrimaryKeyConstraint("merchant", "version", name=op.f("pk_merchant_facts")),
    )
    op.create_index(op.f("ix_merchant_facts_wemalo_secret"), "merchant_facts", ["wemalo_secret"])
    op.add_column("orders", sa.Column("facts", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_column("orders", "facts")
    op.drop_table("merchant_facts")
