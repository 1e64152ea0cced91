"""What people look at: exceptions, quality, plans, the doctor's word, shadow mode."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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

#: what a person should look at; open until the cause is gone
exceptions = Table(
    "exceptions",
    metadata,
    Column("exception_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("subject", Text, nullable=False),  # order:123, item:2044, merchant
    Column("code", Text, nullable=False),
    Column("de", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("action_de", Text, nullable=False),  # what to do
    Column("action_en", Text, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    now("first_seen_at"),
    now("last_seen_at"),
    time("acknowledged_at"),
    Column("acknowledged_by", Text),
    Column("acknowledged_note", Text),
    time("cleared_at"),
    Index(
        "uq_exceptions_open",
        "merchant",
        "subject",
        "code",
        unique=True,
        postgresql_where=text("cleared_at IS NULL"),
    ),
)

#: orders per merchant, day (UTC) and rule; codes "" and "*" count all orders and those not sent
quality_days = Table(
    "quality_days",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("orders", Integer, nullable=False),
)

#: what was counted today and yesterday, so that judging an order again does not count it again
quality_seen = Table(
    "quality_seen",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("episode", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
)

#: Data Docs: one page per judged batch, without personal data
data_docs = Table(
    "data_docs",
    metadata,
    Column("page_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("not_sent", Integer, nullable=False),
    Column("page", Text, nullable=False),  # HTML
    now("written_at"),
    Index(None, "merchant", "run_id"),
)

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

#: the doctor's newest report per merchant: settings, counts and what to fix; never personal
doctor_reports = Table(
    "doctor_reports",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("report", JSONB, nullable=False),
    # once it was ready for its orders, not being ready is a failure and not work to do
    Column("was_ready", Boolean, nullable=False),
    now("made_at"),
)

#: shadow mode: what we would have done, against what really happened
shadow_results = Table(
    "shadow_results",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("verdict", Text, primary_key=True),
    Column("ours", Text, nullable=False),
    Column("theirs", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("de", Text, nullable=False),
    Column("en", Text, nullable=False),
)
