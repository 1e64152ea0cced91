"""Values of the other systems, bounded before they are converted: one function for each kind.

Both systems send numbers as numbers or as text (plentymarkets contract 3.1), and neither promises
what a number may be. A text of a million digits costs minutes in `int()`, ``1e1000000`` as much in
`int(Decimal())`, year 1 cannot be moved to another time zone, infinity is no JSON. So nothing
outside this module converts what came from outside: a value is of its kind and within its bounds,
or it is None, and the caller says what that means for its record.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.systems.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

HIGHEST_ID = 2**63 - 1  # PostgreSQL's bigint
HIGHEST_NUMBER = 10**9  # pieces, cents, grams, millimetres: far above any real one
FIRST_YEAR, LAST_YEAR = 1971, 2999  # 0000, -0001, 0001, 1970 and 9999 stand for "no date"
_EXACT_FLOAT = 2**53  # above it, a float is no longer one whole number
_LONGEST = 40  # characters of a number or a time
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}(?:\.0{0,19})?")
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,2})?"
)


def whole(value: object) -> int | None:
    """Return a whole number that fits into a bigint, from number or text (``5.0`` is 5)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip() if len(value) <= _LONGEST else ""
        if not _WHOLE.fullmatch(text):
            return None
        number = int(text.partition(".")[0])
    elif isinstance(value, int):
        number = value
    elif isinstance(value, float):
        if not (abs(value) <= _EXACT_FLOAT and value.is_integer()):
            return None
        number = int(value)
    else:
        return None
    return number if abs(number) <= HIGHEST_ID else None


def identifier(value: object) -> int | None:
    """Return an id: a whole number above zero."""
    number = whole(value)
    return number if number is not None and number > 0 else None


def count(value: object, most: int) -> int | None:
    """Return a whole number from zero up to ``most``."""
    number = whole(value)
    return number if number is not None and 0 <= number <= most else None


def own_id(text: str) -> int | None:
    """Return our id from the text that another system keeps it in, None for somebody else's.

    Only the text that we write is ours: plain digits without leading zeros.
    """
    if not (0 < len(text) <= 19 and text.isascii() and text.isdecimal()) or text[0] == "0":
        return None
    return identifier(text)


def number(value: object, highest: int = HIGHEST_NUMBER) -> Decimal | None:
    """Return a finite decimal of at most ``highest`` in size, from number or text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    if isinstance(value, int) and abs(value) > highest:
        return None  # before it becomes a text
    text = str(value)
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text.strip()):
        return None
    found = Decimal(text.strip())
    return found if abs(found) <= highest else None


def moment(value: object, zone: tzinfo | None = None) -> datetime | None:
    """Return a time in ISO 8601 as aware UTC; zero dates and dates beyond all sense are None.

    :param zone: of a time that names none; without it such a time is None.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:  # also -0001-11-30T00:00:00, the zero date of plentymarkets contract 3.1
        return None
    return utc(found, zone)


def utc(found: datetime, zone: tzinfo | None = None) -> datetime | None:
    """Return a time as aware UTC if its year is one; see `moment`."""
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    if found.tzinfo is None:
        if zone is None:
            return None
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)


def words(value: object) -> str:
    """Return a text without white space around it, "" for what is neither text nor number."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def need_id(row: Mapping[str, Any], name: str) -> int:
    """Return the id in a field of a row.

    :raises Malformed: there is none.
    """
    found = identifier(row.get(name))
    if found is None:
        raise Malformed.field(name, "no id")
    return found


def need_whole(row: Mapping[str, Any], name: str) -> int:
    """Return the whole number in a field of a row, 0 where it is empty.

    :raises Malformed: it holds something else.
    """
    found = whole(_filled(row, name))
    if found is None:
        raise Malformed.field(name, "no whole number")
    return found


def need_number(row: Mapping[str, Any], name: str) -> Decimal:
    """Return the number in a field of a row, 0 where it is empty.

    :raises Malformed: it holds something else.
    """
    found = number(_filled(row, name))
    if found is None:
        raise Malformed.field(name, "no number that can be")
    return found


def need_moment(row: Mapping[str, Any], name: str, zone: tzinfo | None = None) -> datetime:
    """Return the time in a field of a row.

    :raises Malformed: there is none.
    """
    found = moment(row.get(name), zone)
    if found is None:
        raise Malformed.field(name, "no time")
    return found


def _filled(row: Mapping[str, Any], name: str) -> object:
    """Return what a field holds, 0 for nothing; an empty list or object is not nothing."""
    value = row.get(name)
    return 0 if value is None or value == "" else value
