"""The doctor's word."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now

#: the doctor's newest report per merchant: settings, counts and what to fix; never personal
doctor_reports = Table(
    "doctor_reports",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("report", JSONB, nullable=False),
    # once it was ready for its orders, not being ready is a failure and not work to do
    Column("was_ready", Boolean, nullable=False),
    now("made_at"),
)
