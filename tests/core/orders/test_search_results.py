from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.core.orders.plenty_order import row_time
from include.core.orders.search_results import Sightings
from include.core.systems.slices import IdSet, slices


def row(order_id: int, status: str = "5.1", second: int = 0, **more: Any) -> dict[str, Any]:
    updated = f"2026-03-02T10:00:{second:02}+01:00"
    return {"id": order_id, "statusId": status, "updatedAt": updated, **more}


def test_an_order_is_shown_as_its_row_was() -> None:
    shown = Sightings([row(7, second=5, hasDeliveryOrders=True), row(9, "10")])
    assert (shown[7].status, shown[7].split) == (Decimal("5.1"), True)
    assert shown[7].changed_at == row_time(row(7, second=5))
    assert (str(shown[9].status), shown[9].split) == ("10", False)


def test_a_later_row_replaces_an_earlier_and_one_that_joined_finds_its_place() -> None:
    shown = Sightings([row(1), row(5), row(9)])
    shown.add(row(5, "8"))
    shown.add(row(3))
    assert [list(part) for part in shown.parts(3)] == [[1, 3, 5], [9]]
    assert (shown[5].status, len(shown), 4 in shown, 3 in shown) == (8, 4, False, True)


def test_an_order_that_was_not_shown_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        Sightings([row(1)])[2]


def test_a_set_of_ids_knows_its_own_and_nothing_else() -> None:
    ids = IdSet([2, 4, 10])
    assert [n for n in (None, 1, 2, 3, 10, 11, "2") if n in ids] == [2, 10]
    assert (list(ids), len(ids)) == ([2, 4, 10], 3)


def test_slices_keep_the_order_and_lose_nothing() -> None:
    assert list(slices([3, 1, 2, 5, 4], 2)) == [[3, 1], [2, 5], [4]]
    assert list(slices([], 2)) == []
