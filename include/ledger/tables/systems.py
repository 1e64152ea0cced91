"""Both systems as all processes of a merchant share them: limits, logins, failures, writes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.ledger.tables.base import metadata, now, time

#: calls left per merchant, system and bucket; shared by all processes, corrected from headers
rate_budget = Table(
    "rate_budget",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("system", Text, primary_key=True),  # plenty, wemalo
    Column("bucket", Text, primary_key=True),  # read, write, read_day, write_day, call
    Column("max_calls", Integer, nullable=False),
    Column("calls_left", Integer, nullable=False),
    Column("resets_at", DateTime(timezone=True), nullable=False),
    Column("period_s", Integer, nullable=False),
    now("opened_at"),  # when the window's first permit was given
)

#: one login per token lifetime, shared by all tasks; encrypted
tokens = Table(
    "tokens",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("login", Text, primary_key=True),  # hash of URL, user and password it belongs to
    Column("token", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    now("created_at"),
)

#: a merchant's system that failed rests for a while
circuits = Table(
    "circuits",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("open_until", DateTime(timezone=True)),
    Column("code", Text),
    Column("operator_text", Text),
    Column("call", Text),  # the newest failing call: the same one again is no further failure
    now("changed_at"),
    now("failing_since"),  # of the first failure in a row
)

#: items that failed and rest: one row per merchant, step and item until the step succeeds
failures = Table(
    "failures",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("step", Text, primary_key=True),  # a key of include.core.systems.failures.STEPS
    Column("subject", Text, primary_key=True),  # order:123, as in exceptions
    Column("task", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("operator_text", Text, nullable=False),  # never personal
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    now("first_failed_at"),
    now("failed_at"),
    now("next_attempt_at"),
)

#: fencing numbers: no two holders of a write ever have the same
write_tokens = Sequence("write_tokens", metadata=metadata)

#: external writes that are being made or whose outcome is not known; gone once it is
writes = Table(
    "writes",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("step", Text, primary_key=True),  # a key of include.core.systems.failures.STEPS
    Column("subject", Text, primary_key=True),  # order:123, as in exceptions
    Column("token", BigInteger, nullable=False),  # who holds it now
    Column("owner", Text, nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    # a call may have left: until then it may still take effect; null: none has left
    time("doubt_until"),
    time("doubt_since"),
    Column("lookups", Integer, nullable=False, server_default=text("0")),  # clear "not found"
    Column("code", Text),
    now("begun_at"),
    Index("ix_writes_in_doubt", "merchant", postgresql_where=text("doubt_until IS NOT NULL")),
)

#: slow-moving facts of the other systems (countries, shipping providers), refreshed by age
reference_data = Table(
    "reference_data",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    now("fetched_at"),
)

#: how far each concern of a merchant has read, and when it last looked
sync_state = Table(
    "sync_state",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("concern", Text, primary_key=True),  # stock, products
    time("looked_at"),
    time("read_until"),
    Column("data", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)
