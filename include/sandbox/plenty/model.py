"""The state of one plentymarkets system (a tenant), with the indexes that keep reads fast."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from include.sandbox.plenty.defaults import STATUSES
from include.sandbox.plenty.switches import Switches

JsonObject = dict[str, Any]

SALES_ORDER, DELIVERY_ORDER, RETURN = 1, 2, 3
BILLING, DELIVERY = 1, 2
PROPERTY_WAREHOUSE, PROPERTY_PROFILE, PROPERTY_PAYMENT_STATUS, PROPERTY_EXTERNAL_ID = 1, 2, 4, 7
DATE_CREATED, DATE_PAID, DATE_UPDATED, DATE_BOOKED = 2, 3, 4, 5
BOOKED = Decimal(7)
# Item types that take goods off the shelf: variation, bundle component, set component (contract
# 6.6), and 9 only in name: an unassigned variation has no number to book.
GOODS_TYPES = frozenset({1, 3, 14})


@dataclass(slots=True)
class User:
    """A back end user. `statuses` and `plenty_ids` None mean: all of them may be seen and set."""

    id: int
    name: str
    password: str
    statuses: frozenset[Decimal] | None = None
    plenty_ids: frozenset[int] | None = None


@dataclass(slots=True)
class Order:
    """One order of any type. Times are Unix seconds; nested lists have the vendor's JSON shapes."""

    id: int
    type_id: int
    status: Decimal
    plenty_id: int
    created: float
    updated: float
    referrer: Decimal = Decimal(1)
    owner_id: int | None = None
    location_id: int = 1
    lock_status: str = "unlocked"
    items: list[JsonObject] = field(default_factory=list)
    addresses: dict[int, int] = field(default_factory=dict)  # relation type -> address id
    properties: list[JsonObject] = field(default_factory=list)
    dates: dict[int, float | None] = field(default_factory=dict)  # date type -> time
    relations: list[JsonObject] = field(default_factory=list)
    amounts: list[JsonObject] = field(default_factory=list)
    references: list[JsonObject] = field(default_factory=list)
    packages: list[JsonObject] = field(default_factory=list)
    shipping_information: JsonObject | None = None
    documents: list[JsonObject] = field(default_factory=list)
    extra: JsonObject = field(default_factory=dict)  # what a full scenario order has beyond this
    reserved: dict[tuple[int, int], Decimal] = field(default_factory=dict)
    booked: dict[int, Decimal] = field(default_factory=dict)  # item id -> quantity taken
    children: list[int] = field(default_factory=list)  # delivery orders of a main order
    procedures_done: set[int] = field(default_factory=set)

    def property_value(self, type_id: int) -> str | None:
        """Return the value of the first property of this type."""
        for row in self.properties:
            if row["typeId"] == type_id:
                return str(row["value"])
        return None

    def set_property(self, type_id: int, value: str) -> None:
        """Set a property, adding it if it is missing."""
        for row in self.properties:
            if row["typeId"] == type_id:
                row["value"] = value
                return
        self.properties.append({"orderId": self.id, "typeId": type_id, "value": value})

    def relation(self, kind: str, role: str) -> int | None:
        """Return the id of the related contact or warehouse."""
        for row in self.relations:
            if row["referenceType"] == kind and row["relation"] == role:
                return int(row["referenceId"])
        return None

    def goods(self) -> list[JsonObject]:
        """Return the items that take goods off the shelf."""
        return [
            item
            for item in self.items
            if item["typeId"] in GOODS_TYPES and int(item.get("itemVariationId") or 0) > 0
        ]

    @property
    def is_booked(self) -> bool:
        """Tell whether outgoing items are booked."""
        return bool(self.booked) or self.dates.get(DATE_BOOKED) is not None


@dataclass(slots=True)
class Tenant:
    """One plentymarkets system with all its rows, keyed by id."""

    name: str
    plenty_id: int
    plan: str = "classic"
    users: dict[int, User] = field(default_factory=dict)
    statuses: dict[Decimal, str] = field(default_factory=lambda: dict(STATUSES))
    warehouses: dict[int, JsonObject] = field(default_factory=dict)
    locations: dict[int, JsonObject] = field(default_factory=dict)
    profiles: dict[int, JsonObject] = field(default_factory=dict)
    providers: dict[int, JsonObject] = field(default_factory=dict)
    package_types: dict[int, JsonObject] = field(default_factory=dict)
    webstores: dict[int, JsonObject] = field(default_factory=dict)
    return_reasons: list[JsonObject] = field(default_factory=list)
    return_states: list[JsonObject] = field(default_factory=list)
    barcodes: dict[int, JsonObject] = field(default_factory=dict)
    items: dict[int, JsonObject] = field(default_factory=dict)
    variations: dict[int, JsonObject] = field(default_factory=dict)
    contacts: dict[int, JsonObject] = field(default_factory=dict)
    addresses: dict[int, JsonObject] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    deleted: dict[int, Order] = field(default_factory=dict)
    comments: dict[int, JsonObject] = field(default_factory=dict)
    history: list[JsonObject] = field(default_factory=list)
    # (variation, warehouse) -> location -> quantity, and when it last changed
    stock: dict[tuple[int, int], dict[int, Decimal]] = field(default_factory=dict)
    stock_updated: dict[tuple[int, int], float] = field(default_factory=dict)
    reserved: dict[tuple[int, int], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    movements: list[JsonObject] = field(default_factory=list)
    procedures: list[JsonObject] = field(default_factory=list)
    cancel_status: Decimal = Decimal(8)
    return_status: Decimal = Decimal(9)
    reservation_range: tuple[Decimal, Decimal] = (Decimal(3), Decimal("6.9999"))
    cancel_range: tuple[Decimal, Decimal] = (Decimal(8), Decimal("8.9999"))
    stock_limitation: bool = False  # without it a paid order goes to 5 whatever the stock
    switches: Switches = field(default_factory=Switches)
    random: random.Random = field(default_factory=random.Random)
    # indexes
    by_status: dict[Decimal, set[int]] = field(default_factory=lambda: defaultdict(set))
    by_parent: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_number: dict[str, int] = field(default_factory=dict)
    comments_of: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    history_of: dict[int, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    document_orders: dict[int, int] = field(default_factory=dict)
    _last_ids: dict[str, int] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Tell whether answers have the shape that live systems gave (contract 23)."""
        return self.switches.order_shape == "live"

    def next_id(self, kind: str, start: int) -> int:
        """Return a fresh id of this kind; ids of loaded rows are reported with `seen_id`."""
        number = max(self._last_ids.get(kind, 0) + 1, start)
        self._last_ids[kind] = number
        return number

    def seen_id(self, kind: str, number: int) -> None:
        """Note an id that is taken, so that `next_id` stays above it."""
        self._last_ids[kind] = max(self._last_ids.get(kind, 0), number)

    def add_order(self, order: Order) -> None:
        """Add an order to the rows and indexes, in place of one with the same id."""
        old = self.orders.get(order.id)
        if old is not None:
            self.by_status[old.status].discard(order.id)
        self.orders[order.id] = order
        self.by_status[order.status].add(order.id)
        self.seen_id("order", order.id)
        for row in order.references:
            if row.get("referenceType") == "parent":
                self.by_parent[int(row.get("referenceOrderId") or 0)].append(order.id)
            parent = self.orders.get(int(row.get("originOrderId") or 0))
            if parent is not None and order.type_id == DELIVERY_ORDER:
                parent.children.append(order.id)

    def move_order(self, order: Order, status: Decimal) -> None:
        """Give an order another status, without any side effect but the index."""
        self.by_status[order.status].discard(order.id)
        order.status = status
        self.by_status[status].add(order.id)

    def remove_order(self, order: Order) -> None:
        """Take an order out; it stays readable with `withDeleted`."""
        self.by_status[order.status].discard(order.id)
        self.deleted[order.id] = self.orders.pop(order.id)
        for other in self.orders.values():
            if order.id in other.children:
                other.children.remove(order.id)

    def default_location(self, warehouse_id: int) -> int:
        """Return the location that id 0 stands for: the warehouse's first, 0 if it has none."""
        for location in self.locations.values():
            if location["warehouseId"] == warehouse_id:
                return int(location["id"])
        return 0

    def physical(self, key: tuple[int, int]) -> Decimal:
        """Return the physical stock of (variation, warehouse)."""
        return sum(self.stock.get(key, {}).values(), Decimal(0))
