"""The ``documents`` section of a merchant file: papers that travel with the parcel."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Wish = Literal["off", "optional", "required"]


class Documents(BaseModel):
    """Invoice and delivery note, from plentymarkets to wemalo (wemalo contract 4.5).

    Orders are handed over without waiting: a document can be attached only to an order that wemalo
    has. Where the warehouse must not start without the invoice, wemalo's own setting holds the
    order (PARTIAL, reason BILL) until it has come.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    invoice: Wish = Field(
        "off",
        description="'optional': attached when it is there, a missing one is only noted in the "
        "timeline. 'required': a missing one is an exception, with a note on the order.",
    )
    delivery_note: Wish = Field("off", description="The same for the delivery note.")
    patience_minutes: int = Field(
        15, ge=0, description="So long a required document may take before it is an exception."
    )
    attach_corrections: bool = Field(
        False,
        description="Attach a newer document of the same kind, too, while the order has not left.",
    )
    repeat_unclear: bool = Field(
        False,
        description="Attach again where wemalo's answer was lost: wemalo cannot be asked which "
        "documents it has, so the warehouse might print one twice. Off: a person looks, except "
        "where wemalo itself still waits for the invoice.",
    )
