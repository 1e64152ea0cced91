"""What a person should look at."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)

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
