"""The ledger's tables. The migrations create them; a test holds the two against each other.

Every row belongs to one merchant. Times are ``timestamptz``; everything is read and written in UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.core.states import State

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _time(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


#: one run's piece of work; XCom carries its id and nothing else
batches = Table(
    "batches",
    metadata,
    Column("batch_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("window_start", DateTime(timezone=True)),
    Column("window_end", DateTime(timezone=True)),
    _now("opened_at"),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("scope", JSONB),  # order ids that a replay looks at; null: all that is due
    UniqueConstraint("merchant", "run_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("plenty_status", Numeric(6, 4), nullable=False),  # as last read or written
    _time("plenty_updated_at"),  # of the content below
    Column("batch_id", BigInteger, ForeignKey("batches.batch_id")),
    Column("episode", Integer, nullable=False, server_default=text("1")),  # grows per release
    Column("content", JSONB),  # Order.to_json; personal, removed when no longer needed
    Column("fingerprint", Text),  # of `content`
    Column("sent_fingerprint", Text),  # of what wemalo has
    _time("cancel_requested_at"),  # the merchant's 8.0 was seen and is not yet settled
    Column("cancel_tries", Integer, nullable=False, server_default=text("0")),  # unclear answers
    _time("looked_at"),  # when wemalo was last asked how far it is
    _time("seen_updated_at"),  # plentymarkets' change time that was judged after the hand-over
    # changed after the hand-over, not yet at wemalo; personal
    Column("new_content", JSONB(none_as_null=True)),
    Column("change_state", Text),  # of new_content: new, good, bad, late, unclear
    Column("lookups", Integer, nullable=False, server_default=text("0")),  # not found at wemalo
    Column("wemalo_status", Text),
    Column("wemalo_reason", Text),
    Column("reason_code", Text),  # why the order is where it is
    Column("reason", JSONB),  # {"field", "de", "en"}; never personal
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("next_attempt_at"),
    Column("lease_owner", Text),
    _time("lease_until"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _now("first_seen_at"),
    _now("changed_at"),
    _time("ended_at"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{s}'" for s in State)), name="state_known"),
    Index(None, "merchant", "state", "next_attempt_at"),
    Index(None, "batch_id"),
)

#: append only (a trigger refuses anything else): every read, decision, call, answer and write
order_events = Table(
    "order_events",
    metadata,
    Column("event_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Index(None, "merchant", "order_id", "event_id"),
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
    _now("next_attempt_at"),
    Column("error_code", Text),
    _now("created_at"),
    _time("done_at"),
    # a status was written and the history not read since: what was read before, and when
    Column("status_before", Numeric(6, 4)),
    _time("unchecked_since"),
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
        "ix_outbox_unchecked",
        "merchant",
        postgresql_where=text("unchecked_since IS NOT NULL"),
    ),
)

#: one row per wemalo parcel; acknowledged at wemalo only after plentymarkets has it
parcels = Table(
    "parcels",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("parcel_id", Text, primary_key=True),
    Column("tracking_number", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("weight_g", Integer),
    Column("handed_over_at", DateTime(timezone=True)),
    Column("plenty_package_id", BigInteger),
    Column("written_number", Text),  # the number plentymarkets has
    _now("first_seen_at"),
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
    _now("first_seen_at"),
    _time("acknowledged_at"),
    Index(None, "merchant", "order_id"),
)

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
    _now("opened_at"),  # when the window's first permit was given
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
    _now("created_at"),
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
    _now("changed_at"),
)

#: slow-moving facts of the other systems (countries, shipping providers), refreshed by age
reference_data = Table(
    "reference_data",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    _now("fetched_at"),
)

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

# -- returns and documents ------------------------------------------------------------------------

#: wemalo's queue rows of returned pieces: seen -> part of a return order -> acknowledged
return_rows = Table(
    "return_rows",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("history_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),  # the original order, as far as wemalo names one
    Column("facts", JSONB, nullable=False),  # ReturnRow.facts
    Column("return_key", BigInteger),  # the return order it is part of
    Column("trouble_code", Text),  # why a person has to look
    _time("next_attempt_at"),
    _now("first_seen_at"),
    _time("acknowledged_at"),
    _time("gone_at"),  # left wemalo's queue without us
    Index(None, "merchant", "return_key"),
    Index(
        "ix_return_rows_open",
        "merchant",
        postgresql_where=text("acknowledged_at IS NULL AND gone_at IS NULL"),
    ),
)

#: one return order in plentymarkets; its contents never change once it is planned
returns = Table(
    "returns",
    metadata,
    Column("merchant", Text, primary_key=True),
    # the first history id of its pieces: the same for ever, so it marks the return order
    Column("return_key", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, nullable=False),
    Column("announced", Boolean, nullable=False),  # the merchant's return order, not a new one
    Column("lines", JSONB, nullable=False),  # Line.to_json
    Column("state", Text, nullable=False, server_default="planned"),
    Column("plenty_return_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("lookups", Integer, nullable=False, server_default=text("0")),
    _time("next_attempt_at"),
    Column("error_code", Text),
    _now("planned_at"),
    _time("created_at"),
    _time("described_at"),  # reasons and conditions are written
    _time("done_at"),
    CheckConstraint(
        "state IN ('planned', 'creating', 'created', 'booking', 'done')", name="state_known"
    ),
    Index(None, "merchant", "order_id"),
    Index("ix_returns_open", "merchant", postgresql_where=text("state <> 'done'")),
)

#: return orders of the merchant that wemalo was told of
announced_returns = Table(
    "announced_returns",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("return_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),  # the original order
    Column("state", Text, nullable=False),
    Column("wemalo_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("next_attempt_at"),
    Column("error_code", Text),
    _now("first_seen_at"),
    _time("announced_at"),
    CheckConstraint("state IN ('announcing', 'announced', 'refused')", name="state_known"),
)

#: one row per document that wemalo has or should have; document id 0: there is none yet
documents = Table(
    "documents",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),  # invoice, delivery_note
    Column("document_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("wemalo_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("next_attempt_at"),
    Column("error_code", Text),
    _time("told_at"),  # the exception was raised
    _now("first_seen_at"),
    _time("attached_at"),
    CheckConstraint(
        "state IN ('missing', 'pending', 'faulty', 'attaching', 'unclear', 'refused', 'attached')",
        name="state_known",
    ),
)

# -- stock and products ---------------------------------------------------------------------------

#: how far each concern of a merchant has read, and when it last looked
sync_state = Table(
    "sync_state",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("concern", Text, primary_key=True),  # stock, products
    _time("looked_at"),
    _time("read_until"),
    Column("data", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
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
    _time("seen_since"),
    Column("held", Text),  # why a person has to confirm
    Column("held_delta", Numeric),
    Column("approved_delta", Numeric),
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
    _now("first_seen_at"),
    _time("taken_at"),
    _time("acknowledged_at"),
    Index(None, "merchant", "variation_id"),
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
    _time("called_at"),
    _time("journal_from"),  # since when plentymarkets' journal was looked at before the call
    Column("seen_before", Integer),  # equal rows in it before the call
    Column("error_code", Text),
    _now("created_at"),
    _time("done_at"),
    CheckConstraint(
        "state IN ('due', 'writing', 'done', 'dropped', 'refused')", name="state_known"
    ),
    Index(
        "ix_stock_bookings_open",
        "merchant",
        "variation_id",
        postgresql_where=text("state IN ('due', 'writing', 'refused')"),
    ),
    Index("ix_stock_bookings_order_id", "merchant", "order_id"),
)

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
    _now("changed_at"),
    _time("sent_at"),
    CheckConstraint("state IN ('due', 'sent', 'invalid', 'refused')", name="state_known"),
    Index(None, "merchant", "state"),
)

# -- exceptions -----------------------------------------------------------------------------------

#: what a person should look at; open until the cause is gone
exceptions = Table(
    "exceptions",
    metadata,
    Column("exception_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("subject", Text, nullable=False),  # order:123, item:2044, merchant
    Column("code", Text, nullable=False),
    Column("de", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("action_de", Text, nullable=False),  # what to do
    Column("action_en", Text, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    _now("first_seen_at"),
    _now("last_seen_at"),
    _time("cleared_at"),
    Index(
        "uq_exceptions_open",
        "merchant",
        "subject",
        "code",
        unique=True,
        postgresql_where=text("cleared_at IS NULL"),
    ),
)

# -- quality --------------------------------------------------------------------------------------

#: orders per merchant, day (UTC) and rule; codes "" and "*" count all orders and those not sent
quality_days = Table(
    "quality_days",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("orders", Integer, nullable=False),
)

#: what was counted today and yesterday, so that judging an order again does not count it again
quality_seen = Table(
    "quality_seen",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("episode", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
)

#: Data Docs: one page per judged batch, without personal data
data_docs = Table(
    "data_docs",
    metadata,
    Column("page_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("not_sent", Integer, nullable=False),
    Column("page", Text, nullable=False),  # HTML
    _now("written_at"),
    Index(None, "merchant", "run_id"),
)

# -- plans ----------------------------------------------------------------------------------------

#: what a dry run would have done; never personal
plans = Table(
    "plans",
    metadata,
    Column("plan_id", BigInteger, Identity(), primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # dry_run, shadow, backfill
    _time("window_start"),
    _time("window_end"),
    Column("troubles", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    _now("made_at"),
    Index(None, "merchant", "made_at"),
)

plan_lines = Table(
    "plan_lines",
    metadata,
    Column(
        "plan_id", BigInteger, ForeignKey("plans.plan_id", ondelete="CASCADE"), primary_key=True
    ),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger),
    Column("action", Text, nullable=False),
    Column("code", Text, nullable=False),  # a status, a rule, an exception, why it is skipped
    Column("de", Text, nullable=False),
    Column("en", Text, nullable=False),
    Index(None, "order_id"),
)

#: the doctor's newest report per merchant: settings, counts and what to fix; never personal
doctor_reports = Table(
    "doctor_reports",
    metadata,
    Column("merchant", Text, primary_key=True),
    Column("report", JSONB, nullable=False),
    # once it was ready for its orders, not being ready is a failure and not work to do
    Column("was_ready", Boolean, nullable=False),
    _now("made_at"),
)

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
