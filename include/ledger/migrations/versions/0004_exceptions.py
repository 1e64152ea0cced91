"""Add exceptions, and what is remembered of orders in flight."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    """Add exceptions, and what is remembered of orders in flight."""
    op.create_table(
        "exceptions",
        sa.Column("exception_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(
            _text(name)
            for name in ("merchant", "subject", "code", "de", "en", "action_de", "action_en")
        ),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _now("first_seen_at"),
        _now("last_seen_at"),
        _time("cleared_at"),
        sa.PrimaryKeyConstraint("exception_id", name=op.f("pk_exceptions")),
    )
    op.create_index(
        "uq_exceptions_open",
        "exceptions",
        ["merchant", "subject", "code"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.add_column(
        "orders",
        sa.Column("cancel_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("orders", _time("looked_at"))
    op.add_column("orders", _time("seen_updated_at"))


def downgrade() -> None:
    """Remove what `upgrade` added."""
    for name in ("seen_updated_at", "looked_at", "cancel_tries"):
        op.drop_column("orders", name)
    op.drop_table("exceptions")
