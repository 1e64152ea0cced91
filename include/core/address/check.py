"""Check one delivery address: what stops it, what to warn of, what can be repaired safely."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from include.core.address import contact, labels, places, postal, stations
from include.core.address import split as splitting
from include.core.address.countries import PLENTY_IDS, Country, country, territory
from include.core.address.desk import Desk
from include.core.address.line import bare, is_number, is_road_name
from include.core.address.text import (
    clean,
    is_latin,
    is_lost,
    is_mashed,
    is_placeholder,
    key,
    letters,
)
from include.core.address.words import (
    COUNTRY_NAMES,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    STREET,
    TOWN_CODE,
    TYPE_ONLY,
    is_square,
)
from include.core.models import Address
from include.core.rules import Finding, found

if TYPE_CHECKING:
    from include.core.quality_settings import QualitySettings

_LINES = ("address1", "address2", "address3", "address4")
_NAMES = ("name1", "name2", "name3", "name4")
_TEXTS = (*_NAMES, *_LINES, "postal_code", "town", "state")
_PLENTY_NAME = {"postal_code": "postalCode"}
_CONTACT = re.compile(r"@|https?:|www\.", re.IGNORECASE)
# Cities where every private door has a number, though villages of the country have none: Paris,
# Lyon, Marseille and the seats of the departements; Lisbon and Porto; Athens and Thessaloniki.
_CITY_CODES = {
    "FR": re.compile(r"75\d{3}|6900\d|130[01]\d|\d{2}000"),
    "PT": re.compile(r"(?:1[0-9]|4[0-4])\d\d(?:-\d{3})?"),
    "GR": re.compile(r"(?:10|11|54)\d ?\d\d"),
}
_ONE_LETTER_TOWNS = frozenset({"NO", "SE", "DK", "FR"})  # Å, Ö, Y
_VILLAGES_BY_NUMBER = frozenset({"AT", "CZ", "SK", "PL", "HU", "SI", "HR"})
# Languages with words like "Krk" and "Smrž": no vowel is no sign of nonsense.
_FEW_VOWELS = frozenset({"CZ", "SK", "SI", "HR", "RS", "BA", "ME", "MK", "PL", "BG"})
_LONGEST_NUMBER = {"US": 6, "CA": 6, "AU": 5}


@dataclass(frozen=True, slots=True)
class AddressResult:
    """What was found, and the address with every allowed repair made.

    ``address`` carries street and house number apart (``address1``, ``address2``) where the split
    was allowed and safe; ``repairs`` are the codes of what was done. ``street`` and
    ``house_number`` are the split itself, also where the address was left as it is.
    """

    address: Address = attribute(repr=False)
    findings: tuple[Finding, ...] = ()
    repairs: tuple[str, ...] = ()
    street: str = attribute(default="", repr=False)
    house_number: str = attribute(default="", repr=False)

    @property
    def changed(self) -> bool:
        """Say whether anything was repaired."""
        return bool(self.repairs)


def check_address(address: Address | None, settings: QualitySettings) -> AddressResult:
    """Return the findings for a delivery address (plentymarkets contract 6.10); never raises.

    An empty ``country`` is looked up from ``country_id``. Findings are in the order of the checks;
    `include.core.rules.loudest` says which one decides.
    """
    if address is None:
        return AddressResult(Address(), (found("ADDRESS_MISSING"),))
    desk = Desk(address, settings)
    endless = labels.endless(address)
    if endless:  # before anything costly looks at it
        desk.note("ADDRESS_TOO_LONG", endless[0], length=endless[1])
        return AddressResult(address, tuple(desk.findings))
    _characters(desk)
    where = _country(desk)
    _names(desk)
    _places_filled(desk)
    if where is None:
        _street_only(desk)
    else:
        _delivery_point(desk, where)
        _postal_code(desk, where)
        if where.state_required and not desk.address.state:
            desk.note("ADDRESS_STATE_MISSING", country=where.iso)
    _town(desk)
    _contacts(desk)
    _label(desk)
    repairs = tuple(desk.repairs)
    return AddressResult(
        desk.address,
        (*desk.findings, *(found(code) for code in repairs)),
        repairs,
        desk.street,
        desk.number,
    )


def _characters(desk: Desk) -> None:
    changes: dict[str, Any] = {}
    visible = False
    for name in _TEXTS:
        value = getattr(desk.address, name)
        cleaned = clean(value) if value else ""
        if cleaned != value:
            changes[name] = cleaned
            visible = visible or cleaned != value.strip()
        if cleaned and is_lost(cleaned):
            desk.note("ADDRESS_UNREADABLE", _PLENTY_NAME.get(name, name))
    # Spaces at the edges are no repair worth telling, and checks need clean text in any case.
    if changes:
        desk.address = replace(desk.address, **changes)
    if visible and desk.settings.repairs.characters:
        desk.repairs.append("REPAIRED_CHARACTERS")


def _country(desk: Desk) -> Country | None:
    iso = desk.address.country.strip().upper() or PLENTY_IDS.get(desk.address.country_id, "")
    where = country(iso) if iso else None
    if where is None:
        desk.note("ADDRESS_COUNTRY_UNKNOWN")
        return None
    code = {"UK": "GB", "EL": "GR"}.get(iso, iso)
    if code != desk.address.country:
        desk.address = replace(desk.address, country=code)
    wanted, unwanted = desk.settings.ship_to, desk.settings.not_ship_to
    if code in unwanted or (wanted and code not in wanted):
        desk.note("ADDRESS_COUNTRY_NOT_SHIPPED", country=code)
    return where


def _names(desk: Desk) -> None:
    filled = [(name, getattr(desk.address, name)) for name in _NAMES]
    filled = [(name, text) for name, text in filled if letters(text)]
    if not filled:
        desk.note("ADDRESS_NAME_MISSING")
    elif all(is_placeholder(text) or len(key(text)) < 2 for _, text in filled) or is_placeholder(
        " ".join(text for _, text in filled)
    ):
        desk.note("ADDRESS_PLACEHOLDER", filled[0][0])


def _places_filled(desk: Desk) -> None:
    """Find placeholders in street, town and postal code."""
    for name in ("address1", "town"):
        text = getattr(desk.address, name)
        if is_placeholder(text, town=name == "town"):
            desk.note("ADDRESS_PLACEHOLDER", name)


def _delivery_point(desk: Desk, where: Country) -> None:
    a = desk.address
    point = stations.station(desk.lines, a.post_number, (a.name4, a.name1, a.name2, a.name3))
    if point:
        _station(desk, point)
    elif stations.is_military(*desk.lines, a.town, a.postal_code):
        desk.note("ADDRESS_MILITARY")
        desk.street = a.address1
    else:
        _street(desk, where)


def _station(desk: Desk, point: stations.Station) -> None:
    a = desk.address
    locker = point.kind == "Packstation"
    if a.country != "DE":
        desk.note("PACKSTATION_COUNTRY")
    if not stations.locker_ok(point.number):
        desk.note("PACKSTATION_NUMBER" if locker else "POSTFILIALE_NUMBER")
    if not stations.post_number_ok(point.post_number):
        if locker:
            desk.note("PACKSTATION_POST_NUMBER")
        elif point.post_number or not contact.email_ok(a.email.strip()):
            desk.note("POSTFILIALE_POST_NUMBER")
    desk.street, desk.number = point.kind, point.number
    rest = (*point.rest, "", "")
    wanted = {
        "address1": point.kind,
        "address2": point.number,
        "address3": rest[0],
        "address4": ", ".join(t for t in rest[1:] if t),
        "post_number": point.post_number,
    }
    different = {k: v for k, v in wanted.items() if getattr(a, k) != v}
    # plentymarkets writes the word in capitals (contract 6.10): right, only louder.
    if set(different) == {"address1"} and a.address1 == point.kind.upper():
        return
    if different and desk.settings.repairs.packstation:
        desk.repair("REPAIRED_PACKSTATION", **wanted)


def _street_only(desk: Desk) -> None:
    if not any(desk.lines):
        desk.note("ADDRESS_STREET_MISSING")
    desk.street, desk.number = desk.address.address1, desk.address.address2


def _street(desk: Desk, where: Country) -> None:
    a = desk.address
    if not any(desk.lines):
        desk.note("ADDRESS_STREET_MISSING")
        return
    boxes = [line for line in desk.lines if stations.is_po_box(line)]
    kept = tuple("" if line in boxes else line for line in desk.lines)
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
    if any(_CONTACT.search(line) for line in (street, desk.address.address1)):
        desk.note("ADDRESS_STREET_INVALID", why_de="sie enthält eine E-Mail oder Internetadresse",
                  why_en="it holds an e-mail or web address")  # fmt: skip
        return False
    if (letters(street) >= 2 and not is_number(street)) or is_road_name(street):
        nonsense = is_placeholder(street) or (where.rules not in _FEW_VOWELS and is_mashed(street))
        nonsense = nonsense or (not desk.number and TYPE_ONLY.fullmatch(street) is not None)
        if nonsense and not desk.has("ADDRESS_PLACEHOLDER"):
            desk.note("ADDRESS_PLACEHOLDER", "address1")
        return True
    if re.fullmatch(r"[A-U] ?\d{1,2}", street) and desk.number:
        return True  # a square of Mannheim
    number = desk.number or street
    if (
        where.rules in _VILLAGES_BY_NUMBER
        and is_number(number)
        and re.search(r"\d{5}", number) is None
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
    desk.note("ADDRESS_STREET_INVALID", why_de="sie hat keine Buchstaben",
              why_en="it has no letters")  # fmt: skip
    return False


def _number(desk: Desk, where: Country, parts: splitting.Split) -> None:
    """Judge the house number, or that there is none."""
    number = desk.number
    if number and not NO_NUMBER.fullmatch(number):
        digits = re.findall(r"\d+", number)
        longest = _LONGEST_NUMBER.get(where.rules, 4)
        code = re.sub(r"\D", "", desk.address.postal_code)
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
    if re.fullmatch(r"\d{5,}", desk.address.address2):
        desk.note("ADDRESS_HOUSE_NUMBER_INVALID")
        return
    policy = desk.settings.house_number
    needed = {
        "always": True,
        "squares": not is_square(parts.street),
        "places": STREET.search(parts.street) is not None or is_square(parts.street),
        "streets": STREET.search(parts.street) is not None,
        "hint": False,
    }[where.number]
    if not needed and not desk.address.name1.strip():  # no company, no authority: a private door
        needed = _private_door(where, parts, desk.address)
    stops = policy == "always" or (policy == "by_country" and needed)
    desk.note("ADDRESS_NO_HOUSE_NUMBER" if stops else "ADDRESS_NO_HOUSE_NUMBER_HINT")


def _private_door(where: Country, parts: splitting.Split, address: Address) -> bool:
    """Say whether a person's door has a number where a museum or a town hall needs none."""
    street, code = parts.street, address.postal_code
    if where.number in ("squares", "streets"):
        return is_square(street)
    named = STREET.search(street) is not None and not is_square(street)
    if where.rules == "IE":  # a house has a name instead, or an Eircode, which is one door's
        more = (*parts.rest, address.address2, address.address3, address.address4, code)
        return named and "," not in street and not any(more)
    cities = _CITY_CODES.get(where.rules)
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


def _postal_code(desk: Desk, where: Country) -> None:
    _town_field(desk, where)
    a = desk.address
    if not key(a.postal_code):
        if where.postal_code_required:
            desk.note("ADDRESS_POSTAL_CODE_MISSING")
        return
    result = postal.check(a.postal_code, a.town, where, desk.settings.repairs)
    if result.problem == "ADDRESS_POSTAL_CODE_FORMAT":
        desk.note(result.problem, country=where.iso, example=where.example)
    elif result.problem:
        desk.note(result.problem, country=where.iso)
    elif result.warning:
        desk.note(result.warning)
    if result.text != a.postal_code and not result.problem:
        desk.repair(result.repair, postal_code=result.text)
    name = territory(desk.address)
    if name:
        desk.note("ADDRESS_CUSTOMS_TERRITORY", territory=name)


def _town_field(desk: Desk, where: Country) -> None:
    """Take a postal code out of the town, and undo swapped fields."""
    a, pattern = desk.address, where.postal_code
    if pattern is None:
        return
    swapped = letters(a.postal_code) > 2 and not any(c.isdigit() for c in a.postal_code)
    if swapped and pattern.fullmatch(postal.spelled(a.town, where)):
        if desk.settings.repairs.postal_code:
            desk.repair("REPAIRED_POSTAL_CODE", postal_code=a.town, town=a.postal_code)
        else:
            desk.note("ADDRESS_FIELDS_SWAPPED")
        return
    match = TOWN_CODE.fullmatch(a.town) if a.town[:1].isalnum() else None
    if not match or not desk.settings.repairs.town or letters(match[2]) < 2:
        return
    inside = postal.spelled(match[1], where)
    if not pattern.fullmatch(inside):
        return
    if not a.postal_code or postal.spelled(a.postal_code, where) == inside:
        desk.repair("REPAIRED_TOWN", town=match[2], postal_code=a.postal_code or inside)


def _town(desk: Desk) -> None:
    town = desk.address.town
    where = desk.address.country
    if not town:
        known = country(where) if where else None
        if known is None or known.town_required:
            desk.note("ADDRESS_TOWN_MISSING")
        return
    if desk.has("ADDRESS_PLACEHOLDER", "town"):
        return
    count = letters(town)
    short = count < 2 and not (count == 1 and where in _ONE_LETTER_TOWNS)
    phone = re.search(r"(?:\d[\s/\-]?){8}", town)
    if short or phone or _CONTACT.search(town) or key(town) in COUNTRY_NAMES:
        desk.note("ADDRESS_TOWN_INVALID")


def _contacts(desk: Desk) -> None:
    a = desk.address
    email, phone = a.email.strip(), a.phone.strip()
    if desk.settings.check_email and email and not contact.email_ok(email):
        desk.note("ADDRESS_EMAIL_INVALID")
    if desk.settings.check_phone and phone and not contact.phone_ok(phone, a.country):
        desk.note("ADDRESS_PHONE_INVALID")


def _label(desk: Desk) -> None:
    limit = desk.settings.label_length
    if desk.settings.repairs.label_lines:
        spread = labels.spread(desk.address, limit)
        if spread != desk.address:
            desk.address = spread
            desk.repairs.append("REPAIRED_LABEL_LINES")
    for field, length in labels.long_lines(desk.address, limit):
        desk.note("ADDRESS_LABEL_LENGTH", field, length=length, limit=limit)
    for name in (*_NAMES, *_LINES, "town"):
        text = getattr(desk.address, name)
        if text and not is_latin(text):
            desk.note("ADDRESS_SCRIPT", name)
            break
