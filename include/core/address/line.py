"""Read one address line: street, house number and what else stands in it."""

from __future__ import annotations

import re
from functools import lru_cache

from include.core.address.pick_up import is_pick_up
from include.core.address.text import letters
from include.core.address.units import cut_ahead, is_door, is_sole_part
from include.core.address.words import (
    AFTER_NUMBER,
    ARTICLE_END,
    DATE_END,
    DATE_ONLY,
    DATE_WORD,
    FLOOR_FIRST,
    KILOMETRE,
    LOT,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    NUMBER_SIGN,
    NUMBERED_THING,
    ORDINAL_FLOOR,
    STREET,
    TYPE_ONLY,
    UNIT_BEHIND,
    UNIT_FIRST,
    UNIT_WORD,
    UNITS,
    is_square,
)

Parts = tuple[str, str, tuple[str, ...]]  # street, number, further parts

_LETTER = r"[a-zA-Zа-яА-Яα-ωΑ-Ω](?!\w)"
# A letter belongs to the number unless it begins something else: "c/o", "m. 34", "B 12".
_ONE = rf"\d{{1,5}}(?:\s?(?!r/c\b){_LETTER}(?!['’.]|\s\d|/o\b))?"
_ONE_TIGHT = rf"\d{{1,5}}(?:{_LETTER})?"
_JOIN = r"\s?(?:[-–—/+&]|:(?=\d)|\bu\.|\bund\b|\bbis\b(?=\s?\d)|\bà\b)\s?"
_DOORS = r"(?>(?:\s?/\s?(?:stg|stiege|st|top|tür|t|haus|obj|block)\.?\s?\w{1,4})*)"
# Atomic, as every repetition of things that can be read in two ways: else each of them doubles the
# work of a text that does not match in the end.
_MORE = (
    rf"(?>(?:{_JOIN}(?!{FLOOR_FIRST.pattern}|r/c\b|\d{{5}})(?:{_ONE}(?!\d|\.\s?[^\W\d_]{{2}}|\.?\s?[ºª°])|"
    rf"{_LETTER}|[A-Z]\d{{1,3}}(?!\w)|[IVX]{{1,4}}[A-Z]?\b))*)"
)
_SUFFIX = (
    r"(?:[\s\-/]?(?:bis|ter|quater|hs|huis|rood|zwart|rosso|½)"
    rf"(?:[\s\-]?{_LETTER}|(?![^\W\d_]|\.\s?\d))|\s1/2|(?:\s|\s?-)[IVX]{{1,4}}(?=$|[\s,]))?"
)
NUMBER = rf"{_ONE}{_MORE}{_DOORS}{_SUFFIX}"
# In front of the street a single letter is more often the start of the street's name.
_NUMBER_FIRST = (
    rf"{_ONE_TIGHT}(?:\s?[A-HQT](?=\s?,|\s+[a-zà-ÿ]))?(?:{_JOIN}{_ONE_TIGHT})*"
    r"(?:\s?(?:bis|ter|quater|[½])(?![^\W\d_])(?:\s[A-H](?=\s))?)?"
)

_PURE = re.compile(rf"(?:{NUMBER_SIGN}\s*)?({NUMBER})\.?", re.IGNORECASE)
_PURE_KM = re.compile(rf"{KILOMETRE}\s*\d+(?:[.,]\d+)?", re.IGNORECASE)
_ROAD = re.compile(
    rf"(?<![\s,])[\s,]+{KILOMETRE}\s*(?P<num>\d+(?:[.,]\d+)?)(?=$|[\s,;(])", re.IGNORECASE
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
_SIGN_NUMBER = re.compile(
    rf"(?P<street>.*[^\s,])[\s,]+(?P<num>{NO_NUMBER.pattern})\.?(?P<rest>(?:\s*[,;(].*)?)",
    re.IGNORECASE,
)
_UNITS_WITH_NUMBERS = frozenset({"ES", "IT", "PT", "GB", "IE", "FR", "US", "CA", "AU"})
_LOTS = frozenset({"ES", "PT", "IT"})
_UNIT_END = re.compile(rf"(?:.*[\s,/])?(?:{UNIT_WORD.pattern})", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_SIGNS = re.compile(r"(?<!\s)\s*([-–—/+])\s*")
_GROUND_FLOOR = re.compile(r"^st\.?(?!\w)\s*", re.IGNORECASE)
_CONSCRIPTION = re.compile(
    r"(?<!\w)(?:[cč]\.?\s?[pd]\.?|[cč][íi]slo\s+(?:popisn[ée]|domu)|s[úu]p\.\s?[cč]\.)\s*(?=\d)",
    re.IGNORECASE,
)
_COMMAS, _DIGIT = re.compile(r"[,;]"), re.compile(r"\d")
_MOST_PARTS = 12  # of a line that are looked at one by one
_EDGE = " ,;-–/"
_BEFORE_NUMBER = " ,;-–/("
# "12 A 5": stairs and flat belong to the number in Finland, letter and room in the Netherlands.
_LETTER_AND_ROOM = (
    rf"\s[A-Za-z](?!\w)(?:(?!\s?{FLOOR_FIRST.pattern})\s?\d{{1,3}}\s?[a-z]?(?![\w.]))?"
)
_STAIRS = {
    **dict.fromkeys(("DK", "NO", "SE"), re.compile(r"\s[A-Za-z](?=\s\d{1,3}(?!\d))")),
    "FI": re.compile(rf"{_LETTER_AND_ROOM}|\s\d{{1,3}}\s?[a-z]?(?![\w.])"),
    "NL": re.compile(_LETTER_AND_ROOM),
}
_SEPARATED = re.compile(r"\s?[,;(/]|\s[-–]\s")
_SIGN_AHEAD = re.compile(rf"[\s,]*{NUMBER_SIGN}\s*\d", re.IGNORECASE)
_ROAD_NAME = re.compile(r"(?:[ABDELN]|RN|RD|CD|S[PS]|VC)\.?\s?\d{1,4}\w?", re.IGNORECASE)
_ROAD_BEFORE_N = re.compile(
    r"(?:ctra|carretera|autov[íi]a|route|rte|estrada|nationale?)\.?\s+n$", re.IGNORECASE
)
_BARE_N = frozenset({"ES", "IT", "PT", "FR"})
_COMMA_OR_DASH = re.compile(r"(?<!\s)(?:\s*,\s*|\s+[-–]\s+)")
_ORDINAL = re.compile(r"\d{1,2}(?:e|ste|de)\s", re.IGNORECASE)  # "1e Helmersstraat"
_MIDDLE = re.compile(r"(?<=[\s,\-])\d{1,4}(?!\d)")
_UNIT_AND_MORE = re.compile(
    rf"(?P<unit>{UNIT_FIRST.pattern}\s*\w{{1,4}})\s+(?P<line>\d.*)", re.IGNORECASE
)


def conscription(line: str, country: str) -> str:
    """Return a line with its "c.p. 45" or "č. d. 45" in one spelling: a house's number there.

    Elsewhere "C.P." is a PO box.
    """
    return _CONSCRIPTION.sub("č.p. ", line) if country in {"CZ", "SK"} else line


def is_number(text: str) -> bool:
    """Say whether a text is nothing but a house number: ``12 a``, ``5 - 7``, ``Nr. 3``."""
    return _PURE.fullmatch(text) is not None or _PURE_KM.fullmatch(text) is not None


def bare(text: str) -> str:
    """Return a house number without its sign: ``Nr. 5`` is ``5``."""
    match = _PURE.fullmatch(text)
    return tidy(match.group(1)) if match else tidy(text)


def is_unit(text: str) -> bool:
    """Say whether a text names a unit, "Gebäude 7", or a pick-up point: no street beside one."""
    return (
        UNIT_FIRST.match(text) is not None
        or is_sole_part(text)
        or is_units(text)
        or is_pick_up(text)
    )


def is_units(text: str) -> bool:
    """Say whether a text is nothing but units of a house: "sc. B, et. 3, ap. 14", "1. tv."."""
    return UNITS.fullmatch(text) is not None


def after_number(text: str) -> bool:
    """Say whether a text can only follow a house number: a door, a floor, a person."""
    return _SEPARATED.match(text) is not None or AFTER_NUMBER.match(text) is not None


def tidy(number: str) -> str:
    """Return a house number in one spelling: ``12 a`` stays, ``5 – 7`` becomes ``5-7``."""
    text = _SIGNS.sub(lambda m: "-" if m[1] in "–—" else m[1], number.strip(_EDGE))
    return " ".join(text.split())


def number_field(
    text: str, country: str, *, number_first: bool
) -> tuple[str, tuple[str, ...]] | None:
    """Read the field of the house number: "12 Top 5", "4 C 33", "nr. 4 bl. 12"; None if none.

    A floor ("3. Stock") and a whole street ("12 rue de la Paix") are no number.
    """
    if FLOOR_FIRST.match(text) or is_units(text) or starts_street(text):
        return None
    match = _TRAILING.match(text)
    if match is None:
        return None
    number, rest = _with_stairs(match["num"], text[match.end() :], country)
    rest = rest.removeprefix(".")
    if rest and (rest[0].isalnum() or DATE_WORD.match(rest)):
        return None
    if number_first and rest and not after_number(rest):
        return None
    return tidy(number), _more(rest)


def _more(rest: str) -> tuple[str, ...]:
    """Return what follows a number as a part of its own, without the marks that set it off."""
    text = rest.strip(_EDGE)
    if text.startswith("(") and text.find(")") in {-1, len(text) - 1}:
        text = text.strip("()")
    elif "(" not in text:
        text = text.replace(")", "")
    text = text.strip(_EDGE)
    return (text,) if text else ()


def _with_stairs(number: str, rest: str, country: str) -> tuple[str, str]:
    match = _STAIRS[country].match(rest) if country in _STAIRS else None
    if match and (match.end() == len(rest) or rest[match.end()] in " ,;("):
        return f"{number}{match[0]}", rest[match.end() :]
    return number, rest


def starts_street(text: str) -> bool:
    """Say whether a number and a street begin the text: "12 rue de la Paix"."""
    match = _LEADING.fullmatch(text)
    return match is not None and STREET.search(_without_door(match["street"])) is not None


def _without_door(text: str) -> str:
    """Cut a Danish ground floor off the front: "st. th" is no street, "St. James Street" is one."""
    return _GROUND_FLOOR.sub("", text)


def is_road_name(text: str) -> bool:
    """Say whether a text is the name of a road by its number: "D 2085"."""
    return _ROAD_NAME.fullmatch(text) is not None


@lru_cache(maxsize=20_000)
def one_line(line: str, country: str, *, number_first: bool) -> Parts | None:
    """Split one line into street, number and further parts; None where it has no number.

    Where commas part it, the street is the part that looks like one: "Klinik, Station 4, Ring 5".
    """
    found = _whole_line(line, country, number_first)
    if found is None or looks_like_street(found[0]):
        return found
    sole = bool(found[2]) and is_sole_part(f"{found[0]} {found[1]}")
    parts = _COMMA_OR_DASH.split(line)
    for place, part in enumerate(parts[:_MOST_PARTS] if len(parts) > 1 else ()):
        inner = _whole_line(part, country, number_first)
        if inner and STREET.search(inner[0]) and not is_unit(part):
            return inner[0], inner[1], (*parts[:place], *inner[2], *parts[place + 1 :])
    return None if sole else found  # "Klinikum, Station 4": the number is a station's


def looks_like_street(text: str) -> bool:
    """Say whether a text has the form of a street's or a square's name, not just of any name."""
    return STREET.search(text) is not None or is_square(text)


def _whole_line(line: str, country: str, number_first: bool) -> Parts | None:
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
        return found or _in_the_middle(line) or _trailing(line, country)
    return _trailing(line, country) or (None if _ORDINAL.match(line) else _leading(line))


def _leading(line: str) -> Parts | None:
    """Read "12 bis, rue de la Paix, 2e étage" and "Flat 3, 12 High Street"."""
    parts = [p.strip() for p in _COMMAS.split(line) if p.strip()]
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


def _in_the_middle(line: str) -> Parts | None:
    """Read "Hôtel de Ville 1 place ..." and "Ivy Cottage 4 Church Lane": a name goes first."""
    for match in _MIDDLE.finditer(line):
        before = line[: match.start()].strip(_EDGE)
        inner = _leading(line[match.start() :]) if letters(before) else None
        if STREET.search(before):
            return None
        if UNIT_WORD.fullmatch(before.split()[-1] if before else ""):
            continue  # "Unit 3, Chapel Street" has no number
        if inner and (STREET.search(inner[0]) or is_square(inner[0])):
            return inner[0], inner[1], (before, *inner[2])
    return None


def _cut_unit(street: str) -> tuple[str, list[str]]:
    """Cut a unit without a comma off a street: "Main St Apt 4B", "rue X - bât B"."""
    match = UNIT_BEHIND.search(street)
    return (street[: match.start()], [match["unit"]]) if match else (street, [])


def _may_be_street(text: str) -> bool:
    return (
        (letters(text) > 1 or is_road_name(text))
        and not DATE_ONLY.fullmatch(text)
        and not (AFTER_NUMBER.match(text) and not STREET.search(text))
    )


def _trailing(line: str, country: str) -> Parts | None:
    """Read "Straße des 17. Juni 135", "Calle Mayor, 5, 3º B", "ul. Długa 12/34"."""
    road = _ROAD.search(line)
    if road and road.start():
        street = line[: road.start()].rstrip(_BEFORE_NUMBER)
        return _street(street, f"km {road['num']}", _more(line[road.end() :]))
    lot = LOT.fullmatch(line) if country in _LOTS else None
    if lot and not _DIGIT.search(lot["street"]):
        return _street(lot["street"].rstrip(_BEFORE_NUMBER), lot["num"], _more(lot["rest"]))
    for match in _TRAILING.finditer(line):
        street, rest = line[: match.start()].rstrip(_BEFORE_NUMBER), line[match.end() :]
        if country in _BARE_N and street.endswith((" n", " N")):
            street = street if _ROAD_BEFORE_N.search(street) else street[:-2]
        if _belongs_to_name(street, match["num"], rest, country):
            continue
        number, rest = _with_stairs(match["num"], rest, country)
        if rest.startswith(".") and (
            country == "HU" or len(rest) == 1 or AFTER_NUMBER.match(rest[1:])
        ):
            rest = rest[1:]
        more = _more(rest)
        if not more or after_number(rest):
            return _street(street, tidy(number), more)
        if rest[0] != " ":
            continue
        if _is_named(street) and not _street_ahead(rest):
            return _street(street, tidy(number), more)
    none = _SIGN_NUMBER.fullmatch(line)
    if none and country in NO_NUMBER_COUNTRIES:
        return _street(none["street"].rstrip(_BEFORE_NUMBER), none["num"], _more(none["rest"]))
    glued = _GLUED.fullmatch(line)
    if glued and not NUMBERED_THING.search(glued["street"]):
        return _street(glued["street"], glued["num"], ())
    return None


def _belongs_to_name(before: str, number: str, rest: str, country: str) -> bool:
    """Say whether a number is part of a street's name, a road's or a unit's: no house number.

    "Straße des 17. Juni", "Plein 1944 nr. 5", "RN 7", "Calle 2 de Mayo", "nave 12".
    """
    return (
        not letters(before)
        or NUMBERED_THING.search(before) is not None
        or _unit_stands(before, country)
        or is_door(before, number, rest, country)
        or ARTICLE_END.search(before) is not None
        or DATE_WORD.match(rest) is not None
        or ORDINAL_FLOOR.match(f"{number}{rest}") is not None
        or _SIGN_AHEAD.match(rest) is not None
        or (_YEAR.fullmatch(number) is not None and DATE_END.search(before) is not None)
    )


def _street_ahead(rest: str) -> bool:
    """Say whether the street's name goes on behind a number: "Christian 4. Vej 22"."""
    head = _without_door(_DIGIT.split(rest, maxsplit=1)[0].strip())
    return len(head) > 3 and STREET.search(head) is not None


def _is_named(street: str) -> bool:
    """Say whether a text can be a street with its name: "Via Roma", not just "Via"."""
    return letters(street) > 2 and TYPE_ONLY.fullmatch(street) is None


def _unit_stands(before: str, country: str) -> bool:
    """Say whether the number behind ``before`` is a unit's: "nave 12", "16 rue X bte 3"."""
    if country in _UNITS_WITH_NUMBERS and UNIT_WORD.fullmatch(before.split(",")[-1].strip()):
        return True
    return _DIGIT.search(before) is not None and _UNIT_END.fullmatch(before) is not None


def _street(street: str, number: str, rest: tuple[str, ...]) -> Parts:
    """Take the part of ``street`` that is one, where commas give a choice."""
    ahead = cut_ahead(street)
    if ahead:
        return ahead[1], number, (ahead[0], *rest)
    parts = [p.strip() for p in street.split(",") if p.strip()]
    if len(parts) > 1:
        streets = [p for p in parts if STREET.search(p)] or parts[-1:]
        chosen = streets[-1]
        return chosen, number, (*(p for p in parts if p != chosen), *rest)
    return street, number, rest
