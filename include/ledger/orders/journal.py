"""The order's diary: append-only events that say what was read, decided, called and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from include.ledger.tables import order_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_INSERT = insert(order_events)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes the events of one task run of one merchant.

    Data of an event names codes, statuses, ids and counts; never a person (design 9).
    """

    merchant: str
    task: str
    run_id: str
    try_number: int

    def add(self, connection: Connection, order_id: int, kind: str, **data: Any) -> None:
        """Append one event within the caller's transaction."""
        self.add_many(connection, [(order_id, kind, data)])

    def add_many(
        self, connection: Connection, events: Iterable[tuple[int, str, dict[str, Any]]]
    ) -> None:
        """Append ``(order id, kind, data)`` events in one statement."""
        rows = [
            {
                "merchant": self.merchant,
                "order_id": order_id,
                "kind": kind,
                "task": self.task,
                "run_id": self.run_id,
                "try_number": self.try_number,
                "data": data,
            }
            for order_id, kind, data in events
        ]
        if rows:
            connection.execute(_INSERT, rows)
