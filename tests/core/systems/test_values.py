from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from include.core.systems import values
from include.core.systems.errors import Malformed
from include.core.systems.values import identifier, moment, number, own_id, whole


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(5, 5), ("5", 5), (" 5 ", 5), (5.0, 5), ("5.0", 5), (5.5, None), ("x", None), (True, None),
     (None, None), ("", None), (float("inf"), None), ("nan", None), ([5], None), ({}, None),
     ("5,0", None), ("5.5", None), ("١٢", None), ("²", None), ("1e3", None), ("1_000", None),
     (2**63 - 1, 2**63 - 1), (str(2**63 - 1), 2**63 - 1), (2**63, None), (str(2**63), None),
     (1e300, None), (9007199254740993.0, 9007199254740992), (9e15 + 1e15, None),
     ("9" * 4400, None), ("1e1000000", None), (-5, -5), ("-5", -5), ("+5", 5)],
)  # fmt: skip
def test_a_whole_number_is_exact_and_fits_or_is_none(value: object, wanted: int | None) -> None:
    assert whole(value) == wanted


@pytest.mark.parametrize("value", [0, -1, "0", None, 1.5, [], 2**63])
def test_an_id_is_above_zero(value: object) -> None:
    assert identifier(value) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("17", 17), ("0017", None), ("+17", None), (" 17", None), ("17.0", None), ("١٧", None),
     ("", None), ("0", None), ("9" * 19, None), ("9" * 5000, None), ("4000-1", None)],
)  # fmt: skip
def test_only_the_text_that_we_write_names_an_order_of_ours(text: str, wanted: int | None) -> None:
    assert own_id(text) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("1.50", "1.50"), (2, "2"), (0.1, "0.1"), (1e-07, "1E-7"), ("1e3", "1E+3"), (10**9, "1e9"),
     (10**9 + 1, None), ("1,5", None), ("NaN", None), ("Infinity", None), (True, None),
     (None, None), ("", None), ("1e1000000", None), ("1e-1000000", None), ("9" * 4400, None),
     (10**4000, None), ([1], None), ("--1", None), (".5", "0.5")],
)  # fmt: skip
def test_a_number_is_finite_and_bounded_or_none(value: object, wanted: str | None) -> None:
    assert number(value) == (None if wanted is None else Decimal(wanted))


NO_DATES = [
    "-0001-11-30T00:00:00+00:00", "-0001-11-30T00:00:00", "0000-00-00T00:00:00",
    "0000-00-00 00:00:00", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59+00:00", "1970-01-01T00:00:00+00:00",
    "2026-02-30T00:00:00+00:00", "", "today", "2026-01-01T00:00:00", "2" * 5000, None, 0,
    1_700_000_000, [], {}, True,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_DATES)
def test_zero_dates_and_dates_beyond_all_sense_are_no_dates(value: object) -> None:
    assert moment(value) is None


def test_a_time_is_utc_and_one_without_zone_is_in_the_zone_that_is_given() -> None:
    at = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert moment("2026-03-01T09:30:00+01:00") == at
    assert moment(" 2026-03-01T08:30:00Z ") == at
    assert moment("2026-03-01T09:30:00", ZoneInfo("Europe/Berlin")) == at


@pytest.mark.parametrize("value", [{}, [], False, "x", "1e999"])
def test_what_is_no_number_is_not_taken_for_an_empty_one(value: object) -> None:
    for read in (values.need_whole, values.need_number):
        with pytest.raises(Malformed):
            read({"quantity": value}, "quantity")
        assert read({"quantity": ""}, "quantity") == read({}, "quantity") == 0


@pytest.mark.parametrize(
    "read",
    [values.need_id, values.need_whole, values.need_number, values.need_moment],
)
def test_what_must_be_there_is_refused_by_the_name_of_its_field_only(read: object) -> None:
    with pytest.raises(Malformed, match="field town") as caught:
        read({"town": "Musterstadt"}, "town")  # type: ignore[operator]
    assert "Musterstadt" not in str(caught.value)
