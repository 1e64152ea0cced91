"""Goods that come back, and the return orders they become."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now, time

#: wemalo's queue rows of returned pieces: seen -> part of a return order -> acknowledged
return_rows = Table(
    "return_rows",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("history_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),  # the original order, as far as wemalo names one
    Column("facts", JSONB, nullable=False),  # ReturnRow.facts
    Column("return_key", BigInteger),  # the return order it is part of
    Column("trouble_code", Text),  # why a person has to look
    time("next_attempt_at"),
    now("first_seen_at"),
    time("acknowledged_at"),
    time("gone_at"),  # left wemalo's queue without us
    Index(None, "merchant", "return_key"),
    Index(
        "ix_return_rows_open",
        "merchant",
        postgresql_where=text("acknowledged_at IS NULL AND gone_at IS NULL"),
    ),
)

#: one return order in plentymarkets; its contents never change once it is planned
returns = Table(
    "returns",
    metadata,
    Column("merchant", Text, primary_key=True),
    # the first history id of its pieces: the same for ever, so it marks the return order
    Column("return_key", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, nullable=False),
    Column("announced", Boolean, nullable=False),  # the merchant's return order, not a new one
    Column("lines", JSONB, nullable=False),  # Line.to_json
    Column("state", Text, nullable=False, server_default="planned"),
    Column("plenty_return_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("lookups", Integer, nullable=False, server_default=text("0")),
    time("next_attempt_at"),
    Column("error_code", Text),
    now("planned_at"),
    time("created_at"),
    time("described_at"),  # reasons and conditions are written
    time("done_at"),
    CheckConstraint(
        "state IN ('planned', 'creating', 'created', 'booking', 'done')", name="state_known"
    ),
    Index(None, "merchant", "order_id"),
    Index(None, "merchant", "plenty_return_id"),
    Index(
        "ix_returns_undescribed",
        "merchant",
        postgresql_where=text("state = 'done' AND error_code IS NOT NULL"),
    ),
    Index("ix_returns_open", "merchant", postgresql_where=text("state <> 'done'")),
)

#: return orders of the merchant that wemalo was told of
announced_returns = Table(
    "announced_returns",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("return_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),  # the original order
    Column("state", Text, nullable=False),
    Column("wemalo_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time("next_attempt_at"),
    Column("error_code", Text),
    now("first_seen_at"),
    time("announced_at"),
    CheckConstraint("state IN ('announcing', 'announced', 'refused')", name="state_known"),
    Index("ix_announced_returns_open", "merchant", postgresql_where=text("state <> 'announced'")),
)
