"""Check street and house number: whether they are there, can be, and name one house."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.core.address import overseas, places, stations
from include.core.address import split as splitting
from include.core.address.choice import leaves_open, two_numbers, two_streets
from include.core.address.line import (
    bare,
    conscription,
    is_number,
    is_road_name,
    is_unit,
    is_units,
)
from include.core.address.pick_up import is_pick_up
from include.core.address.placeholders import is_mashed, is_note, is_placeholder
from include.core.address.text import key, letters
from include.core.address.units import is_sole_part
from include.core.address.words import (
    ARTICLE_END,
    BLOCK,
    CONTACT,
    COUNTRY_NAMES,
    DATE_FOR_NUMBER,
    DATE_IN_STREET,
    ESTATE,
    NAMELESS,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    PERSON,
    STREET,
    TYPE_ONLY,
    is_square,
)

if TYPE_CHECKING:
    from include.core.address.countries import Country
    from include.core.address.desk import Desk
    from include.core.orders.models import Address

# Cities where every private door has a number, though villages of the country have none: Paris,
# Lyon, Marseille and the seats of the departements; Lisbon, Porto and the seats of municipalities;
# Athens and Thessaloniki; the capitals of the provinces of Spain and Italy.
_CITY_CODES = {
    "FR": re.compile(r"75\d{3}|6900\d|130[01]\d|\d{2}000"),
    "PT": re.compile(r"(?:1\d\d\d|4[0-4]\d\d|[2-9]\d00)(?:-\d{3})?"),
    "GR": re.compile(r"(?:10|11|54)\d ?\d\d"),
    "ES": re.compile(r"\d{2}0\d{2}"),
    "IT": re.compile(r"\d{2}1\d{2}"),
}
_VILLAGES_BY_NUMBER = frozenset({"AT", "CZ", "SK", "PL", "HU", "SI", "HR"})
# Languages with words like "Krk" and "Smrž": no vowel is no sign of nonsense.
_FEW_VOWELS = frozenset({"CZ", "SK", "SI", "HR", "RS", "BA", "ME", "MK", "PL", "BG"})
# Beside a room or a pitch these name no place: "Camping, Parzelle 112".
_ANY_PLACE = frozenset({
    "hotel", "hostel", "pension", "camping", "campingplatz", "campsite", "kemping", "kamp",
    "klinik", "krankenhaus", "hospital", "schule", "school", "ecole", "scuola", "buro", "office",
    "bureau",
})  # fmt: skip
_SQUARE_OF_MANNHEIM = re.compile(r"[A-U] ?\d{1,2}")
_DIGITS, _NO_DIGITS = re.compile(r"\d+"), re.compile(r"\D+")
_FIVE_DIGITS, _LONG_END = re.compile(r"\d{5}"), re.compile(r"(?<![\w.])\d{5,}$")
_LONGEST_NUMBER = {"US": 6, "CA": 6, "AU": 5, "NL": 5}


def alone(desk: Desk) -> None:
    """Judge the street of an address whose country is not known."""
    if not any(desk.lines):
        desk.note("ADDRESS_STREET_MISSING")
    desk.street, desk.number = desk.address.address1, desk.address.address2


def check(desk: Desk, where: Country) -> None:
    """Find street and house number, judge them, and write them apart (plentymarkets 6.10)."""
    a = desk.address
    if not any(desk.lines):
        desk.note("ADDRESS_STREET_MISSING")
        return
    lines_read = tuple(conscription(line, where.rules) for line in desk.lines)
    boxes = [line for line in lines_read if stations.is_po_box(line)]
    kept = tuple("" if line in boxes else line for line in lines_read)
    if boxes and not any(letters(line) > 1 for line in kept):
        desk.note("ADDRESS_PO_BOX" if desk.settings.po_box == "stop" else "ADDRESS_PO_BOX_HINT")
        desk.street = a.address1
        return
    lines = (kept[0], kept[1], kept[2], kept[3])
    parts = splitting.split(
        lines, where.rules, number_first=where.number_first, postal_code=a.postal_code
    )
    if boxes:
        desk.note("ADDRESS_PO_BOX_HINT")
    desk.street, desk.number = parts.street, parts.number
    if not _is_street(desk, where):
        return
    _number(desk, where, parts)
    _write(desk, parts, boxes)


def _is_street(desk: Desk, where: Country) -> bool:
    """Say whether the street can be one; note why not."""
    street = desk.street
    if any(CONTACT.search(line) for line in (street, desk.address.address1)):
        return _refuse(
            desk,
            "sie enthält eine E-Mail oder Internetadresse",
            "it holds an e-mail or web address",
        )
    if is_pick_up(f"{street} {desk.number}") and not (desk.number and STREET.search(street)):
        return _refuse(
            desk,
            "sie ist Abholstelle eines anderen Dienstes",
            "it is a pick-up point of another service",
        )
    if PERSON.match(street) and not desk.number and not STREET.search(street):
        return _refuse(desk, "sie nennt nur eine Person", "it only names a person")
    if DATE_FOR_NUMBER.fullmatch(desk.address.address2) or _holds_date(desk.address):
        desk.note("ADDRESS_HOUSE_NUMBER_INVALID")
        return False
    if key(street) in COUNTRY_NAMES and not desk.number:
        return _refuse(desk, "sie ist der Name eines Landes", "it is the name of a country")
    lines = tuple(filter(None, desk.lines))
    if _only_rooms([part.strip() for line in lines for part in line.split(",")], desk.address.town):
        desk.note("ADDRESS_STREET_MISSING")
        return False
    if any(map(leaves_open, lines)) or two_numbers(street, desk.number, where.rules):
        return _refuse(
            desk, "sie nennt zwei Hausnummern zur Wahl", "it leaves open which of two numbers"
        )
    if two_streets(lines, where.rules, number_first=where.number_first):
        return _refuse(
            desk, "es sind zwei Straßen mit Hausnummer", "there are two streets with a number"
        )
    if (letters(street) >= 2 and not is_number(street)) or is_road_name(street):
        nonsense = is_placeholder(street) or (where.rules not in _FEW_VOWELS and is_mashed(street))
        nameless = NAMELESS if desk.number else TYPE_ONLY
        nonsense = nonsense or nameless.fullmatch(street) is not None
        nonsense = nonsense or overseas.is_type_alone(street, where.rules)
        if not (desk.number and STREET.search(street)):  # "5 rue du Retrait" is in Paris
            nonsense = nonsense or is_note(street, numbered=bool(desk.number))
        if nonsense and not desk.has("ADDRESS_PLACEHOLDER"):
            desk.note("ADDRESS_PLACEHOLDER", "address1")
        return True
    if _SQUARE_OF_MANNHEIM.fullmatch(street) and desk.number:
        return True  # a square of Mannheim
    number = desk.number or street
    if (
        where.rules in _VILLAGES_BY_NUMBER
        and is_number(number)
        and _FIVE_DIGITS.search(number) is None
        and letters(desk.address.town)
        and not places.is_city(where.rules, desk.address.town)
    ):
        desk.street, desk.number = desk.address.town, bare(number)
        if desk.settings.repairs.house_number:
            desk.repair("REPAIRED_HOUSE_NUMBER", address1=desk.street, address2=desk.number)
        return False
    if desk.has("ADDRESS_PLACEHOLDER", "address1"):
        return False
    if not street:
        desk.note("ADDRESS_STREET_MISSING")
        return False
    return _refuse(desk, "sie hat keine Buchstaben", "it has no letters")


def _holds_date(address: Address) -> bool:
    """Say whether a spreadsheet's date ends the street's field: "Rosenstr. Mrz 12"."""
    date = None if address.address2 else DATE_IN_STREET.search(address.address1)
    if date is None:
        return False
    street = address.address1[: date.start()]
    return (
        STREET.search(street) is not None
        and TYPE_ONLY.fullmatch(street) is None
        and ARTICLE_END.search(street) is None
    )


def _refuse(desk: Desk, why_de: str, why_en: str) -> bool:
    """Note why the street is none; False, as `_is_street` answers."""
    desk.note("ADDRESS_STREET_INVALID", why_de=why_de, why_en=why_en)
    return False


def _only_rooms(parts: list[str], town: str) -> bool:
    """Say whether an address holds only units of some house, numbers beside them or not."""
    inside = [_in_some_house(part, town) for part in parts]
    return any(inside) and all(
        room or is_number(part) for room, part in zip(inside, parts, strict=True)
    )


def _in_some_house(part: str, town: str) -> bool:
    named = key(part).rstrip("0123456789") == key(town)  # a village can be called Werk or Halle
    return is_units(part) or key(part) in _ANY_PLACE or (is_sole_part(part) and not named)


def _number(desk: Desk, where: Country, parts: splitting.Split) -> None:
    """Judge the house number, or that there is none."""
    estate = (
        where.rules == "BG"
        and ESTATE.match(parts.street) is not None
        and not any(BLOCK.search(line) for line in desk.lines)
    )
    number = "" if estate else desk.number
    if number and not NO_NUMBER.fullmatch(number):
        if where.rules in overseas.AMERICAN and number.casefold() in overseas.SPELLED:
            return  # "One Microsoft Way"
        digits = _DIGITS.findall(number)
        longest = _LONGEST_NUMBER.get(where.rules, 4)
        code = _NO_DIGITS.sub("", desk.address.postal_code)
        wrong = (
            not any(d.strip("0") for d in digits)
            or len(digits[0]) > longest
            or (len(code) >= 4 and digits[0] == code)
        )
        if wrong:
            desk.note("ADDRESS_HOUSE_NUMBER_INVALID")
        return
    if number and where.rules in NO_NUMBER_COUNTRIES:
        return
    ends = _LONG_END.search(desk.address.address2 or parts.street)
    if ends and len(ends[0]) > _LONGEST_NUMBER.get(where.rules, 4):
        desk.note("ADDRESS_HOUSE_NUMBER_INVALID")
        return
    if overseas.is_route(parts.street, where.rules):
        desk.note("ADDRESS_NO_HOUSE_NUMBER_HINT")
        return
    policy = desk.settings.house_number
    needed = (
        estate
        or {
            "always": True,
            "squares": not is_square(parts.street),
            "places": STREET.search(parts.street) is not None or is_square(parts.street),
            "streets": STREET.search(parts.street) is not None
            or overseas.has_type(parts.street, where.rules),
            "hint": False,
        }[where.number]
    )
    if not needed and not desk.address.name1.strip():  # no company, no authority: a private door
        needed = _private_door(where, parts, desk.address)
    stops = policy == "always" or (policy == "by_country" and needed)
    desk.note("ADDRESS_NO_HOUSE_NUMBER" if stops else "ADDRESS_NO_HOUSE_NUMBER_HINT")


def _private_door(where: Country, parts: splitting.Split, address: Address) -> bool:
    """Say whether a person's door has a number where a museum or a town hall needs none."""
    street, code = parts.street, address.postal_code
    cities = _CITY_CODES.get(where.rules)
    if key(street) == key(address.town) and not parts.rest:  # the town again, and no street
        city = cities is not None and cities.fullmatch(code) is not None
        return city or where.rules in {"GB", "MT"} or places.is_city(where.rules, address.town)
    if where.number in ("squares", "streets"):
        return is_square(street)
    named = STREET.search(street) is not None and not is_square(street)
    if where.rules in {"GB", "IE", "MT"}:  # a house has a name instead, or an Eircode: one door's
        eircode = code if where.rules == "IE" else ""
        more = (*parts.rest, address.address2, address.address3, address.address4, eircode)
        return named and "," not in street and all(is_unit(t) for t in more if t)
    if cities is None or cities.fullmatch(code) is None:
        return False
    return named or where.rules == "GR"  # Greek streets are called by their name alone: Ermou


def _write(desk: Desk, parts: splitting.Split, boxes: list[str]) -> None:
    """Put street and number into their fields, the rest behind them."""
    if parts.apart or not parts.number or not desk.settings.repairs.house_number:
        return
    rest = (*parts.rest, *boxes)
    desk.repair(
        "REPAIRED_HOUSE_NUMBER",
        address1=parts.street,
        address2=parts.number,
        address3=rest[0] if rest else "",
        address4=", ".join(rest[1:]),
    )
