"""Repairs, warnings and settings of the address rules."""

from __future__ import annotations

import pytest

from include.core.address.check import AddressResult, check_address
from include.core.quality.rules import loudest
from include.core.quality.settings import QualitySettings, Repairs
from tests.core.address.looks import GOOD, look


def codes(result: AddressResult) -> set[str]:
    return {f.code for f in result.findings}


def without(repair: str) -> QualitySettings:
    return QualitySettings(repairs=Repairs(**{repair: False}))


def test_a_good_address_has_no_findings_and_stays_as_it_is() -> None:
    result = look()
    assert result.findings == ()
    assert result.address == GOOD


@pytest.mark.parametrize(
    ("repair", "code", "before", "after"),
    [
        ("house_number", "REPAIRED_HOUSE_NUMBER", {"address1": "Rathausplatz 2", "address2": ""},
         {"address1": "Rathausplatz", "address2": "2"}),
        ("postal_code", "REPAIRED_POSTAL_CODE", {"postal_code": "D-50667"},
         {"postal_code": "50667"}),
        ("leading_zero", "REPAIRED_LEADING_ZERO", {"postal_code": "1067", "town": "Dresden"},
         {"postal_code": "01067"}),
        ("town", "REPAIRED_TOWN", {"town": "50667 Köln"}, {"town": "Köln"}),
        ("packstation", "REPAIRED_PACKSTATION",
         {"address1": "dhl packstation 145", "address2": "12345678"},
         {"address1": "Packstation", "address2": "145", "post_number": "12345678"}),
        ("characters", "REPAIRED_CHARACTERS", {"town": "KÃ¶ln"}, {"town": "Köln"}),
    ],
)  # fmt: skip
def test_each_repair_is_made_and_noted_and_can_be_switched_off(
    repair: str, code: str, before: dict[str, str], after: dict[str, str]
) -> None:
    on, off = look(**before), look(without(repair), **before)
    assert code in on.repairs
    assert {k: getattr(on.address, k) for k in after} == after
    assert loudest(list(on.findings)) is None
    assert code not in off.repairs


@pytest.mark.parametrize("door", ["st.", "st. tv", "2. th"])
def test_a_door_behind_the_number_is_never_taken_for_the_street(door: str) -> None:
    looked = look(
        address1="Store Torv", address2=f"4, {door}", postal_code="8000", town="Aarhus C",
        country_id=7, country="DK",
    ).address  # fmt: skip
    assert (looked.address1, looked.address2, looked.address3) == ("Store Torv", "4", door)


def test_a_lost_zero_is_not_restored_against_the_town() -> None:
    assert "ADDRESS_POSTAL_CODE_FORMAT" in codes(look(postal_code="1067", town="Berlin"))


def test_a_long_line_is_spread_over_free_lines_when_that_is_wanted() -> None:
    street = "Allee der Kosmonauten, Gewerbepark Nordost"
    settings = QualitySettings(repairs=Repairs(label_lines=True))
    assert "ADDRESS_LABEL_LENGTH" in codes(look(address1=street))
    result = look(settings, address1=street)
    assert (result.address.address1, result.address.address3) == (
        "Allee der Kosmonauten",
        "Gewerbepark Nordost",
    )
    assert "ADDRESS_LABEL_LENGTH" not in codes(result)


def test_a_town_of_another_region_is_a_warning_and_never_stops() -> None:
    result = look(town="Hamburg")
    assert codes(result) == {"ADDRESS_TOWN_MISMATCH"}
    assert loudest(list(result.findings)) is None


def test_a_large_recipients_code_is_a_warning() -> None:
    assert codes(look(postal_code="50923")) == {"ADDRESS_POSTAL_CODE_UNKNOWN"}


@pytest.mark.parametrize(
    ("field", "wrong", "right", "code"),
    [
        ("email", "erika@", "erika@firma.de", "ADDRESS_EMAIL_INVALID"),
        ("phone", "call me", "+49 221 2210", "ADDRESS_PHONE_INVALID"),
    ],
)
def test_contacts_are_warnings(field: str, wrong: str, right: str, code: str) -> None:
    assert codes(look(**{field: wrong})) == {code}
    assert codes(look(**{field: right})) == set()


def test_countries_the_merchant_does_not_ship_to_stop() -> None:
    paris = {"country": "FR", "country_id": 10, "postal_code": "75001", "town": "Paris"}
    assert "ADDRESS_COUNTRY_NOT_SHIPPED" in codes(look(QualitySettings(ship_to=["DE"]), **paris))
    assert "ADDRESS_COUNTRY_NOT_SHIPPED" in codes(
        look(QualitySettings(not_ship_to=["FR"]), **paris)
    )
    assert "ADDRESS_COUNTRY_NOT_SHIPPED" not in codes(look(**paris))


def test_territories_behind_a_shared_iso_code_are_told() -> None:
    helgoland = {"country_id": 255, "postal_code": "27498", "town": "Helgoland"}
    assert "ADDRESS_CUSTOMS_TERRITORY" in codes(look(**helgoland))
    assert "ADDRESS_CUSTOMS_TERRITORY" in codes(look(**{**helgoland, "country_id": 1}))


def test_a_post_office_takes_an_email_for_a_post_number() -> None:
    branch = {"address1": "Postfiliale", "address2": "501"}
    assert "POSTFILIALE_POST_NUMBER" in codes(look(**branch))
    assert loudest(list(look(**branch, email="erika@firma.de").findings)) is None


def test_a_po_box_beside_a_street_is_a_hint() -> None:
    assert codes(look(address3="Postfach 1234")) == {"ADDRESS_PO_BOX_HINT"}


def test_swapped_code_and_town_are_put_right_or_stop() -> None:
    swapped = {"postal_code": "Köln", "town": "50667"}
    result = look(**swapped)
    assert (result.address.postal_code, result.address.town) == ("50667", "Köln")
    assert "ADDRESS_FIELDS_SWAPPED" in codes(look(without("postal_code"), **swapped))


def test_no_delivery_address_at_all_stops() -> None:
    assert codes(check_address(None, QualitySettings())) == {"ADDRESS_MISSING"}


def test_other_scripts_forces_mail_and_missing_numbers_are_hints() -> None:
    athens = {"country": "GR", "address1": "Ερμού", "postal_code": "105 63", "town": "Αθήνα"}
    assert "ADDRESS_SCRIPT" in codes(look(**athens))
    forces = {"country": "GB", "address1": "BFPO 123", "address2": "", "postal_code": "BFPO 123"}
    assert "ADDRESS_MILITARY" in codes(look(**forces, town="London"))
    bourg = {"country": "FR", "address1": "Le Bourg", "address2": "", "postal_code": "24290"}
    assert codes(look(**bourg, town="Tursac")) == {"ADDRESS_NO_HOUSE_NUMBER_HINT"}


@pytest.mark.parametrize(
    "where",
    [
        {"country": "FR", "address1": "Rue de la Paix", "postal_code": "75002", "town": "Paris"},
        {"country": "PT", "address1": "Rua Augusta", "postal_code": "1100-053", "town": "Lisboa"},
        {"country": "GR", "address1": "Ermou", "postal_code": "105 63", "town": "Athina"},
        {"country": "IT", "address1": "Piazza Duomo", "postal_code": "20121", "town": "Milano"},
        {"country": "BE", "address1": "Grote Markt", "postal_code": "2000", "town": "Antwerpen"},
    ],
    ids=lambda where: where["country"],
)
def test_in_a_city_a_person_needs_a_number_and_a_museum_does_not(where: dict[str, str]) -> None:
    nameless = {**where, "address2": ""}
    assert "ADDRESS_NO_HOUSE_NUMBER" in codes(look(**nameless, name1=""))
    assert "ADDRESS_NO_HOUSE_NUMBER_HINT" in codes(look(**nameless, name1="Museum"))


def test_in_a_french_village_a_person_needs_no_number() -> None:
    village = {"country": "FR", "address1": "Rue de l'Église", "address2": "", "name1": ""}
    found = codes(look(**village, postal_code="24290", town="Tursac"))
    assert found == {"ADDRESS_NO_HOUSE_NUMBER_HINT"}


def test_in_ireland_a_street_alone_is_a_door_only_with_its_eircode() -> None:
    street = {"country": "IE", "address1": "O'Connell Street", "address2": "", "name1": ""}
    bare = codes(look(**street, postal_code="", town="Limerick"))
    assert bare == {"ADDRESS_NO_HOUSE_NUMBER"}
    eircode = codes(look(**street, postal_code="V94 T9PX", town="Limerick"))
    assert "ADDRESS_NO_HOUSE_NUMBER_HINT" in eircode


@pytest.mark.parametrize("words", ["to be confirmed", "llamar antes de entregar", "folgt noch"])
def test_words_for_the_driver_are_no_street(words: str) -> None:
    assert "ADDRESS_PLACEHOLDER" in codes(look(address1=words, address2=""))
