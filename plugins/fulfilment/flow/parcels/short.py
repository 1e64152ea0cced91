"""Orders of which less left than they hold: told, and the stock that goods issue took put right.

plentymarkets' goods issue books whole orders (contract 11). Where fewer pieces left, because the
warehouse did not find them, cancelled the rest, or never took a late change, the difference is
written ahead as a booking of the stock flow, which makes it once (`fulfilment.flow.stock.book`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.orders.plenty_order import parse_order
from include.core.parcels.shipped import differences
from include.core.stock.stock_sync import Line
from include.ledger.orders import orders
from include.ledger.parcels import sent_queue
from include.ledger.stock import stock_sync

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from decimal import Decimal

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from include.core.orders.models import Order


def tell_short(work: Work, connection: Connection, ended: Collection[int]) -> None:
    """Tell the operator and the merchant which pieces of ended orders did not leave."""
    if not ended:
        return
    sent = sent_queue.pieces_by_order(connection, work.name, ended)
    for row in orders.rows_of(connection, work.name, ended):
        if row.content is not None:
            _tell_short(work, connection, orders.content(row), sent[row.order_id])


def _tell_short(
    work: Work, connection: Connection, order: Order, sent: Mapping[str, Decimal]
) -> None:
    order_id = order.order_id
    beyond = differences(order, sent, work.merchant) or {}
    names = {item.variation_id: item.sku or str(item.variation_id) for item in order.items}
    missing = ", ".join(
        f"{pieces.normalize():f} × {names[variation]}"
        for variation, pieces in sorted(beyond.items())
        if pieces > 0
    )
    if not missing:
        return
    work.journal.add(connection, order_id, "shipped_short", missing=missing)
    work.tell(connection, order_id, "SHIPPED_SHORT", missing=missing)
    work.queue_note(
        connection,
        order_id,
        "shipped_short",
        f"Das Lager hat diesen Auftrag nur zum Teil versendet; es fehlen: {missing}. Mehr kommt "
        "nicht.",
        f"The warehouse sent only a part of this order; missing: {missing}. Nothing more follows.",
    )


def correct_stock(
    work: Work, connection: Connection, order_id: int, content: Mapping[str, Any]
) -> None:
    """Write ahead what goods issue booked beyond the pieces that left, once per order.

    :param content: the order as plentymarkets had it when goods issue was booked.
    """
    if not work.merchant.stock.enabled:
        return
    order = parse_order(content, work.countries())
    reasons = work.merchant.stock.reasons
    sent = sent_queue.pieces_sent(connection, work.name, order_id)
    beyond = differences(order, sent, work.merchant) or {}
    if not beyond or stock_sync.has_shipment_back(connection, work.name, order_id):
        return
    for variation, pieces in sorted(beyond.items()):
        reason = reasons.correction_in if pieces > 0 else reasons.correction_out
        # the baseline counts what left: it stays, whatever is put right here
        stock_sync.add_booked(connection, work.name, variation, -pieces)
        line = (Line("shipment_back", pieces), reason)
        stock_sync.write_ahead(connection, work.name, variation, [line], order_id=order_id)
    work.journal.add(
        connection,
        order_id,
        "goods_issue_corrected",
        pieces={str(variation): str(pieces) for variation, pieces in beyond.items()},
    )
