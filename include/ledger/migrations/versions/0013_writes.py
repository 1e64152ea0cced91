"""Write external writes ahead, with a fencing number and the time until which they are in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Add the table and the sequence of its fencing numbers."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("write_tokens")))
    op.create_table(
        "writes",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("merchant", "step", "subject")),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        _time("lease_until", nullable=False),
        _time("doubt_until"),
        _time("doubt_since"),
        sa.Column("lookups", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column(
            "begun_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("merchant", "step", "subject", name=op.f("pk_writes")),
    )
    op.create_index(
        "ix_writes_in_doubt",
        "writes",
        ["merchant"],
        postgresql_where=sa.text("doubt_until IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove what `upgrade` added."""
    op.drop_table("writes")
    op.execute(sa.schema.DropSequence(sa.Sequence("write_tokens")))
