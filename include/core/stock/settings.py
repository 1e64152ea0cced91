"""The ``stock`` and ``products`` sections of a merchant file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reasons(_Section):
    """plentymarkets' reason ids per kind of booking (plentymarkets contract 12.2)."""

    receipt: int = Field(101, ge=101, le=181, description="Goods receipt: 101 incoming items.")
    inventory_in: int = Field(102, ge=101, le=181, description="Stocktaking found more: 102.")
    inventory_out: int = Field(202, ge=201, le=281, description="Stocktaking found less: 202.")
    returns: int = Field(
        109, ge=101, le=181, description="Returned goods booked by the stock flow: 109 logistics."
    )
    correction_in: int = Field(
        116, ge=101, le=181, description="More than all postings explain: 116 by correction."
    )
    correction_out: int = Field(
        216, ge=201, le=281, description="Less than all postings explain: 216 by correction."
    )
    shipment: int = Field(201, ge=201, le=281, description="Goods that left (`book_shipments`).")
    absolute: int = Field(301, ge=301, le=328, description="Absolute correction: 301 general.")


class StockSync(_Section):
    """How wemalo's sellable stock reaches plentymarkets (plentymarkets contract 12.5)."""

    enabled: bool = Field(False, description="Carry wemalo's stock over to plentymarkets.")
    mode: Literal["delta", "absolute"] = Field(
        "delta",
        description="'delta' books what changed, each change once; 'absolute' sets the number, "
        "which wipes out what plentymarkets deducted by itself meanwhile.",
    )
    every_minutes: int = Field(
        15, ge=0, le=1440, description="Least minutes between two comparisons; 0 is every run."
    )
    settle_minutes: int = Field(
        30,
        ge=0,
        le=1440,
        description="So long a difference must stand unchanged before it is booked without a "
        "posting of the warehouse that explains it (blocked goods, B goods).",
    )
    negatives: Literal["zero", "keep"] = Field(
        "zero", description="What a stock below zero becomes in plentymarkets."
    )
    missing_is_subtracted: bool = Field(
        True,
        description="wemalo's available stock goes below zero by what waiting orders lack; if "
        "not, products of waiting orders are left alone until their goods have come.",
    )
    book_shipments: bool = Field(
        False,
        description="Book goods that left the warehouse out of the stock. Only where nobody books "
        "goods issue in plentymarkets; orders whose goods issue is booked are never booked again.",
    )
    reasons: Reasons = Field(default_factory=Reasons, description="Reason ids of the bookings.")
    confirm_first_run: bool = Field(
        True, description="The first comparison books nothing before `fulfil stock approve`."
    )
    jump_pieces: int = Field(
        1000, ge=1, description="A change of more pieces than this can be absurd ..."
    )
    jump_factor: float = Field(
        5.0, gt=0, description="... if it is also more than so many times the stock; it is held."
    )
    mass_zero_products: int = Field(
        3, ge=1, description="If so many products or more fall to zero within a day ..."
    )
    mass_zero_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="... and they are this share of all products with stock, or had this share of "
        "all pieces: those not booked yet are held.",
    )
    mass_zero_all: int = Field(
        2,
        ge=1,
        description="So few are enough where they are all products with stock; 1 holds the fall "
        "of a merchant's only product, too.",
    )


class Products(_Section):
    """Which product master data wemalo gets, and how (wemalo contract 8)."""

    enabled: bool = Field(False, description="Carry variations over to wemalo.")
    every_minutes: int = Field(
        120, ge=0, le=1440, description="Least minutes between two looks; 0 is every run."
    )
    overlap_minutes: int = Field(
        15, ge=0, le=1440, description="Each look reaches so far behind the last one."
    )
    language: str = Field("de", pattern=r"^[a-z]{2}$", description="Language of product names.")
    name_from: Literal["item", "variation"] = Field(
        "item",
        description="Where the name comes from first; the other one and the number are fallbacks.",
    )
    barcode_id: int | None = Field(
        None,
        description="plentymarkets' barcode id whose GTIN-13 is sent; empty: the first valid.",
        examples=[1],
    )
    product_group: str = Field("default", min_length=1, description="wemalo's productGroup.")
    dimensions: bool = Field(
        True, description="Send length, width and height where plentymarkets knows them."
    )
    inactive: Literal["send", "leave_out"] = Field(
        "send", description="Whether variations that were never active are sent at all."
    )
    required: list[Literal["ean", "weight", "customs", "origin"]] = Field(
        default_factory=list,
        description="Fields without which a product is not sent; number and name always are.",
        examples=[["ean", "weight"]],
    )
