"""Orders as this project sees them: read from plentymarkets, sent to wemalo, kept in the ledger.

All times are aware and UTC, money is integer cents, weights are grams, quantities are `Decimal`.
Personal fields are left out of every ``repr`` so that an accidental log line stays clean.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from dataclasses import field as attribute
from datetime import datetime
from decimal import Decimal
from typing import Any

from include.core.orders.parts import Kind, Source
from include.core.orders.positions import LEFT_OUT

DELIVERY_ORDER = 2  # plentymarkets contract 9


@dataclass(frozen=True, slots=True)
class Address:
    """One postal address with the fields plentymarkets gives (contract 6.10).

    ``country`` is the ISO 3166 alpha-2 code of ``country_id`` or "" where the id is unknown.
    """

    name1: str = attribute(default="", repr=False)  # company
    name2: str = attribute(default="", repr=False)  # first name
    name3: str = attribute(default="", repr=False)  # last name
    name4: str = attribute(default="", repr=False)  # additional, c/o
    address1: str = attribute(default="", repr=False)  # street, or PACKSTATION / POSTFILIALE
    address2: str = attribute(default="", repr=False)  # house number, or number of the station
    address3: str = attribute(default="", repr=False)
    address4: str = attribute(default="", repr=False)
    postal_code: str = attribute(default="", repr=False)
    town: str = attribute(default="", repr=False)
    country_id: int = 0
    country: str = ""
    state: str = attribute(default="", repr=False)
    email: str = attribute(default="", repr=False)  # option 5
    phone: str = attribute(default="", repr=False)  # option 4
    post_number: str = attribute(default="", repr=False)  # option 6


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One physical position of an order (plentymarkets contract 6.6); bundle heads are left out."""

    item_id: int
    type_id: int
    variation_id: int
    sku: str  # the variation number
    quantity: Decimal
    warehouse_id: int | None
    total_cents: int = 0  # gross price of the position
    tax_cents: int = 0
    name: str = ""
    active: bool = True  # the variation's
    text: str = attribute(default="", repr=False)  # what the customer wants on it, an engraving


@dataclass(frozen=True, slots=True)
class OtherPosition:
    """One position that is no goods, with its rule (`include.core.orders.positions`)."""

    item_id: int
    type_id: int
    rule: str
    quantity: str = ""
    text: str = attribute(default="", repr=False)  # for the picker; may hold what a customer wrote


@dataclass(frozen=True, slots=True)
class Order:
    """One order to be fulfilled, as read from plentymarkets (contract 6.5)."""

    order_id: int
    type_id: int
    plenty_id: int
    status: Decimal
    created_at: datetime
    updated_at: datetime
    warehouse_id: int | None
    shipping_profile_id: int | None
    items: tuple[OrderItem, ...]
    delivery: Address | None
    external_order_id: str = ""
    payment_status: str = ""
    express: bool = False
    lock_status: str = "unlocked"
    currency: str = "EUR"
    total_gross_cents: int = 0
    total_net_cents: int = 0
    total_vat_cents: int = 0
    parent_order_id: int | None = None
    has_delivery_orders: bool = False
    plenty_packages: tuple[tuple[int, str], ...] = ()  # (id, tracking number or "")
    taken_from: tuple[tuple[Kind, int], ...] = ()  # orders it was split from or groups
    # content of rows kept by older versions lacks what follows
    others: tuple[OtherPosition, ...] = ()
    notes: tuple[str, ...] = attribute(default=(), repr=False)  # the customer's own
    payment_method: int | None = None  # property 3
    consent: bool | None = None  # property 999: may the carrier have e-mail and phone?
    referrer: str = ""
    ship_from: datetime | None = None  # dates 8 and 11, the later; aware UTC
    same_as: int | None = None  # an older order with the same external number
    credited_by: int | None = None  # a credit note of it

    def sources(self) -> tuple[Source, ...]:
        """Return the orders whose goods this one carries; a warranty's parent is none of them."""
        found = [Source(kind, order_id) for kind, order_id in self.taken_from]
        if self.type_id == DELIVERY_ORDER and self.parent_order_id is not None:
            found.append(Source("parent", self.parent_order_id))
        return tuple(found)

    def fingerprint(self) -> str:
        """Return a hash over what the warehouse must know: address, positions, profile, warehouse.

        The first part is over texts, payment method and consent, too, the second part is not.

        Our own write-backs change `updated_at` and the status, never this
        (plentymarkets contract 19, pitfall 16).
        """
        items = sorted(
            [i.item_id, i.variation_id, format(i.quantity.normalize(), "f"), i.warehouse_id or 0]
            for i in self.items
        )
        seen = {
            "items": items,
            "delivery": asdict(self.delivery) if self.delivery else None,
            "profile": self.shipping_profile_id,
            "warehouse": self.warehouse_id,
        }
        extras = {
            "others": sorted(
                [o.item_id, o.type_id, o.quantity, o.text]
                for o in self.others
                if o.rule not in LEFT_OUT
            ),
            "texts": sorted([i.item_id, i.text] for i in self.items if i.text),
            "payment": self.payment_method,
            "consent": self.consent,
        }
        goods = _digest(seen)
        return f"{_digest([goods, extras])[:16]}.{goods}"

    def is_as(self, fingerprint: str | None) -> bool:
        """Say whether a kept fingerprint is this order's.

        Those of older versions have one part, over the goods alone: an order in flight is not
        changed by an upgrade.
        """
        own = self.fingerprint()
        if fingerprint is not None and "." not in fingerprint:
            own = own.partition(".")[2]
        return own == fingerprint

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `order_from_json` reads back to an equal order."""
        data = asdict(self)
        data["status"] = str(self.status)
        data["created_at"] = self.created_at.isoformat()
        data["updated_at"] = self.updated_at.isoformat()
        data["items"] = [{**asdict(i), "quantity": str(i.quantity)} for i in self.items]
        data["plenty_packages"] = [list(p) for p in self.plenty_packages]
        data["ship_from"] = self.ship_from.isoformat() if self.ship_from else None
        return data


def _digest(seen: object) -> str:
    text = json.dumps(seen, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


#: beside the fields of an order: its delivery address before a repair
AS_READ = "delivery_as_read"


def repaired_json(order: Order, delivery: Address) -> dict[str, Any]:
    """Return what `Order.to_json` does, with a repaired address beside the one that was read."""
    return {**replace(order, delivery=delivery).to_json(), AS_READ: order.to_json()["delivery"]}


def order_as_read(data: dict[str, Any]) -> Order:
    """Return the order as plentymarkets gave it, before a repair."""
    return order_from_json({**data, "delivery": data.get(AS_READ, data["delivery"])})


def order_from_json(data: dict[str, Any]) -> Order:
    """Read back what `Order.to_json` or `repaired_json` wrote."""
    values = dict(data)
    values.pop(AS_READ, None)
    values["status"] = Decimal(values["status"])
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    values["updated_at"] = datetime.fromisoformat(values["updated_at"])
    values["items"] = tuple(
        OrderItem(**{**item, "quantity": Decimal(item["quantity"])}) for item in values["items"]
    )
    values["delivery"] = Address(**values["delivery"]) if values["delivery"] else None
    values["plenty_packages"] = tuple((p[0], p[1]) for p in values["plenty_packages"])
    values["taken_from"] = tuple((t[0], t[1]) for t in values.get("taken_from", ()))
    values["others"] = tuple(OtherPosition(**other) for other in values.get("others", ()))
    values["notes"] = tuple(values.get("notes", ()))
    ship_from = values.get("ship_from")
    values["ship_from"] = datetime.fromisoformat(ship_from) if ship_from else None
    return Order(**values)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation says of one order.

    ``outcome``: ``ok`` (send it), ``bad`` (6.2), ``short`` (6.3), ``wait`` (try again later, status
    untouched), ``stop`` (a person must look). Texts name fields, SKUs and amounts, never a person.
    """

    order_id: int
    outcome: str
    code: str = ""
    field: str = ""
    reason_de: str = ""
    reason_en: str = ""
    warnings: tuple[str, ...] = ()  # codes
    repaired: Address | None = attribute(default=None, repr=False)
