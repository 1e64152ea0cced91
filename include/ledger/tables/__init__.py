"""The ledger's tables. The migrations create them; a test holds the two against each other.

Every row belongs to one merchant. Times are ``timestamptz``; everything is read and written in UTC.
"""

from __future__ import annotations

from include.ledger.tables.arrivals import announced_returns, documents, return_rows, returns
from include.ledger.tables.base import metadata
from include.ledger.tables.flow import batches, order_events, orders, outbox, parcels, sent_rows
from include.ledger.tables.goods import (
    products,
    stock_bookings,
    stock_levels,
    stock_mirror,
    stock_postings,
    sync_state,
)
from include.ledger.tables.reports import (
    data_docs,
    doctor_reports,
    exceptions,
    plan_lines,
    plans,
    quality_days,
    quality_seen,
    shadow_results,
)
from include.ledger.tables.systems import (
    circuits,
    failures,
    merchant_facts,
    merchant_files,
    merchant_modes,
    rate_budget,
    reference_data,
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
