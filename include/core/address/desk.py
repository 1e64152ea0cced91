"""The address on the desk while it is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.core.quality.rules import Finding, found

if TYPE_CHECKING:
    from include.core.address.countries import Country
    from include.core.orders.models import Address
    from include.core.quality.settings import CarrierLines, QualitySettings


class Desk:
    """The address on the desk while it is checked: its state, findings and repairs so far."""

    def __init__(
        self, address: Address, settings: QualitySettings, carrier: CarrierLines | None = None
    ) -> None:
        self.address = address
        self.settings = settings
        self.carrier = carrier
        self.where: Country | None = None
        self.findings: list[Finding] = []
        self.repairs: list[str] = []
        self.street = ""
        self.number = ""

    def note(self, code: str, field: str = "", **detail: object) -> None:
        """Note a finding; ``field`` only where it is not the rule's own."""
        self.findings.append(found(code, field, **detail))

    def has(self, code: str, field: str = "") -> bool:
        """Say whether a rule was broken, in this field if one is named."""
        return any(f.code == code and field in {"", f.field} for f in self.findings)

    def repair(self, code: str, **changes: Any) -> None:
        """Change the address and remember why."""
        self.address = replace(self.address, **changes)
        if code not in self.repairs:
            self.repairs.append(code)

    @property
    def lines(self) -> tuple[str, str, str, str]:
        """Return the four address lines as they are now."""
        a = self.address
        return (a.address1, a.address2, a.address3, a.address4)
