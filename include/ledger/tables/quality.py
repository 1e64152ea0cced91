"""How many orders broke which rule, and the page of each batch."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)

from include.ledger.tables.base import metadata, now

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
