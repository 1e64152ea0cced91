"""Orders on their way: what is known, what happened, what is still to be written."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.core.orders.states import ENDED, State
from include.ledger.tables.base import metadata, now, time

# Whatever a run or a look asks for over all of a merchant's rows has an index of the open ones
# alone, or of times of which it reads the last days: history makes it no slower. The index'
# condition is repeated, in literals, by the query.
_ENDED = ", ".join(f"'{state}'" for state in sorted(ENDED))
_WITHDRAWN = text("state = 'withdrawn'")

#: one run's piece of work; XCom carries its id and nothing else
batches = Table(
    "batches",
    metadata,
    Column("batch_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("window_start", DateTime(timezone=True)),
    Column("window_end", DateTime(timezone=True)),
    now("opened_at"),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("scope", JSONB),  # order ids that a replay looks at; null: all that is due
    UniqueConstraint("merchant", "run_id"),
    Index(
        "ix_batches_released",
        "merchant",
        "batch_id",
        postgresql_where=text("counts ? 'released' AND scope IS NULL"),
    ),
)

orders = Table(
    "orders",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("plenty_status", Numeric(6, 4), nullable=False),  # as last read or written
    time("plenty_updated_at"),  # of the content below
    Column("batch_id", BigInteger, ForeignKey("batches.batch_id")),
    Column("episode", Integer, nullable=False, server_default=text("1")),  # grows per release
    Column("content", JSONB),  # Order.to_json; personal, removed when no longer needed
    Column("fingerprint", Text),  # of `content`
    Column("facts", Text),  # version of `merchant_facts` it was fetched under; null: the current
    Column("sent_fingerprint", Text),  # of what wemalo has
    time("cancel_requested_at"),  # the merchant's 8.0 was seen and is not yet settled
    Column("cancel_tries", Integer, nullable=False, server_default=text("0")),  # unclear answers
    time("looked_at"),  # when wemalo was last asked how far it is
    time("seen_updated_at"),  # plentymarkets' change time that was judged after the hand-over
    # changed after the hand-over, not yet at wemalo; personal
    Column("new_content", JSONB(none_as_null=True)),
    Column("change_state", Text),  # of new_content: new, good, bad, late, unclear
    Column("lookups", Integer, nullable=False, server_default=text("0")),  # no longer used
    Column("wemalo_status", Text),
    Column("wemalo_reason", Text),
    Column("reason_code", Text),  # why the order is where it is
    Column("reason", JSONB),  # {"field", "de", "en"}; never personal
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time("next_attempt_at"),
    Column("lease_owner", Text),  # no longer used: see `writes`
    time("lease_until"),
    # a hand-over was given up as not arrived: when, and the fingerprint of what was sent
    time("given_up_at"),
    Column("given_up_fingerprint", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    now("first_seen_at"),
    now("changed_at"),
    now("stands_since"),  # when state or wemalo_status changed last; a trigger sets it
    time("ended_at"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{s}'" for s in State)), name="state_known"),
    Index(
        "ix_orders_open",
        "merchant",
        "state",
        "next_attempt_at",
        postgresql_where=text(f"state NOT IN ({_ENDED})"),
    ),
    Index(
        "ix_orders_cancel_requested",
        "merchant",
        postgresql_where=text("cancel_requested_at IS NOT NULL"),
    ),
    Index(
        "ix_orders_left",
        "merchant",
        "changed_at",
        postgresql_where=text("state IN ('partly_shipped', 'shipped')"),
    ),
    # of those that ended without having left, the few that are still looked at
    Index("ix_orders_withdrawn", "merchant", "changed_at", postgresql_where=_WITHDRAWN),
    Index("ix_orders_withdrawn_status", "merchant", "plenty_status", postgresql_where=_WITHDRAWN),
    Index(
        "ix_orders_withdrawn_sent",
        "merchant",
        postgresql_where=text("state = 'withdrawn' AND sent_fingerprint IS NOT NULL"),
    ),
    Index(
        "ix_orders_held",
        "merchant",
        postgresql_where=text("state = 'cancelled' AND reason_code = 'HELD'"),
    ),
    Index(  # what housekeeping takes away
        "ix_orders_with_content",
        "merchant",
        "ended_at",
        postgresql_where=text(
            f"state IN ({_ENDED}) AND (content IS NOT NULL OR new_content IS NOT NULL)"
        ),
    ),
    Index(
        "ix_orders_given_up",
        "merchant",
        "given_up_at",
        postgresql_where=text("given_up_at IS NOT NULL"),
    ),
    Index(None, "batch_id"),
    Index(  # the shop's own number, as long as the content is kept
        "ix_orders_external",
        text("(content ->> 'external_order_id')"),
        postgresql_where=text("content ->> 'external_order_id' IS NOT NULL"),
    ),
)

order_event_ids = Sequence("order_event_ids", metadata=metadata)

#: append only (a trigger refuses anything else): every read, decision, call, answer and write; a
#: partition per month, see `include.ledger.merchants.event_months`
order_events = Table(
    "order_events",
    metadata,
    Column("event_id", BigInteger, server_default=order_event_ids.next_value(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), server_default=func.clock_timestamp(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Index(None, "merchant", "order_id", "event_id"),
    postgresql_partition_by="RANGE (at)",
)

#: what still has to be written to plentymarkets
outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # status, note, package, shipping_info, goods_issue
    Column("dedupe_key", Text, nullable=False),  # the same fact is never queued twice
    Column("payload", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="due"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    now("next_attempt_at"),
    Column("error_code", Text),
    now("created_at"),
    time("done_at"),
    # a status was written and the history not read since: what was read before, and when
    Column("status_before", Numeric(6, 4)),
    time("unchecked_since"),
    time("may_land_until"),  # it was found there; its own call may land until then
    CheckConstraint("state IN ('due', 'writing', 'done', 'dropped', 'dead')", name="state_known"),
    UniqueConstraint("merchant", "order_id", "dedupe_key"),
    Index(
        "ix_outbox_pending",
        "merchant",
        "kind",
        "next_attempt_at",
        postgresql_where=text("state IN ('due', 'writing')"),
    ),
    Index(
        "ix_outbox_standing",
        "merchant",
        "order_id",
        postgresql_where=text("state IN ('due', 'writing', 'dead')"),
    ),
    Index(  # asked for each refused status: was it taken for some order since?
        "ix_outbox_taken",
        "merchant",
        text("(payload ->> 'target')"),
        "done_at",
        postgresql_where=text("kind = 'status' AND state = 'done'"),
    ),
    Index(
        "ix_outbox_unchecked",
        "merchant",
        postgresql_where=text("unchecked_since IS NOT NULL"),
    ),
)
