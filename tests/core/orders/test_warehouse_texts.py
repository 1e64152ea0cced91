"""The warehouse's free text, as the operator sees it."""

from __future__ import annotations

import pytest

from include.core.orders.warehouse_texts import LONGEST, shown


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ADDRESS", "ADDRESS"), ("label error 17", "label error 17"), ("", ""), (None, ""),
        ("DHL: Fehler 1101, PLZ 12345 unbekannt", "DHL: Fehler 1101, PLZ 12345 unbekannt"),
        ("2 of 3 pieces, shelf A-12-07", "2 of 3 pieces, shelf A-12-07"),
        ("mail to a.b+c@example.org, please", "mail to …, please"),
        ("<x@example.org>", "<…>"), ("call +49 (0)30 1234-567 first", "call … first"),
        ("0170/1234567", "…"), ("030 - 12 34 56 7", "…"), ("0049.30.123456", "…"),
        ("two\nlines\tand  more", "two lines and more"), (["x"], ""), (7, "7"),
    ],
)  # fmt: skip
def test_mailboxes_and_telephone_numbers_are_left_out(value: object, wanted: str) -> None:
    assert shown(value) == wanted


@pytest.mark.parametrize("piece", ["x", "ab ", "1 ", "@", "a@", "+49(", "1-a", "\x00"])
def test_a_text_of_any_length_is_cut_in_no_time(piece: str) -> None:
    assert len(shown(piece * 200_000)) <= LONGEST


def test_a_cut_text_says_so() -> None:
    assert shown("x" * 201) == "x" * 199 + "…"
    assert shown("x" * 200) == "x" * 200
