"""Orders of many merchants by what people have in hand, or by where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - FastAPI looks at it
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, or_, select, union

from include.ledger.desk.board import among
from include.ledger.tables import orders, parcels

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

#: hits of one search
MANY = 50
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Found:
    """One order; why it is where it is, in both languages. Times are UTC.

    :param since: when its state, or the warehouse's, changed last.
    """

    merchant: str
    order_id: int
    state: str
    since: datetime
    reason_code: str | None
    reason_de: str
    reason_en: str


def search(connection: Connection, merchants: Collection[str], words: str) -> list[Found]:
    """Return the orders with this number, external number, tracking number or parcel.

    External numbers are known as long as the content of the order is kept.
    """
    text = words.strip()
    if not text:
        return []
    o, p = orders.c, parcels.c
    ways = [
        select(o.merchant, o.order_id).where(
            among(o.merchant, merchants),
            o.content.is_not(None),
            o.content["external_order_id"].astext == text,
        ),
        select(p.merchant, p.order_id).where(
            among(p.merchant, merchants), or_(p.tracking_number == text, p.parcel_id == text)
        ),
    ]
    if text.isascii() and text.isdecimal() and int(text) <= _LARGEST_ID:
        number = select(o.merchant, o.order_id).where(
            among(o.merchant, merchants), o.order_id == int(text)
        )
        ways.append(number)
    hits = union(*ways).subquery("hits")
    same = and_(hits.c.merchant == o.merchant, hits.c.order_id == o.order_id)
    statement = select(orders).join(hits, same).order_by(o.merchant, o.order_id).limit(MANY)
    return [_found(row) for row in connection.execute(statement)]


def standing_in(
    connection: Connection,
    merchants: Collection[str],
    states: Collection[str],
    *,
    after: tuple[str, int] = ("", 0),
    limit: int = MANY,
) -> list[Found]:
    """Return orders in some states by merchant and number.

    :param after: merchant and number of the last order of the page before.
    """
    o = orders.c
    statement = select(orders).where(
        among(o.merchant, merchants), o.state.in_(sorted(states)),
        func.row(o.merchant, o.order_id) > func.row(literal(after[0]), literal(after[1])),
    ).order_by(o.merchant, o.order_id).limit(limit)  # fmt: skip
    return [_found(row) for row in connection.execute(statement)]


def _found(row: Row[Any]) -> Found:
    reason = row.reason or {}
    return Found(
        merchant=row.merchant,
        order_id=row.order_id,
        state=row.state,
        since=row.stands_since,
        reason_code=row.reason_code,
        reason_de=reason.get("de", "") or row.wemalo_reason or "",
        reason_en=reason.get("en", "") or row.wemalo_reason or "",
    )


def positions(row: Row[Any]) -> Sequence[dict[str, str | int]]:
    """Return an order's positions of goods: SKU, variation and quantity; [] once it is forgotten.

    :param row: of the ledger. Names and texts of its content stay where they are.
    """
    items = (row.content or {}).get("items", [])
    return [
        {"sku": i["sku"], "variation_id": i["variation_id"], "quantity": i["quantity"]}
        for i in items
    ]
