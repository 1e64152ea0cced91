"""Postal codes: spelling repaired where safe, form by Google's rules, existence by lists."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING

from include.core.address import places
from include.core.address.text import key

if TYPE_CHECKING:
    from include.core.address.countries import Country
    from include.core.quality.settings import Repairs

# Signs of the country in front of a code: ISO code, car sign, local word.
_CAR = {"DE": "D", "AT": "A", "BE": "B", "FR": "F", "IT": "I", "LU": "L", "ES": "E", "PT": "P",
        "SE": "S", "NO": "N", "FI": "FIN", "HU": "H", "SI": "SLO", "LI": "FL", "RS": "SRB",
        "GR": "TK"}  # fmt: skip
# The areas of British codes: the letters in front, for the post towns they are called after.
_POST_TOWNS = (
    "AB|AL|BA|BB|BD|BF|BH|BL|BN|BR|BS|BT|BX|B|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|"
    "DY|EC|EH|EN|EX|E|FK|FY|GL|GU|G|HA|HD|HG|HP|HR|HS|HU|HX|IG|IP|IV|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|"
    "LU|L|ME|MK|ML|M|NE|NG|NN|NP|NR|NW|N|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|"
    "SP|SR|SS|ST|SW|SY|S|TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|WS|WV|W|YO|ZE"
)
# First characters that no code of a country has, where no complete list says so.
_UNUSED = {iso: re.compile(start) for iso, start in {
    "FR": "00|96|99", "IT": "99", "ES": "00|5[3-9]|[6-9]", "LU": "0", "PT": "0", "GR": "[09]",
    "GB": rf"(?!(?:{_POST_TOWNS})\d|GIR)", "BG": "0", "LV": "(?:LV-)?[06-9]", "EE": "0",
    "SK": "[1-7]",
}.items()}  # fmt: skip
_MOST_ZEROS = 2  # "100" may be 00100; "10" is anything
_ZEROS_LOST = {
    "DE": 5, "FR": 5, "IT": 5, "NO": 4, "FI": 5, "PL": 5, "RO": 6, "SK": 5, "ES": 5, "LT": 5,
}  # fmt: skip
# Where no list says which town has a code that begins with zero: the towns that name a region.
_CAPITALS = {
    "ES": {
        "010": "vitoria|vitoriagasteiz|gasteiz", "020": "albacete", "030": "alicante|alacant",
        "040": "almeria", "050": "avila", "060": "badajoz", "070": "palma|palmademallorca",
        "080": "barcelona", "090": "burgos",
    },
    "LT": {"0": "vilnius"},
}  # fmt: skip
# Two letters of a form, cut where the code is written in two groups.
_SIGN_AND_CODE = re.compile(r"([A-Z]{1,3})\s*+[-–.:]?\s*+(\d[\d\s\-]*(?:[A-Z]{2})?)")
_GAPS, _SPACES = re.compile(r"[\s\-–./]"), re.compile(r"[\s.]")
_GROUP_SIGNS, _SPACE_OR_DASH = re.compile(r"[\-–/]"), re.compile(r"[\s\-]")
_FOUR_DIGITS, _NINE_DIGITS = re.compile(r"\d{4}"), re.compile(r"\d{9}")
_NO_DIGITS = re.compile(r"\D+")
_GROUPS = {"CZ": 3, "SK": 3, "SE": 3, "GR": 3, "NL": 4}


@dataclass(frozen=True, slots=True)
class PostalCode:
    """A code after repair: ``problem`` is the code of the rule it breaks, or ""."""

    text: str = attribute(repr=False)
    problem: str = ""
    repair: str = ""
    warning: str = ""


def check(code: str, town: str, where: Country, repairs: Repairs) -> PostalCode:
    """Check and, where allowed, repair a (clean, not empty) postal code."""
    text = code
    if repairs.postal_code:
        text = spelled(code, where)
    repair = "REPAIRED_POSTAL_CODE" if text != code else ""
    if not _fits(text, where):
        padded = _padded(text, town, where) if repairs.leading_zero else ""
        if not padded:
            return PostalCode(text, "ADDRESS_POSTAL_CODE_FORMAT", repair)
        text, repair = padded, "REPAIRED_LEADING_ZERO"
    problem, warning = _existence(text, town, where)
    return PostalCode(text, problem, repair, warning)


def _fits(text: str, where: Country) -> bool:
    if where.rules == "LV" and _FOUR_DIGITS.fullmatch(text):
        return True  # the prefix is part of the official form, and nobody writes it
    return where.postal_code is None or where.postal_code.fullmatch(text) is not None


def spelled(code: str, where: Country) -> str:
    """Return the code in its country's spelling; unchanged where that is not clear."""
    text = unicodedata.normalize("NFKC", code).upper().strip(" .,;:-")
    if where.postal_code is None:
        return text
    iso = where.rules
    signs = {iso, _CAR.get(iso, iso), "CH" if iso == "LI" else iso}
    if iso not in {"LV", "AD", "MT", "MD"}:
        match = _SIGN_AND_CODE.fullmatch(text)
        text = match[2] if match and match[1] in signs else text
    bare = _GAPS.sub("", text)
    shaped = _shaped(bare, iso)
    groups = [_SPACES.sub("", g) for g in _GROUP_SIGNS.split(text)]
    if len(groups) > 1 and groups != _SPACE_OR_DASH.split(shaped):
        return text  # "11000-53" lost or won a digit somewhere: nobody knows where
    if where.postal_code.fullmatch(shaped):
        return shaped
    return text if where.postal_code.fullmatch(text) else shaped if shaped == bare else text


def _shaped(bare: str, iso: str) -> str:
    """Put spaces and dashes where the country has them."""
    if iso in _GROUPS and len(bare) > _GROUPS[iso]:
        return f"{bare[: _GROUPS[iso]]} {bare[_GROUPS[iso] :]}"
    if iso in {"GB", "GG", "JE", "IM", "CA"} and len(bare) > 4 and not bare.startswith("BFPO"):
        return f"{bare[:-3]} {bare[-3:]}"
    cut = {"IE": (3, " "), "MT": (3, " "), "PL": (2, "-"), "PT": (4, "-")}.get(iso)
    if cut and len(bare) > cut[0]:
        return f"{bare[: cut[0]]}{cut[1]}{bare[cut[0] :]}"
    if iso == "LV":
        digits = bare.removeprefix("LV")
        return f"LV-{digits}"
    if iso == "US" and _NINE_DIGITS.fullmatch(bare):
        return f"{bare[:5]}-{bare[5:]}"
    if iso == "MD":
        return bare.removeprefix("MD")
    return bare


def _padded(text: str, town: str, where: Country) -> str:
    """Return the code with its lost zeros where the town says that it belongs there, else ""."""
    length = _ZEROS_LOST.get(where.rules)
    digits = _SPACE_OR_DASH.sub("", text)
    if (
        length is None
        or not digits.isascii()
        or not digits.isdigit()
        or len(digits) >= length
        or digits[0] == "0"
    ):
        return ""
    if length - len(digits) > _MOST_ZEROS:
        return ""
    full = _shaped(digits.zfill(length), where.rules)
    sure = _confirmed(full, town, where.rules, exactly=length - len(digits) == _MOST_ZEROS)
    return full if sure and _fits(full, where) else ""


def _confirmed(code: str, town: str, iso: str, *, exactly: bool) -> bool:
    """Say whether the town lies where the code does, by the list or as a region's capital."""
    known = places.belongs(iso, code, town)
    if exactly:
        return known is True
    if known is None:
        known = places.town_in_region(iso, code, town)
    capitals = _CAPITALS.get(iso, {}).items()
    return bool(known) or any(
        code.startswith(start) and key(town) in names.split("|") for start, names in capitals
    )


def _existence(text: str, town: str, where: Country) -> tuple[str, str]:
    """Return (problem, warning): a code that nobody has stops, one that may be private warns.

    Large recipients have codes of their own in their town's region, which no list names.
    """
    iso = where.rules
    digits = _NO_DIGITS.sub("", text)
    if digits and len(digits) > 2 and not digits.strip("0"):
        return "ADDRESS_POSTAL_CODE_IMPOSSIBLE", ""
    if iso in _UNUSED and _UNUSED[iso].match(text):
        return "ADDRESS_POSTAL_CODE_IMPOSSIBLE", ""
    if not places.region_exists(iso, text) and not (iso == "DE" and digits.startswith("11")):
        return "ADDRESS_POSTAL_CODE_IMPOSSIBLE", ""
    if places.exists(iso, text) is False:
        if places.town_in_region(iso, text, town) is False and not digits.startswith("11"):
            return "ADDRESS_POSTAL_CODE_IMPOSSIBLE", ""
        return "", "ADDRESS_POSTAL_CODE_UNKNOWN"
    if places.mismatch(iso, text, town):
        return "", "ADDRESS_TOWN_MISMATCH"
    return "", ""
