"""What plentymarkets has beside an order: an older twin, credit notes, the other delivery orders.

Two reads per some hundred orders that are new or changed, whatever their number. They are taken
into the order's content, so that the rules judge them like everything else of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.each import each
from fulfilment.hooks.plenty import FULFILMENT_SET, Filter
from include.core.orders.models import DELIVERY_ORDER
from include.core.orders.parts import in_no_delivery_order
from include.core.orders.plenty_order import parse_order, row_status, twin_key
from include.core.orders.statuses import is_cancelled
from include.core.returns.return_orders import parent_of
from include.core.stock.stock_rules import pieces
from include.core.systems.errors import FulfilmentError
from include.core.systems.failures import Level, level_of
from include.core.systems.values import need_id
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fulfilment.flow.systems.work import Work
    from include.core.orders.models import Order

    Rows = Mapping[int, Sequence[dict[str, Any]]]

SALES_ORDER, CREDIT_NOTE = 1, 4  # plentymarkets contract 9
CODE = "DELIVERY_INCOMPLETE"
#: numbers that a filter can hold: it splits at commas, spaces and plus signs (contract 6.2)
_ASKABLE = re.compile(r"[\w./#-]+")


def with_family(work: Work, some: Sequence[Order]) -> list[Order]:
    """Return the orders with their older twin and their credit note, where they have one.

    Where they are only hints, a system that answers badly to these questions alone does not hold
    up the orders: it is noted as the task's trouble.

    :raises FulfilmentError: the system cannot be used.
    """
    settings = work.merchant.quality
    holds = settings.double_import == "stop" or settings.credit_note == "wait"
    try:
        older = _older_twins(work, some) if settings.double_import != "off" else {}
        children = _children(work, _with_children(some, settings.credit_note != "off"))
    except FulfilmentError as error:
        if holds or level_of(error) is not Level.ITEM:
            raise
        work.note_trouble(error)
        return [*some]
    _tell_rest(work, {o.parent_order_id for o in some if _is_delivery(o)}, children)
    return [
        replace(
            order,
            same_as=older.get(order.order_id),
            credited_by=_credit_note(children, order) if settings.credit_note != "off" else None,
        )
        for order in some
    ]


def look_at_incomplete(work: Work) -> None:
    """Look again at main orders of which goods were in no delivery order."""
    with work.engine.begin() as connection:
        ids = [*exceptions.order_ids(connection, work.name, [CODE])]
    if ids:
        _tell_rest(work, ids, _children(work, ids))


def _is_delivery(order: Order) -> bool:
    return order.type_id == DELIVERY_ORDER and order.parent_order_id is not None


def _with_children(some: Sequence[Order], credit_notes: bool) -> set[int]:
    """Return the orders whose children matter: the orders themselves, and main orders."""
    ids = {o.parent_order_id for o in some if o.parent_order_id is not None and _is_delivery(o)}
    return ids | {o.order_id for o in some} if credit_notes else ids


def _older_twins(work: Work, some: Sequence[Order]) -> dict[int, int]:
    """Return order id -> the oldest order with its external number and referrer.

    A part of another order carries the number of that order, so parts are left out.
    """
    asked = {
        order.external_order_id
        for order in some
        if order.type_id == SALES_ORDER
        and not order.taken_from
        and _ASKABLE.fullmatch(order.external_order_id)
    }
    if not asked:
        return {}
    filters = [
        Filter("orderProperty_7", "in", sorted(asked)),
        Filter("orderTypeId", "eq", SALES_ORDER),
        Filter("plentyId", "eq", work.merchant.plenty.plenty_id),
    ]
    rows = work.plenty.search_rows(
        filters, expect=lambda row: twin_key(row)[0] in asked, with_=["relations"]
    )
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        if not is_cancelled(row_status(row)):
            found[twin_key(row)].append(need_id(row, "id"))
    first = {key: min(ids) for key, ids in found.items()}
    return {
        order.order_id: older
        for order in some
        if order.type_id == SALES_ORDER
        and not order.taken_from
        and (older := first.get((order.external_order_id, order.referrer), order.order_id))
        < order.order_id
    }


def _children(work: Work, ids: Collection[int]) -> Rows:
    """Return the orders that name these as their parent, by parent."""
    if not ids:
        return {}
    asked = set(ids)
    rows = work.plenty.search_rows(
        [Filter("orderReference_parent", "in", sorted(asked))],
        expect=lambda row: parent_of(row) in asked,
        with_=FULFILMENT_SET,
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if not is_cancelled(row_status(row)):
            found[parent_of(row) or 0].append(row)
    return found


def _credit_note(children: Rows, order: Order) -> int | None:
    """Return a credit note of the order, or of the main order whose goods it carries."""
    parents = [order.order_id, *([order.parent_order_id] if _is_delivery(order) else [])]
    notes = [
        need_id(row, "id")
        for parent in parents
        for row in children.get(parent or 0, ())
        if str(row.get("typeId")) == str(CREDIT_NOTE)
    ]
    return min(notes, default=None)


def _tell_rest(work: Work, mains: Iterable[int | None], children: Rows) -> None:
    """Tell of main orders of which goods are in no delivery order: nobody would send them."""
    ids = sorted({main for main in mains if main is not None})
    if not ids:
        return
    contents = work.plenty.order_contents(ids)
    countries = work.countries()
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, ids)

    def look(main_id: int) -> None:
        rest: dict[str, Any] = {}
        entry = known.get(main_id)
        if (
            main_id in contents
            and not is_cancelled(row_status(contents[main_id]))
            and not (
                entry is not None and entry.sent  # then the warehouse ships all of it
            )
        ):
            parts = [
                parse_order(row, countries)
                for row in children.get(main_id, ())
                if str(row.get("typeId")) == str(DELIVERY_ORDER)
            ]
            main = parse_order(contents[main_id], countries)
            rest = in_no_delivery_order(main, parts, work.merchant.plenty.warehouse_id)
        with work.engine.begin() as connection:
            if rest:
                goods = ", ".join(f"{pieces(n)} x {sku}" for sku, n in sorted(rest.items()))
                work.tell(connection, main_id, CODE, goods=goods)
            else:
                subject = exceptions.order_subject(main_id)
                exceptions.clear(connection, work.journal, subject, CODE)

    each(work, "read", ids, look)
