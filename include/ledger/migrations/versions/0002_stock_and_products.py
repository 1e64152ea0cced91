"""Add stock and products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(), nullable=nullable)


def upgrade() -> None:
    """Create the tables of the stock and product flows."""
    op.create_table(
        "sync_state",
        _text("merchant"),
        _text("concern"),
        _time("looked_at"),
        _time("read_until"),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("merchant", "concern", name=op.f("pk_sync_state")),
    )
    _levels_and_postings()
    _bookings()
    op.create_table(
        "products",
        _text("merchant"),
        _id("variation_id"),
        _id("item_id"),
        _text("sku"),
        _text("wanted_hash"),
        _text("sent_hash", nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _text("state"),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        _now("changed_at"),
        _time("sent_at"),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'invalid', 'refused')", name=op.f("ck_products_state_known")
        ),
        sa.PrimaryKeyConstraint("merchant", "variation_id", name=op.f("pk_products")),
    )
    op.create_index(op.f("ix_products_merchant_state"), "products", ["merchant", "state"])


def _levels_and_postings() -> None:
    op.create_table(
        "stock_levels",
        _text("merchant"),
        _id("variation_id"),
        _text("external_id"),
        _text("sku"),
        _number("available", nullable=False),
        _number("booked"),
        _number("seen_delta"),
        _time("seen_since"),
        _text("held", nullable=True),
        _number("held_delta"),
        _number("approved_delta"),
        sa.Column("dirty", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "variation_id", name=op.f("pk_stock_levels")),
    )
    op.create_table(
        "stock_postings",
        _text("merchant"),
        _id("history_id"),
        _text("reason"),
        _id("variation_id"),
        _id("order_id", nullable=True),
        _number("quantity", nullable=False),
        _now("first_seen_at"),
        _time("taken_at"),
        _time("acknowledged_at"),
        sa.PrimaryKeyConstraint("merchant", "history_id", name=op.f("pk_stock_postings")),
    )
    op.create_index(
        op.f("ix_stock_postings_merchant_variation_id"),
        "stock_postings",
        ["merchant", "variation_id"],
    )
    op.create_index("ix_stock_postings_order_id", "stock_postings", ["merchant", "order_id"])
    op.create_index(
        "ix_stock_postings_open",
        "stock_postings",
        ["merchant"],
        postgresql_where=sa.text("acknowledged_at IS NULL AND reason <> 'SENT'"),
    )


def _bookings() -> None:
    op.create_table(
        "stock_bookings",
        sa.Column("booking_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _text("merchant"),
        _id("variation_id"),
        _text("kind"),
        _number("quantity", nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=False),
        _id("order_id", nullable=True),
        _text("state", default="due"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _time("called_at"),
        _time("journal_from"),
        sa.Column("seen_before", sa.Integer(), nullable=True),
        _text("error_code", nullable=True),
        _now("created_at"),
        _time("done_at"),
        sa.CheckConstraint(
            "state IN ('due', 'writing', 'done', 'dropped', 'refused')",
            name=op.f("ck_stock_bookings_state_known"),
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_stock_bookings")),
    )
    op.create_index(
        "ix_stock_bookings_open",
        "stock_bookings",
        ["merchant", "variation_id"],
        postgresql_where=sa.text("state IN ('due', 'writing', 'refused')"),
    )
    op.create_index("ix_stock_bookings_order_id", "stock_bookings", ["merchant", "order_id"])
