"""The ledger's tables. The migrations create them; a test holds the two against each other.

Every row belongs to one merchant. Times are ``timestamptz``; everything is read and written in UTC.
"""

from __future__ import annotations

from include.ledger.tables.base import metadata
from include.ledger.tables.doctor import doctor_reports
from include.ledger.tables.documents import documents
from include.ledger.tables.dry_run import plan_lines, plans
from include.ledger.tables.exceptions import exceptions
from include.ledger.tables.merchants import merchant_facts, merchant_files, merchant_modes
from include.ledger.tables.orders import batches, order_events, orders, outbox
from include.ledger.tables.parcels import parcels, sent_rows
from include.ledger.tables.products import products
from include.ledger.tables.quality import data_docs, quality_days, quality_seen
from include.ledger.tables.returns import announced_returns, return_rows, returns
from include.ledger.tables.shadow import shadow_results
from include.ledger.tables.stock import stock_bookings, stock_levels, stock_mirror, stock_postings
from include.ledger.tables.systems import (
    circuits,
    failures,
    rate_budget,
    reference_data,
    sync_state,
    tokens,
    write_tokens,
    writes,
)

__all__ = [
    "announced_returns",
    "batches",
    "circuits",
    "data_docs",
    "doctor_reports",
    "documents",
    "exceptions",
    "failures",
    "merchant_facts",
    "merchant_files",
    "merchant_modes",
    "metadata",
    "order_events",
    "orders",
    "outbox",
    "parcels",
    "plan_lines",
    "plans",
    "products",
    "quality_days",
    "quality_seen",
    "rate_budget",
    "reference_data",
    "return_rows",
    "returns",
    "sent_rows",
    "shadow_results",
    "stock_bookings",
    "stock_levels",
    "stock_mirror",
    "stock_postings",
    "sync_state",
    "tokens",
    "write_tokens",
    "writes",
]
