from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.paging import Filter
from fulfilment.hooks.plenty import FULFILMENT_SET

from include.core.orders.statuses import status
from include.core.systems.errors import ContractError

if TYPE_CHECKING:
    from fulfilment.hooks.plenty import PlentyHook

    from tests.hooks.hostile import Hostile, Seen
from tests.hooks.changing_shop import Shop

FIVE = [Filter("statusId", "eq", Decimal(5))]


def is_five(row: dict[str, Any]) -> bool:
    return status(row["statusId"]) == 5


def test_all_ids_come_ascending_with_one_call_per_page(plenty: PlentyHook, shop: Shop) -> None:
    assert plenty.search_ids(FIVE, expect=is_five) == list(range(1, 601))
    assert shop.calls == 3
    first = shop.asked[0]
    assert (first.param("sortBy"), first.param("sortOrder")) == ("orderId", "asc")
    assert (first.param("itemsPerPage"), first.param("lazyLoaded")) == ("250", "true")


def test_rows_that_leave_the_result_while_it_is_read_take_no_other_row_along(
    plenty: PlentyHook, shop: Shop
) -> None:
    def hand_over(call: int) -> None:
        if call == 2:  # what was on page 1 is not in the result any more
            shop.statuses |= dict.fromkeys(range(1, 251), "5.1")

    shop.before_page = hand_over

    assert set(range(251, 601)) <= set(plenty.search_ids(FIVE, expect=is_five))


def test_rows_that_join_behind_the_cursor_are_found_by_a_second_reading(
    plenty: PlentyHook, shop: Shop
) -> None:
    shop.statuses[7] = 3

    def release(call: int) -> None:
        if call == 2:
            shop.statuses[7] = 5
            shop.statuses[601] = 5

    shop.before_page = release

    assert plenty.search_ids(FIVE, expect=is_five) == list(range(1, 602))


def test_a_server_that_gives_smaller_pages_than_asked_loses_nothing(
    plenty: PlentyHook, shop: Shop
) -> None:
    shop.most = 50

    assert plenty.search_ids(FIVE, expect=is_five) == list(range(1, 601))
    assert shop.calls == 12


def test_statuses_sent_as_text_are_read(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = Shop({1: "5.0", 2: "5.00", 3: "5.1", 4: 5.0})

    assert plenty.search_ids(FIVE, expect=is_five) == [1, 2, 4]


def test_a_search_whose_filter_is_ignored_is_detected(plenty: PlentyHook, shop: Shop) -> None:
    shop.statuses |= dict.fromkeys(range(1, 51), 7)
    shop._passes = lambda seen, number, value: True  # type: ignore[method-assign]

    with pytest.raises(ContractError) as caught:
        plenty.search_ids(FIVE, expect=is_five)

    assert caught.value.code == "FILTER_IGNORED"
    assert "50 of 250" in caught.value.operator
    assert shop.calls == 2


def test_an_ignored_filter_is_detected_even_if_every_row_would_have_passed_it(
    plenty: PlentyHook, shop: Shop
) -> None:
    shop._passes = lambda seen, number, value: True  # type: ignore[method-assign]

    with pytest.raises(ContractError) as caught:
        plenty.search_ids(FIVE, expect=is_five)

    assert caught.value.code == "IGNORED"  # the second page starts at the first id again
    assert shop.calls == 2


def test_a_row_that_changes_between_filter_and_answer_is_left_out(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop(dict.fromkeys(range(1, 11), 5))

    def answer(seen: Seen) -> Any:
        data = shop(seen)
        if shop.calls == 1 and "entries" in data:
            data["entries"][4]["statusId"] = 8
            shop.statuses[5] = 8
        return data

    hostile.answer = answer

    assert plenty.search_ids(FIVE, expect=is_five) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert shop.calls == 2


def test_an_order_asked_for_that_is_ignored_is_detected(plenty: PlentyHook, shop: Shop) -> None:
    def descending(seen: Seen, rows: list[dict[str, Any]]) -> Any:
        return {"page": 1, "totalsCount": len(rows), "entries": rows[::-1][:250]}

    shop.page = descending  # type: ignore[method-assign]

    with pytest.raises(ContractError) as caught:
        plenty.search_ids(FIVE, expect=is_five)

    assert caught.value.code == "IGNORED"


def test_a_total_that_never_comes_out_ends_with_what_there_is(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop({1: 5, 2: 5})
    page = shop.page
    shop.page = lambda seen, rows: {**page(seen, rows), "totalsCount": 9}  # type: ignore[method-assign]
    hostile.answer = shop

    assert plenty.search_ids(FIVE, expect=is_five) == [1, 2]
    assert shop.calls == 6  # three readings of a full and an empty page


@pytest.mark.parametrize("data", [{}, {"entries": None}, "text", {"entries": [1]}, 7])
def test_an_answer_that_is_no_list_is_against_the_contract(
    plenty: PlentyHook, hostile: Hostile, data: Any
) -> None:
    hostile.answer = lambda seen: {"access_token": "t"} if seen.method == "POST" else data

    with pytest.raises(ContractError):
        plenty.search_ids(FIVE)


def test_a_malformed_row_does_not_hold_up_the_others(plenty: PlentyHook, hostile: Hostile) -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "statusId": 5}, {"statusId": 5}, {"id": "3"}]
    page = {"page": 1, "totalsCount": 3, "isLastPage": True, "entries": rows}
    hostile.answer = lambda seen: {"access_token": "t"} if seen.method == "POST" else page

    assert plenty.search_ids(FIVE) == [1, 3]


def test_many_orders_by_id_cost_one_call_per_250(plenty: PlentyHook, shop: Shop) -> None:
    found = plenty.rows_by_id([*range(600, 200, -1), 5000, 300])

    assert list(found) == list(range(201, 601))
    assert shop.calls == 2


def test_contents_are_asked_for_with_everything(plenty: PlentyHook, shop: Shop) -> None:
    assert set(plenty.order_contents([1, 2, 9999])) == {1, 2}

    asked = shop.asked[0]
    names = [value for name, value in asked.params if name == "with[]"]
    assert names == list(FULFILMENT_SET)
    assert {"addresses", "comments", "orderItems.variation", "shippingPackages"} <= {*names}
    assert asked.param("orderId") == "in:1,2,9999"


def test_no_ids_cost_no_call(plenty: PlentyHook, shop: Shop) -> None:
    assert plenty.rows_by_id([]) == {}
    assert plenty.order_contents([]) == {}
    assert shop.calls == 0


def test_orders_not_asked_for_are_detected(plenty: PlentyHook, shop: Shop) -> None:
    shop._passes = lambda seen, number, value: True  # type: ignore[method-assign]

    with pytest.raises(ContractError) as caught:
        plenty.rows_by_id([7])

    assert caught.value.code == "FILTER_IGNORED"
