"""Is anything waiting for a merchant's run? One read of plentymarkets, compared with the ledger.

What is new here is only a reason to start a run: the run itself looks at everything again, and the
scheduled runs find what a look like this one misses.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from fulfilment.hooks.ledger import LedgerHook
from fulfilment.hooks.plenty import Filter, PlentyHook
from include.core.orders.plenty_order import row_status, row_time
from include.core.orders.release import Cancel, Release, on_cancel, on_release
from include.core.orders.states import State
from include.core.systems.errors import CircuitOpen, FulfilmentError, RateLimited
from include.core.systems.failures import as_own
from include.core.systems.values import need_id
from include.ledger.orders import orders, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from include.core.orders.between_runs import Watch

log = logging.getLogger("fulfilment.waiting")

#: what changed earlier is left to the scheduled runs: their looks have no such bound (contract 18)
LOOK_BACK = timedelta(hours=2)
ANSWER_S = 10.0  # a system that hangs must not hold the others' turns for long
HOOK_LIFE = timedelta(minutes=10)  # then connection and password are read again

Row = dict[str, Any]
Key = tuple[int, datetime]  # order id, and when it changed last


def _filters(watch: Watch, now: datetime) -> list[Filter]:
    """Return the conditions of the search (plentymarkets contract 6.2)."""
    return [
        Filter("statusId", "in", (watch.fetch, watch.cancel)),
        Filter("plentyId", "eq", watch.plenty_id),
        Filter("orderTypeId", "in", watch.types),
        Filter("orderItemWarehouseId", "eq", watch.warehouse_id),
        Filter("updatedAt", "gte", now - LOOK_BACK),
    ]


def _asked_for(watch: Watch, row: Row) -> bool:
    """Say whether a row is one that was asked for: a filter may be ignored (contract 1)."""
    return (
        row_status(row) in (watch.fetch, watch.cancel)
        and need_id(row, "plentyId") == watch.plenty_id
        and need_id(row, "typeId") in watch.types
    )


def look(watch: Watch, plenty: PlentyHook, engine: Engine) -> tuple[set[Key], set[Key]]:
    """Return released and cancelled orders that the ledger has not dealt with.

    Among the released are main orders whose delivery orders carry the goods.

    :raises FulfilmentError: plentymarkets cannot be asked.
    """
    filters = _filters(watch, datetime.now(UTC))
    rows = plenty.newest_rows(filters, expect=partial(_asked_for, watch))
    if not rows:
        return set(), set()
    by_id = {need_id(row, "id"): row for row in rows}
    released, cancelled = set(), set()
    with engine.connect() as connection:
        known = orders.known(connection, watch.merchant, by_id)
        pending = outbox.has_pending(connection, watch.merchant, known, ["status"])
        settled = outbox.has_pending(
            connection, watch.merchant, known, ["status"], occasion=":too_late:"
        )
        for order_id, row in by_id.items():
            entry, key = known.get(order_id), (order_id, row_time(row))
            if row_status(row) == watch.fetch:
                if _is_released(entry, row, write_pending=order_id in pending):
                    released.add(key)
            elif entry is not None and order_id not in settled:
                action = on_cancel(
                    entry.state,
                    requested=entry.cancel_requested,
                    write_pending=order_id in pending,
                )
                if action is not Cancel.NOTHING:
                    cancelled.add(key)
    return released, cancelled


def _is_released(entry: orders.Known | None, row: Row, *, write_pending: bool) -> bool:
    if entry is not None and entry.state is State.WAITING:
        return not write_pending  # corrected and released again: it is sent again
    action = on_release(
        entry.state if entry else None,
        sent=bool(entry and entry.sent),
        kept_time=entry.plenty_updated_at if entry else None,
        row_time=row_time(row),
        write_pending=write_pending,
    )
    return action is not Release.NOTHING


class Poll:
    """One merchant's looks: what was announced is not announced again while it stays as it is.

    An order that no run can deal with is thus announced once. After a failure, and in a new
    process, nothing counts as announced: what waits is announced once more.
    """

    def __init__(self, watch: Watch) -> None:
        """Connect nothing yet."""
        self.watch = watch
        self._announced: set[Key] = set()
        self._trouble = ""
        self._plenty: PlentyHook | None = None
        self._plenty_until = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> Mapping[str, int] | None:
        """Look once; return the counts of what is new, None where nothing is. Never raises."""
        try:
            plenty = self._hook()
            released, cancelled = look(self.watch, plenty, LedgerHook().engine)
            new = {order_id for order_id, _ in released - self._announced}
            new -= plenty.split_orders(new)
        except RateLimited:  # other work goes first
            return None
        except CircuitOpen as error:
            self._failed("CIRCUIT_OPEN", error.operator)
            return None
        except FulfilmentError as error:
            self._failed(error.code, error.operator)
            return None
        except SQLAlchemyError as error:
            self._failed("LEDGER", f"The ledger cannot be read ({type(error).__name__}).")
            return None
        except Exception as error:  # a row that nobody thought of must not end the trigger
            own = as_own(error, self.watch.merchant)
            self._failed(own.code, own.operator)
            return None
        if self._trouble:
            log.info("%s: plentymarkets can be asked again", self.watch.merchant)
            self._trouble = ""
        known, self._announced = self._announced, released | cancelled
        counts = {"released": len(new), "cancelled": len(cancelled - known)}
        return counts if any(counts.values()) else None

    def forget(self) -> None:
        """Let what waits be announced once more."""
        self._announced = set()

    def _hook(self) -> PlentyHook:
        now = datetime.now(UTC)
        if self._plenty is None or now > self._plenty_until:
            self._close()
            self._plenty = PlentyHook(
                self.watch.merchant,
                self.watch.connection,
                LedgerHook().engine,
                plan=self.watch.plan,
                priority="watch",
                max_wait_s=0,
                answer_s=ANSWER_S,
                read_tries=1,
            )
            self._plenty_until = now + HOOK_LIFE
        return self._plenty

    def _failed(self, code: str, text: str) -> None:
        """Say so once per trouble: the resting circuit follows from the failure it rests for."""
        if code != self._trouble and not (self._trouble and code == "CIRCUIT_OPEN"):
            log.warning("%s cannot be watched: %s: %s", self.watch.merchant, code, text)
            self._trouble = code
        self._announced = set()
        self._close()

    def _close(self) -> None:
        if self._plenty is not None:
            self._plenty.close()
            self._plenty = None
