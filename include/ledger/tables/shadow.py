"""What we would have done beside another connection."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Table,
    Text,
)

from include.ledger.tables.base import metadata

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
