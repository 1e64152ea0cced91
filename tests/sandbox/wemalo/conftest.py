"""A wemalo sandbox on a real server, fresh for each test, and a shop that talks to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.sandbox.client import ControlClient
from include.sandbox.frame.serving import serve
from include.sandbox.wemalo.app import create_app
from include.sandbox.wemalo.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START = "2026-03-02T08:00:00+00:00"  # a Monday, 9 o'clock in the warehouse


class Shop:
    """One shop user: a token and what a merchant can call with it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"JWT {token}"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/v1{path}", timeout=20, **kwargs)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self.call("GET", path, params=params).json()

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        return self.call("PUT", path, json=body).json()

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.call("POST", path, json=body).json()

    def delete(self, path: str) -> dict[str, Any]:
        return self.call("DELETE", path).json()

    def order(self, external_id: str, *positions: tuple[str, int], **meta: Any) -> dict[str, Any]:
        """Send an order through addConditional."""
        return self.post(
            "/goodsOrder/addConditional", **order_body(external_id, *positions, **meta)
        )

    def status(self, external_id: str) -> str:
        return self.get(f"/goodsOrder/getStatus/{external_id}")["statusName"]

    def sent(self, **params: Any) -> list[dict[str, Any]]:
        return self.get("/goodsOrder/packages/sent/", **params)["bookings"]


def receiver(**changes: Any) -> dict[str, Any]:
    return {
        "primary": True,
        "name1": "Erika Beispiel",
        "street": "Musterstraße",
        "streetNumber": "12a",
        "zip": "10115",
        "city": "Berlin",
        "countryCode2Letter": "DE",
        "email": "erika@example.org",
    } | changes


def order_body(external_id: str, *positions: tuple[str, int], **meta: Any) -> dict[str, Any]:
    return {
        "meta": {"externalId": external_id, "receiver": [receiver()]} | meta,
        "positions": [
            {
                "externalId": product,
                "quantity": quantity,
                "externalPositionIdentifier": f"{external_id}-{number}",
            }
            for number, (product, quantity) in enumerate(positions or [("1093", 1)], start=1)
        ],
    }


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(create_app(seed=7)) as address:
        yield address


@pytest.fixture
def control(url: str) -> Iterator[ControlClient]:
    """The control API of a stopped clock and a warehouse that waits for orders."""
    client = ControlClient(url)
    client.clock(now=START, factor=0)
    client.clear_faults()
    client.clear_hooks()
    client.settings(**Settings(auto=False, limit_calls=100_000).model_dump(mode="json"))
    client.scenario(
        {
            "tenants": [
                {
                    "tenant": "alpha",
                    "token": "alpha-token",
                    "shop": "alpha-shop",
                    "products": [
                        {"externalId": "1093", "sku": "LAMP-1", "name": "Lamp", "netWeight": 900},
                        {"externalId": "1094", "sku": "BULB-1", "name": "Bulb", "netWeight": 50},
                    ],
                    "stock": {"1093": 10, "1094": 100},
                },
                {"tenant": "beta", "token": "beta-token", "stock": {"1093": 3}},
            ]
        }
    )
    yield client
    client.close()


@pytest.fixture
def shop(url: str, control: ControlClient) -> Shop:
    return Shop(url, "alpha-token")


@pytest.fixture
def other_shop(url: str, control: ControlClient) -> Shop:
    return Shop(url, "beta-token")


@pytest.fixture
def act(control: ControlClient) -> Callable[..., Any]:
    """Let the warehouse of the first shop do something."""

    def do(action: str, **args: Any) -> Any:
        return control.act(action, "alpha", **args)

    return do
