"""Read one address line: street, house number and what else stands in it."""

from __future__ import annotations

import re
from functools import lru_cache

from include.core.address.text import letters
from include.core.address.words import (
    AFTER_NUMBER,
    DATE_END,
    DATE_ONLY,
    DATE_WORD,
    FLOOR_FIRST,
    KILOMETRE,
    LOT,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    NUMBER_AND_TYPE,
    NUMBER_SIGN,
    NUMBERED_THING,
    STREET,
    UNIT_BEHIND,
    UNIT_FIRST,
    UNIT_WORD,
)

Parts = tuple[str, str, tuple[str, ...]]  # street, number, further parts

_LETTER = r"[a-zA-Zа-яА-Яα-ωΑ-Ω](?!\w)"
# A letter belongs to the number unless it begins something else: "c/o", "m. 34", "B 12".
_ONE = rf"\d{{1,5}}(?:\s?{_LETTER}(?!['’.]|\s\d|/[oc]\b))?"
_ONE_TIGHT = rf"\d{{1,5}}(?:{_LETTER})?"
_JOIN = r"\s?(?:[-–—/+&]|\bu\.|\bund\b|\bbis\b(?=\s?\d)|\bà\b)\s?"
_DOORS = r"(?:\s?/\s?(?:stg|stiege|st|top|tür|t|haus|obj|block)\.?\s?\w{1,4})*"
_MORE = rf"(?:{_JOIN}(?:{_ONE}(?!\d|\.\s?[^\W\d_])|{_LETTER}|[IVX]{{1,4}}\b))*"
_SUFFIX = (
    r"(?:[\s\-]?(?:bis|ter|quater|hs|huis|rood|zwart|rosso|½)(?![^\W\d_])"
    rf"(?:[\s\-]?{_LETTER})?|\s1/2|(?:\s|\s?-)[IVX]{{1,4}}(?=$|[\s,]))?"
)
NUMBER = rf"{_ONE}{_MORE}{_DOORS}{_SUFFIX}"
# In front of the street a single letter is more often the start of the street's name.
_NUMBER_FIRST = (
    rf"{_ONE_TIGHT}(?:\s?[A-HQT](?=\s?,|\s+[a-zà-ÿ]))?(?:{_JOIN}{_ONE_TIGHT})*"
    r"(?:\s?(?:bis|ter|quater|[½])(?![^\W\d_]))?"
)

_PURE = re.compile(rf"(?:{NUMBER_SIGN}\s*)?({NUMBER})\.?", re.IGNORECASE)
_PURE_KM = re.compile(rf"{KILOMETRE}\s*\d+(?:[.,]\d+)?", re.IGNORECASE)
_ROAD = re.compile(
    rf"(?P<street>.*?\w.*?)[\s,]+{KILOMETRE}\s*(?P<num>\d+(?:[.,]\d+)?)(?P<rest>(?:[\s,;(].*)?)",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    rf"(?:(?<![\w]){NUMBER_SIGN}\s*|(?<![\w/\-–'’]))(?P<num>{NUMBER})", re.IGNORECASE
)
_GLUED = re.compile(
    rf"(?P<street>.*[^\W\d_]{{3}}\.?)(?P<num>\d{{1,4}}(?:{_LETTER})?(?:-\d{{1,4}})?)"
)
_LEADING = re.compile(
    rf"(?:{NUMBER_SIGN}\s*)?(?P<num>{_NUMBER_FIRST})(?:\s*[,;]\s*|\s+)"
    r"(?P<street>(?:[^\W\d_]|\d{1,3}(?:st|nd|rd|th|e|er|ème)\b).+)",
    re.IGNORECASE,
)
_SIGN_NUMBER = re.compile(rf"(?P<street>.*\S)[\s,]+(?P<num>{NO_NUMBER.pattern})\.?", re.IGNORECASE)
_UNITS_WITH_NUMBERS = frozenset({"ES", "IT", "PT", "GB", "IE", "FR", "US", "CA", "AU"})
_LOTS = frozenset({"ES", "PT", "IT"})
_UNIT_END = re.compile(rf"(?:.*[\s,/])?(?:{UNIT_WORD.pattern})", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_EDGE = " ,;-–/"
_FINNISH_FLAT = re.compile(r"\s[A-Za-z]?\s?\d{1,3}\s?[a-z]?")
_COMMA_OR_DASH = re.compile(r"\s*,\s*|\s+[-–]\s+")
_UNIT_AND_MORE = re.compile(
    rf"(?P<unit>{UNIT_FIRST.pattern}\s*\w{{1,4}})\s+(?P<line>\d.*)", re.IGNORECASE
)


def is_number(text: str) -> bool:
    """Say whether a text is nothing but a house number: ``12 a``, ``5 - 7``, ``Nr. 3``."""
    return _PURE.fullmatch(text) is not None or _PURE_KM.fullmatch(text) is not None


def bare(text: str) -> str:
    """Return a house number without its sign: ``Nr. 5`` is ``5``."""
    match = _PURE.fullmatch(text)
    return tidy(match.group(1)) if match else tidy(text)


def is_unit(text: str) -> bool:
    """Say whether a text names a unit inside a house or site: "Gebäude 7", "Flat 3"."""
    return UNIT_FIRST.match(text) is not None


def tidy(number: str) -> str:
    """Return a house number in one spelling: ``12 a`` stays, ``5 – 7`` becomes ``5-7``."""
    text = re.sub(r"\s*([-–—/+])\s*", lambda m: "-" if m[1] in "–—" else m[1], number.strip(_EDGE))
    return re.sub(r"\s+", " ", text)


def number_field(text: str, country: str) -> tuple[str, tuple[str, ...]] | None:
    """Read the field of the house number: "12 Top 5", "4 C 33", "nr. 4 bl. 12"; None if none.

    A floor ("3. Stock") and a whole street ("12 rue de la Paix") are no number.
    """
    if FLOOR_FIRST.match(text) or starts_street(text):
        return None
    stand_in = "Xxx"  # a street that says nothing: what is left of the line is the number's
    parts = _trailing(f"{stand_in} {text}", country)
    return parts[1:] if parts and parts[0] == stand_in else None


def starts_street(text: str) -> bool:
    """Say whether a number and a street begin the text: "12 rue de la Paix"."""
    match = _LEADING.fullmatch(text)
    return match is not None and STREET.search(match["street"]) is not None


@lru_cache(maxsize=20_000)
def one_line(line: str, country: str, *, number_first: bool) -> Parts | None:
    """Split one line into street, number and further parts; None where it has no number."""
    unit, *others = _COMMA_OR_DASH.split(line, maxsplit=1)
    if others and is_unit(unit):
        inner = one_line(others[0], country, number_first=number_first)
        if inner:
            return inner[0], inner[1], (unit, *inner[2])
    match = _UNIT_AND_MORE.fullmatch(line)
    if match:
        inner = one_line(match["line"], country, number_first=number_first)
        if inner:
            return inner[0], inner[1], (match["unit"], *inner[2])
    if number_first:
        found = _leading(line)
        middle = None if found else NUMBER_AND_TYPE.fullmatch(line)
        if middle:
            inner = _leading(middle["line"])
            return (inner[0], inner[1], (middle["before"], *inner[2])) if inner else None
        return found or _trailing(line, country)
    return _trailing(line, country) or _leading(line)


def _leading(line: str) -> Parts | None:
    """Read "12 bis, rue de la Paix, 2e étage" and "Flat 3, 12 High Street"."""
    parts = [p.strip() for p in re.split(r"[,;]", line) if p.strip()]
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else ""
        if following and is_number(part) and _may_be_street(following):
            street, inner = _cut_unit(following)
            rest = parts[:place] + inner + parts[place + 2 :]
            return street, bare(part), tuple(rest)
        match = _LEADING.fullmatch(part)
        if match and _may_be_street(match["street"]):
            street, inner = _cut_unit(match["street"])
            rest = parts[:place] + inner + parts[place + 1 :]
            return street, tidy(match["num"]), tuple(rest)
    return None


def _cut_unit(street: str) -> tuple[str, list[str]]:
    """Cut a unit without a comma off a street: "Main St Apt 4B", "rue X - bât B"."""
    match = UNIT_BEHIND.search(street)
    return (street[: match.start()], [match["unit"]]) if match else (street, [])


def _may_be_street(text: str) -> bool:
    return (
        letters(text) > 1
        and not DATE_ONLY.fullmatch(text)
        and not (AFTER_NUMBER.match(text) and not STREET.search(text))
    )


def _trailing(line: str, country: str) -> Parts | None:
    """Read "Straße des 17. Juni 135", "Calle Mayor, 5, 3º B", "ul. Długa 12/34"."""
    road = _ROAD.fullmatch(line)
    if road:
        rest = road["rest"].strip(_EDGE)
        return _street(road["street"].rstrip(_EDGE), f"km {road['num']}", (rest,) if rest else ())
    lot = LOT.fullmatch(line) if country in _LOTS else None
    if lot and not re.search(r"\d", lot["street"]):
        rest = lot["rest"].strip(_EDGE)
        return _street(lot["street"].rstrip(_EDGE), lot["num"], (rest,) if rest else ())
    loose = None
    for match in _TRAILING.finditer(line):
        street, rest = line[: match.start()].rstrip(_EDGE), line[match.end() :]
        if not letters(street) or NUMBERED_THING.search(street) or _unit_stands(street, country):
            continue
        if rest.startswith(".") and (len(rest) == 1 or AFTER_NUMBER.match(rest[1:])):
            rest = rest[1:]
        number = tidy(match["num"])
        if _YEAR.fullmatch(number) and DATE_END.search(street):
            continue
        if not rest.strip(_EDGE):
            return _street(street, number, ())
        if country == "FI" and _FINNISH_FLAT.fullmatch(rest):
            return _street(street, f"{number}{rest}", ())
        if rest[0] in ",;(" or AFTER_NUMBER.match(rest):
            return _street(street, number, (rest.strip(_EDGE),))
        if rest[0] == " " and not DATE_WORD.match(rest) and not re.search(r"\d", rest):
            loose = loose or (street, number, rest)
    none = _SIGN_NUMBER.fullmatch(line)
    if none and country in NO_NUMBER_COUNTRIES:
        return _street(none["street"].rstrip(_EDGE), none["num"], ())
    glued = _GLUED.fullmatch(line)
    if glued and not NUMBERED_THING.search(glued["street"]):
        return _street(glued["street"], glued["num"], ())
    return _street(loose[0], loose[1], (loose[2].strip(_EDGE),)) if loose else None


def _unit_stands(before: str, country: str) -> bool:
    """Say whether the number behind ``before`` is a unit's: "nave 12", "16 rue X bte 3"."""
    if country in _UNITS_WITH_NUMBERS and UNIT_WORD.fullmatch(before.split(",")[-1].strip()):
        return True
    return re.search(r"\d", before) is not None and _UNIT_END.fullmatch(before) is not None


def _street(street: str, number: str, rest: tuple[str, ...]) -> Parts:
    """Take the part of ``street`` that is one, where commas give a choice."""
    parts = [p.strip() for p in street.split(",") if p.strip()]
    if len(parts) > 1:
        streets = [p for p in parts if STREET.search(p)] or parts[-1:]
        chosen = streets[-1]
        return chosen, number, (*(p for p in parts if p != chosen), *rest)
    return street, number, rest
