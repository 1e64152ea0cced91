"""Judging one address."""

from __future__ import annotations

from dataclasses import replace

from include.core.address.check import AddressResult, check_address
from include.core.orders.models import Address
from include.core.quality.settings import QualitySettings

GOOD = Address(
    name2="Erika",
    name3="Lindner",
    address1="Rathausplatz",
    address2="2",
    postal_code="50667",
    town="Köln",
    country_id=1,
    country="DE",
)


def look(settings: QualitySettings | None = None, **changes: object) -> AddressResult:
    return check_address(replace(GOOD, **changes), settings or QualitySettings())  # type: ignore[arg-type]
