"""What a status that a person set says of an order at the warehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.core.merchants.merchant import Merchant
from include.core.orders.moved_by_hand import Moved, holds, on_moved


def merchant(**changes: Any) -> Merchant:
    return Merchant.model_validate(
        {
            "merchant": "alpha",
            "plenty": {"connection": "p", "plenty_id": 1, "warehouse_id": 1,
                       "storage_location_id": 0},
            "wemalo": {"connection": "w"},
            **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "moved"),
    [
        *((s, Moved.NOTHING) for s in ("5", "5.1", "5.3", "6.2", "6.3", "8.8", "9", "6.5")),
        *((s, Moved.HELD) for s in ("1", "3", "3.2", "4", "4.9", "6")),
        *((s, Moved.SHIPPED) for s in ("7", "7.1")),
        *((s, Moved.CANCELLED) for s in ("8", "8.1", "8.5")),
    ],
)
def test_every_status_has_one_meaning(status: str, moved: Moved) -> None:
    assert on_moved(Decimal(status), merchant()) is moved


def test_statuses_of_the_flow_never_hold_wherever_they_lie() -> None:
    own = merchant(statuses={"no_stock": "4.1", "address_error": "3.1"})
    assert on_moved(Decimal("4.1"), own) is Moved.NOTHING
    assert on_moved(Decimal("3.1"), own) is Moved.NOTHING
    assert on_moved(Decimal(4), own) is Moved.HELD


def test_the_merchant_may_name_the_statuses_that_ask_for_a_cancellation() -> None:
    own = merchant(statuses={"cancelled": ["8.1"]})
    assert [on_moved(Decimal(s), own) for s in ("8", "8.1", "8.8")] == [
        Moved.CANCELLED, Moved.CANCELLED, Moved.NOTHING,
    ]  # fmt: skip
    assert on_moved(Decimal("8.5"), own) is Moved.HELD, "told, not obeyed"


def test_the_merchant_may_name_the_statuses_that_hold() -> None:
    own = merchant(hold_statuses=["5.5"])
    assert holds(Decimal("5.5"), own)
    assert not holds(Decimal(3), own)
