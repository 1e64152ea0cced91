"""What warehouses enter as tracking number and weight."""

from __future__ import annotations

import pytest

from include.core.parcels.tracking import tracking_numbers, weight_g

NUMBER, OTHER = "00340434161094000001", "00340434161094000002"
PAGE = "https://www.carrier.example/de/track.html"


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "-", "--", "0", "000000", "0000 0000", "n/a", "N/A", "kein Tracking", "keine",
        "kein Tracking 1", "ohne", "none", "null", "None", "unbekannt", "folgt 12/2026", "?", ".",
        "1", None, [], {}, True, 1.5, PAGE, f"{PAGE}?lang=de", 10**50,
    ],
)  # fmt: skip
def test_what_says_that_there_is_no_number_is_none(value: object) -> None:
    assert tracking_numbers(value) == ()


@pytest.mark.parametrize(
    "value",
    [
        NUMBER, f"  {NUMBER}\t", "0034 0434 1610 9400 0001", "0034\t0434\n"[:-1] + "161094000001",
        f"\ufeff{NUMBER[:8]}\u200b{NUMBER[8:]}", f"DHL {NUMBER}", f"DHL: {NUMBER}",
        f"Sendungsnummer: {NUMBER}", f"Tracking-Nr. {NUMBER}", f"{NUMBER},", f"{NUMBER}, {NUMBER}",
        f"{NUMBER}, -", f"{PAGE}?lang=de&piececode={NUMBER}", f"{PAGE}#/piececode={NUMBER}",
        f"https://carrier.example/parcel/{NUMBER}/12345", f"www.carrier.example/t?id={NUMBER}&v=20",
        f"carrier.example/{NUMBER}", f"{PAGE}%3Fid%3D{NUMBER}", f"siehe {PAGE}?id={NUMBER}",
    ],
)  # fmt: skip
def test_one_number_is_found_whatever_is_around_it(value: str) -> None:
    assert tracking_numbers(value) == (NUMBER,)


@pytest.mark.parametrize(
    "value",
    [
        f"{NUMBER}, {OTHER}", f"{NUMBER};{OTHER}", f"{NUMBER} | {OTHER}", f"{NUMBER}/{OTHER}",
        f"{NUMBER}\n{OTHER}", f"{NUMBER} {OTHER}", f"{NUMBER} und {OTHER}", f"{NUMBER} & {OTHER}",
        f"DHL {NUMBER}, DHL {OTHER}",
    ],
)  # fmt: skip
def test_two_numbers_in_one_field_are_two(value: str) -> None:
    assert tracking_numbers(value) == (NUMBER, OTHER)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1Z 999 AA1 01 2345 6784", "1Z999AA10123456784"), ("RR 123 456 785 DE", "RR123456785DE"),
        ("NEW-NUMBER-1", "NEW-NUMBER-1"), (123456789012, "123456789012"), ("H100-2", "H100-2"),
    ],
)  # fmt: skip
def test_numbers_of_any_kind_are_kept(value: object, number: str) -> None:
    assert tracking_numbers(value) == (number,)


@pytest.mark.parametrize(
    ("value", "grams"),
    [
        (1250, 1250), (1250.0, 1250), ("1250", 1250), ("1250 g", 1250), ("1.250 kg", 1250),
        ("1,25kg", 1250), ("0,5 KG", 500), (812.5, 813), ("3", 3),
        ("1,5", None), (0.8, None), (0, None), (-5, None), ("-5 kg", None), ("NaN", None),
        (float("nan"), None), (float("inf"), None), ("1e9999", None), ("9" * 4400, None),
        ("", None), ("schwer", None), (None, None), ([], None), (True, None), ("5000 kg", None),
        ("1.250,5 g", None), (1000001, None),
    ],
)  # fmt: skip
def test_a_weight_is_whole_grams_or_none(value: object, grams: int | None) -> None:
    assert weight_g(value) == grams


def test_a_number_of_thousands_of_digits_is_no_weight() -> None:
    assert (weight_g(10**5000), weight_g(-(10**5000))) == (None, None)
