"""Documents that travel with a parcel."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from include.ledger.tables.base import metadata, now, time

#: one row per document that wemalo has or should have; document id 0: there is none yet
documents = Table(
    "documents",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),  # invoice, delivery_note
    Column("document_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("wemalo_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time("next_attempt_at"),
    Column("error_code", Text),
    time("told_at"),  # the exception was raised
    now("first_seen_at"),
    time("attached_at"),
    CheckConstraint(
        "state IN ('missing', 'pending', 'faulty', 'attaching', 'unclear', 'refused', 'attached')",
        name="state_known",
    ),
    Index(
        "ix_documents_open",
        "merchant",
        postgresql_where=text("state IN ('missing', 'pending', 'faulty', 'attaching', 'unclear')"),
    ),
)
