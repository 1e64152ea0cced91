"""The ``returns`` section of a merchant file: what becomes of goods that come back."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from include.core.orders.statuses import status


def return_status(value: object) -> Decimal:
    """Read a status id; the connection document's ``9.0.1`` is plentymarkets' 9.01.

    A status is one decimal number with up to four places (plentymarkets contract 8), so the
    spelling with a second point (wemalo contract 14.4) can only mean its digits.

    :raises ValueError: not a status id.
    """
    if isinstance(value, str) and value.strip().count(".") == 2:
        whole, tenths, rest = value.strip().split(".")
        return status(f"{whole}.{tenths}{rest}")
    return status(value)


ReturnStatus = Annotated[Decimal, BeforeValidator(return_status)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Announce(_Section):
    """Returns that the merchant enters in plentymarkets and wemalo is told of beforehand."""

    statuses: list[ReturnStatus] = Field(
        default_factory=list,
        description="Return orders in one of these statuses are announced to wemalo; empty: none.",
        examples=[["9.1"]],
    )
    types: list[int] = Field(
        [3], description="Order types that count as a return (plentymarkets contract 9: 3)."
    )
    reasons: dict[int, int] = Field(
        default_factory=dict,
        description="plentymarkets return reason id -> wemalo's return-reason number; unmapped "
        "reasons are not sent along.",
        examples=[{1: 3}],
    )


class Returns(_Section):
    """Goods that came back to the warehouse, and the return orders they become."""

    create: bool = Field(
        True, description="Make a return order of what the warehouse booked; off leaves the queue."
    )
    status: ReturnStatus = Field(
        Decimal(9),
        description="Status of the return order; 9.0.1 (that is 9.01) is recommended to tell who "
        "booked it (wemalo contract 14.4). It must exist in plentymarkets.",
    )
    reasons: dict[str, int] = Field(
        default_factory=dict,
        description="wemalo reason code -> plentymarkets return reason id.",
        examples=[{"WRONG_SIZE": 2}],
    )
    conditions: dict[str, int] = Field(
        default_factory=dict,
        description="wemalo quality code (attributeCode) -> plentymarkets item condition id. The "
        "default quality, if it can be sold again, needs none.",
        examples=[{"2": 3}],
    )
    unmapped: Literal["exception", "leave_out"] = Field(
        "exception",
        description="A reason or condition that is not mapped: 'exception' keeps the return "
        "waiting until it is, 'leave_out' makes the return order without it.",
    )
    unannounced: Literal["create", "exception"] = Field(
        "create",
        description="A return that nobody announced but whose order wemalo names: make its return "
        "order, or leave it to a person.",
    )
    book_stock: Literal["none", "sellable", "all"] = Field(
        "none",
        description="Book the pieces into plentymarkets' stock: none, those that can be sold "
        "again, or all. Leave 'none' where wemalo's stock is transferred to plentymarkets: the "
        "goods would be counted twice (plentymarkets contract 12.5).",
    )
    note: bool = Field(True, description="Write a note on the original order.")
    announce: Announce = Field(
        default_factory=Announce, description="Returns announced to wemalo beforehand."
    )

    @model_validator(mode="after")
    def _announces_only_the_merchants_returns(self) -> Returns:
        if self.status in self.announce.statuses:
            msg = (
                f"status {self.status} is given to returns that the warehouse booked; announcing "
                "that status would announce goods that are already there"
            )
            raise ValueError(msg)
        return self
