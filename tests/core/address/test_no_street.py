"""What stands where a street should stand, and is none."""

from __future__ import annotations

import pytest

from include.core.address.check import AddressResult
from include.core.quality.rules import loudest
from tests.core.address.looks import look


def at(country: str, *lines: str, **more: str) -> AddressResult:
    """Look at a person's address in a town of that country, every field but the lines right."""
    code, town = {
        "BE": ("9000", "Gent"), "BG": ("1712", "Sofia"), "CZ": ("120 00", "Praha"),
        "DE": ("50667", "Köln"), "DK": ("2200", "København N"), "ES": ("02001", "Albacete"),
        "FI": ("87100", "Kajaani"), "FR": ("14390", "Cabourg"), "GB": ("M4 2BS", "Manchester"),
        "HU": ("9021", "Győr"), "IT": ("27100", "Pavia"), "PL": ("90-001", "Łódź"),
        "PT": ("8000-076", "Faro"), "RO": ("310001", "Arad"), "SI": ("1000", "Ljubljana"),
    }[country]  # fmt: skip
    filled = dict(zip(("address1", "address2", "address3"), (*lines, "", ""), strict=False))
    return look(
        **{"postal_code": code, "town": town, "country_id": 0, "country": country, **filled, **more}
    )


def stop(result: AddressResult) -> str:
    finding = loudest(list(result.findings))
    return finding.code if finding else ""


@pytest.mark.parametrize(
    ("country", "units", "street"),
    [
        ("CZ", ("byt č. 8",), ("Vinohradská 12", "byt č. 8")),
        ("IT", ("scala B interno 7",), ("Via Dante 8", "scala B interno 7")),
        ("RO", ("sc. B, et. 3, ap. 14",), ("Str. Unirii 5", "sc. B, et. 3, ap. 14")),
        ("BE", ("27", "bus 3"), ("Kouter 27", "bus 3")),
        ("ES", ("3º B",), ("Calle Mayor 5", "3º B")),
        ("FI", ("as. 14",), ("Kauppakatu 12", "as. 14")),
        ("BG", ("вх. Б, ет. 3, ап. 8",), ("ul. Graf Ignatiev 28", "вх. Б, ет. 3, ап. 8")),
        ("ES", ("Hotel, habitación 412",), ("Hotel Alba, Calle Mayor 5", "habitación 412")),
    ],
)
def test_units_of_a_house_are_no_street_and_stand_beside_one(
    country: str, units: tuple[str, ...], street: tuple[str, ...]
) -> None:
    assert stop(at(country, *units)) == "ADDRESS_STREET_MISSING"
    assert stop(at(country, *street)) == ""


@pytest.mark.parametrize("number", ["1. tv.", "3. sal"])
def test_a_danish_floor_is_no_house_number(number: str) -> None:
    assert stop(at("DK", "Nørrebrogade", number)) == "ADDRESS_NO_HOUSE_NUMBER"
    assert stop(at("DK", "Nørrebrogade 8", number)) == ""


@pytest.mark.parametrize(
    ("country", "open_", "clear"),
    [
        ("DE", ("Ehrenstr. 12 oder 14",), ("Ehrenstr. 12-14",)),
        ("SI", ("Slovenska cesta 15 ali 51?",), ("Slovenska cesta 15",)),
        ("PL", ("ul. Polna 3 (albo 8, nie pamiętam)",), ("ul. Polna 3 m. 8",)),
        ("IT", ("Via Dante 8 oppure Via Verdi 21",), ("Via Dante 8",)),
        ("BE", ("Kouterstraat 10 / Veldstraat 55",), ("Kouterstraat 10 / 2",)),
        ("HU", ("Baross Gábor út 10", "Kazinczy u. 4"), ("Baross Gábor út 10", "II. em. 4")),
        ("DE", ("Ehrenstr. 14", "41"), ("Ehrenstr. 14", "14")),
        ("FR", ("5 rue Verte ou 18 avenue Foch si absent",), ("5 rue Verte",)),
    ],
)
def test_two_streets_or_numbers_to_choose_from_stop(
    country: str, open_: tuple[str, ...], clear: tuple[str, ...]
) -> None:
    assert stop(at(country, *open_)) == "ADDRESS_STREET_INVALID"
    assert stop(at(country, *clear)) == ""


@pytest.mark.parametrize(
    ("country", "nameless", "named"),
    [
        ("PL", "ul. 25", "ul. Polna 25"),
        ("FR", "14 rue", "14 rue Verte"),
        ("FR", "12 rue de la", "12 rue de la Paix"),
        ("DE", "Str. 5", "Graben 5"),
    ],
)
def test_a_type_of_street_and_a_number_are_no_address(
    country: str, nameless: str, named: str
) -> None:
    assert stop(at(country, nameless)) == "ADDRESS_PLACEHOLDER"
    assert stop(at(country, named)) == ""


def test_a_flat_of_poland_in_the_numbers_field_is_no_second_house() -> None:
    assert stop(at("PL", "ul. Polna 12", "34")) == ""


@pytest.mark.parametrize(
    ("country", "note"),
    [
        ("GB", "same as billing address"), ("FR", "retrait en magasin"), ("IT", "ritiro in sede"),
        ("RO", "sunați când ajungeți"), ("PT", "perto da farmácia, casa amarela"),
        ("GB", "#REF!"), ("GB", "{{street}}"), ("FR", "jkljkl"),
    ],
)  # fmt: skip
def test_a_note_to_a_person_or_a_programs_leftover_is_no_street(country: str, note: str) -> None:
    assert stop(at(country, note)) == "ADDRESS_PLACEHOLDER"


@pytest.mark.parametrize(
    ("country", "street"),
    [
        ("DE", "Neben der Kirche 3"),
        ("FR", "5 rue du Retrait"),
        ("FR", "Lieu-dit La Merci"),
        ("GB", "Rose Cottage, Call Lane"),
    ],
)
def test_streets_that_only_sound_like_a_note_pass(country: str, street: str) -> None:
    assert stop(at(country, street)) == ""


def test_the_number_of_a_bulgarian_estate_is_not_the_houses() -> None:
    assert stop(at("BG", "zh.k. Mladost 3")) == "ADDRESS_NO_HOUSE_NUMBER"
    assert stop(at("BG", "zh.k. Mladost 3", "bl. 305, vh. B")) == ""


@pytest.mark.parametrize("country", ["Ireland", "Česko", "Great Britain"])
def test_a_country_is_no_town(country: str) -> None:
    assert stop(at("GB", "3 Main Street", town=country)) == "ADDRESS_TOWN_INVALID"


def test_mail_kept_at_the_post_office_has_no_door() -> None:
    assert stop(at("IT", "Fermo Posta")) == "ADDRESS_PO_BOX"


@pytest.mark.parametrize(
    ("country", "point", "street"),
    [
        ("PL", "Paczkomat WAW123M", "ul. Polna 3"), ("FR", "Mondial Relay 12345", "14 rue Verte"),
        ("DE", "Hermes Paketshop 12", "Ehrenstr. 12"), ("DK", "Pakkeshop 4455", "Nørrebrogade 8"),
    ],
)  # fmt: skip
def test_another_services_pick_up_point_is_no_door_without_a_street(
    country: str, point: str, street: str
) -> None:
    assert stop(at(country, point)) == "ADDRESS_STREET_INVALID"
    assert stop(at(country, point, street)) == ""


def test_a_line_that_only_names_a_person_is_no_street() -> None:
    assert stop(at("IT", "presso Rossi")) == "ADDRESS_STREET_INVALID"
    assert stop(at("IT", "presso Rossi", "Via Dante 8")) == ""


def test_the_town_again_is_no_street_in_a_city_and_may_be_one_in_a_village() -> None:
    assert stop(at("FR", "Caen", postal_code="14000", town="Caen")) == "ADDRESS_NO_HOUSE_NUMBER"
    assert stop(at("FR", "Tursac", postal_code="24620", town="Tursac")) == ""


def test_a_british_street_alone_is_a_firms_and_no_persons() -> None:
    assert stop(at("GB", "Market Street")) == "ADDRESS_NO_HOUSE_NUMBER"
    for known in ({"name1": "Town Hall"}, {"address3": "Rose Cottage"}):
        assert stop(at("GB", "Market Street", **known)) == ""


def test_a_street_with_its_number_is_no_town_and_a_towns_district_is() -> None:
    assert stop(at("GB", "3 Main Street", town="3 Main Street")) == "ADDRESS_TOWN_INVALID"
    assert stop(at("CZ", "Vinohradská 12", town="Praha 2")) == ""


@pytest.mark.parametrize("nobody", ["c/o", "Herr", "Guest", "-"])
def test_a_title_or_a_marker_alone_is_nobody(nobody: str) -> None:
    assert stop(at("BE", "Rue Neuve 80", name2="", name3="", name4=nobody)) != ""
    assert stop(at("BE", "Rue Neuve 80", name2=nobody, name3="Maes")) == ""


@pytest.mark.parametrize(
    ("country", "date"),
    [("PL", "maj.12"), ("DE", "05. Dez"), ("GB", "5-Dec"), ("IT", "12-gen"), ("GB", "1905-12-05")],
)
def test_a_number_that_a_spreadsheet_made_a_date_stops(country: str, date: str) -> None:
    street = {"PL": "ul. Polna", "DE": "Ehrenstr.", "GB": "High Street", "IT": "Via Dante"}[country]
    assert stop(at(country, street, date)) == "ADDRESS_HOUSE_NUMBER_INVALID"
    assert stop(at(country, street, "5-12")) == ""


@pytest.mark.parametrize(
    "number", ["IBAN DE12 3456 7890", "Bestellung 4711", "unbekannt verzogen 1"]
)
def test_numbers_of_something_else_are_no_address(number: str) -> None:
    assert stop(at("DE", number)) == "ADDRESS_PLACEHOLDER"


def test_a_house_number_of_six_digits_stops_wherever_it_stands() -> None:
    assert stop(at("FR", "Lieu-dit Verte 999999")) == "ADDRESS_HOUSE_NUMBER_INVALID"
    assert stop(at("FR", "Lieu-dit Verte")) == ""


def test_a_postal_code_is_no_town() -> None:
    assert stop(at("GB", "3 Main Street", town="M4 2BS")) == "ADDRESS_TOWN_INVALID"
    assert stop(at("GB", "3 Main Street", town="Sale")) == ""


def test_two_towns_stop_and_two_names_of_one_do_not() -> None:
    assert stop(look(town="Köln / Hamburg")) == "ADDRESS_TOWN_INVALID"
    biel = {"address1": "Bahnhofstr.", "postal_code": "2502", "country": "CH"}
    assert stop(look(**biel, town="Biel/Bienne")) == ""


def test_two_postal_codes_stop() -> None:
    assert stop(look(town="50668 Köln")) == "ADDRESS_TOWN_INVALID"
    assert stop(look(town="50667 Köln")) == ""


@pytest.mark.parametrize(
    ("country", "line"),
    [
        ("SI", "3F2X+8Q"), ("BE", "BE68 5390 0754 7034"), ("GB", "Order #100045872"),
        ("GB", "' OR 1=1; --"), ("PT", "atrás da igreja"), ("ES", "esquina Gran Vía con Luna"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_place_is_no_street(country: str, line: str) -> None:
    assert stop(at(country, line)) == "ADDRESS_PLACEHOLDER"


def test_a_country_is_no_street_and_a_city_is_none_in_itself() -> None:
    assert stop(at("PT", "Portugal")) == "ADDRESS_STREET_INVALID"
    malmo = {"postal_code": "211 22", "country": "SE", "address2": ""}
    assert stop(look(**malmo, address1="Malmö", town="Malmö")) == "ADDRESS_NO_HOUSE_NUMBER"


def test_greek_or_cyrillic_read_as_western_is_unreadable() -> None:
    assert stop(at("BG", "óë. Ãðàô Èãíàòèåâ 28")) == "ADDRESS_UNREADABLE"
    assert stop(at("BG", "ул. Граф Игнатиев 28")) == ""
