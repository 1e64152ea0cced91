"""What every step of the flow works with: the merchant, both systems, the ledger, the diary."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.merchants import facts as in_force
from include.core.exceptions.exception_texts import exception_text
from include.core.merchants.merchant_facts import laid_over
from include.core.merchants.modes import Mode
from include.core.systems.errors import MerchantPaused
from include.core.systems.slices import packed, slices
from include.ledger.exceptions import exceptions
from include.ledger.merchants import merchant_facts, modes
from include.ledger.orders import batches, outbox, outbox_sets
from include.ledger.systems import failures, locks
from include.ledger.systems.reference import cached

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection, Engine, Row

    from fulfilment.flow.merchants.facts import Facts
    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.wemalo import WemaloHook
    from include.core.merchants.merchant import Merchant
    from include.core.systems.errors import FulfilmentError
    from include.core.systems.slices import IdSet
    from include.ledger.orders.journal import Journal

log = logging.getLogger("fulfilment.flow")

COUNTRIES_MAX_AGE = timedelta(days=1)
#: so long after somebody paused a merchant a task may begin with one more item
MODE_TRUSTED_S = 3.0


@dataclass(slots=True)
class Work:
    """One task run of one merchant."""

    merchant: Merchant
    engine: Engine
    journal: Journal
    batch_id: int
    plenty: PlentyHook
    wemalo: WemaloHook
    lease_s: int = 300  # longer than the wait for a call's turn and the call may take together
    settle_s: float = 300  # so long after we gave up waiting a call may still take effect there
    look_again_s: int = 900  # how old the last look at an order in the warehouse may be
    again_s: int = (
        900  # the first pause before an order is sent again, see include.core.orders.send_again
    )
    pause_s: int = 60  # an item that failed rests so long first, see include.core.systems.failures
    fresh_s: int = 30  # an order changed so lately may change again within the same second
    scope: IdSet | None = None  # a replay: only these orders; None = all that is due
    trouble: list[FulfilmentError] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)  # items that failed in this task, as subjects
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    left: dict[int, str] | None = None  # a dry run: orders that were looked at and left, why
    known_facts: Facts | None = field(default=None, repr=False)  # None: met at the first need
    known_mode: tuple[float, Mode] | None = None  # when it was read (monotonic), and what

    @property
    def name(self) -> str:
        """The merchant's short name."""
        return self.merchant.merchant

    @property
    def owner(self) -> str:
        """Who holds a lease: this try of this run."""
        return f"{self.journal.run_id}/{self.journal.task}/{self.journal.try_number}"

    @property
    def facts(self) -> Facts:
        """What this merchant's orders go by; the first look notes it in the ledger.

        :raises ConfigError: see `fulfilment.flow.merchants.facts.meet`.
        """
        if self.known_facts is None:
            self.known_facts = in_force.meet(self.engine, self.merchant, self.plenty, self.wemalo)
        return self.known_facts

    def merchant_of(self, connection: Connection, order_id: int) -> Merchant:
        """Return the merchant with the facts that an order was fetched under laid over.

        Status ids, warehouse, plentyID, storage location and wemalo's product id are the order's;
        all else is as the merchant file says now.
        """
        if not self.facts.older:
            return self.merchant
        return self.merchant_by(merchant_facts.version_of(connection, self.name, order_id))

    def merchant_by(self, version: str | None) -> Merchant:
        """Return the merchant as `merchant_of` does, by the column ``facts`` of an order's row."""
        old = self.facts.older.get(version or "")
        return laid_over(self.merchant, old.facts) if old else self.merchant

    def by_merchant(self, rows: Sequence[Row[Any]]) -> Iterator[tuple[Merchant, list[Row[Any]]]]:
        """Yield rows of orders in their order, with the merchant they go by: mostly all at once."""
        parts: dict[str, list[Row[Any]]] = {}
        for row in rows:
            version = row.facts if row.facts in self.facts.older else ""
            parts.setdefault(version, []).append(row)
        for version, part in parts.items():
            yield self.merchant_by(version), part

    def check_mode(self) -> Mode:
        """Return what the merchant does now; a dry run tells what a live one would do.

        :raises MerchantPaused: everything stands, maybe since a moment ago.
        """
        if self.left is not None:
            return Mode.LIVE
        now = time.monotonic()
        if self.known_mode is None or now - self.known_mode[0] > MODE_TRUSTED_S:
            with self.engine.connect() as connection:
                standing = modes.of(connection, self.name)
            if standing.mode is Mode.PAUSED:
                raise MerchantPaused(standing.left_undone, merchant=self.name)
            self.known_mode = (now, standing.mode)
        return self.known_mode[1]

    @property
    def takes_new(self) -> bool:
        """Say whether orders that the warehouse never had may go on; see `check_mode`."""
        return self.check_mode() is Mode.LIVE

    def check_lock(self) -> None:
        """Make sure that no other run of this task is at work; see `include.ledger.systems.locks`.

        :raises LedgerUnavailable: the lock of this run was lost.
        """
        locks.check()

    def countries(self) -> dict[int, str]:
        """Return plentymarkets country id -> ISO code, read once a day (contract 16)."""
        value = cached(
            self.engine,
            self.name,
            "countries",
            COUNTRIES_MAX_AGE,
            lambda: {str(key): iso for key, iso in self.plenty.countries().items()},
        )
        return {int(key): str(iso) for key, iso in value.items()}

    def covers(self, order_id: int | None) -> bool:
        """Say whether an order is this run's business; a replay looks at its own orders only.

        Never one of another system, to which the merchant file no longer leads.
        """
        mine = self.scope is None or order_id in self.scope
        return mine and order_id not in self.facts.strangers

    def slices(self, ids: Iterable[int], size: int) -> Iterator[array[int]]:
        """Yield those of ``ids`` that are this run's business, in their order, some at a time."""
        return slices(packed(filter(self.covers, ids)), size)

    def mine(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Return those ledger rows that are this run's business."""
        return [row for row in rows if self.covers(row.order_id)]

    def leave(self, order_id: int, why: str = "") -> None:
        """Note for a plan that nothing is done about an order: `include.core.dry_run.plan.SKIPS`.

        :param why: "" where the order's state in the ledger says it, or a reason was given before.
        """
        if self.left is not None and (why or order_id not in self.left):
            self.left[order_id] = why

    def note_trouble(self, error: FulfilmentError) -> None:
        """Remember an error of a system: the task goes on and ends red with it."""
        error.merchant = error.merchant or self.name
        log.warning("%s %s: %s", self.name, error.code, error.log)
        self.trouble.append(error)

    def raise_trouble(self) -> None:
        """Raise the first remembered error, once everything that could be done is done."""
        if self.trouble:
            raise self.trouble[0]

    def tell_nameless(self) -> None:
        """Tell of rows that cannot be read and have no id, or that this step's lists have none."""
        subject = f"rows:{self.journal.task}"
        rows = self.plenty.nameless + self.wemalo.nameless
        with self.engine.begin() as connection:
            if not rows:
                exceptions.clear(connection, self.journal, subject, "ROWS_UNREADABLE")
                return
            named = ", ".join(f"{what}: {count}" for what, count in sorted(rows.items()))
            text = exception_text("ROWS_UNREADABLE", rows=named)
            exceptions.raise_exception(connection, self.journal, subject=subject, **text)

    def end(self, counts: dict[str, int]) -> dict[str, int]:
        """Keep a step's counts and return them, or raise what went wrong on the way.

        A step in which only items failed ends well: they are told as exceptions.
        """
        counts = {**counts, **({"failing": len(self.failing)} if self.failing else {})}
        self.tell_nameless()
        with self.engine.begin() as connection:
            batches.add_counts(connection, self.batch_id, counts)
            if not self.trouble and self.scope is None:
                failures.forget_gone(connection, self.journal, self.started)
        self.raise_trouble()
        return counts

    def tell(self, connection: Connection, order_id: int, code: str, **values: object) -> None:
        """Open an exception about an order, see `include.core.exceptions.exception_texts`."""
        exceptions.raise_exception(
            connection,
            self.journal,
            subject=exceptions.order_subject(order_id),
            **exception_text(code, **values),
        )

    def queue_status(
        self,
        connection: Connection,
        order_id: int,
        target: Decimal,
        expected: tuple[Decimal, ...],
        key: str,
    ) -> bool:
        """Queue a status for plentymarkets; ``key`` names the occasion, so it happens once."""
        fact = _status_fact(order_id, target, expected, key)
        return outbox.enqueue(connection, self.journal, order_id, "status", *fact[1:])

    def queue_statuses(
        self,
        connection: Connection,
        told: Iterable[tuple[int, Decimal, tuple[Decimal, ...], str]],
    ) -> None:
        """Queue statuses as `queue_status` does: order id, target, expected, key."""
        facts = [_status_fact(*one) for one in told]
        outbox_sets.enqueue(connection, self.journal, "status", facts)

    def queue_note(
        self, connection: Connection, order_id: int, key: str, german: str, english: str
    ) -> bool:
        """Queue an order note in the merchant's language."""
        return outbox.enqueue(
            connection,
            self.journal,
            order_id,
            "note",
            f"note:{key}",
            {"key": key, "text": german if self.merchant.language == "de" else english},
        )


def _status_fact(
    order_id: int, target: Decimal, expected: tuple[Decimal, ...], key: str
) -> tuple[int, str, dict[str, Any]]:
    payload = {"target": str(target), "expected": [str(value) for value in expected]}
    return order_id, f"status:{target}:{key}", payload
