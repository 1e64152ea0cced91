"""Read wemalo's rows of sent items (wemalo contract 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.core.orders.wemalo_order import MARK, mark, own_order_id
from include.core.parcels.tracking import tracking_numbers
from include.core.systems.errors import Malformed
from include.core.systems.values import identifier, utc, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SENT_COMPLETELY = "500"  # orderStatusId: with this hand-over the order is sent completely
WEMALO_ZONE = ZoneInfo("Europe/Berlin")  # wemalo contract 2: no zone given, assumed
_PIECES = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")
_FORMAT = "%d.%m.%Y %H:%M:%S"
_LONGEST_TIME = 40  # characters


@dataclass(frozen=True, slots=True)
class SentRow:
    """One row of the queue of sent items: some pieces of one product in one parcel."""

    history_id: int
    external_id: str
    parcel_id: str
    product: str
    quantity: Decimal
    complete: bool
    numbers: tuple[str, ...]  # as a rule one; a letter has none
    carrier: str
    service: str  # the carrier's product
    mark: str  # see `include.core.orders.wemalo_order.mark`; "" where wemalo shows none
    handed_over_at: datetime | None  # aware UTC

    @property
    def order_id(self) -> int | None:
        """The plentymarkets order, None for an order that did not come from us."""
        return own_order_id(self.external_id)

    def is_marked(self, plenty_id: int) -> bool:
        """Say whether the row carries our mark; one without any mark is taken by its id."""
        return self.mark in ("", mark(plenty_id))


def sent_row(data: Mapping[str, Any]) -> SentRow:
    """Read one row.

    :raises Malformed: a field without which the row cannot be acted upon is missing.
    """
    return SentRow(
        history_id=_number(data, "historyId"),
        external_id=_text(data, "externalGoodsOrderId"),
        parcel_id=_text(data, "packageId"),
        product=words(data.get("externalProductId")),
        quantity=_quantity(data),
        complete=words(data.get("orderStatusId")) == SENT_COMPLETELY,
        numbers=tracking_numbers(data.get("trackingNumber")),
        carrier=words(data.get("dispatcherName")),
        service=words(data.get("dispatcherProduct")),
        mark=_mark(data.get("orderInfo")),
        handed_over_at=wemalo_time(data.get("handoverDate")),
    )


def row_name(value: object) -> str:
    """Return how a row is named to people: its history id, ``?`` where it has no usable one."""
    return str(identifier(value) or "?")


def by_parcel(parcel_id: str, numbers: Sequence[str]) -> dict[str, str]:
    """Return the number of each parcel that a parcel of wemalo's stands for, by parcel id.

    A field that holds two numbers stands for two parcels; the second is ``1214#2``.
    """
    more = {f"{parcel_id}#{place}": number for place, number in enumerate(numbers[1:], 2)}
    return {parcel_id: numbers[0] if numbers else "", **more}


def _number(data: Mapping[str, Any], name: str) -> int:
    number = identifier(data.get(name))
    if number is None:
        raise _unusable(name)
    return number


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, str)) or str(value).strip() == "":
        raise _unusable(name)
    return str(value).strip()


def _quantity(data: Mapping[str, Any], name: str = "count") -> Decimal:
    value = str(data.get(name) or 1).strip()
    if not _PIECES.fullmatch(value):
        raise _unusable(name)
    return Decimal(value)


def _mark(info: object) -> str:
    """Return the mark in a row; an order that an earlier connection sent may have none."""
    value = info.get("extraInfo") if isinstance(info, dict) else None
    found = MARK.search(value[:200]) if isinstance(value, str) else None
    return found[0] if found else ""


def _unusable(name: str) -> Malformed:
    text = (
        f"wemalo's queue of sent items holds a row without a usable {name}. The row stays in the "
        "queue; report it to the warehouse."
    )
    return Malformed(text)


def wemalo_time(value: object) -> datetime | None:
    """Return ``dd.MM.yyyy HH:mm:ss`` in wemalo's zone as aware UTC, None where it is no date."""
    if not isinstance(value, str) or len(value) > _LONGEST_TIME:
        return None
    try:
        return utc(datetime.strptime(value.strip(), _FORMAT), WEMALO_ZONE)  # noqa: DTZ007
    except ValueError:
        return None
