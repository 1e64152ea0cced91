"""Which package takes a parcel's number."""

from __future__ import annotations

import pytest

from include.core.parcels.packages import choose

ROWS = [{"id": 1, "packageNumber": ""}, {"id": 2, "packageNumber": "A"}]


@pytest.mark.parametrize(
    ("number", "own", "others", "sent", "expected"),
    [
        ("A", None, set(), None, ("there", 2)),
        ("B", None, set(), None, ("fill", 1)),
        ("B", 2, set(), None, ("fill", 2)),
        ("B", None, {1}, None, ("create", 0)),
        ("B", 9, {2}, None, ("fill", 1)),
    ],
)
def test_its_own_comes_first_then_one_with_the_number_then_an_empty_one(
    number: str, own: int | None, others: set[int], sent: str | None, expected: tuple[str, int]
) -> None:
    assert choose(ROWS, number, own, others, sent) == expected


def test_what_our_last_call_made_takes_the_new_number() -> None:
    assert choose(ROWS, "B", None, set(), "A") == ("fill", 2)


def test_another_parcels_package_is_never_taken_for_what_our_last_call_made() -> None:
    assert choose(ROWS, "B", None, {1, 2}, "A") == ("create", 0)
