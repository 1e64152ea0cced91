from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.answers import whole
from fulfilment.hooks.paging import PAGE_SIZE, Filter, Listing, chunks, params
from fulfilment.hooks.plenty import FULFILMENT_SET

from include.core.orders.statuses import status
from include.core.systems.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.wemalo import WemaloHook

    from tests.hooks.hostile import Hostile, Seen

FIVE = [Filter("statusId", "eq", Decimal(5))]


FULL_PARTS: dict[str, Any] = {
    name: []
    for name in (
        "addresses", "amounts", "dates", "orderItems", "orderReferences", "properties",
        "comments", "relations", "shippingPackages",
    )
}  # fmt: skip


def is_five(row: dict[str, Any]) -> bool:
    return status(row["statusId"]) == 5


class Shop:
    """Orders behind a search that pages, sorts and filters by status and id, and counts calls."""

    def __init__(self, statuses: dict[int, Any], *, most: int = 250) -> None:
        self.statuses = statuses
        self.most = most
        self.before_page: Callable[[int], None] = lambda call: None
        self.calls = 0
        self.asked: list[Seen] = []

    def __call__(self, seen: Seen) -> Any:
        if seen.path == "/rest/login":
            return {"access_token": "t", "expires_in": 3600}
        self.calls += 1
        self.asked.append(seen)
        self.before_page(self.calls)
        full = seen.param("lazyLoaded") == "false"
        rows = [
            {"id": number, "statusId": value, **(FULL_PARTS if full else {})}
            for number, value in sorted(self.statuses.items())
            if self._passes(seen, number, value)
        ]
        return self.page(seen, rows)

    def page(self, seen: Seen, rows: list[dict[str, Any]]) -> Any:
        size = min(int(seen.param("itemsPerPage")), self.most)
        last = max(-(-len(rows) // size), 1)
        number = min(int(seen.param("page")), last)  # beyond the end: the last page again
        return {
            "page": str(number),
            "totalsCount": str(len(rows)),
            "isLastPage": number == last,
            "lastPageNumber": last,
            "entries": rows[(number - 1) * size : number * size],
        }

    def _passes(self, seen: Seen, number: int, value: Any) -> bool:
        wanted = seen.param("statusId").removeprefix("eq:")
        if wanted and status(value) != status(wanted):
            return False
        for part in filter(None, seen.param("orderId").split(" AND ")):
            operator, _, text = part.partition(":")
            if operator == "gt" and number <= int(text):
                return False
            if operator == "in" and str(number) not in text.split(","):
                return False
        return True


@pytest.fixture
def shop(hostile: Hostile) -> Shop:
    shop = Shop(dict.fromkeys(range(1, 601), 5))
    hostile.answer = shop
    return shop


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


# -- many orders by id ------------------------------------------------------------------------


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


# -- numbered pages ---------------------------------------------------------------------------

SINCE = datetime(2025, 3, 1, 12, tzinfo=UTC)


def change(number: int, at: str = "2025-03-01T14:00:00+01:00") -> dict[str, Any]:
    return {"id": number, "orderId": 1, "statusId": 5, "createdAt": at}


def test_the_status_history_comes_whole_and_sorted_by_id(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop({})
    rows = [change(number) for number in range(600, 0, -1)]  # newest first
    hostile.answer = lambda seen: (
        {"access_token": "t"} if seen.method == "POST" else shop.page(seen, rows)
    )

    found = plenty.status_history(SINCE)

    assert [row["id"] for row in found] == list(range(1, 601))
    assert hostile.seen[1].param("createdAtFrom") == "2025-03-01T12:00:00+00:00"


def test_changes_that_come_in_while_the_history_is_read_push_nothing_out(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    shop = Shop({})
    rows = [change(number) for number in range(400, 0, -1)]

    def answer(seen: Seen) -> Any:
        if seen.method == "POST":
            return {"access_token": "t"}
        if seen.param("page") == "2" and rows[0]["id"] == 400:
            rows.insert(0, change(401))
        return shop.page(seen, rows)

    hostile.answer = answer

    assert [row["id"] for row in plenty.status_history(SINCE)] == list(range(1, 402))


def test_a_page_beyond_the_end_that_comes_back_as_another_cannot_loop(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    rows = [change(number) for number in range(1, 4)]
    page = {"page": 1, "entries": rows}  # neither a total nor an end
    hostile.answer = lambda seen: {"access_token": "t"} if seen.method == "POST" else page

    assert [row["id"] for row in plenty.status_history(SINCE)] == [1, 2, 3]
    assert len(hostile.seen) == 3


def test_a_history_that_is_not_limited_in_time_is_detected(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    rows = [change(number, "2024-01-01T00:00:00+01:00") for number in range(1, 4)]
    hostile.answer = lambda seen: (
        {"access_token": "t"} if seen.method == "POST" else Shop({}).page(seen, rows)
    )

    with pytest.raises(ContractError) as caught:
        plenty.status_history(SINCE)

    assert caught.value.code == "FILTER_IGNORED"


def test_a_zero_date_in_the_history_breaks_nothing(plenty: PlentyHook, hostile: Hostile) -> None:
    rows = [change(1), change(2, "-0001-11-30T00:00:00+00:53")]
    hostile.answer = lambda seen: (
        {"access_token": "t"} if seen.method == "POST" else Shop({}).page(seen, rows)
    )

    assert len(plenty.status_history(SINCE)) == 2


def test_a_list_that_stays_shorter_than_it_says_is_against_the_contract() -> None:
    listing = Listing("GET /x", "alpha")
    page = {"page": 1, "totalsCount": 3, "isLastPage": True, "entries": [{"id": 1}]}

    with pytest.raises(ContractError, match="fewer rows"):
        listing.by_number(lambda number: page, key=lambda row: row["id"])


def test_bare_arrays_and_envelopes_are_both_read(plenty: PlentyHook, hostile: Hostile) -> None:
    rows = [{"id": 1, "isoCode2": "DE"}, {"id": "2", "isoCode2": "at"}, {"id": 3}]
    answers: list[Any] = [rows, {"page": 1, "totalsCount": 3, "entries": rows}]
    hostile.answer = lambda seen: {"access_token": "t"} if seen.method == "POST" else answers.pop(0)

    assert plenty.countries() == plenty.countries() == {1: "DE", 2: "AT"}


# -- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Filter("statusId", "eq", Decimal("5.10")), "eq:5.10"),
        (Filter("statusId", "in", [Decimal(5), Decimal("5.6")]), "in:5,5.6"),
        (Filter("excludeMainOrders", "eq", True), "true"),
        (Filter("updatedAt", "between", (SINCE, SINCE)),
         "between:2025-03-01T12:00:00+00:00,2025-03-01T12:00:00+00:00"),
        (Filter("ownerId", "null"), "null"),
        (Filter("orderId", "gt", 3), "gt:3"),
    ],
)  # fmt: skip
def test_filters_are_written_as_the_contract_says(condition: Filter, text: str) -> None:
    assert condition.text() == text


def test_conditions_on_one_field_are_joined() -> None:
    both = [Filter("orderId", "gt", 3), Filter("plentyId", "eq", 1), Filter("orderId", "lt", 9)]

    assert params(both) == [("orderId", "gt:3 AND lt:9"), ("plentyId", "eq:1")]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Filter("updatedAt", "gte", datetime(2025, 1, 1)).text()  # noqa: DTZ001


def test_ids_are_split_sorted_and_unique() -> None:
    assert chunks([3, 1, 3, 2], 2) == [[1, 2], [3]]
    assert [len(part) for part in chunks(range(501))] == [PAGE_SIZE, PAGE_SIZE, 1]


# -- wemalo's queue ---------------------------------------------------------------------------


class Queue:
    """wemalo's queue of sent items; pages count from 0."""

    def __init__(self, *ids: int, size: int = 2) -> None:
        self.ids = list(ids)
        self.size = size
        self.before_page: Callable[[int], None] = lambda number: None
        self.calls = 0

    def __call__(self, seen: Seen) -> Any:
        self.calls += 1
        number = int(seen.param("page"))
        self.before_page(number)
        start = number * self.size
        rows = [{"historyId": str(one)} for one in self.ids[start : start + self.size]]
        return {
            "Success": True,
            "status": 200,
            "page": number,
            "additionalPage": start + self.size < len(self.ids),
            "bookings": rows,
        }


def test_the_queue_is_read_from_page_0_to_its_end(wemalo: WemaloHook, hostile: Hostile) -> None:
    hostile.answer = Queue(5, 3, 9, 1, 7)

    found = sorted(whole(row["historyId"]) for row in chain(*wemalo.sent_queue()))
    assert found == [1, 3, 5, 7, 9]


def test_queue_rows_that_vanish_while_it_is_read_take_no_other_row_along(
    wemalo: WemaloHook, hostile: Hostile
) -> None:
    queue = Queue(1, 2, 3, 4, 5, 6)

    def acknowledge(number: int) -> None:
        if number == 1 and 1 in queue.ids:
            queue.ids = queue.ids[2:]  # another process was faster: 3 and 4 move to page 0

    queue.before_page = acknowledge
    hostile.answer = queue

    found = {whole(row["historyId"]) for row in chain(*wemalo.sent_queue())}

    assert {3, 4, 5, 6} <= found


def test_an_empty_queue_costs_one_call(wemalo: WemaloHook, hostile: Hostile) -> None:
    queue = Queue()
    hostile.answer = queue

    assert [*chain(*wemalo.sent_queue())] == []
    assert queue.calls == 1


def test_a_queue_that_always_promises_another_page_cannot_loop(
    wemalo: WemaloHook, hostile: Hostile
) -> None:
    rows = [{"historyId": 1}]
    hostile.answer = lambda seen: {"Success": True, "additionalPage": True, "bookings": rows}

    assert len([*chain(*wemalo.sent_queue())]) == 1
    assert len(hostile.seen) == 2
