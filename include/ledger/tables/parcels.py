"""Parcels that left, and wemalo's queue of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    text,
)

from include.ledger.tables.base import metadata, now, time

#: one row per wemalo parcel; acknowledged at wemalo only after plentymarkets has it
parcels = Table(
    "parcels",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("parcel_id", Text, primary_key=True),
    Column("tracking_number", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("service", Text, nullable=False, server_default=text("''")),  # the carrier's product
    Column("weight_g", Integer),
    Column("handed_over_at", DateTime(timezone=True)),
    Column("plenty_package_id", BigInteger),
    Column("written_number", Text),  # the number plentymarkets has
    Column("sent_number", Text),  # the number that the last call carried, whatever came of it
    now("first_seen_at"),
    time("ended_at"),  # its order has ended with it: nothing is left to do for it
    Index("ix_parcels_open", "merchant", "order_id", postgresql_where=text("ended_at IS NULL")),
    Index(
        "ix_parcels_to_write",
        "merchant",
        "order_id",  # so that a plan for the first orders takes it as well
        postgresql_where=text(
            "tracking_number <> '' AND tracking_number IS DISTINCT FROM written_number"
        ),
    ),
    # what people have in hand
    Index(None, "tracking_number"),
    Index(None, "parcel_id"),
)

#: wemalo's queue rows of sent items: seen -> (parcel written) -> acknowledged
sent_rows = Table(
    "sent_rows",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("history_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, nullable=False),
    Column("parcel_id", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("product", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    now("first_seen_at"),
    time("acknowledged_at"),
    time("counted_at"),  # its pieces are taken out of the stock
    Index(None, "merchant", "order_id"),
    Index(
        "ix_sent_rows_uncounted",
        "merchant",
        "product",
        postgresql_where=text("counted_at IS NULL"),
    ),
    Index("ix_sent_rows_open", "merchant", postgresql_where=text("acknowledged_at IS NULL")),
)
