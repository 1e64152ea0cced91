"""Create planned return orders in plentymarkets, each exactly once."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.open_cases import clear_case, raise_case
from fulfilment.flow.returns.read import returns_of
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from include.core.returns import return_orders
from include.core.returns.returned_pieces import Trouble, line_from_json
from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    InDoubt,
    NotFound,
    OrderRejected,
    WriteHeld,
)
from include.core.systems.values import need_id, need_moment
from include.ledger.returns import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

#: plentymarkets has no return order of these, as far as is known
_UNMADE = ("planned", "creating")
#: the two clocks may differ
CLOCK_MARGIN = timedelta(minutes=10)
REFUSED = "RETURN_REFUSED"
REFUSED_RETRY_S = 900


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
    """Create every planned return order whose turn has come; adopt what an earlier call made."""
    with work.engine.begin() as connection:
        open_rows = ledger.open_returns(connection, work.name)
    rows = [row for row in open_rows if row.state in _UNMADE and row.due]
    each(work, "return", rows, lambda row: _create(work, row, counts))


def _create(work: Work, row: Row[Any], counts: dict[str, int]) -> None:
    """Create one return order by the write protocol."""
    lines = [line_from_json(line) for line in row.lines]
    quantities = [{"orderItemId": line.item_id, "quantity": line.quantity} for line in lines]
    what = f"the return order of piece {row.return_key}"

    def begin(connection: Connection) -> bool:
        return ledger.begin(
            connection, work.name, row.return_key, _UNMADE, "creating", planned_at=row.planned_at
        )

    def look() -> int | None:
        try:
            there = returns_of(work, row.order_id, row.planned_at - CLOCK_MARGIN)
        except (OrderRejected, NotFound) as error:  # of the search: it says nothing of the return
            text = f"{what[0].upper()}{what[1:]} may be there; the search was refused: {error.log}"
            raise AmbiguousWrite(text, code=error.code, merchant=work.name) from None
        return _ours(work, row, there)

    def send() -> int:
        work.plenty.validate_return(row.order_id, quantities)
        return work.plenty.create_return(
            row.order_id,
            status=work.merchant.returns.status,
            warehouse_id=work.merchant.plenty.warehouse_id,
            quantities=quantities,
            comment=f"wemalo {return_orders.marker(row.return_key)}",
        )

    def end(connection: Connection, return_id: int, adopted: bool) -> None:
        event = "return_adopted" if adopted else "return_created"
        _created(work, connection, row, return_id, event)
        counts["returns_adopted" if adopted else "returns_created"] += 1

    about = Write("return", (_subject(row),), what)
    try:
        write(work, work.plenty, about, send, look=look, begin=begin, end=end)
    except (WriteHeld, InDoubt):
        raise
    except (OrderRejected, NotFound) as error:
        counts["return_exceptions"] += _refused(work, row, error)
    except FulfilmentError as error:
        with work.engine.begin() as connection:
            ledger.postpone(connection, work.name, row.return_key, error.code, wait_s=0)
            work.journal.add(connection, row.order_id, "return_postponed", code=error.code)
        raise


def _subject(row: Row[Any]) -> str:
    return f"return:{row.return_key}"


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
        new = raise_case(work, connection, row.order_id, _subject(row), trouble, lines=row.lines)
        ledger.unplan(connection, work.name, row.return_key, REFUSED, REFUSED_RETRY_S)
    return new
