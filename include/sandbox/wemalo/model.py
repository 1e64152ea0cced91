"""What one wemalo client (tenant) consists of."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - fields of data classes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.sandbox.wemalo.bodies import Meta
    from include.sandbox.wemalo.settings import Settings

STATES = (
    "PARTIAL",
    "OPEN",
    "INPROCESS",
    "INPICKING",
    "READYFORSHIPMENT",
    "BLOCKEDPACKED",
    "PACKED",
    "SHIPPED",
    "CANCELLED",
)
RANK = {name: rank for rank, name in enumerate(STATES)}
WAITING = ("PARTIAL", "OPEN")
UNPICKED = ("PARTIAL", "OPEN", "INPROCESS", "INPICKING")  # still holding reservations
DEFAULT_PRIORITY = 3


@dataclass(slots=True)
class Attribute:
    """A quality of pieces, such as 1. choice. `code` is the external code."""

    id: int
    code: str
    german: str
    english: str
    default: bool = False


@dataclass(slots=True)
class Unit:
    """A container unit of a product, such as a box of four."""

    id: int
    data: dict[str, Any]


@dataclass(slots=True)
class Product:
    """Master data and stock of one product.

    `shelf` holds the pieces on pickable shelves by attribute code, reserved ones included;
    `serials` says which of them carry a serial number. `picked` pieces are in the house but on
    no shelf any more. The counters from `initial` on are never corrected: they are the proof that
    no piece appears or disappears.
    """

    id: int
    external_id: str
    sku: str
    data: dict[str, Any]
    changed: datetime
    stock_changed: datetime
    active: bool = True
    parts: list[tuple[int, int]] = field(default_factory=list)  # product id, quantity: a set
    units: list[Unit] = field(default_factory=list)
    image: str = ""
    shelf: dict[str, int] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)  # serial number: attribute code
    reserved_serials: set[str] = field(default_factory=set)
    reserved: int = 0
    missing: int = 0
    picked: int = 0
    blocked: int = 0
    waiting: set[int] = field(default_factory=set)  # orders that lack pieces
    holders: set[int] = field(default_factory=set)  # orders that have reserved pieces
    initial: int = 0
    received: int = 0
    returned: int = 0
    corrected: int = 0
    shipped: int = 0

    @property
    def name(self) -> str:
        """Name shown when picking."""
        return str(self.data.get("name") or "")

    @property
    def ignored(self) -> bool:
        """Neither reserved nor picked (`ignorePicking`)."""
        return bool(self.data.get("ignorePicking"))

    def physical(self) -> int:
        """Return all pieces in the house."""
        return sum(self.shelf.values()) + self.blocked + self.picked


@dataclass(slots=True)
class Position:
    """One position. `picked` and `shipped` count all pieces so far, `given_up` the short ones."""

    id: int
    external_position: str
    product_id: int
    quantity: int
    serial: str = ""
    parent: tuple[int, int] | None = None  # product id and quantity of the set it is a part of
    ignored: bool = False
    reserved: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    given_up: int = 0
    serials: list[str] = field(default_factory=list)  # picked serial numbers, not shipped yet

    def lacking(self) -> int:
        """Return how many pieces are neither reserved nor picked."""
        if self.ignored:
            return 0
        return self.quantity - self.given_up - self.reserved - self.picked


@dataclass(slots=True)
class Document:
    """A document of an order or return; its content is not kept."""

    id: int
    kind: str
    name: str
    size: int


@dataclass(slots=True)
class Order:
    """One goods order."""

    id: int
    external_id: str
    meta: Meta
    positions: list[Position]
    created: datetime
    priority: int = DEFAULT_PRIORITY
    state: str = ""
    reason: str = ""  # why PARTIAL
    block_reason: str = ""
    blocked: bool = False
    label_error: str = ""
    cancel_reason: str = ""
    notes: list[str] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    parcels: list[int] = field(default_factory=list)
    history: list[tuple[datetime, str]] = field(default_factory=list)
    submissions: int = 1  # how often it was sent

    @property
    def number(self) -> str:
        """The shown order number."""
        return self.meta.orderNumber or self.external_id


@dataclass(slots=True)
class ParcelItem:
    """Pieces of one position in a parcel."""

    position_id: int
    product_id: int
    quantity: int
    serial: str = ""


@dataclass(slots=True)
class Parcel:
    """One parcel. Its weight is in gram, or what somebody typed."""

    id: int
    order_id: int
    barcode: str
    carrier: str
    profile: str
    product: str
    weight: int | str
    items: list[ParcelItem]
    packed: datetime
    wants_label: bool = True
    tracking: str = ""
    error: str = ""
    handed_over: datetime | None = None


@dataclass(slots=True)
class Posting:
    """One stock posting with a history id per piece."""

    reason: str
    product_id: int
    at: datetime
    history_ids: list[int]
    references: list[str]  # extPositionReference per piece
    serials: list[str]  # per piece, "" if none
    order_id: int = 0
    parcel_id: int = 0
    stock_order_id: int = 0
    attribute: str = ""


@dataclass(slots=True)
class SentRow:
    """One sent item, as wemalo's queue of sent items shows it."""

    history_id: int
    order_id: int
    parcel_id: int
    position_id: int
    product_id: int
    count: int
    serial: str
    booked: datetime
    handed_over: datetime
    status_id: str


@dataclass(slots=True)
class ReturnRow:
    """One returned piece. `product_id` 0: an item that nobody knows here."""

    history_id: int
    product_id: int
    name: str
    at: datetime
    attribute: str
    packaging: str
    reason: str
    ready: bool
    serial: str
    announcement_id: int
    order_id: int


@dataclass(slots=True)
class Announcement:
    """An announced return or goods receipt. `items`: product id, quantity in pieces."""

    id: int
    external_id: str
    delivery_number: str
    order_number: str
    order_external_id: str
    items: list[tuple[int, int]]
    created: datetime
    documents: list[Document] = field(default_factory=list)
    times: int = 1  # how often it was announced


@dataclass(slots=True)
class Webhook:
    """A registered webhook and its failures in a row."""

    event: str
    payload: str
    token: str
    mail: str
    failures: int = 0


@dataclass(slots=True)
class Tenant:
    """One token: a shop user with its client and warehouse. Nothing in here crosses to another."""

    name: str
    token: str
    shop: str
    client_id: int
    client_name: str
    warehouse_id: int
    settings: Settings
    own_settings: dict[str, Any]
    profiles: list[dict[str, Any]]
    attributes: list[Attribute]
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    parcels_wanted: dict[str, int] = field(default_factory=dict)  # order external id: parcels
    forced_reasons: dict[str, tuple[str, int]] = field(default_factory=dict)  # reason, times

    products: dict[int, Product] = field(default_factory=dict)
    product_ids: dict[str, int] = field(default_factory=dict)  # external id
    sku_ids: dict[str, int] = field(default_factory=dict)
    changed_products: OrderedDict[int, None] = field(default_factory=OrderedDict)
    changed_stock: OrderedDict[int, None] = field(default_factory=OrderedDict)

    orders: dict[int, Order] = field(default_factory=dict)
    order_ids: dict[str, int] = field(default_factory=dict)  # external id
    parcels: dict[int, Parcel] = field(default_factory=dict)

    history: dict[int, Posting] = field(default_factory=dict)
    unflagged: dict[str, OrderedDict[int, None]] = field(default_factory=dict)  # by reason
    sent: dict[int, SentRow] = field(default_factory=dict)  # by history id, in time order
    sent_by_order: dict[int, list[int]] = field(default_factory=dict)
    unsynched_sent: OrderedDict[int, None] = field(default_factory=OrderedDict)
    returned: dict[int, ReturnRow] = field(default_factory=dict)
    unsynched_returns: OrderedDict[int, None] = field(default_factory=OrderedDict)

    returns: dict[int, Announcement] = field(default_factory=dict)
    return_ids: dict[str, int] = field(default_factory=dict)
    receipts: dict[int, Announcement] = field(default_factory=dict)
    receipt_ids: dict[str, int] = field(default_factory=dict)
    receipt_bookings: dict[int, list[int]] = field(default_factory=dict)  # receipt: history ids
    refurbishments: list[dict[str, Any]] = field(default_factory=list)

    webhooks: dict[str, Webhook] = field(default_factory=dict)
    mails: list[dict[str, str]] = field(default_factory=list)

    window_start: float = float("-inf")
    window_calls: int = 0

    def default_attribute(self) -> str:
        """Return the code of the quality that can be sold."""
        return next((one.code for one in self.attributes if one.default), "1")

    def shown_reason(self, order: Order) -> str:
        """Return `reasonPartiallyReserved`; the texts beside ADDRESS and UNKNOWN are a guess."""
        names: dict[Any, str] = dict(self.settings.reason_names)
        return names.get(order.reason, order.reason) if order.state == "PARTIAL" else ""
