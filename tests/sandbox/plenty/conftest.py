from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.sandbox.client import ControlClient
from include.sandbox.frame.serving import serve
from include.sandbox.plenty.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

ERIKA = {
    "name2": "Erika", "name3": "Beispiel", "address1": "Hauptstr.", "address2": "1",
    "postalCode": "50667", "town": "Köln", "country": "DE", "email": "erika@example.com",
}  # fmt: skip
PACKSTATION = ERIKA | {"address1": "PACKSTATION", "address2": "145", "post_number": "12345678"}


def order(number: int, **more: Any) -> dict[str, Any]:
    """A compact order of two mugs."""
    items = [{"variation": 2044, "quantity": 2}]
    return {"id": number, "status": 5, "items": items, "delivery": ERIKA} | more


def tenant(name: str = "alpha", **more: Any) -> dict[str, Any]:
    return {
        "tenant": name,
        "username": f"rest-{name}",
        "password": "pw",
        "plenty_id": 4711,
        "warehouses": [{"id": 3, "name": "Wemalo"}, {"id": 4, "name": "Other"}],
        "storage_locations": [{"id": 7, "warehouse_id": 3}, {"id": 8, "warehouse_id": 3}],
        "statuses": [6.2, 6.3, 8.8],
        "variations": [
            {"id": 2044, "number": "CUP-BL", "name": "Becher blau", "barcode": "4006381333931",
             "weight_g": 350, "stock": 10},
            {"id": 2045, "number": "CUP-RD", "name": "Becher rot", "stock": 5},
            {"id": 2050, "number": "CUP-SET",
             "bundle": [{"variation": 2044, "quantity": 1}, {"variation": 2045, "quantity": 2}]},
        ],
        "orders": [],
    } | more  # fmt: skip


class Api:
    """A logged-in client over real HTTP."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.login = self.session.post(
            f"{url}/rest/login", json={"username": user, "password": password}, timeout=5
        ).json()
        self.session.headers["Authorization"] = f"Bearer {self.login['accessToken']}"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/rest{path}", timeout=10, **kwargs)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, **params: Any) -> requests.Response:
        return self.call("POST", path, json=body, params=params)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.call("PUT", path, json=body)

    def ids(self, **params: Any) -> list[int]:
        return [row["id"] for row in self.get("/orders/search", **params)["entries"]]

    def stock(self, variation: int = 2044, warehouse: int = 3) -> tuple[float, float]:
        """Physical and net stock."""
        path = f"/stockmanagement/warehouses/{warehouse}/stock"
        row = self.get(path, variationId=variation)["entries"][0]
        return row["stockPhysical"], row["stockNet"]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, ControlClient]]:
    with serve(create_app(seed=1)) as url:
        control = ControlClient(url)
        yield url, control
        control.close()


@pytest.fixture
def control(server: tuple[str, ControlClient]) -> Iterator[ControlClient]:
    _, client = server
    client.clear_faults()
    client.clear_hooks()
    client.scenario({"tenants": [tenant()]})
    client.reset_calls()
    return client


@pytest.fixture
def api(server: tuple[str, ControlClient], control: ControlClient) -> Api:
    return Api(server[0], "rest-alpha", "pw")


@pytest.fixture
def add(control: ControlClient):
    """Add compact orders to the tenant."""

    def run(*orders: dict[str, Any], **more: Any) -> None:
        control.merge({"tenants": [{"tenant": "alpha", "orders": list(orders), **more}]})

    return run
