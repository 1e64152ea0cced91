"""What a dry run would have done."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now, time

#: what a dry run would have done; never personal
plans = Table(
    "plans",
    metadata,
    Column("plan_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # dry_run, shadow, backfill
    time("window_start"),
    time("window_end"),
    Column("troubles", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    now("made_at"),
    Index(None, "merchant", "made_at"),
)

plan_lines = Table(
    "plan_lines",
    metadata,
    Column(
        "plan_id", BigInteger, ForeignKey("plans.plan_id", ondelete="CASCADE"), primary_key=True
    ),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),
    Column("action", Text, nullable=False),
    Column("code", Text, nullable=False),  # a status, a rule, an exception, why it is skipped
    Column("de", Text, nullable=False),
    Column("en", Text, nullable=False),
    Index(None, "order_id"),
)
