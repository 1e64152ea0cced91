"""Read wemalo's rows of sent items (wemalo contract 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.core.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

SENT_COMPLETELY = "500"  # orderStatusId: with this hand-over the order is sent completely
WEMALO_ZONE = ZoneInfo("Europe/Berlin")  # wemalo contract 2: no zone given, assumed
_FORMAT = "%d.%m.%Y %H:%M:%S"


@dataclass(frozen=True, slots=True)
class SentRow:
    """One row of the queue of sent items: some pieces of one product in one parcel."""

    history_id: int
    external_id: str
    parcel_id: str
    product: str
    quantity: Decimal
    complete: bool
    tracking_number: str
    carrier: str
    handed_over_at: datetime | None  # aware UTC

    @property
    def order_id(self) -> int | None:
        """The plentymarkets order, None for an order that did not come from us."""
        return int(self.external_id) if self.external_id.isdecimal() else None


def sent_row(data: Mapping[str, Any]) -> SentRow:
    """Read one row.

    :raises ContractError: a field without which the row cannot be acted upon is missing.
    """
    try:
        return SentRow(
            history_id=int(data["historyId"]),
            external_id=str(data["externalGoodsOrderId"]),
            parcel_id=str(data["packageId"]),
            product=str(data.get("externalProductId") or ""),
            quantity=Decimal(str(data.get("count") or 1)),
            complete=str(data.get("orderStatusId") or "") == SENT_COMPLETELY,
            tracking_number=str(data.get("trackingNumber") or "").strip(),
            carrier=str(data.get("dispatcherName") or "").strip(),
            handed_over_at=wemalo_time(data.get("handoverDate")),
        )
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        text = (
            f"wemalo's queue of sent items holds a row without a usable {error}. The row stays in "
            "the queue; report it to the warehouse."
        )
        raise ContractError(text) from error


def wemalo_time(value: object) -> datetime | None:
    """Return ``dd.MM.yyyy HH:mm:ss`` in wemalo's zone as aware UTC, None where it is no date."""
    try:
        return datetime.strptime(str(value), _FORMAT).replace(tzinfo=WEMALO_ZONE).astimezone(UTC)
    except ValueError:
        return None
