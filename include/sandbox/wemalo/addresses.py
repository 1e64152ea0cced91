"""When wemalo takes an address for faulty. Not public: this is the contract's guess (11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.wemalo.bodies import Receiver

POSTAL_CODES = {"DE": r"\d{5}", "AT": r"\d{4}", "CH": r"\d{4}"}


def primary(receivers: list[Receiver]) -> Receiver | None:
    """Return the primary receiver, or the first."""
    return next((one for one in receivers if one.primary), receivers[0] if receivers else None)


def is_faulty(receiver: Receiver | None) -> bool:
    """Tell whether the parcel could not be delivered to this address."""
    if receiver is None:
        return True
    required = (receiver.name1, receiver.street, receiver.zip, receiver.city)
    if not all(text.strip() for text in required):
        return True
    country = receiver.countryCode2Letter.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", country):
        return True
    if not house_number(receiver):
        return True
    pattern = POSTAL_CODES.get(country)
    return pattern is not None and not re.fullmatch(pattern, receiver.zip.strip())


def house_number(receiver: Receiver) -> str:
    """Return the house number, cut out of the street if it was not sent by itself."""
    if receiver.streetNumber.strip():
        return receiver.streetNumber.strip()
    found = re.search(r"\b\d+\s*[a-zA-Z]?(?:\s*[-/]\s*\d+\s*[a-zA-Z]?)?\s*$", receiver.street)
    return found.group().strip() if found else ""
