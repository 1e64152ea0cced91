"""Stock postings, and the queues that show them until they are acknowledged."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING

from include.sandbox.wemalo.errors import not_found
from include.sandbox.wemalo.model import Posting, SentRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Parcel, ParcelItem, Product, Tenant

REASONS = ("INCOMING", "RETURNSHIPMENT", "PACK_PARCEL", "SENT", "INVENTORY_IN", "INVENTORY_OUT")
MAX_FLAGGED = 50  # history ids per acknowledging call (wemalo contract 7)


def post(
    world: Ground,
    tenant: Tenant,
    reason: str,
    product: Product,
    serials: Sequence[str],
    *,
    order: Order | None = None,
    parcel_id: int = 0,
    stock_order_id: int = 0,
    reference: str = "",
    attribute: str = "",
) -> Posting:
    """Enter a posting of as many pieces as there are `serials` ("" for pieces without number)."""
    posting = Posting(
        reason=reason,
        product_id=product.id,
        at=world.now,
        history_ids=[world.new_id("history") for _ in serials],
        references=[reference] * len(serials),
        serials=list(serials),
        order_id=order.id if order is not None else 0,
        parcel_id=parcel_id,
        stock_order_id=stock_order_id,
        attribute=attribute,
    )
    queue = tenant.unflagged.setdefault(reason, OrderedDict())
    for history_id in posting.history_ids:
        tenant.history[history_id] = posting
        queue[history_id] = None
    return posting


def post_sent(
    world: Ground, tenant: Tenant, order: Order, parcel: Parcel, item: ParcelItem, status: str
) -> None:
    """Enter sent pieces of one position: a posting and one row in the queue of sent items."""
    position = next(one for one in order.positions if one.id == item.position_id)
    posting = post(
        world, tenant, "SENT", tenant.products[item.product_id], [item.serial] * item.quantity,
        order=order, parcel_id=parcel.id, reference=position.external_position,
    )  # fmt: skip
    row = SentRow(
        history_id=posting.history_ids[0],
        order_id=order.id,
        parcel_id=parcel.id,
        position_id=item.position_id,
        product_id=item.product_id,
        count=item.quantity,
        serial=item.serial,
        booked=parcel.packed,
        handed_over=world.now,
        status_id=status,
    )
    tenant.sent[row.history_id] = row
    tenant.sent_by_order.setdefault(order.id, []).append(row.history_id)
    tenant.unsynched_sent[row.history_id] = None


def page_of(rows: Iterable[int], page: int, size: int) -> tuple[list[int], bool]:
    """Return one page (counted from 0) and whether there is another."""
    found = list(islice(rows, page * size, (page + 1) * size + 1))
    return found[:size], len(found) > size


def flag(tenant: Tenant, history_ids: Sequence[int]) -> list[int]:
    """Take pieces out of the queue of postings; return those that exist. Twice is harmless."""
    known = [one for one in history_ids if one in tenant.history]
    for history_id in known:
        _forget(tenant, history_id)
        if tenant.settings.shared_flags:
            tenant.unsynched_sent.pop(history_id, None)
            tenant.unsynched_returns.pop(history_id, None)
    return known


def synch_sent(tenant: Tenant, history_id: int) -> None:
    """Acknowledge a row of the queue of sent items. Twice is harmless; ApiError 404."""
    if history_id not in tenant.sent:
        raise not_found(history_id, "booking")
    tenant.unsynched_sent.pop(history_id, None)
    if tenant.settings.shared_flags:
        _forget(tenant, history_id)


def synch_return(tenant: Tenant, history_id: int) -> None:
    """Acknowledge a row of the queue of returns. Twice is harmless; ApiError 404."""
    if history_id not in tenant.returned:
        raise not_found(history_id, "booking")
    tenant.unsynched_returns.pop(history_id, None)
    if tenant.settings.shared_flags:
        _forget(tenant, history_id)


def requeue(tenant: Tenant) -> int:
    """Put everything back that was ever acknowledged, in its order; return how many rows."""
    tenant.unsynched_sent.update(dict.fromkeys(sorted(tenant.sent)))
    tenant.unsynched_returns.update(dict.fromkeys(sorted(tenant.returned)))
    for history_id, posting in sorted(tenant.history.items()):
        tenant.unflagged.setdefault(posting.reason, OrderedDict())[history_id] = None
    return len(tenant.sent) + len(tenant.returned) + len(tenant.history)


def _forget(tenant: Tenant, history_id: int) -> None:
    posting = tenant.history.get(history_id)
    if posting is not None:
        tenant.unflagged[posting.reason].pop(history_id, None)
