"""Find street and house number in the lines a shop hands over.

Shops give the number apart, behind the street, in front of it, in the second or third line, or not
at all. Nothing is thrown away: what is neither street nor number comes back as ``rest``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import lru_cache

from include.core.address.text import letters
from include.core.address.words import (
    AFTER_NUMBER,
    DATE_END,
    DATE_ONLY,
    DATE_WORD,
    KILOMETRE,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    NUMBER_AND_TYPE,
    NUMBER_SIGN,
    NUMBERED_THING,
    STREET,
    UNIT_FIRST,
    UNIT_WORD,
)

Parts = tuple[str, str, tuple[str, ...]]  # street, number, further parts


@dataclass(frozen=True, slots=True)
class Split:
    """Street and house number; ``number`` is "" where none was found.

    ``rest`` are the other parts in their order. ``apart``: the lines already had this form.
    """

    street: str = attribute(repr=False)
    number: str = attribute(repr=False)
    rest: tuple[str, ...] = attribute(default=(), repr=False)
    apart: bool = False


_LETTER = r"[a-zA-Zа-яА-Яα-ωΑ-Ω](?![^\W\d_])"
# A letter belongs to the number unless it begins something else: "c/o", "m. 34", "B 12".
_ONE = rf"\d{{1,5}}(?:\s?{_LETTER}(?!['’.]|\s\d|/[oc]\b))?"
_ONE_TIGHT = rf"\d{{1,5}}(?:{_LETTER})?"
_JOIN = r"\s?(?:[-–—/+&]|\bu\.|\bund\b|\bbis\b(?=\s?\d)|\bà\b)\s?"
_DOORS = r"(?:\s?/\s?(?:stg|stiege|st|top|tür|t|haus|obj|block)\.?\s?\w{1,4})*"
_MORE = rf"(?:{_JOIN}(?:{_ONE}(?!\d|\.\s?[^\W\d_])|{_LETTER}|[IVX]{{1,4}}\b))*"
_SUFFIX = (
    r"(?:[\s\-]?(?:bis|ter|quater|hs|huis|rood|rosso|½)(?![^\W\d_])|\s1/2|"
    r"(?:\s|-)[IVX]{1,4}(?=$|[\s,]))?"
)
NUMBER = rf"{_ONE}{_MORE}{_DOORS}{_SUFFIX}"
# In front of the street a single letter is more often the start of the street's name.
_NUMBER_FIRST = (
    rf"{_ONE_TIGHT}(?:\s?[A-HQT](?=\s?,|\s+[a-zà-ÿ]))?(?:{_JOIN}{_ONE_TIGHT})*"
    r"(?:\s?(?:bis|ter|quater|[½])(?![^\W\d_]))?"
)

_PURE = re.compile(rf"(?:{NUMBER_SIGN}\s*)?({NUMBER})\.?", re.IGNORECASE)
_PURE_KM = re.compile(rf"{KILOMETRE}\s*\d+(?:[.,]\d+)?", re.IGNORECASE)
_TRAILING = re.compile(
    rf"(?:(?<![\w]){NUMBER_SIGN}\s*|(?P<km>(?<!\w){KILOMETRE}\s*)|(?<![\w/\-–'’]))(?P<num>{NUMBER})",
    re.IGNORECASE,
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
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_SQUARE = re.compile(
    r"([A-U])[\s,]*(\d{1,2})(?:\s*[,/]\s*|\s+|\s*-\s*)(\d{1,3}\s?[a-z]?(?:\s?[-–]\s?\d{1,3})?)",
    re.IGNORECASE,
)
_EDGE = " ,;-–/"
_LETTER_ONLY = re.compile(rf"(?:{_LETTER}|bis|ter|quater)(?:\s?-\s?{_LETTER})?", re.IGNORECASE)
_UNIT_AND_MORE = re.compile(
    rf"(?P<unit>{UNIT_FIRST.pattern}\s*\w{{1,4}})\s+(?P<line>\d.*)", re.IGNORECASE
)


def is_number(text: str) -> bool:
    """Say whether a text is nothing but a house number: ``12 a``, ``5 - 7``, ``Nr. 3``."""
    return _PURE.fullmatch(text) is not None or _PURE_KM.fullmatch(text) is not None


def bare(text: str) -> str:
    """Return a house number without its sign: ``Nr. 5`` is ``5``."""
    match = _PURE.fullmatch(text)
    return _tidy(match.group(1)) if match else _tidy(text)


def split(lines: tuple[str, str, str, str], country: str, *, number_first: bool,
          postal_code: str = "") -> Split:  # fmt: skip
    """Return street, number and the rest of the (clean) lines ``address1`` to ``address4``.

    :param country: ISO code whose customs of writing apply.
    :param number_first: the number stands in front of the street there.
    """
    return _split(
        lines, country, number_first, postal_code[:4] == "6816" or postal_code[:4] == "6815"
    )


@lru_cache(maxsize=20_000)
def _split(lines: tuple[str, str, str, str], country: str, first: bool, squares: bool) -> Split:
    one, two, *more = lines
    others = [t for t in more if t]
    if country == "DE" and squares:
        square = _mannheim(one, two)
        if square:
            return Split(*square, rest=tuple(others), apart=(one, two) == square)
    apart = _apart(one, two, country, first)
    if apart:
        return Split(*apart[:2], rest=(*apart[2], *others), apart=(one, two) == apart[:2])
    # A line that names a unit ("Gebäude 7") is only the street where no other line is.
    for place, line in sorted(enumerate(lines), key=lambda pair: _is_unit(pair[1])):
        parts = one_line(line, country, number_first=first) if line else None
        if not parts or (place and _is_unit(line)):
            continue
        rest = [t for p, t in enumerate(lines) if t and p != place]
        street, number, own = parts
        if place == 0 and two and _LETTER_ONLY.fullmatch(two):
            glue = "" if len(two) == 1 else " "
            return Split(street, f"{number}{glue}{two}", rest=(*own, *others))
        return Split(street, number, rest=(*own, *rest))
    for text in more:  # the number in a line of its own
        alone = is_number(text) or (country in NO_NUMBER_COUNTRIES and NO_NUMBER.fullmatch(text))
        if text and alone and letters(one):
            return Split(one, bare(text), rest=tuple(t for t in (two, *others) if t and t != text))
    if not letters(one) and not is_number(one):
        filled = [t for t in lines if letters(t)]
        if filled:
            return Split(filled[0], "", rest=tuple(filled[1:]))
    return Split(one, "", rest=tuple(t for t in (two, *others) if t), apart=True)


def _mannheim(one: str, two: str) -> tuple[str, str] | None:
    """Read the squares of Mannheim: "C 4, 6" is house 6 in block C 4."""
    whole = f"{one} {two}".strip()
    match = _SQUARE.fullmatch(whole)
    if match:
        return f"{match[1].upper()} {match[2]}", _tidy(match[3])
    return None


def _apart(
    one: str, two: str, country: str, first: bool
) -> tuple[str, str, tuple[str, ...]] | None:
    """Read street and number given in two fields, in either order."""
    if not one or not two:
        return None
    if is_number(two) and letters(one):
        number = bare(two)
        inner = one_line(one, country, number_first=first)
        if inner and _same(inner[1], number):
            return inner[0], inner[1], inner[2]
        return one, number, ()
    if NO_NUMBER.fullmatch(two) and country in NO_NUMBER_COUNTRIES and letters(one):
        return one, two, ()
    if is_number(one) and letters(two) and not _is_unit(two) and not AFTER_NUMBER.match(two):
        return two, bare(one), ()
    if letters(one) > 1 and two[0].isdigit() and not one_line(one, country, number_first=first):
        match = _PURE.match(two)  # "12 Top 5", "5, Hinterhaus"
        if match and match.end() < len(two):
            rest = two[match.end() :]
            if rest[0] in " ,;/(" and AFTER_NUMBER.match(rest):
                return one, _tidy(match[1]), (rest.strip(_EDGE),)
    return None


def _same(one: str, two: str) -> bool:
    return re.sub(r"\s", "", one).casefold() == re.sub(r"\s", "", two).casefold()


def _is_unit(text: str) -> bool:
    return UNIT_FIRST.match(text) is not None


def _tidy(number: str) -> str:
    """Return a house number in one spelling: ``12 a`` stays, ``5 – 7`` becomes ``5-7``."""
    text = re.sub(r"\s*([-–—/+])\s*", lambda m: "-" if m[1] in "–—" else m[1], number.strip(_EDGE))
    return re.sub(r"\s+", " ", text)


@lru_cache(maxsize=20_000)
def one_line(
    line: str, country: str, *, number_first: bool
) -> tuple[str, str, tuple[str, ...]] | None:
    """Split one line into street, number and further parts; None where it has no number."""
    first, _, others = line.partition(",")
    if others and _is_unit(first):
        inner = one_line(others.strip(), country, number_first=number_first)
        if inner:
            return inner[0], inner[1], (first, *inner[2])
    unit = _UNIT_AND_MORE.fullmatch(line)
    if unit:
        inner = one_line(unit["line"], country, number_first=number_first)
        if inner:
            return inner[0], inner[1], (unit["unit"], *inner[2])
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
            rest = parts[:place] + parts[place + 2 :]
            return following, bare(part), tuple(rest)
        match = _LEADING.fullmatch(part)
        if match and _may_be_street(match["street"]):
            street, inner = _cut_unit(match["street"])
            rest = parts[:place] + inner + parts[place + 1 :]
            return street, _tidy(match["num"]), tuple(rest)
    return None


def _cut_unit(street: str) -> tuple[str, list[str]]:
    """Cut a unit without a comma off a street: "Main St Apt 4B", "rue X bât B"."""
    match = re.search(
        r"\s+((?:apt|apartment|suite|ste|unit|flat|fl|floor|appt|b[âa]t|b[âa]timent|esc|bte|boîte)\.?\s+\w+.*)$",
        street,
        re.IGNORECASE,
    )
    return (street[: match.start()], [match[1]]) if match else (street, [])


def _may_be_street(text: str) -> bool:
    return (
        letters(text) > 1
        and not DATE_ONLY.fullmatch(text)
        and not (AFTER_NUMBER.match(text) and not STREET.search(text))
    )


def _trailing(line: str, country: str) -> Parts | None:
    """Read "Straße des 17. Juni 135", "Calle Mayor, 5, 3º B", "ul. Długa 12/34"."""
    loose = None
    for match in _TRAILING.finditer(line):
        street, rest = line[: match.start()].rstrip(_EDGE), line[match.end() :]
        if country in _UNITS_WITH_NUMBERS and UNIT_WORD.fullmatch(street.split(",")[-1].strip()):
            continue  # "nave 12", "Block 71": a unit's number, not a house's
        if not letters(street) or (NUMBERED_THING.search(street) and not match["km"]):
            continue
        if rest.startswith(".") and (len(rest) == 1 or AFTER_NUMBER.match(rest[1:])):
            rest = rest[1:]
        number = _tidy(f"km {match['num']}" if match["km"] else match["num"])
        if _YEAR.fullmatch(number) and DATE_END.search(street):
            continue
        if not rest.strip(_EDGE):
            return _street(street, number, ())
        if country == "FI" and re.fullmatch(r"\s[A-Za-z]?\s?\d{1,3}\s?[a-z]?", rest):
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


def _street(street: str, number: str, rest: tuple[str, ...]) -> Parts:
    """Take the part of ``street`` that is one, where commas give a choice."""
    parts = [p.strip() for p in street.split(",") if p.strip()]
    if len(parts) > 1:
        streets = [p for p in parts if STREET.search(p)] or parts[-1:]
        chosen = streets[-1]
        return chosen, number, (*(p for p in parts if p != chosen), *rest)
    return street, number, rest
