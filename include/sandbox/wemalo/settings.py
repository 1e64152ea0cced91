"""Switches for everything that the wemalo contract only guesses (marks I and G there)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

StateName = Literal[
    "PARTIAL",
    "OPEN",
    "INPROCESS",
    "INPICKING",
    "READYFORSHIPMENT",
    "BLOCKEDPACKED",
    "PACKED",
    "SHIPPED",
    "CANCELLED",
]
Reason = Literal["ADDRESS", "BILL", "DATE", "STOCK", "UNKNOWN"]


class _Switches(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Delays(_Switches):
    """How long an order stays in each state when the warehouse works by itself (simulated s)."""

    open: float = Field(default=600, ge=0)
    inprocess: float = Field(default=300, ge=0)
    inpicking: float = Field(default=600, ge=0)
    readyforshipment: float = Field(default=600, ge=0)
    packed: float = Field(default=7200, ge=0)


class StatusIds(_Switches):
    """The texts of `statusId`. Only 100 and 500 are public (wemalo contract 4.6)."""

    PARTIAL: str = "100"
    OPEN: str = "200"
    INPROCESS: str = "210"
    INPICKING: str = "220"
    READYFORSHIPMENT: str = "300"
    BLOCKEDPACKED: str = "390"
    PACKED: str = "400"
    SHIPPED: str = "500"
    CANCELLED: str = "900"


class Settings(_Switches):
    """All switches, with the defaults of wemalo contract 15; names in snake_case or camelCase."""

    # transport (15.1)
    http_mirrors_body: bool = True  # False: HTTP 200 whatever `status` says
    limit_calls: int = Field(default=60, ge=1)
    page_size: int = Field(default=50, ge=1)

    # spellings on which the vendor's documentation contradicts itself (2)
    stock_reserved_field: Literal["quantityReserved", "notReservedQuantity", "both"] = (
        "quantityReserved"
    )
    flagged_field: Literal["historyIds", "updated", "both"] = "historyIds"
    max_results_field: Literal["maxResult", "maxResults", "both"] = "maxResults"
    package_quantity_field: Literal["quantity", "quantitySum", "both"] = "quantity"
    webhook_mail_field: Literal["mail", "email"] = "mail"
    ids_as: Literal["number", "string"] = "number"  # ids of bookings, products and parcels in rows

    # orders (15.2)
    add_duplicate: Literal["refuse", "upsert"] = "refuse"
    changes_refused_from: StateName = "INPROCESS"
    late_change: Literal["refuse", "ignore"] = "refuse"
    cancelled_again: Literal["late", "take"] = "late"  # a cancelled order sent again: a late change
    cancel_refused_from: StateName = "INPICKING"
    cancel_refusal_status: int = 409
    cancel_event: bool = True  # status_update after the merchant's own cancellation
    bill_required: bool = False  # PARTIAL until the BILL has come
    documents_required: list[str] = []  # BLOCKEDPACKED until these have come
    status_ids: StatusIds = StatusIds()
    reason_names: dict[Reason, str] = {}  # other texts for `reasonPartiallyReserved`

    # warehouse
    auto: bool = True  # picks, packs and ships by itself, on the simulated clock
    delays: Delays = Delays()
    skip_inpicking: bool = False
    max_items_per_parcel: int | None = Field(default=None, ge=1)
    short_pick: Literal["back", "wait", "ship_partly"] = "back"
    packaging_weight: int = Field(default=150, ge=0)  # grams per parcel

    # stock (15.4)
    negative_stock: bool = True  # availableStock subtracts what waiting orders lack
    available_includes_reserved: bool = False
    stock_includes_picked: bool = False
    reserved_counts_missing: bool = False
    add_multiple_max: int = Field(default=100, ge=1)
    shared_flags: bool = False  # one acknowledgement serves every queue that has the history id

    # webhooks (15.6); the time-out is in real seconds
    webhook_timeout: float = Field(default=10, gt=0)
    webhook_duplicate: bool = False
    webhook_swapped: bool = False
    webhook_before_answer: bool = False
    webhook_wrong_token: bool = False
    webhook_bare: bool = False  # without the optional fields


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Return settings with some switches changed, nested ones too; both spellings of names."""
    merged = settings.model_dump()
    names = {field.alias: name for name, field in Settings.model_fields.items()}
    for key, value in changes.items():
        name = names.get(key, key)
        nested = name in ("delays", "status_ids") and isinstance(value, dict)
        merged[name] = merged[name] | value if nested else value
    return Settings.model_validate(merged)
