"""Add returns and documents."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(*names: str) -> list[sa.Column[Any]]:
    return [
        sa.Column("merchant", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in names),
    ]


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=False)


def upgrade() -> None:
    """Add returns and documents."""
    _return_rows()
    _returns()
    _announced_returns()
    _documents()


def _return_rows() -> None:
    op.create_table(
        "return_rows",
        *_key("history_id"),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        _json("facts"),
        sa.Column("return_key", sa.BigInteger(), nullable=True),
        sa.Column("trouble_code", sa.Text(), nullable=True),
        _time("next_attempt_at"),
        _now("first_seen_at"),
        _time("acknowledged_at"),
        _time("gone_at"),
        sa.PrimaryKeyConstraint("merchant", "history_id", name=op.f("pk_return_rows")),
    )
    op.create_index(
        op.f("ix_return_rows_merchant_return_key"), "return_rows", ["merchant", "return_key"]
    )
    op.create_index(
        "ix_return_rows_open",
        "return_rows",
        ["merchant"],
        postgresql_where=sa.text("acknowledged_at IS NULL AND gone_at IS NULL"),
    )


def _returns() -> None:
    op.create_table(
        "returns",
        *_key("return_key", "order_id"),
        sa.Column("announced", sa.Boolean(), nullable=False),
        _json("lines"),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("plenty_return_id", sa.BigInteger(), nullable=True),
        _count("attempts"),
        _count("lookups"),
        _time("next_attempt_at"),
        sa.Column("error_code", sa.Text(), nullable=True),
        _now("planned_at"),
        _time("created_at"),
        _time("described_at"),
        _time("done_at"),
        sa.CheckConstraint(
            "state IN ('planned', 'creating', 'created', 'booking', 'done')",
            name=op.f("ck_returns_state_known"),
        ),
        sa.PrimaryKeyConstraint("merchant", "return_key", name=op.f("pk_returns")),
    )
    op.create_index(op.f("ix_returns_merchant_order_id"), "returns", ["merchant", "order_id"])
    op.create_index(
        "ix_returns_open", "returns", ["merchant"], postgresql_where=sa.text("state <> 'done'")
    )


def _announced_returns() -> None:
    op.create_table(
        "announced_returns",
        *_key("return_id"),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wemalo_id", sa.BigInteger(), nullable=True),
        _count("attempts"),
        _time("next_attempt_at"),
        sa.Column("error_code", sa.Text(), nullable=True),
        _now("first_seen_at"),
        _time("announced_at"),
        sa.CheckConstraint(
            "state IN ('announcing', 'announced', 'refused')",
            name=op.f("ck_announced_returns_state_known"),
        ),
        sa.PrimaryKeyConstraint("merchant", "return_id", name=op.f("pk_announced_returns")),
    )


def _documents() -> None:
    op.create_table(
        "documents",
        *_key("order_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wemalo_id", sa.BigInteger(), nullable=True),
        _count("attempts"),
        _time("next_attempt_at"),
        sa.Column("error_code", sa.Text(), nullable=True),
        _time("told_at"),
        _now("first_seen_at"),
        _time("attached_at"),
        sa.CheckConstraint(
            "state IN ('missing', 'pending', 'faulty', 'attaching', 'unclear', 'refused', "
            "'attached')",
            name=op.f("ck_documents_state_known"),
        ),
        sa.PrimaryKeyConstraint(
            "merchant", "order_id", "kind", "document_id", name=op.f("pk_documents")
        ),
    )
