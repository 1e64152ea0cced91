from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.orders.statuses import is_cancelled, status, wire


@pytest.mark.parametrize("value", ["5.10", "5.1", 5.1, Decimal("5.1000"), " 5.1 "])
def test_five_point_one_is_one_status_however_it_is_written(value: object) -> None:
    assert status(value) == Decimal("5.1")
    assert str(status(value)) == "5.1"


def test_five_point_one_is_not_five_point_zero_one() -> None:
    assert status("5.1") != status("5.01")


@pytest.mark.parametrize("value", ["", "x", None, True, 0, 20, "NaN", "5.12345", [], float("inf")])
def test_what_is_no_status_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="status"):
        status(value)


@given(st.integers(min_value=10000, max_value=199999))
def test_every_status_survives_the_way_through_json(tenthousandths: int) -> None:
    value = status(Decimal(tenthousandths) / 10000)
    assert status(wire(value)) == value


@pytest.mark.parametrize(
    ("value", "cancelled"), [("7.9999", False), ("8", True), ("8.8", True), ("9", False)]
)
def test_the_cancel_range_is_eight_up_to_nine(value: str, cancelled: bool) -> None:
    assert is_cancelled(Decimal(value)) is cancelled
