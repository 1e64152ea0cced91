"""What is kept of merchants: the facts their orders go by, their mode, their last good file."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now, time

#: the facts of a merchant file that orders were fetched under, and the systems they came from
merchant_facts = Table(
    "merchant_facts",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("version", Text, primary_key=True),  # digest of facts and addresses
    Column(
        "facts", JSONB, nullable=False
    ),  # setting -> value, see include.core.merchants.merchant_facts
    Column("plenty_address", Text, nullable=False),  # digests: no address, never a secret
    Column("wemalo_address", Text, nullable=False),
    Column("wemalo_secret", Text),
    now("first_seen_at"),
    now("last_seen_at"),
    Index(None, "wemalo_secret"),
)

#: what a person decided about a merchant's work; no row is live
merchant_modes = Table(
    "merchant_modes",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("mode", Text, nullable=False),  # a value of include.core.merchants.modes.Mode
    now("since"),
    time("until"),  # live again from then on
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

#: the last version of each merchant file that a task ran with: it goes on while the file is broken
merchant_files = Table(
    "merchant_files",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("file", Text, nullable=False),  # its name, without folder
    Column("version", Text, nullable=False),  # digest of the settings
    Column("settings", JSONB, nullable=False),  # all of them, defaults included; no secret is one
    now("good_since"),
    Column("red_for", Text),  # digest of the mistake that a run was red for
    time("retired_at"),  # `fulfil retire`: nothing is done for this merchant any more
)
