"""A tenant of both sandbox servers, and its secrets."""

from __future__ import annotations

from typing import Any

from include.sandbox.server import Sandbox

USER, PASSWORD, TOKEN = "rest-user-alpha", "pass-word-alpha", "wemalo-token-alpha"
ADDRESS = {
    "name2": "Erika", "name3": "Beispiel", "address1": "Hauptstr.", "address2": "1",
    "postalCode": "50667", "town": "Köln", "country": "DE", "email": "erika@example.com",
}  # fmt: skip


FIRST, ORDERS = 1001, 12


def plenty_tenant(name: str = "alpha") -> dict[str, Any]:
    return {
        "tenant": name,
        "username": USER,
        "password": PASSWORD,
        "plenty_id": 4711,
        "warehouses": [{"id": 3, "name": "Fulfilment"}, {"id": 4, "name": "Other"}],
        "statuses": [6.2, 6.3, 8.8],
        "variations": [{"id": 2044, "number": "CUP-BL", "stock": 500}],
        "orders": [
            {
                "id": FIRST + number,
                "status": 5,
                "items": [{"variation": 2044, "quantity": 2}],
                "delivery": ADDRESS,
            }
            for number in range(ORDERS)
        ],
    }


def wemalo_tenant() -> dict[str, Any]:
    return {
        "tenant": "alpha",
        "token": TOKEN,
        "shop": "alpha-shop",
        "products": [{"externalId": "2044", "sku": "CUP-BL", "name": "Cup"}],
        "stock": {"2044": 20},
    }


def calls(sandbox: Sandbox) -> dict[str, int]:
    counts: dict[str, int] = sandbox.plenty.calls()["counts"].get("alpha", {})
    return {route: number for route, number in counts.items() if "login" not in route}
