"""Orders that carry goods of another order: delivery orders, parts of a split, groups.

The merchant can make them after the warehouse has the first order; sending both would ship the
goods twice (plentymarkets contract 7.3, 9.1).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.core.orders.models import DELIVERY_ORDER
from include.core.orders.parts import Hold, Source, on_source
from include.core.orders.states import State
from include.ledger.orders import orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from include.core.orders.models import Order
    from include.ledger.orders.orders import Known

#: a part whose first order is about to shrink at the warehouse waits so long before it is told
PATIENCE = timedelta(hours=1)
#: changes that the warehouse did not take, or may not have taken
_NOT_TAKEN = frozenset({"bad", "late", "unclear"})
_LEAVES = frozenset({State.PARTLY_SHIPPED, State.SHIPPED})
#: kind of source -> why the part is set aside
CODES = {"parent": "DELIVERY_ORDER_LATE", "split": "PART_LATE", "grouped": "PART_LATE"}


def hold_back(work: Work, connection: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the rows that may go on; set those aside whose goods the warehouse already has."""
    # most orders are no parts: they are not worth reading twice
    parts = {row.order_id: orders.content(row) for row in rows if _is_part(row.content)}
    wanted = {source.order_id for part in parts.values() for source in part.sources()}
    known = orders.known(connection, work.name, wanted)
    keep = []
    for row in rows:
        part = parts.get(row.order_id)
        held = [(one, _hold(work, part, one, known)) for one in part.sources()] if part else []
        late = [one for one, hold in held if hold is Hold.KEEP]
        waits = [one for one, hold in held if hold is Hold.WAIT]
        if not late and waits and datetime.now(UTC) - row.changed_at > PATIENCE:
            late = waits
        if late:
            _set_aside(work, connection, row, late[0])
        elif not waits:
            keep.append(row)
    return keep


def _is_part(content: Mapping[str, Any]) -> bool:
    return bool(content.get("taken_from")) or content.get("type_id") == DELIVERY_ORDER


def may_be_sent(work: Work, connection: Connection, order: Order) -> bool:
    """Say whether no order with the same goods is at the warehouse, and keep it so.

    The sources stay locked until the transaction ends, in which the order is written ahead.
    """
    sources = order.sources()
    ids = [source.order_id for source in sources]
    known = orders.known(connection, work.name, ids, lock=True)
    return all(_hold(work, order, source, known) is Hold.NO for source in sources)


def _hold(work: Work, order: Order, source: Source, known: dict[int, Known]) -> Hold:
    first = known.get(source.order_id)
    if first is None or first.state is State.CANCELLED:
        return Hold.NO
    # looked at after the part was made: no time younger than `fresh_s` counts as looked at, so
    # that a split after the look cannot fall into this margin
    seen = first.judged_at is not None and (
        first.judged_at > order.created_at - timedelta(seconds=work.fresh_s)
    )
    return on_source(
        source.kind,
        sent=first.sent,
        shrunk=seen and first.change_state is None and first.up_to_date,
        hopeless=first.change_state in _NOT_TAKEN or first.state in _LEAVES,
    )


def _set_aside(work: Work, connection: Connection, row: Row[Any], source: Source) -> None:
    code = CODES[source.kind]
    if row.state == State.QUARANTINED and row.reason_code == code:
        return  # told before
    if not orders.move(
        connection, work.journal, row.order_id, State.QUARANTINED,
        only_from=[State.FETCHED, State.QUARANTINED],
        sets={
            "reason_code": code,
            "reason": {"parent": source.order_id, "field": "orderReferences"},
            "next_attempt_at": None,  # looked at in every run: the first order may be cancelled
        },
        event="validated_stop", code=code, field="orderReferences",
    ):  # fmt: skip
        return
    work.queue_note(
        connection, row.order_id, f"{code}:{source.order_id}",
        f"Nicht an das Lager übergeben: das Lager hat diese Ware schon mit Auftrag "
        f"{source.order_id}. Bitte diesen Auftrag löschen oder Auftrag {source.order_id} "
        "stornieren.",
        f"Not handed over: the warehouse already has these goods with order {source.order_id}. "
        f"Please delete this order, or cancel order {source.order_id}.",
    )  # fmt: skip
