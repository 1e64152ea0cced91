"""What a search was asked for and does not hold is unknown: never "no", never "empty"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.core.orders.plenty_order import parse_order
from include.core.systems.errors import ContractError

if TYPE_CHECKING:
    from fulfilment.hooks.plenty import PlentyHook

    from tests.hooks.hostile import Hostile, Seen

PARTS = (
    "addresses", "amounts", "comments", "dates", "orderItems", "orderReferences", "properties",
    "relations", "shippingPackages",
)  # fmt: skip


def row(number: int, **changes: Any) -> dict[str, Any]:
    items = [
        {"id": 1, "typeId": 1, "itemVariationId": 7, "quantity": 1, "variation": {"number": "A"}},
        {"id": 2, "typeId": 6, "itemVariationId": 0, "quantity": 1},
    ]
    return {
        **{name: [] for name in PARTS},
        "id": number,
        "typeId": 1,
        "plentyId": 1,
        "statusId": 5,
        "createdAt": "2026-03-02T10:00:00+01:00",
        "updatedAt": "2026-03-02T10:00:00+01:00",
        "orderItems": items,
        **changes,
    }


class Shop:
    """Answers searches of orders, and those of delivery orders, and notes what was asked."""

    def __init__(self, *rows: dict[str, Any], parts: tuple[dict[str, Any], ...] = ()) -> None:
        self.rows, self.parts = list(rows), list(parts)
        self.asked: list[Seen] = []

    def __call__(self, seen: Seen) -> Any:
        if seen.path == "/rest/login":
            return {"access_token": "t", "expires_in": 3600}
        self.asked.append(seen)
        rows = self.parts if seen.param("orderTypeId") else self.rows
        return {"page": 1, "totalsCount": len(rows), "isLastPage": True, "entries": rows}


def delivery_order(number: int, main: int) -> dict[str, Any]:
    reference = {"referenceType": "parent", "originOrderId": main, "referenceOrderId": main}
    return row(number, typeId=2, orderReferences=[reference])


def without(name: str, number: int = 1) -> dict[str, Any]:
    return {key: value for key, value in row(number).items() if key != name}


@pytest.mark.parametrize("missing", [None, "absent"])
@pytest.mark.parametrize("part", PARTS)
def test_an_answer_that_lacks_a_part_in_all_rows_is_no_answer(
    plenty: PlentyHook, hostile: Hostile, part: str, missing: str | None
) -> None:
    hostile.answer = Shop(
        *(without(part, n) if missing else row(n, **{part: None}) for n in (1, 2))
    )
    with pytest.raises(ContractError, match=rf"lacks what was asked for: {part}\."):
        plenty.order_contents([1, 2])


def test_items_that_show_no_variation_although_it_was_asked_for_are_unknown(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    item = {"id": 1, "typeId": 1, "itemVariationId": 7, "quantity": 1}
    hostile.answer = Shop(row(1, orderItems=[item]))
    with pytest.raises(ContractError, match="orderItems"):
        plenty.order_contents([1])


@pytest.mark.parametrize("part", ["orderItems", "properties", "relations", "shippingPackages"])
def test_one_order_that_lacks_a_part_is_an_error_of_its_own_when_it_is_read(
    plenty: PlentyHook, hostile: Hostile, part: str
) -> None:
    hostile.answer = Shop(row(1), without(part, 2), row(3))
    found = plenty.order_contents([1, 2, 3])
    assert parse_order(found[1], {}).order_id == 1
    assert parse_order(found[3], {}).items[0].sku == "A"
    with pytest.raises(ContractError, match=rf"order 2 lacks what was asked for: {part}\."):
        parse_order(found[2], {})
    with pytest.raises(ContractError):
        found[2][part]


def test_an_order_that_its_own_route_shows_without_a_part_is_no_answer(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shown = without("shippingPackages")
    hostile.answer = lambda seen: (
        {"access_token": "t", "expires_in": 3600} if seen.path == "/rest/login" else shown
    )
    assert plenty.order(1)["id"] == 1
    with pytest.raises(ContractError, match=r"lacks what was asked for: shippingPackages\."):
        plenty.order(1, ["shippingPackages"])


def test_parts_that_nobody_asked_for_may_be_absent(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = Shop({"id": 1, "statusId": 5})
    assert plenty.rows_by_id([1])[1].get("relations") is None


def test_whether_an_order_is_split_is_asked_where_its_row_does_not_tell(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop(row(1), row(2), parts=(delivery_order(9, main=2),))
    hostile.answer = shop
    found = plenty.rows_by_id([1, 2], splits=True)
    assert {n: one["hasDeliveryOrders"] for n, one in found.items()} == {1: False, 2: True}
    assert [seen.param("orderReference_parent") for seen in shop.asked] == ["", "in:1,2"]


def test_whether_an_order_is_split_costs_no_read_where_its_row_tells(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop(row(1, hasDeliveryOrders=True), row(2, hasDeliveryOrders=False))
    hostile.answer = shop
    found = plenty.rows_by_id([1, 2], splits=True)
    assert [one["hasDeliveryOrders"] for one in found.values()] == [True, False]
    assert len(shop.asked) == 1


def test_a_system_that_ignores_the_question_for_parts_gives_no_answer(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    hostile.answer = Shop(row(1), parts=(row(1), row(2)))
    with pytest.raises(ContractError) as caught:
        plenty.split_orders([1])
    assert caught.value.code == "FILTER_IGNORED"
