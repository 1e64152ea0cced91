"""An address that leaves open which house is meant: two numbers, two streets, two addresses."""

from __future__ import annotations

import re

from include.core.address.line import bare, is_unit, one_line
from include.core.address.text import key
from include.core.address.words import (
    EITHER,
    ENGLISH_TYPE,
    NUMBER_FOLLOWS,
    OR_ELSE,
    STREET,
    TYPE_ONLY,
)

_PIECES = re.compile(r"\s[/|]\s|(?<!\s)\s*[,;|]\s*")
_MOST_PIECES = 12
_ENGLISH = frozenset({"US", "CA", "AU", "NZ"})


def leaves_open(line: str) -> bool:
    """Say whether a line leaves open which house is meant: "12 oder 14", "15?"."""
    if EITHER.search(line):
        return True
    other = OR_ELSE.search(line)
    return other is not None and NUMBER_FOLLOWS.search(line, other.end()) is not None


def two_numbers(street: str, number: str, country: str) -> bool:
    """Say whether the street's field holds another house number than the number's field does.

    Only where the second is not the flat, as in Poland or the Netherlands.
    """
    alone = country in {"DE", "CH", "LI", "IT"}
    inner = one_line(street, country, number_first=False) if alone else None
    return (
        inner is not None
        and number[:1].isdigit()
        and STREET.search(inner[0]) is not None
        and TYPE_ONLY.fullmatch(inner[0]) is None
        and inner[1] != bare(number)
    )


def two_streets(lines: tuple[str, ...], country: str, *, number_first: bool) -> bool:
    """Say whether two streets, each with its number, leave open which is meant.

    British and Irish lines may name two: a row of houses and the road it stands at.
    """
    pieces = [piece for line in lines for piece in _PIECES.split(line)][:_MOST_PIECES]
    if len(pieces) < 2 or country in {"GB", "IE"}:
        return False
    streets = set()
    for piece in pieces:
        parts = one_line(piece, country, number_first=number_first)
        named = parts and STREET.search(parts[0]) and TYPE_ONLY.fullmatch(parts[0]) is None
        if parts and country not in _ENGLISH and ENGLISH_TYPE.search(parts[0]):
            continue
        if parts and named and not is_unit(piece):
            streets.add(key(parts[0]))
    return len(streets) > 1
