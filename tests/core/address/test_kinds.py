"""Kinds of lines that carriers get back, each with what is next to it and fine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from include.cli.check_address import check_address as check_lines
from include.core.address.check import AddressResult, check_address
from include.core.address.keys import is_key_row
from include.core.address.pick_up import BRANDS, is_pick_up
from include.core.orders.models import Address
from include.core.quality.rules import loudest
from include.core.quality.settings import CarrierLines, QualitySettings, Repairs

TOWNS = {
    "AT": ("3500", "Krems"), "AU": ("2000", "Sydney"), "BE": ("9000", "Gent"),
    "BG": ("1712", "Sofia"), "CA": ("V6B 6A7", "Vancouver"), "CZ": ("675 21", "Lhota"),
    "DE": ("50667", "Köln"), "DK": ("2300", "København S"), "ES": ("28013", "Madrid"),
    "FI": ("00500", "Helsinki"), "FR": ("69002", "Lyon"), "GB": ("M4 2BS", "Manchester"),
    "GR": ("546 32", "Thessaloniki"), "IT": ("20121", "Milano"), "JP": ("100-0005", "Tokyo"),
    "NL": ("3511 BK", "Utrecht"), "PL": ("34-424", "Szaflary"), "SE": ("411 19", "Göteborg"),
    "US": ("10023", "New York"),
}  # fmt: skip
STATES = {"US": "NY", "CA": "BC", "AU": "NSW", "JP": "Tokyo"}
PERSON = Address(name2="Anna", name3="Berger")


def at(country: str, *lines: str, profile: int | None = None, **more: Any) -> AddressResult:
    settings = more.pop("settings", QualitySettings())
    code, town = TOWNS[country]
    filled = dict(zip(("address1", "address2", "address3", "address4"), lines, strict=False))
    where = {"postal_code": code, "town": town, "country": country}
    where |= {"state": STATES.get(country, "")}
    return check_address(replace(PERSON, **{**where, **filled, **more}), settings, profile=profile)


def stop(result: AddressResult) -> str:
    finding = loudest(list(result.findings))
    return finding.code if finding else ""


def split(country: str, *lines: str) -> tuple[str, str]:
    result = at(country, *lines)
    assert stop(result) == ""
    return result.street, result.house_number


@pytest.mark.parametrize(
    ("country", "unit", "house"),
    [
        ("DE", "Ringstr. Whg. 4", "Ringstr. 7 Whg. 4"),
        ("DE", "Industriestr. Halle 3", "Industriestr. 9 Halle 3"),
        ("AT", "Ringstraße Top 4", "Ringstraße 28 Top 4"),
        ("NL", "Kinkerstraat app 4", "Kinkerstraat 12 app 4"),
        ("BE", "Zennestraat bus 4", "Zennestraat 40 bus 4"),
        ("PL", "ul. Długa m. 4", "ul. Długa 12 m. 4"),
        ("IT", "Via Dante int. 5", "Via Dante 12 int. 5"),
        ("ES", "Calle Mayor 3º B", "Calle Mayor 24, 3º B"),
        ("SE", "Storgatan lgh 1203", "Storgatan 12 lgh 1203"),
        ("SE", "Storgatan 3 tr", "Storgatan 12 A, 3 tr"),
        ("DK", "Amagerbrogade 3. tv.", "Amagerbrogade 12, 3. tv."),
        ("FI", "Hämeentie as 4", "Hämeentie 15 as 4"),
        ("US", "W 70th St Apt 4B", "210 W 70th St Apt 4B"),
        ("AU", "Unit 3, Chapel Street", "Unit 3, 45 Chapel Street"),
        ("GB", "Flat 2, Bridge Street", "Flat 2, 9 Bridge Street"),
    ],
)
def test_a_unit_is_no_house_number(country: str, unit: str, house: str) -> None:
    assert stop(at(country, unit)) == "ADDRESS_NO_HOUSE_NUMBER"
    assert stop(at(country, house)) == ""


@pytest.mark.parametrize(
    ("country", "line"),
    [
        ("DE", "An der Halle 4"), ("DE", "Am Werk 12"), ("DE", "Zimmerstraße 68"),
        ("DE", "Stationsweg 8"), ("IT", "Via della Scala 45"), ("ES", "Calle Portal 8"),
        ("AT", "Hof 8"),
    ],
)  # fmt: skip
def test_a_street_that_is_called_like_a_unit_keeps_its_number(country: str, line: str) -> None:
    assert split(country, line) == tuple(line.rsplit(" ", 1))


@pytest.mark.parametrize(
    ("lines", "street"),
    [
        (("Firma Meier, Halle 4, Industriestr. 12",), ("Industriestr.", "12")),
        (("Firma Meier Halle 4 Industriestr. 12",), ("Industriestr.", "12")),
        (("Uniklinik, Station 4, Hugstetter Str. 55",), ("Hugstetter Str.", "55")),
        (("Werk 2", "Industriestr. 12"), ("Industriestr.", "12")),
        (("Klinikum, Station B2", "Ringstr. 14"), ("Ringstr.", "14")),
        (("Büro 3.17, Friedrichstraße 95",), ("Friedrichstraße", "95")),
        (("Gewerbepark 4", "Halle C"), ("Gewerbepark", "4")),
    ],
)
def test_the_street_is_the_part_that_looks_like_one(
    lines: tuple[str, ...], street: tuple[str, str]
) -> None:
    assert split("DE", *lines) == street


@pytest.mark.parametrize("lines", [("Werk 2", "Tor 5"), ("Station 4",), ("Halle 4",)])
def test_parts_of_a_plant_or_clinic_alone_are_no_street(lines: tuple[str, ...]) -> None:
    assert stop(at("DE", *lines)) == "ADDRESS_STREET_MISSING"


@pytest.mark.parametrize(
    "word", ["Packstaion", "Pakstation", "Packstatoin", "Pakcstation", "DHL Packsation"]
)
def test_a_misspelt_locker_is_one_repaired_or_stopped(word: str) -> None:
    whole = at("DE", f"{word} 118", "4711081")
    assert (whole.address.address1, whole.address.address2) == ("Packstation", "118")
    assert "REPAIRED_PACKSTATION" in whole.repairs
    assert stop(whole) == ""
    assert stop(at("DE", f"{word} 118")) == "PACKSTATION_POST_NUMBER"


def test_a_misspelt_post_office_is_one_repaired_or_stopped() -> None:
    for word in ("Postfilliale", "Postfilale", "Filiale"):
        assert at("DE", f"{word} 512", "48291037").address.address1 == "Postfiliale"
        assert stop(at("DE", f"{word} 512")) == "POSTFILIALE_POST_NUMBER"


@pytest.mark.parametrize("street", ["Parkstraße 145", "Packhofstraße 101", "An der Poststation 5"])
def test_a_street_that_only_sounds_like_a_pick_up_point_is_one(street: str) -> None:
    assert split("DE", street) == tuple(street.rsplit(" ", 1))


@pytest.mark.parametrize(
    ("country", "line", "street", "number"),
    [
        ("US", "450 21st St", "21st St", "450"),
        ("US", "99-40 63rd Rd", "63rd Rd", "99-40"),
        ("US", "12 3rd Rd", "3rd Rd", "12"),
        ("US", "1 1/3 Main St", "Main St", "1 1/3"),
        ("US", "2455-B Elm Ave", "Elm Ave", "2455-B"),
        ("US", "One Microsoft Way", "Microsoft Way", "One"),
        ("US", "W204 N11912 Goldendale Rd", "Goldendale Rd", "W204 N11912"),
        ("US", "123 A St", "A St", "123"),
        ("US", "RR 2 Box 152", "RR 2 Box 152", ""),
        ("CA", "#204 1855 Robson St", "Robson St", "1855"),
        ("AU", "U12/345 George Street", "George Street", "U12/345"),
        ("AU", "Lot 5 Kings Road", "Kings Road", "Lot 5"),
        ("AU", "Level 4/ 235 Macquarie St", "Macquarie St", "235"),
        ("JP", "3 Chome-12-5 Jingumae", "Jingumae", "3 Chome-12-5"),
        ("JP", "六本木6丁目10-1", "六本木", "6丁目10-1"),
        ("JP", "Roppongi 6-10-1", "Roppongi", "6-10-1"),
    ],
)
def test_overseas_lines_are_read_by_their_own_customs(
    country: str, line: str, street: str, number: str
) -> None:
    assert split(country, line) == (street, number)


@pytest.mark.parametrize(("town", "state"), [("APO", "AE"), ("FPO", "AP")])
def test_forces_mail_is_known_with_the_state_in_its_own_field(town: str, state: str) -> None:
    result = at("US", "PSC 3 Box 4120", town=town, state=state, postal_code="09021")
    assert "ADDRESS_MILITARY" in {f.code for f in result.findings}
    assert stop(result) == ""


@pytest.mark.parametrize(
    ("country", "code", "town", "line"),
    [
        ("AT", "8521", "Neudorf", "45"),
        ("AT", "4901", "Holzleithen", "Nr. 17"),
        ("PL", "97-340", "Nowa Wieś", "23"),
        ("CZ", "468 27", "Nová Ves", "č.p. 45"),
        ("CZ", "382 41", "Lhota", "c.p. 45"),
        ("SK", "059 35", "Batizovce", "č. d. 87"),
    ],
)
def test_a_number_alone_is_a_house_in_a_village_however_common_its_name(
    country: str, code: str, town: str, line: str
) -> None:
    where = {"postal_code": code, "town": town, "country": country}
    result = check_address(replace(PERSON, address1=line, **where), QualitySettings())
    assert stop(result) == ""
    assert result.street == town


@pytest.mark.parametrize(
    ("country", "code", "town"),
    [("AT", "1070", "Wien"), ("PL", "00-024", "Warszawa"), ("CZ", "602 00", "Brno")],
)
def test_a_number_alone_is_nothing_in_a_city(country: str, code: str, town: str) -> None:
    where = {"postal_code": code, "town": town, "country": country}
    assert stop(check_address(replace(PERSON, address1="45", **where), QualitySettings())) != ""


@pytest.mark.parametrize(
    ("country", "line", "street", "number"),
    [
        ("NL", "Rijksweg 12015", "Rijksweg", "12015"),
        ("PL", "ul. Leśna b/n", "ul. Leśna", "b/n"),
        ("IT", "IV^ traversa Via Mare 8", "IV^ traversa Via Mare", "8"),
        ("BG", "zh.k. Mladost 3, bl. 305, vh. B", "zh.k. Mladost 3", "bl. 305"),
    ],
)
def test_small_national_shapes_pass(country: str, line: str, street: str, number: str) -> None:
    assert split(country, line) == (street, number)


@pytest.mark.parametrize("town", ["Walldorf/Baden", "Laufenburg/Baden", "Nordhausen/Harz"])
def test_a_landscape_behind_a_town_is_no_second_town(town: str) -> None:
    assert stop(at("DE", "Ringstr. 4", town=town)) == ""
    assert stop(at("DE", "Ringstr. 4", town="Köln / Hamburg")) == "ADDRESS_TOWN_INVALID"


def test_a_spreadsheets_date_in_the_street_stops_and_a_street_called_by_a_date_does_not() -> None:
    for line in ("Rosenstr. Mrz 12", "Rosenstr. 12. Mrz", "Rosenstr. Okt 05"):
        assert stop(at("DE", line)) == "ADDRESS_HOUSE_NUMBER_INVALID"
    for country, line in (("IT", "via 24 maggio 12"), ("PL", "ul. 3 Maja 5"), ("DE", "Märzstr. 3")):
        assert stop(at(country, line)) == ""


@pytest.mark.parametrize(
    ("country", "line"),
    [
        ("DE", "Lindenstr. 4, 50674 Köln, Rosenweg 12, 53111 Bonn"),
        ("DE", "Lindenstr. 4, Rosenweg 12"),
        ("FR", "12 rue Verte, 69002 Lyon, 8 avenue Foch, 75016 Paris"),
        ("US", "123 Main St, 456 Oak Ave"),
    ],
)
def test_two_addresses_in_one_line_stop(country: str, line: str) -> None:
    assert stop(at(country, line)) == "ADDRESS_STREET_INVALID"


@pytest.mark.parametrize(
    ("country", "line"),
    [
        ("DE", "gleiche Adresse"), ("DE", "wie Rechnung"), ("FR", "même adresse"),
        ("IT", "stesso indirizzo"), ("ES", "misma dirección"), ("NL", "hetzelfde adres"),
        ("PL", "ten sam adres"), ("PL", "jak wyżej"), ("CZ", "stejná adresa"),
        ("SE", "samma adress"), ("DK", "samme adresse"), ("FI", "sama osoite"),
        ("GR", "ίδια διεύθυνση"), ("BG", "същия адрес"),
    ],
)  # fmt: skip
def test_the_same_address_in_any_language_is_none(country: str, line: str) -> None:
    assert stop(at(country, line)) == "ADDRESS_PLACEHOLDER"


@pytest.mark.parametrize(
    "word",
    ["uiop", "poiuztrewq", "lkjhgfdsa", "azertyuiop", "qsdfghjklm", "zxcvbnm", "qaywsx", "1q2w3e4r",
     "йцукен", "фывапролд", "asdf jkl", "dfgdfg"],
)  # fmt: skip
def test_a_walk_over_the_keyboard_is_found_in_any_direction_and_layout(word: str) -> None:
    assert is_key_row(word)


@pytest.mark.parametrize("word", ["Wert", "Reza", "21st St", "Krk", "Opole", "Tree Lane"])
def test_a_name_is_no_walk_over_the_keyboard(word: str) -> None:
    assert not is_key_row(word)


def test_every_network_has_its_countries_and_a_source() -> None:
    assert len(BRANDS) > 25
    assert all(where and source.startswith("https://") for _, where, source in BRANDS)


@pytest.mark.parametrize(
    "line",
    ["InPost WAW22A", "AlzaBox Flora", "DHL Abholstation 12", "My Post 24 Automat",
     "Balíkovna 12000", "Amazon Locker Theo", "UPS Access Point Späti",
     "Еконт офис Люлин", "Instabox ICA Maxi",
     "Punto Poste Tabacchi Rossi", "LP Express paštomatas 12", "Parcel Locker 10032"],
)  # fmt: skip
def test_a_shop_or_locker_of_another_network_is_known(line: str) -> None:
    assert is_pick_up(line)


@pytest.mark.parametrize("line", ["Speedwaystr. 4", "Postfeldstr. 12", "Bring 7", "Am Amazonas 3"])
def test_a_street_with_a_brands_letters_is_no_pick_up_point(line: str) -> None:
    assert not is_pick_up(line)


def test_a_mail_address_is_no_name_and_a_code_of_a_country_no_town() -> None:
    assert stop(at("DE", "Ringstr. 4", name2="", name3="a@example.com")) == "ADDRESS_PLACEHOLDER"
    assert stop(at("DE", "Ringstr. 4", name3="a@example.com")) == ""  # the first name is there
    for code in ("DE", "GER", "Deutschland"):
        assert stop(at("DE", "Ringstr. 4", town=code)) == "ADDRESS_TOWN_INVALID"


def test_a_picture_is_taken_out_and_told() -> None:
    result = at("DE", "Ringstr. 4 \U0001f600")
    lines = (result.address.address1, result.address.address2, result.address.address3)
    assert lines == ("Ringstr.", "4", "")
    assert "REPAIRED_CHARACTERS" in result.repairs


LONG = "Allee der Kosmonauten, Gewerbepark Nordost"


@pytest.mark.parametrize(
    ("longer", "line", "code"),
    [
        ("stop", f"{LONG} 12", "ADDRESS_LINE_TOO_LONG"),
        ("split", f"{LONG} 12", ""),
        ("split", "Donaudampfschifffahrtsgesellschaftsstraße 12", "ADDRESS_LINE_TOO_LONG"),
        ("warn", f"{LONG} 12", ""),
    ],
)
def test_a_line_longer_than_its_carrier_takes_is_split_or_stops(
    longer: str, line: str, code: str
) -> None:
    carriers = {6: CarrierLines.model_validate({"characters": 30, "longer": longer})}
    settings = QualitySettings(carrier_lines=carriers, repairs=Repairs(house_number=False))
    result = at("DE", line, settings=settings, profile=6)
    assert stop(result) == code
    if longer == "split" and not code:
        lines = (result.address.address1, result.address.address3, result.address.address4)
        assert all(len(text) <= 30 for text in lines)
        assert "REPAIRED_LABEL_LINES" in result.repairs
    assert stop(at("DE", line, settings=settings, profile=7)) == ""


def test_check_address_shows_the_lines_as_they_are_sent() -> None:
    data = {"name3": "Maier", "postalCode": "50667", "town": "Köln", "country": "DE"}
    lines = [{"address1": "Firma Meier, Halle 4, Industriestr. 12"}, {"address1": "Ringstr."}]
    split_, kept = (
        json.loads(v) for v in check_lines(json.dumps({**data, **line}) for line in lines)
    )
    sent = [f"address{n}" for n in (1, 2, 3, 4)]
    assert [split_[name] for name in sent] == ["Industriestr.", "12", "Firma Meier", "Halle 4"]
    assert [kept[name] for name in sent] == ["Ringstr.", "", "", ""]


def test_check_address_starts_without_what_only_the_other_commands_need() -> None:
    code = (
        "import sys; sys.argv[1:] = ['check-address']; from include.cli.start import run; run();"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="{}", capture_output=True, text=True, check=True
    )
    verdict, modules = done.stdout.splitlines()
    assert json.loads(verdict)["verdict"] == "bad"
    costly = {"sqlalchemy", "airflow", "typer", "requests", "pandas", "alembic", "usaddress"}
    assert costly.isdisjoint(modules.split())
