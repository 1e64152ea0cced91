"""Create planned return orders in plentymarkets, each exactly once."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import each
from fulfilment.flow.open_cases import clear_case, raise_case
from fulfilment.flow.returns.read import existing_returns, returns_since
from fulfilment.flow.work import log
from include.core import return_orders
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.returns import Trouble, line_from_json
from include.core.values import need_id, need_moment
from include.ledger import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from fulfilment.flow.work import Work

#: so many looks without a trace before a return counts as never created (design 4)
LOOKUPS = 2
#: the two clocks may differ
CLOCK_MARGIN = timedelta(minutes=10)
REFUSED = "RETURN_REFUSED"
REFUSED_RETRY_S = 900


def settle_creating(work: Work, counts: dict[str, int]) -> None:
    """Look for return orders whose POST was interrupted; adopt what is there."""
    with work.engine.begin() as connection:
        open_rows = ledger.open_returns(connection, work.name)
    rows = [row for row in open_rows if row.state == "creating" and row.due]
    if not rows:
        return
    linked = existing_returns(work, {row.order_id for row in rows})
    recent = returns_since(work, min(row.planned_at for row in rows) - CLOCK_MARGIN)

    def settle(row: Row[Any]) -> None:
        there = {need_id(data, "id"): data for data in linked[row.order_id]}
        there.update((need_id(data, "id"), data) for data in recent.get(row.order_id, []))
        found = _ours(work, row, list(there.values()))
        with work.engine.begin() as connection:
            if found is not None:
                counts["returns_adopted"] += 1
                _created(work, connection, row, found, "return_adopted")
            elif row.lookups + 1 < LOOKUPS:
                ledger.postpone(
                    connection, work.name, row.return_key, "NOT_FOUND",
                    wait_s=work.lookup_gap_s, lookups=row.lookups + 1,
                )  # fmt: skip
                work.journal.add(
                    connection, row.order_id, "return_not_found", lookups=row.lookups + 1
                )
            else:
                ledger.step(connection, work.name, row.return_key, state="planned", lookups=0)
                work.journal.add(connection, row.order_id, "return_not_arrived", key=row.return_key)

    each(work, "return", [row for row in rows if row.order_id in linked], settle)


def _ours(work: Work, row: Row[Any], there: Sequence[dict[str, Any]]) -> int | None:
    """Return the id of the return order that our interrupted POST made, None if there is none.

    Our marker decides. Should plentymarkets have dropped the comment that holds it, the same goods
    in a return order that nobody else made in that time are ours, too.
    """
    sign = return_orders.marker(row.return_key)
    for data in there:
        if any(sign in str(comment.get("text", "")) for comment in data.get("comments") or []):
            return need_id(data, "id")
    lines = [line_from_json(line) for line in row.lines]
    with work.engine.begin() as connection:
        taken = ledger.ours(connection, work.name, [need_id(data, "id") for data in there])
    for data in there:
        made = need_moment(data, "createdAt", UTC)
        unmarked = not any(
            return_orders.MARKER in str(comment.get("text", ""))
            for comment in data.get("comments") or []
        )
        if (
            need_id(data, "id") not in taken
            and unmarked
            and made >= row.planned_at - CLOCK_MARGIN
            and return_orders.same_goods(data, lines)
        ):
            return need_id(data, "id")
    return None


def create_planned(work: Work, counts: dict[str, int]) -> None:
    """Validate and create every planned return order whose turn has come."""
    with work.engine.begin() as connection:
        open_rows = ledger.open_returns(connection, work.name)
    rows = [row for row in open_rows if row.state == "planned" and row.due]
    each(work, "return", rows, lambda row: _create(work, row, counts))


def _create(work: Work, row: Row[Any], counts: dict[str, int]) -> None:
    """Create one return order."""
    lines = [line_from_json(line) for line in row.lines]
    quantities = [{"orderItemId": line.item_id, "quantity": line.quantity} for line in lines]
    sending = False
    try:
        work.plenty.validate_return(row.order_id, quantities)
        with work.engine.begin() as connection:
            if not ledger.begin(
                connection, work.name, row.return_key, ["planned"], "creating", work.lease_s
            ):
                return
        sending = True
        return_id = work.plenty.create_return(
            row.order_id,
            status=work.merchant.returns.status,
            warehouse_id=work.merchant.plenty.warehouse_id,
            quantities=quantities,
            comment=f"wemalo {return_orders.marker(row.return_key)}",
        )
    except (OrderRejected, NotFound) as error:
        counts["return_exceptions"] += _refused(work, row, error)
        return
    except FulfilmentError as error:
        with work.engine.begin() as connection:
            unclear = sending and isinstance(error, AmbiguousWrite)
            ledger.postpone(
                connection, work.name, row.return_key, error.code,
                wait_s=work.lookup_gap_s if unclear else 0,
                state="creating" if unclear else "planned",
            )  # fmt: skip
            work.journal.add(connection, row.order_id, "return_postponed", code=error.code)
        raise
    counts["returns_created"] += 1
    with work.engine.begin() as connection:
        _created(work, connection, row, return_id, "return_created")


def _created(work: Work, connection: Any, row: Row[Any], return_id: int, event: str) -> None:
    ledger.step(
        connection,
        work.name,
        row.return_key,
        state="created",
        plenty_return_id=return_id,
        created_at=ledger.wait(0),
    )
    for piece in ledger.pieces(connection, work.name, row.return_key):
        clear_case(work, connection, row.order_id, f"return:{piece['history_id']}", REFUSED)
    work.journal.add(connection, row.order_id, event, key=row.return_key, return_order=return_id)


def _refused(work: Work, row: Row[Any], error: FulfilmentError) -> bool:
    """Tell a person that plentymarkets does not take a return, and plan it anew later.

    :returns: whether this is news.
    """
    log.warning("%s order %s: %s", work.name, row.order_id, error.log)
    trouble = Trouble(
        REFUSED,
        f"plentymarkets nimmt die Retoure zu Auftrag {row.order_id} nicht an: {error.operator}",
        f"plentymarkets does not take the return of order {row.order_id}: {error.operator}",
        "Den Auftrag in plentymarkets prüfen; die Retoure wird von selbst neu versucht.",
        "Look at the order in plentymarkets; the return is tried again by itself.",
    )
    with work.engine.begin() as connection:
        new = raise_case(
            work, connection, row.order_id, f"return:{row.return_key}", trouble, lines=row.lines
        )
        ledger.unplan(connection, work.name, row.return_key, REFUSED, REFUSED_RETRY_S)
    return new
