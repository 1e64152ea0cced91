"""Stock: the mirror, what of it plentymarkets was told, and the bookings."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    text,
)

from include.ledger.tables.base import metadata, now, time

#: wemalo's available stock per product, in wemalo's own external id
stock_mirror = Table(
    "stock_mirror",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("product", Text, primary_key=True),  # external id at wemalo
    Column("sku", Text, nullable=False, server_default=""),
    Column("available", Numeric, nullable=False),
    Column("measured_at", DateTime(timezone=True), nullable=False),
)

#: what wemalo says of a product, and how much of it plentymarkets has been told
stock_levels = Table(
    "stock_levels",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("variation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("external_id", Text, nullable=False),  # at wemalo
    Column("sku", Text, nullable=False),
    Column("available", Numeric, nullable=False),  # of the default quality, as wemalo said last
    Column("booked", Numeric),  # pieces in the house as booked so far; null: no baseline yet
    Column("seen_delta", Numeric),  # a difference not yet booked, and since when it stands
    time("seen_since"),
    Column("held", Text),  # why a person has to confirm
    Column("held_delta", Numeric),
    Column("approved_delta", Numeric),
    Column("approved_by", Text),  # who confirmed it
    Column("emptied_pieces", Numeric),  # that a booking of ours took away to leave nothing,
    time("emptied_at"),  # and when; nobody had confirmed it
    Column("dirty", Boolean, nullable=False, server_default=text("true")),  # look once more
    Column("measured_at", DateTime(timezone=True), nullable=False),
)

#: wemalo's postings: taken into account once, acknowledged last; SENT rows come from sent_rows
stock_postings = Table(
    "stock_postings",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("history_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("variation_id", BigInteger, nullable=False),
    Column("order_id", BigInteger),
    Column("quantity", Numeric, nullable=False),
    now("first_seen_at"),
    time("taken_at"),
    time("acknowledged_at"),
    Index(None, "merchant", "variation_id", "first_seen_at"),
    Index("ix_stock_postings_untaken", "merchant", postgresql_where=text("taken_at IS NULL")),
    Index("ix_stock_postings_order_id", "merchant", "order_id"),
    Index(
        "ix_stock_postings_open",
        "merchant",
        postgresql_where=text("acknowledged_at IS NULL AND reason <> 'SENT'"),
    ),
)

#: bookings of stock in plentymarkets: written ahead, settled by its journal of movements
stock_bookings = Table(
    "stock_bookings",
    metadata,
    Column("booking_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("variation_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),  # signed
    Column("reason_id", Integer, nullable=False),
    Column("order_id", BigInteger),  # of a shipment
    Column("state", Text, nullable=False, server_default="due"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time("called_at"),
    time("journal_from"),  # since when plentymarkets' journal was looked at before the call
    Column("seen_before", Integer),  # equal rows in it before the call
    Column("error_code", Text),
    Column("takes_back", BigInteger),  # the booking of a shipment that this one undoes
    Column("approved_by", Text),  # who confirmed the change
    now("created_at"),
    time("done_at"),
    CheckConstraint(
        "state IN ('due', 'writing', 'done', 'dropped', 'refused')", name="state_known"
    ),
    Index(
        "ix_stock_bookings_open",
        "merchant",
        "variation_id",
        postgresql_where=text("state IN ('due', 'writing', 'refused')"),
    ),
    Index(
        "ix_stock_bookings_shipments",
        "merchant",
        "done_at",
        postgresql_where=text("kind = 'shipment' AND state = 'done'"),
    ),
    Index(
        "ix_stock_bookings_takes_back",
        "takes_back",
        postgresql_where=text("takes_back IS NOT NULL"),
    ),
    Index("ix_stock_bookings_order_id", "merchant", "order_id"),
)
