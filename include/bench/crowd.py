"""Merchants that are alike, on both sides of the sandbox, as many as wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.sandbox.scenarios.demo_orders import (
    ALPHA,
    PLACES,
    StoryMerchant,
    plenty_scenario,
    released_order,
    wemalo_scenario,
)

if TYPE_CHECKING:
    from include.sandbox.client import ControlClient

PASSWORD, TOKEN = "bench-password", "bench-token"
_MUCH = 10_000_000  # pieces, and calls a minute: nothing is to run out


def members(count: int) -> list[StoryMerchant]:
    """Return ``count`` merchants, named ``m0001`` and so on."""
    names = [f"m{number:04}" for number in range(1, count + 1)]
    return [replace(ALPHA, name=name, username=f"user_{name}") for name in names]


def settings(member: StoryMerchant, **changes: Any) -> dict[str, Any]:
    """Return the values of a member's merchant file."""
    return {
        "merchant": member.name,
        "language": "de",
        "plenty": {
            "connection": f"plenty_{member.name}",
            "plenty_id": member.plenty_id,
            "warehouse_id": member.warehouse_id,
            "storage_location_id": member.storage_location_id,
        },
        "wemalo": {"connection": f"wemalo_{member.name}", "shop": member.name},
        "shipping_profiles": {6: "dhl-paket", 7: "dhl-express"},
        "carriers": {"DHL": "DHL", "DPD": "DPD"},
        **changes,
    }


def open_tenants(
    plenty: ControlClient, wemalo: ControlClient, crowd: list[StoryMerchant], *, plan: str
) -> None:
    """Open the members' tenants without orders, with goods enough for all."""
    for member in crowd:
        house = wemalo_scenario(member, [], f"{TOKEN}-{member.name}")["tenants"][0]
        house["stock"] = dict.fromkeys(house["stock"], _MUCH)
        house["settings"] = {"limit_calls": _MUCH}
        wemalo.merge({"tenants": [house]})
        shop = plenty_scenario(member, [], PASSWORD)["tenants"][0]
        plenty.merge({"tenants": [{**shop, "plan": plan}]})


def connections(
    crowd: list[StoryMerchant], plenty_url: str, wemalo_url: str
) -> dict[str, dict[str, str]]:
    """Return the Airflow connections of all members, by id."""
    found = {}
    for member in crowd:
        found[f"plenty_{member.name}"] = {
            "conn_type": "plenty",
            "host": plenty_url,
            "login": member.username,
            "password": PASSWORD,
        }
        found[f"wemalo_{member.name}"] = {
            "conn_type": "wemalo",
            "host": wemalo_url,
            "password": f"{TOKEN}-{member.name}",
        }
    return found


def order(member: StoryMerchant, order_id: int) -> dict[str, Any]:
    """Return a released order that can be sent as it is."""
    return released_order(
        member,
        order_id,
        place=PLACES[order_id % 4],
        items=[{"variation": member.first_variation + order_id % 5, "quantity": 1}],
        address={
            "name2": "Anna",
            "name3": f"Muster-{order_id}",
            "address2": str(order_id % 199 + 1),
        },
    )


def release(plenty: ControlClient, member: StoryMerchant, ids: range) -> None:
    """Release orders, a thousand at a time."""
    for start in range(ids.start, ids.stop, 1000):
        rows = [order(member, n) for n in range(start, min(start + 1000, ids.stop))]
        plenty.merge({"tenants": [{"tenant": member.name, "orders": rows}]})
