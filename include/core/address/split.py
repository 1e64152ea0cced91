"""Find street and house number in the lines a shop hands over.

Shops give the number apart, behind the street, in front of it, in the second or third line, or not
at all. Nothing is thrown away: what is neither street nor number comes back as ``rest``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import lru_cache

from include.core.address import overseas
from include.core.address.line import (
    Parts,
    after_number,
    bare,
    is_number,
    is_unit,
    looks_like_street,
    number_field,
    one_line,
    tidy,
)
from include.core.address.text import letters
from include.core.address.units import cut_behind, ends_in_unit
from include.core.address.words import (
    ESTATE,
    NO_NUMBER,
    NO_NUMBER_COUNTRIES,
    STREET,
    is_square,
)

Lines = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Split:
    """Street and house number; ``number`` is "" where none was found.

    ``rest`` are the other parts in their order. ``apart``: the lines already had this form.
    """

    street: str = attribute(repr=False)
    number: str = attribute(repr=False)
    rest: tuple[str, ...] = attribute(default=(), repr=False)
    apart: bool = False


_SQUARE_OF_MANNHEIM = re.compile(
    r"([A-U])[\s,]*(\d{1,2})(?:\s*[,/]\s*|\s+|\s*-\s*)(\d{1,3}\s?[a-z]?(?:\s?[-–]\s?\d{1,3})?)",
    re.IGNORECASE,
)
_BLOCK_OF_ESTATE = re.compile(
    r"(?P<street>.*[^\s,])[\s,]+(?P<num>(?:bl|blok|бл|блок)\.?\s?\d{1,4}[a-zа-я]?(?!\w))(?P<rest>.*)",
    re.IGNORECASE,
)
_HOUSE = re.compile(r"(?:haus|hs)\.?\s?\d{1,4}\s?[a-z]?", re.IGNORECASE)
_HOUSES = frozenset({"DE", "AT", "CH", "LI"})
_LETTER_ONLY = re.compile(
    r"(?:[a-zA-Zа-яА-Яα-ωΑ-Ω]|bis|ter|quater)(?:\s?-\s?[a-zA-Z])?", re.IGNORECASE
)


def split(lines: Lines, country: str, *, number_first: bool, postal_code: str = "") -> Split:
    """Return street, number and the rest of the (clean) lines ``address1`` to ``address4``.

    :param country: ISO code whose customs of writing apply.
    :param number_first: the number stands in front of the street there.
    """
    squares = country == "DE" and postal_code[:4] in {"6815", "6816"}  # Mannheim's centre
    return _split(lines, country, number_first, squares)


@lru_cache(maxsize=20_000)
def _split(lines: Lines, country: str, first: bool, squares: bool) -> Split:
    one, two, *more = lines
    others = [t for t in more if t]
    square = _mannheim(one, two) if squares else None
    if square:
        street, number, own = square
        return Split(street, number, (*own, *others), apart=(one, two) == (street, number))
    block = _estate(lines) if country == "BG" else None
    if block:
        return block
    abroad = overseas.read(lines, country)
    if abroad:
        street, number, own = abroad
        return Split(street, number, own, apart=(one, two) == (street, number) or not number)
    apart = _apart(one, two, country, first)
    if apart:
        return Split(*apart[:2], rest=(*apart[2], *others), apart=(one, two) == apart[:2])
    # A line that names a unit ("Gebäude 7") is only the street where no other line is, and one
    # that looks like a street is it rather than one that could be any name with a number.
    found = [(one_line(t, country, number_first=first) if t else None) for t in lines]
    order = sorted(
        range(len(lines)),
        key=lambda p: (is_unit(lines[p]), not _like_street(found[p])),
    )
    for place in order:
        line, parts = lines[place], found[place]
        if not parts or (place and is_unit(line)):
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
    house = _HOUSE.fullmatch(two) if country in _HOUSES else None
    if house and letters(one):  # "Wiesengrund", "Haus 5": no other number, so it is the house's
        return Split(one, two, rest=tuple(others), apart=True)
    return _without_number(lines, country)


def _estate(lines: Lines) -> Split | None:
    """Read a Bulgarian estate, whose blocks are its houses: "zh.k. Mladost 3, bl. 305, vh. B"."""
    if not ESTATE.match(lines[0]):
        return None
    match = _BLOCK_OF_ESTATE.fullmatch(", ".join(t for t in lines if t))
    if match is None:
        return None
    rest = match["rest"].strip(" ,;")
    apart = lines[:2] == (match["street"], match["num"])
    return Split(match["street"], match["num"], (rest,) if rest else (), apart=apart)


def _like_street(parts: Parts | None) -> bool:
    return parts is not None and looks_like_street(parts[0])


def _without_number(lines: Lines, country: str) -> Split:
    """Take the line that is most like a street, the first where none is."""
    filled = [t for t in lines if letters(t)] if not is_number(lines[0]) else []
    if not filled:
        return Split(lines[0], "", rest=tuple(t for t in lines[1:] if t), apart=True)
    streets = (
        [t for t in filled if STREET.search(t)] or [t for t in filled if is_square(t)] or filled
    )
    street = filled[0] if filled[0] in streets else streets[0]
    rest = tuple(t for t in lines if t and t != street)
    unit, _, behind = street.partition(",")
    if is_unit(unit) and STREET.search(behind.strip()):  # "Flat 2, Bridge Street"
        return Split(behind.strip(), "", rest=(unit, *rest))
    cut = cut_behind(street, country)
    if cut:
        return Split(cut[0], "", rest=(cut[1], *rest))
    return Split(street, "", rest=rest, apart=street == lines[0])


def _mannheim(one: str, two: str) -> Parts | None:
    """Read the squares of Mannheim: "C 4, 6" is house 6 in block C 4."""
    whole = f"{one} {two}".strip()
    match = _SQUARE_OF_MANNHEIM.match(whole)
    if match is None:
        return None
    rest = whole[match.end() :]
    if rest and not after_number(rest):
        return None
    more = rest.strip(" ,;-–/()")
    return f"{match[1].upper()} {match[2]}", tidy(match[3]), (more,) if more else ()


def _apart(one: str, two: str, country: str, first: bool) -> Parts | None:
    """Read street and number given in two fields, in either order."""
    if not one or not two:
        return None
    if is_number(two) and letters(one) and not ends_in_unit(one, country):
        number = bare(two)
        inner = one_line(one, country, number_first=first)
        if inner and _same(inner[1], number):
            return inner[0], inner[1], inner[2]
        return one, number, ()
    if NO_NUMBER.fullmatch(two) and country in NO_NUMBER_COUNTRIES and letters(one):
        return one, two, ()
    if is_number(one):
        if letters(two) and not is_unit(two) and not after_number(two):
            return two, bare(one), ()
        return None
    if (
        letters(one) < 2
        or is_unit(one)
        or ends_in_unit(one, country)
        or one_line(one, country, number_first=first)
    ):
        return None
    number_and_more = number_field(two, country, number_first=first)
    return (one, *number_and_more) if number_and_more else None


def _same(one: str, two: str) -> bool:
    return "".join(one.split()).casefold() == "".join(two.split()).casefold()
