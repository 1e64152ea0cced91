"""The demo's orders: who orders what, and how each must end.

Every name and address is made up. Numbers are the same at every demo, but for the order ids: each
demo takes the next thousand, so that the one before stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: how an order must end
SHIPPED, BAD_ADDRESS, SHORT, CANCELLED = "shipped", "bad address", "no stock", "cancelled"
TOO_LATE, CHANGED, RETURNED, DOCUMENTED = "too late", "changed", "returned", "documents"
ENDS = (SHIPPED, BAD_ADDRESS, SHORT, CANCELLED, TOO_LATE, CHANGED, RETURNED, DOCUMENTED)
#: sick orders, as customers, merchants and warehouses send them: each harms only itself
UNKNOWN_GOODS, HALF_SIGN, TWO_FAULTS = "two unknown SKUs", "half a character", "two findings"
ODD_WEIGHT, NO_NUMBER = 'weight "1,5"', 'number "-"'
SICK = (UNKNOWN_GOODS, HALF_SIGN, TWO_FAULTS, ODD_WEIGHT, NO_NUMBER)
#: what the warehouse enters for the parcel of such an order
ENTERED: dict[str, dict[str, Any]] = {
    ODD_WEIGHT: {"weight": "1,5"},
    NO_NUMBER: {"tracking": "-"},
}
#: the house number that changed orders get after they were handed over
NEW_HOUSE = "99"
#: a product that plentymarkets has at the start and wemalo has not: its number beyond an order id
NEW_PRODUCT = 1_000_000
RECEIVED = 12  # pieces of it

FIRST_NAMES = ("Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Henry", "Ida", "Jonas")
LAST_NAMES = ("Beispiel", "Muster", "Probe", "Versuch", "Vorlage", "Modell")
PLACES = (
    ("Hauptstraße", "10115", "Berlin", "DE"),
    ("Lindenallee", "50667", "Köln", "DE"),
    ("Am Markt", "04109", "Leipzig", "DE"),
    ("Ringstraße", "80331", "München", "DE"),
    ("Mariahilfer Straße", "1060", "Wien", "AT"),
    ("Bahnhofstrasse", "8001", "Zürich", "CH"),
)


@dataclass(frozen=True, slots=True)
class StoryMerchant:
    """One demo merchant on both sides of the sandbox."""

    name: str
    username: str
    plenty_id: int
    warehouse_id: int
    storage_location_id: int
    fetch: str
    statuses: tuple[str, ...]  # beyond plentymarkets' defaults
    profiles: tuple[tuple[int, str], ...]
    match_ids: tuple[str, ...]
    first_variation: int
    plan: str


ALPHA = StoryMerchant(
    name="alpha",
    username="fulfilment_alpha",
    plenty_id=1001,
    warehouse_id=3,
    storage_location_id=7,
    fetch="5",
    statuses=("6.2", "6.3", "8.8", "9.01", "9.1"),
    profiles=((6, "DHL Paket"), (7, "DHL Express")),
    match_ids=("dhl-paket", "dhl-express"),
    first_variation=2001,
    plan="classic",
)
BETA = StoryMerchant(
    name="beta",
    username="fulfilment_beta",
    plenty_id=2002,
    warehouse_id=12,
    storage_location_id=9,
    fetch="5.5",
    statuses=("5.5", "5.65", "6.25", "6.35", "8.8"),
    profiles=((21, "DPD Classic"),),
    match_ids=("dpd-classic",),
    first_variation=3001,
    plan="plus",
)
MERCHANTS = (ALPHA, BETA)


@dataclass(frozen=True, slots=True)
class StoryOrder:
    """One order of the story: its sandbox form, and how it must end."""

    order_id: int
    end: str
    data: dict[str, Any] = field(repr=False)
    parcels: int = 1


def released_order(
    merchant: StoryMerchant,
    order_id: int,
    *,
    place: tuple[str, str, str, str] = PLACES[0],
    items: list[dict[str, Any]] | None = None,
    address: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return a released order, as the sandbox takes it, that can be sent as it is.

    :param place: street, postal code, town, country: one of `PLACES`.
    :param items: two pieces of the merchant's first product by default.
    :param address: what is otherwise in its delivery address.
    """
    street, postal_code, town, country = place
    return {
        "id": order_id,
        "status": merchant.fetch,
        "plenty_id": merchant.plenty_id,
        "warehouse": merchant.warehouse_id,
        "profile": merchant.profiles[0][0],
        "type": 1,
        "items": items or [{"variation": merchant.first_variation, "quantity": 2}],
        "delivery": {
            "name2": "Erika",
            "name3": "Musterfrau",
            "address1": street,
            "address2": "12",
            "postalCode": postal_code,
            "town": town,
            "country": country,
            **(address or {}),
        },
        **changes,
    }


def orders(merchant: StoryMerchant, first_id: int) -> list[StoryOrder]:
    """Return the merchant's 45 orders; ids from ``first_id`` upwards."""
    chapters: list[tuple[str, int, int]] = [
        *[(SHIPPED, 1, n) for n in range(21)],
        *[(SHIPPED, 2, n) for n in range(3)],
        ("packstation", 1, 0),
        ("bundle", 1, 0),
        ("bundle", 1, 1),
        *[(BAD_ADDRESS, 1, n) for n in range(4)],
        (SHORT, 1, 0),
        (SHORT, 1, 1),
        (CANCELLED, 1, 0),
        (TOO_LATE, 1, 0),
        (CHANGED, 1, 0),
        *[(RETURNED, 1, n) for n in range(2)],
        *[(DOCUMENTED, 1, n) for n in range(2)],
        *[(end, 1, 0) for end in SICK],
    ]
    return [_order(merchant, first_id + n, n, chapter) for n, chapter in enumerate(chapters)]


def _order(
    merchant: StoryMerchant, order_id: int, number: int, chapter: tuple[str, int, int]
) -> StoryOrder:
    kind, parcels, variant = chapter
    delivery = _address(merchant, number)
    goods = merchant.first_variation + number % 5
    items: list[dict[str, Any]] = [{"variation": goods, "quantity": 1 + number % 3}]
    end = kind if kind in (*ENDS, *SICK) else SHIPPED
    if kind == "packstation":
        delivery |= {"address1": "PACKSTATION", "address2": "145", "post_number": "12345678"}
        delivery |= {"postalCode": "50667", "town": "Köln", "country": "DE"}
    elif kind == "bundle":
        # a bundle's head and its components: only the components are goods
        head, first, second = (merchant.first_variation + n for n in (6, 1, 2))
        items = [
            {"variation": head, "quantity": 1, "type": 2},
            {"variation": first, "quantity": 1, "type": 3},
            {"variation": second, "quantity": 2, "type": 3},
        ]
    elif kind == BAD_ADDRESS:
        delivery |= ({"address2": ""}, {"postalCode": "123"}, {"town": ""}, {"address1": ""})[
            variant
        ]
    elif kind == SHORT:
        items = [{"variation": merchant.first_variation + 5, "quantity": 50}]
    elif kind == UNKNOWN_GOODS:
        items = [{"variation": merchant.first_variation + n, "quantity": 1} for n in (90, 91)]
    elif kind == HALF_SIGN:
        delivery |= {"name2": f"{delivery['name2']} \ud83d"}
    elif kind == TWO_FAULTS:
        items = [{"variation": merchant.first_variation + n, "quantity": 0} for n in (1, 2)]
    if parcels == 2:
        items.append({"variation": merchant.first_variation + 4, "quantity": 2})
    profile = merchant.profiles[number % len(merchant.profiles)][0]
    data = {
        "id": order_id,
        "status": merchant.fetch,
        "plenty_id": merchant.plenty_id,
        "warehouse": merchant.warehouse_id,
        "profile": profile,
        "type": 1,
        "items": items,
        "delivery": delivery,
    }
    return StoryOrder(order_id, end, data, parcels)


def _address(merchant: StoryMerchant, number: int) -> dict[str, Any]:
    street, postal_code, town, country = PLACES[number % len(PLACES)]
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number + merchant.plenty_id) % len(LAST_NAMES)]
    return {
        "name1": "",
        "name2": first,
        "name3": f"{last}-{merchant.name.capitalize()}",
        "address1": street,
        "address2": str(3 + number),
        "postalCode": postal_code,
        "town": town,
        "country": country,
        "email": f"{first}.{last}{number}@shop-{merchant.name}.example".lower(),
        "phone": "",
    }


def new_product(merchant: StoryMerchant, story: list[StoryOrder]) -> dict[str, Any]:
    """Return the variation that is new with this demo."""
    number = NEW_PRODUCT + story[0].order_id
    return {
        "id": number,
        "number": f"{merchant.name.upper()}-{number}",
        "name": "New article",
        "barcode": "4006381333931",
        "weightG": 250,
    }


def private_words() -> set[str]:
    """Return words of the story that must not appear in any log, XCom or rendered field."""
    words = {f"{last}-{m.name.capitalize()}" for last in LAST_NAMES for m in MERCHANTS}
    words |= {f"@shop-{merchant.name}.example" for merchant in MERCHANTS}
    return words | {street for street, *_ in PLACES if street != "Am Markt"}


def plenty_scenario(
    merchant: StoryMerchant, story: list[StoryOrder], password: str
) -> dict[str, Any]:
    """Return the tenant for the plentymarkets sandbox."""
    second = merchant.first_variation + 1
    bundle = [{"variation": second, "quantity": 1}, {"variation": second + 1, "quantity": 2}]
    return {
        "tenants": [
            {
                "tenant": merchant.name,
                "username": merchant.username,
                "password": password,
                "plenty_id": merchant.plenty_id,
                "plan": merchant.plan,
                "warehouses": [
                    {
                        "id": merchant.warehouse_id,
                        "name": "Fulfilment",
                        "typeId": 0,
                        "logisticsType": "own",
                    }
                ],
                "storage_locations": [
                    {"id": merchant.storage_location_id, "warehouse_id": merchant.warehouse_id}
                ],
                "statuses": list(merchant.statuses),
                "shipping_profiles": [
                    {"id": profile, "backendName": name} for profile, name in merchant.profiles
                ],
                "variations": [
                    {
                        "id": merchant.first_variation + n,
                        "number": sku(merchant, n),
                        "name": f"Article {n}",
                        "weightG": 300 + 50 * n,
                        # the last one is a bundle of the second and two of the third
                        "bundle": bundle if n == 6 else [],
                    }
                    for n in range(7)
                ],
                "orders": [order.data for order in story],
            }
        ]
    }


def sku(merchant: StoryMerchant, number: int) -> str:
    """Return the variation number of the merchant's n-th article."""
    return f"{merchant.name.upper()}-{number}"


def wemalo_scenario(merchant: StoryMerchant, story: list[StoryOrder], token: str) -> dict[str, Any]:
    """Return the tenant for the wemalo sandbox: enough of everything, but for one article."""
    return {
        "tenants": [
            {
                "tenant": merchant.name,
                "token": token,
                "shop": merchant.name,
                "products": [
                    {
                        "externalId": str(merchant.first_variation + n),
                        "sku": sku(merchant, n),
                        "name": f"Article {n}",
                        "netWeight": 300 + 50 * n,
                    }
                    for n in range(6)
                ],
                "stock": {
                    str(merchant.first_variation + n): 4 if n == 5 else 200 for n in range(6)
                },
                "profiles": [
                    {
                        "name": "DPD" if match_id.startswith("dpd") else "DHL",
                        "profiles": [{"name": match_id, "product": match_id, "matchId": match_id}],
                    }
                    for match_id in merchant.match_ids
                ],
                # a limit that does not slow the demo down; the default is 60 calls a minute
                "settings": {"limit_calls": 1000},
                "parcels": {str(order.order_id): order.parcels for order in story},
            }
        ]
    }
