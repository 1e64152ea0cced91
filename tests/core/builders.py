"""Order JSON as plentymarkets gives it, for tests (own composition of contract 6.11)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

COUNTRIES = {1: "DE", 2: "AT", 4: "CH"}

_ORDER: dict[str, Any] = {
    "id": 50123,
    "typeId": 1,
    "plentyId": 1001,
    "statusId": 5,
    "statusName": "[5] Freigabe Versand",
    "ownerId": None,
    "referrerId": 1,
    "locationId": 1,
    "lockStatus": "unlocked",
    "createdAt": "2026-03-01T09:30:00+01:00",
    "updatedAt": "2026-03-01T10:02:11+01:00",
    "properties": [
        {"orderId": 50123, "typeId": 1, "value": "3"},
        {"orderId": 50123, "typeId": 2, "value": "6"},
        {"orderId": 50123, "typeId": 4, "value": "fullyPaid"},
        {"orderId": 50123, "typeId": 7, "value": "SHOP-90017"},
    ],
    "dates": [],
    "amounts": [
        {"isSystemCurrency": True, "currency": "EUR", "grossTotal": 24.7, "netTotal": 20.76,
         "vatTotal": 3.94}
    ],
    "addressRelations": [
        {"orderId": 50123, "typeId": 1, "addressId": 801},
        {"orderId": 50123, "typeId": 2, "addressId": 802},
    ],
    "addresses": [
        {"id": 801, "name1": "", "name2": "Rechnung", "name3": "Muster", "address1": "Weg",
         "address2": "1", "postalCode": "10115", "town": "Berlin", "countryId": 1, "options": [],
         "pivot": {"typeId": 1}},
        {"id": 802, "name1": "", "name2": "Erika", "name3": "Muster", "name4": "",
         "address1": "PACKSTATION", "address2": "145", "address3": "", "address4": "",
         "postalCode": "50667", "town": "Köln", "countryId": 1, "stateId": None,
         "options": [{"typeId": 5, "value": "erika@example.com"},
                     {"typeId": 6, "value": "12345678"}],
         "pivot": {"orderId": 50123, "typeId": 2, "addressId": 802}},
    ],
    "relations": [
        {"orderId": 50123, "referenceType": "warehouse", "referenceId": 3, "relation": "sender"}
    ],
    "orderItems": [
        {"id": 70001, "orderId": 50123, "typeId": 1, "itemVariationId": 2044, "quantity": 2,
         "orderItemName": "Becher blau", "warehouseId": 3,
         "amounts": [{"currency": "EUR", "isSystemCurrency": True, "priceGross": 9.9,
                      "priceNet": 8.3193}],
         "variation": {"id": 2044, "number": "CUP-BL"}},
        {"id": 0, "orderId": 50123, "typeId": 6, "itemVariationId": 0, "quantity": 1,
         "orderItemName": "Versand", "amounts": []},
    ],
}  # fmt: skip


def order_json(**changes: Any) -> dict[str, Any]:
    """Return a good order to a Packstation with some top-level fields replaced."""
    return deepcopy({**_ORDER, **changes})
