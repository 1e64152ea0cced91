"""The status history and wemalo's queues, read while they change."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.answers import whole
from fulfilment.hooks.paging import PAGE_SIZE, Filter, Listing, chunks, params

from include.core.systems.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.wemalo import WemaloHook

    from tests.hooks.hostile import Hostile, Seen
from tests.hooks.changing_shop import Shop

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
