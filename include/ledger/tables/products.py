"""What wemalo was told of each variation."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now, time

#: what wemalo was told of each variation, or why it was not
products = Table(
    "products",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("variation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("item_id", BigInteger, nullable=False),
    Column("sku", Text, nullable=False),
    Column("wanted_hash", Text, nullable=False),
    Column("sent_hash", Text),
    Column("body", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", JSONB),  # {"code", "field", "de", "en"}
    now("changed_at"),
    time("sent_at"),
    time("again_at"),  # until then a call of unknown outcome may land
    Column("again_hash", Text),  # and what that call tells; "": several of them
    CheckConstraint("state IN ('due', 'sent', 'invalid', 'refused')", name="state_known"),
    Index(None, "merchant", "state"),
)
