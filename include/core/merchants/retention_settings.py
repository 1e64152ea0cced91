"""The ``retention`` section of a merchant file: how long what is kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Retention(BaseModel):
    """How long the ledger keeps what it needs no longer; looked at once a day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address_days: int = Field(
        30,
        ge=0,
        description="Days after an order's end until its content, the delivery address with it, "
        "is removed; hashes and the timeline stay.",
    )
    history_days: int = Field(
        365,
        ge=30,
        description="Days until finished paperwork is removed: writes of orders that ended, "
        "batches without orders, and exceptions that were cleared.",
    )
    timeline_days: int | None = Field(
        None,
        ge=365,
        description="Days that the timeline is kept at least; without: for ever. It leaves by "
        "whole months, of all merchants together: once the time of each is over.",
        examples=[1095],
    )
