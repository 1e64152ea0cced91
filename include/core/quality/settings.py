"""The ``quality`` section of a merchant file: which checks run, and which repairs are allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from include.core.quality.rules import RULE_FAILED, RULES

IsoCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Repairs(_Section):
    """Repairs that keep the parcel's way: each on or off."""

    characters: bool = Field(
        True, description="Spaces, control characters, HTML entities and mis-decoded umlauts."
    )
    house_number: bool = Field(True, description="Split the house number from the street.")
    postal_code: bool = Field(
        True, description="Country prefix ('D-50667'), spaces, dashes and case of the postal code."
    )
    leading_zero: bool = Field(
        True, description="Restore a lost leading zero where the town confirms it."
    )
    town: bool = Field(True, description="Drop a postal code repeated in the town's field.")
    packstation: bool = Field(
        True, description="Spell Packstation and Postfiliale right and put their numbers in place."
    )
    label_lines: bool = Field(
        False, description="Spread lines longer than a label over free address lines."
    )


class CarrierLines(_Section):
    """How long a line one carrier takes, and what happens to a longer one."""

    characters: int = Field(35, ge=20, le=60, description="Characters of one label line.")
    longer: Literal["warn", "stop", "split"] = Field(
        "stop",
        description="A longer line warns, stops the order (6.2), or is split over free address "
        "lines and only stops where that is impossible.",
    )


class QualitySettings(_Section):
    """What the validate task checks and how strictly, for one merchant."""

    ship_to: list[IsoCode] = Field(
        default_factory=list,
        description="ISO codes shipped to; empty means every country.",
        examples=[["DE", "AT"]],
    )
    not_ship_to: list[IsoCode] = Field(
        default_factory=list,
        description="ISO codes never shipped to; stronger than `ship_to`.",
        examples=[["CH"]],
    )
    repairs: Repairs = Field(default_factory=Repairs)
    off: list[str] = Field(
        default_factory=list,
        description="Codes of rules that are switched off for this merchant.",
        examples=[["ADDRESS_PO_BOX"]],
    )
    label_length: int = Field(35, ge=20, le=60, description="Characters of one label line.")
    carrier_lines: dict[int, CarrierLines] = Field(
        default_factory=dict,
        description="plentymarkets shipping profile id -> line length of its carrier; the others "
        "have `label_length` and warn.",
        examples=[{6: {"characters": 30, "longer": "split"}}],
    )
    po_box: Literal["stop", "warn"] = Field(
        "stop", description="What a PO box without a street means."
    )
    house_number: Literal["by_country", "always", "warn"] = Field(
        "by_country", description="Where a missing house number stops the order."
    )
    check_email: bool = Field(True, description="Warn of e-mail addresses that cannot be right.")
    check_phone: bool = Field(True, description="Warn of phone numbers that cannot be right.")
    short_orders: Literal["status", "wait"] = Field(
        "status",
        description="Orders without stock: 'status' writes 6.3, 'wait' leaves the status alone and "
        "tries again when stock arrives.",
    )
    require_paid: bool = Field(False, description="Orders that are not fully paid wait.")
    stock_max_age_minutes: int = Field(
        60, ge=1, description="A stock mirror older than this is not used (wemalo decides)."
    )
    customs: Literal["off", "stop"] = Field(
        "stop",
        description="Stop orders to countries outside the EU whose positions lack a name or price.",
    )
    double_import: Literal["hint", "stop", "off"] = Field(
        "hint",
        description="An order with the external number and referrer of an older one: 'hint' notes "
        "it, 'stop' holds the later one.",
    )
    credit_note: Literal["hint", "wait", "off"] = Field(
        "hint",
        description="An order that has a credit note before it was sent: 'hint' notes it, 'wait' "
        "holds the order.",
    )
    future_date: Literal["hint", "wait", "off"] = Field(
        "hint",
        description="A date of shipping or delivery ahead (plentymarkets contract 6.8, dates 8 and "
        "11): 'hint' notes it, 'wait' holds the order until `future_days` before it.",
    )
    future_days: int = Field(
        3,
        ge=0,
        le=60,
        description="Days that a parcel takes; a nearer date is not ahead.",
    )
    station_carrier: Literal["hint", "wait", "off"] = Field(
        "hint",
        description="A Packstation with a profile whose carrier does not deliver there: 'hint' "
        "notes it, 'wait' holds the order.",
    )
    station_profiles: list[str] = Field(
        default_factory=list,
        description="wemalo matchIds that deliver to a Packstation; empty: all but those that are "
        "named after a carrier other than DHL.",
        examples=[["dhl-paket"]],
    )
    data_docs: bool = Field(
        True, description="Keep a page of Great Expectations' results per batch (no personal data)."
    )
    data_docs_days: int = Field(14, ge=1, description="Pages older than this are removed.")
    data_docs_batches: int = Field(200, ge=1, description="At most so many pages are kept.")

    @field_validator("off")
    @classmethod
    def _rules_exist(cls, codes: list[str]) -> list[str]:
        unknown = sorted(set(codes) - set(RULES) | set(codes) & {RULE_FAILED})
        if unknown:
            msg = f"there is no rule {', '.join(unknown)}"
            raise ValueError(msg)
        return codes
