"""Check one delivery address: what stops it, what to warn of, what can be repaired safely."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from include.core.address import contact, labels, places, postal, stations, street
from include.core.address.countries import PLENTY_IDS, Country, country, territory
from include.core.address.desk import Desk
from include.core.address.placeholders import is_no_name, is_placeholder
from include.core.address.text import clean, is_latin, is_lost, key, letters
from include.core.address.words import CONTACT, COUNTRY_CODES, COUNTRY_NAMES, STREET, TOWN_CODE
from include.core.orders.models import Address
from include.core.quality.rules import Finding, found

if TYPE_CHECKING:
    from include.core.quality.settings import QualitySettings

_LINES = ("address1", "address2", "address3", "address4")
_NAMES = ("name1", "name2", "name3", "name4")
_TEXTS = (*_NAMES, *_LINES, "postal_code", "town", "state")
_PLENTY_NAME = {"postal_code": "postalCode"}
_PHONE = re.compile(r"(?:\d[\s/\-]?){8}")
# A check takes less than a thousandth of it, and reading the codes of the biggest country a fifth.
_SECONDS = 5
_ONE_LETTER_TOWNS = frozenset({"NO", "SE", "DK", "FR"})  # Å, Ö, Y


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


def check_address(
    address: Address | None, settings: QualitySettings, *, profile: int | None = None
) -> AddressResult:
    """Return the findings for a delivery address (plentymarkets contract 6.10); never raises.

    An empty ``country`` is looked up from ``country_id``. Findings are in the checks' order;
    `include.core.quality.rules.loudest` says which one decides. An address that a check fails
    on, or takes too long for, is ``ADDRESS_UNCHECKABLE``: a person looks at it, no other order
    waits.

    :param profile: plentymarkets' shipping profile, whose carrier may take shorter lines.
    """
    if address is None:
        return AddressResult(Address(), (found("ADDRESS_MISSING"),))
    desk = Desk(address, settings, settings.carrier_lines.get(profile or 0))
    endless = labels.endless(address)
    if endless:  # before anything costly looks at it
        desk.note("ADDRESS_TOO_LONG", endless[0], length=endless[1])
        return AddressResult(address, tuple(desk.findings))
    started = time.thread_time()  # the work of this address: no other task's and no pause
    for check in _CHECKS:
        try:
            check(desk)
        except Exception as error:
            return _uncheckable(address, type(error).__name__)
        if time.thread_time() - started > _SECONDS:
            return _uncheckable(address, f"> {_SECONDS} s")
    repairs = tuple(desk.repairs)
    return AddressResult(
        desk.address,
        (*desk.findings, *(found(code) for code in repairs)),
        repairs,
        desk.street,
        desk.number,
    )


def _uncheckable(address: Address, why: str) -> AddressResult:
    return AddressResult(address, (found("ADDRESS_UNCHECKABLE", why=why),))


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


def _country(desk: Desk) -> None:
    iso = desk.address.country.strip().upper() or PLENTY_IDS.get(desk.address.country_id, "")
    where = country(iso) if iso else None
    if where is None:
        desk.note("ADDRESS_COUNTRY_UNKNOWN")
        return
    desk.where = where
    code = {"UK": "GB", "EL": "GR"}.get(iso, iso)
    if code != desk.address.country:
        desk.address = replace(desk.address, country=code)
    wanted, unwanted = desk.settings.ship_to, desk.settings.not_ship_to
    if code in unwanted or (wanted and code not in wanted):
        desk.note("ADDRESS_COUNTRY_NOT_SHIPPED", country=code)


def _names(desk: Desk) -> None:
    filled = [(name, getattr(desk.address, name)) for name in _NAMES]
    filled = [(name, text) for name, text in filled if letters(text)]
    if not filled:
        desk.note("ADDRESS_NAME_MISSING")
    elif all(is_no_name(text) or CONTACT.search(text) for _, text in filled) or is_placeholder(
        " ".join(text for _, text in filled)
    ):
        desk.note("ADDRESS_PLACEHOLDER", filled[0][0])


def _places_filled(desk: Desk) -> None:
    """Find placeholders in street, town and postal code."""
    for name in ("address1", "town"):
        text = getattr(desk.address, name)
        if is_placeholder(text, town=name == "town"):
            desk.note("ADDRESS_PLACEHOLDER", name)


def _by_country(desk: Desk) -> None:
    where = desk.where
    if where is None:
        street.alone(desk)
        return
    _delivery_point(desk, where)
    _postal_code(desk, where)
    if where.state_required and not desk.address.state:
        desk.note("ADDRESS_STATE_MISSING", country=where.iso)


def _delivery_point(desk: Desk, where: Country) -> None:
    a = desk.address
    point = stations.station(
        desk.lines,
        a.post_number,
        (a.name4, a.name1, a.name2, a.name3),
        german=a.country == "DE",
    )
    if point:
        _station(desk, point)
    elif stations.is_military(*desk.lines, a.postal_code, f"{a.town} {a.state}"):
        desk.note("ADDRESS_MILITARY")
        desk.street = a.address1
    else:
        street.check(desk, where)


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
    elif pattern.fullmatch(postal.spelled(a.postal_code, where)):
        desk.note("ADDRESS_TOWN_INVALID")  # two codes, and nobody knows which is right


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
    phone = _PHONE.search(town)
    code = key(town) == key(desk.address.postal_code)
    house = any(c.isdigit() for c in town) and STREET.search(town) is not None
    two = places.are_two(where, town)
    abroad = key(town) in COUNTRY_NAMES or key(town) in COUNTRY_CODES.get(where, ())
    other = CONTACT.search(town) or abroad
    if short or phone or house or code or two or other:
        desk.note("ADDRESS_TOWN_INVALID")


def _contacts(desk: Desk) -> None:
    a = desk.address
    email, phone = a.email.strip(), a.phone.strip()
    if desk.settings.check_email and email and not contact.email_ok(email):
        desk.note("ADDRESS_EMAIL_INVALID")
    if desk.settings.check_phone and phone and not contact.phone_ok(phone, a.country):
        desk.note("ADDRESS_PHONE_INVALID")


def _label(desk: Desk) -> None:
    carrier, settings = desk.carrier, desk.settings
    limit = carrier.characters if carrier else settings.label_length
    if carrier.longer == "split" if carrier else settings.repairs.label_lines:
        spread = labels.spread(desk.address, limit)
        if spread != desk.address:
            desk.address = spread
            desk.repairs.append("REPAIRED_LABEL_LINES")
    stops = carrier is not None and carrier.longer != "warn"
    code = "ADDRESS_LINE_TOO_LONG" if stops else "ADDRESS_LABEL_LENGTH"
    for field, length in labels.long_lines(desk.address, limit):
        desk.note(code, field, length=length, limit=limit)
    for name in (*_NAMES, *_LINES, "town"):
        text = getattr(desk.address, name)
        if text and not is_latin(text):
            desk.note("ADDRESS_SCRIPT", name)
            break


_CHECKS = (
    _characters, _country, _names, _places_filled, _by_country, _town, _contacts, _label,
)  # fmt: skip
