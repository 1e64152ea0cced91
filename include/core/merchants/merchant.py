"""The settings of one merchant: the model behind ``include/merchants/<merchant>.yaml``.

Secrets are not settings: a merchant file names Airflow connections, and user, password, URL and
token live there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from include.core.documents.settings import Documents
from include.core.merchants.merchant_facts import key_of
from include.core.merchants.retention_settings import Retention
from include.core.orders.payment_settings import CashOnDelivery
from include.core.orders.positions import Positions
from include.core.orders.states import State  # noqa: TC001 - pydantic looks at it
from include.core.orders.statuses import status
from include.core.quality.settings import QualitySettings
from include.core.returns.settings import Returns
from include.core.stock.settings import Products, StockSync

StatusId = Annotated[Decimal, BeforeValidator(status)]
_BRACES = re.compile(r"[{}]")
Plan = Literal["basic", "classic", "flex", "plus"]


def _distinct(values: list[int]) -> list[int]:
    if len(set(values)) != len(values):
        msg = "the same id is listed twice"
        raise ValueError(msg)
    return values


def _addresses(values: list[str]) -> list[str]:
    for value in values:
        key_of(value)
    return values


class Section(BaseModel):
    """Common behaviour of all sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _calls_in_flight() -> Any:
    return Field(
        4,
        ge=1,
        le=16,
        description="So many writes of a task to this system may be on their way at once. Writes "
        "of one order, and hand-overs of the same product, always go one after the other.",
    )


class Plenty(Section):
    """The merchant's plentymarkets system."""

    connection: str = Field(
        description="Airflow connection with URL, user name and password of the REST user.",
        examples=["plenty_alpha"],
    )
    former_urls: Annotated[list[str], AfterValidator(_addresses)] = Field(
        default_factory=list,
        description="Addresses that this very system had before, where only the address has "
        "changed: orders in flight belong to the system at the address they were fetched from.",
        examples=[["https://old-name.example.com"]],
    )
    plenty_id: int = Field(
        gt=0,
        description="Id of the client (store), 'plentyID' (contract 16).",
        examples=[1001],
    )
    warehouse_id: int = Field(
        gt=0,
        description="The warehouse made for the fulfilment centre (contract 12.3).",
        examples=[3],
    )
    storage_location_id: int = Field(
        ge=0,
        description="Default storage location of that warehouse; 0 is plentymarkets' own "
        "(contract 12.3).",
        examples=[7],
    )
    plan: Plan = Field(
        "classic", description="Plan of the system: it sets the call limits (contract 4)."
    )
    shippable_types: Annotated[list[int], AfterValidator(_distinct)] = Field(
        [1, 2, 5],
        description="Order types that ship: 1 sales order, 2 delivery order, "
        "5 warranty (contract 9).",
    )
    package_type_id: int = Field(
        1, description="Package type (carton) for packages we create (contract 10.1)."
    )
    calls_in_flight: int = _calls_in_flight()


class Wemalo(Section):
    """The merchant's client in wemalo."""

    connection: str = Field(
        description="Airflow connection with URL and token (password) of the shop user.",
        examples=["wemalo_alpha"],
    )
    shop: str = Field(
        "",
        description="Shop name in wemalo-connect; sent along when known (contract 1).",
        examples=["alpha"],
    )
    create_route: Literal["addConditional", "add"] = Field(
        "addConditional",
        description="Route that creates orders; 'add' asks for the status first (contract 4.3).",
    )
    lease_seconds: int = Field(
        300,
        ge=5,
        description="How long a write whose process died is left alone before another one takes "
        "it over; never less than the wait for a call's turn and the call may take by the "
        "connections' timeouts.",
    )
    product_id: Literal["variation_id", "sku"] = Field(
        "variation_id", description="What wemalo knows a product by (contract 4.1)."
    )
    calls_in_flight: int = _calls_in_flight()


class Statuses(Section):
    """Every plentymarkets status id of the flow; compared as decimals."""

    fetch: StatusId = Field(
        Decimal(5),
        description="Released for shipping; orders are read here (wemalo contract 14.2).",
    )
    handed_over: StatusId = Field(
        Decimal("5.1"), description="Handed over to wemalo (wemalo contract 14.2)."
    )
    address_error: StatusId = Field(
        Decimal("6.2"), description="Delivery address faulty (wemalo contract 14.2)."
    )
    no_stock: StatusId = Field(
        Decimal("6.3"), description="Not enough stock (wemalo contract 14.2)."
    )
    cancel_requested: StatusId = Field(
        Decimal(8), description="Cancelled by the merchant (wemalo contract 14.2)."
    )
    cancelled: list[StatusId] | None = Field(
        None,
        description="Further statuses that ask for a cancellation; empty: every status from 8 up "
        "to 8.9999 that is none of ours.",
        examples=[["8.1", "8.5"]],
    )
    cancel_done: StatusId = Field(
        Decimal("8.8"), description="Cancellation handed over (wemalo contract 14.2)."
    )
    cancel_too_late: StatusId = Field(
        Decimal("8.8"), description="Set when the warehouse had already started on the order."
    )
    shipped: StatusId | None = Field(
        None,
        description="Status to set once everything has left; empty leaves the status alone.",
        examples=["7"],
    )


class Merchant(Section):
    """One merchant of the fulfilment centre."""

    merchant: str = Field(
        pattern=r"^[a-z][a-z0-9_]{1,39}$",
        description="Short name: the DAG is called fulfilment__<merchant>.",
        examples=["alpha"],
    )
    owner: str = Field("fulfilment", description="Owner shown in the Airflow UI.")
    schedule_minutes: Literal[1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 720] = (
        Field(
            30,
            description="Minutes between scheduled runs. They find what the look every "
            "`poll_seconds` misses, and carry tracking numbers, returns, stock and products.",
        )
    )
    poll_seconds: int = Field(
        15,
        ge=0,
        le=3600,
        description="Seconds between two looks for released or cancelled orders, one read each, "
        "which start a run at once; 0 leaves all to the scheduled runs.",
    )
    longest_stay_hours: dict[State, Annotated[int, Field(gt=0)]] = Field(
        default_factory=dict,
        description="Hours that an order may stay in a state before it is told as standing still, "
        "where they shall differ from those in docs/limits.md.",
        examples=[{"waiting": 72}],
    )
    settle_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        description="How long a call that was not answered in time may still take effect at the "
        "other system. Until then its write is looked for and not repeated.",
    )
    language: Literal["de", "en"] = Field("de", description="Language of order notes.")
    mode: Literal["live", "shadow"] = Field(
        "live",
        description="'shadow': every run is a dry run beside another connection, which it is "
        "compared with every day; nothing is written anywhere.",
    )
    plenty: Plenty
    wemalo: Wemalo
    statuses: Statuses = Field(default_factory=Statuses)
    hold_statuses: list[StatusId] | None = Field(
        None,
        description="Statuses that say of an order at the warehouse that it shall not ship for "
        "now; empty: everything below `statuses.fetch`, and 6.",
        examples=[["3", "3.2", "6"]],
    )
    on_hold: Literal["tell", "cancel"] = Field(
        "tell",
        description="What follows when an order at the warehouse is moved to one of "
        "`hold_statuses`, or to 7 before anything left: 'tell' = an exception, 'cancel' = it is "
        "cancelled at the warehouse as well, where that is still possible.",
    )
    released_after_hold: Literal["tell", "send"] = Field(
        "tell",
        description="What follows when an order that was held, and cancelled at the warehouse for "
        "it, is released again: 'tell' = an exception, 'send' = it is handed over again under the "
        "same number. Whether a wemalo takes new data for a cancelled order is not documented; "
        "where it does not, the order is told all the same (contract 4.3, 4.9).",
    )
    shipping_profiles: dict[int, str] = Field(
        default_factory=dict,
        description="plentymarkets shipping profile id -> wemalo matchId; "
        "unmapped profiles stop the order unless `default_profile` is set (contract 10.3).",
        examples=[{6: "dhl-paket"}],
    )
    default_profile: str | None = Field(
        None,
        description="wemalo matchId for profiles that are not listed.",
        examples=["dhl-paket"],
    )
    carriers: dict[str, str] = Field(
        default_factory=dict,
        description="wemalo carrier name -> name of the plentymarkets shipping service provider "
        "(contract 10.2).",
        examples=[{"DHL": "DHL"}],
    )
    cash_on_delivery: CashOnDelivery = Field(
        default_factory=CashOnDelivery, description="Orders that the recipient pays."
    )
    positions: Positions = Field(
        default_factory=Positions, description="Positions that are neither goods nor money."
    )
    carrier_contact: Literal["consent", "always", "never"] = Field(
        "consent",
        description="E-mail and phone in the hand-over, which the carrier gets: 'consent' leaves "
        "them out where the customer did not agree (plentymarkets contract 6.7, property 999).",
    )
    quality: QualitySettings = Field(
        default_factory=QualitySettings, description="Rules for addresses, positions and stock."
    )
    returns: Returns = Field(default_factory=Returns, description="Goods that come back.")
    documents: Documents = Field(
        default_factory=Documents, description="Invoice and delivery note for the parcel."
    )
    stock: StockSync = Field(default_factory=StockSync, description="wemalo's stock.")
    products: Products = Field(default_factory=Products, description="Product master data.")
    retention: Retention = Field(default_factory=Retention, description="How long what is kept.")
    goods_issue: Literal["none", "event", "status", "book"] = Field(
        "none",
        description="Who books outgoing items: 'book' = our call, 'event' = the merchant's event "
        "procedure on the package number, 'status' = only `statuses.shipped` is set, 'none' = "
        "nobody (contract 11).",
    )
    tracking_urls: dict[str, str] = Field(
        default_factory=dict,
        description="wemalo carrier name -> address of the carrier's tracking page, with {number}; "
        "written with the shipping information.",
        examples=[{"DHL": "https://tracking.example.com/{number}"}],
    )
    number_patience_minutes: int = Field(
        240, ge=0, description="So long a parcel that left may lack its tracking number."
    )
    without_number: list[str | int] = Field(
        default_factory=list,
        description="wemalo carrier names, products of carriers, or ids of plentymarkets shipping "
        "profiles whose parcels have no tracking number (letters): such orders end without one.",
        examples=[["Deutsche Post", 8]],
    )
    number_forms: Literal["hint", "off"] = Field(
        "hint",
        description="A tracking number that has no known form of its carrier is written as it is; "
        "'hint' tells it, 'off' does not. Carriers that are not known are never told.",
    )
    resume_no_stock: bool = Field(
        True,
        description="Orders set to `statuses.no_stock` before they were sent go on by themselves "
        "once wemalo has the goods; off: the merchant releases them again.",
    )

    @model_validator(mode="after")
    def _one_books_shipments(self) -> Merchant:
        if self.stock.book_shipments and self.goods_issue == "book":
            msg = "goods_issue 'book' and stock.book_shipments would book each shipment twice"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _status_is_named(self) -> Merchant:
        if self.goods_issue == "status" and self.statuses.shipped is None:
            msg = "goods_issue 'status' needs statuses.shipped"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _returns_do_not_ship(self) -> Merchant:
        both = sorted({*self.plenty.shippable_types} & {*self.returns.announce.types})
        if both and self.returns.announce.statuses:
            types = ", ".join(map(str, both))
            msg = (
                f"order type {types} is in plenty.shippable_types and in returns.announce.types, "
                "but an order cannot both leave and come back"
            )
            raise ValueError(msg)
        return self

    @field_validator("tracking_urls")
    @classmethod
    def _urls_take_a_number(cls, urls: dict[str, str]) -> dict[str, str]:
        for carrier, url in urls.items():
            if url.count("{number}") != 1 or _BRACES.search(url.replace("{number}", "")):
                msg = f"the address for {carrier} needs {{number}} once, and no other braces"
                raise ValueError(msg)
        return urls

    @property
    def letters(self) -> frozenset[str]:
        """`without_number` as text in small letters."""
        return frozenset(str(name).strip().lower() for name in self.without_number)

    @property
    def groups(self) -> frozenset[str]:
        """The parts beside the orders that this merchant uses; the others have no task at all."""
        returns, documents = self.returns, self.documents
        used = {
            "returns": returns.create or bool(returns.announce.statuses),
            "documents": {documents.invoice, documents.delivery_note} != {"off"},
            "stock": self.stock.enabled,
            "products": self.products.enabled,
        }
        return frozenset(name for name, on in used.items() if on)

    @property
    def cron(self) -> str:
        """The schedule as a cron expression, UTC."""
        hours, minutes = divmod(self.schedule_minutes, 60)
        return f"0 */{hours} * * *" if hours else f"*/{minutes} * * * *"
