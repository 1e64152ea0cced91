"""Facts of a merchant's plentymarkets system: what is set up there, not what is ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks.plenty_calls import PlentyCalls
from include.core.systems.values import whole

if TYPE_CHECKING:
    from fulfilment.hooks.paging import Row


class PlentyFacts(PlentyCalls):
    """Reads statuses, countries, shipping profiles, warehouses."""

    def countries(self) -> dict[int, str]:
        """Return country id -> ISO 3166 alpha-2; several ids share a code (contract 16)."""
        found: dict[int, str] = {}
        for row in self._list("/rest/orders/shipping/countries"):
            country_id = whole(row.get("id"))
            code = str(row.get("isoCode2") or "").strip().upper()
            if country_id is not None and code:
                found[country_id] = code
        return found

    def statuses(self) -> list[Row]:
        """Return all order statuses that this user may see (contract 8)."""
        return self._pages("/rest/orders/statuses", "statusId")

    def shipping_profiles(self) -> list[Row]:
        """Return the shipping profiles (contract 10.3)."""
        return self._list("/rest/orders/shipping/presets")

    def providers(self) -> list[Row]:
        """Return the shipping service providers (contract 10.3)."""
        return self._pages("/rest/orders/shipping/shipping_service_providers", "id")

    def package_types(self) -> list[Row]:
        """Return the package types (contract 10.1)."""
        return self._list("/rest/orders/shipping/package_types")

    def warehouses(self) -> list[Row]:
        """Return the warehouses (contract 12.3)."""
        return self._list("/rest/stockmanagement/warehouses")

    def storage_locations(self, warehouse_id: int) -> list[Row]:
        """Return the storage locations of a warehouse (contract 12.3)."""
        return self._pages(
            "/rest/warehouses/{warehouse_id}/locations", "id", warehouse_id=warehouse_id
        )

    def webstores(self) -> list[Row]:
        """Return the clients; ``storeIdentifier`` is the plentyID (contract 16)."""
        return self._list("/rest/webstores")
