"""Forms of tracking numbers: what is known passes, what slipped is noticed, nobody unknown is."""

from __future__ import annotations

import pytest

from include.core.parcels.tracking_forms import FORMS, fits

#: numbers as carriers and pages about them show them
KNOWN = {
    "DHL": [
        "00340433836442636597", "201298452277", "JJD1410302937991", "JJD0099999999", "1234567890",
        "JVGL9999999999", "3SBCC000123456", "GM99999999999", "999999999999999999", "RX123456785DE",
    ],
    "DHL Express": ["3318810025"],
    "Deutsche Post": ["RR123456785DE", "01030E092806011E001E"],
    "Deutsche Post DHL": ["RR123456785DE", "00340433836442636597"],
    "DPD": ["01015026003653", "01015026003653c", "008182709980000020033350276C"],
    "DPD Classic": ["0101 5026 0036 53"],
    "GLS Germany": ["XHAX4HDA", "20710000012", "207100000123"],
    "Hermes": ["09133131530724", "H1000730000861201048"],
    "UPS Standard": ["1Z5R89390357567127", "1z 5r8 939 03 5756 7127", "T1234567890"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("carrier", "number"), [(name, number) for name, some in KNOWN.items() for number in some]
)
def test_a_number_as_its_carrier_gives_it_fits(carrier: str, number: str) -> None:
    assert fits(carrier, number)


@pytest.mark.parametrize(
    ("carrier", "number"),
    [
        ("DHL", "0034043383644263659"),  # a digit is missing
        ("DHL", "003404338364426365977"),  # one too many
        ("DHL", "O0340433836442636597"),  # a letter for a digit
        ("DHL", "abgeholt2026"),
        ("DHL Paket", "1Z5R89390357567127"),  # another carrier's
        ("DPD", "0101502600365"),
        ("GLS", "2071000001"),
        ("Hermes", "0913313153072"),
        ("UPS", "1Z5R8939035756712"),
        ("Deutsche Post", "RR12345678DE"),
    ],
)
def test_a_number_with_a_slip_does_not_fit(carrier: str, number: str) -> None:
    assert not fits(carrier, number)


@pytest.mark.parametrize("carrier", ["", "Bote", "FedEx", "Österreichische Post", "Cups"])
def test_of_a_carrier_that_is_not_known_every_number_fits(carrier: str) -> None:
    assert fits(carrier, "whatever-1")


def test_every_carrier_of_the_table_has_examples() -> None:
    names = [set(name.lower().split()) for name in KNOWN]
    assert [
        words for words in FORMS if not any(name.issuperset(words.split()) for name in names)
    ] == []
