"""Lines longer than a label: told apart, never cut silently."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from include.core.orders.models import Address

# One label line each: company, person, addition, street with number, lines three and four, town.
_LONGEST = 250  # characters of one field
_TEXT_FIELDS = tuple(f.name for f in fields(Address) if f.name != "country_id")
_TEXTS = attrgetter(*_TEXT_FIELDS)
_BREAK = re.compile(r"(?<!\s)(?:\s*[,;(]\s*|\s+[-–]\s+)")


def endless(address: Address) -> tuple[str, int] | None:
    """Return (field, length) of a text that is too long to be read as an address, else None."""
    values = _TEXTS(address)
    if max(map(len, values)) <= _LONGEST:
        return None
    for name, value in zip(_TEXT_FIELDS, values, strict=True):
        if len(value) > _LONGEST:
            return ("postalCode" if name == "postal_code" else name), len(value)
    return None


def long_lines(address: Address, limit: int) -> list[tuple[str, int]]:
    """Return (field, length) of every line that is longer than ``limit`` characters."""
    person = f"{address.name2} {address.name3}".strip()
    street = f"{address.address1} {address.address2}".strip()
    lines = (
        ("name1", address.name1),
        ("name3", person),
        ("name4", address.name4),
        ("address1", street),
        ("address3", address.address3),
        ("address4", address.address4),
        ("town", address.town),
    )
    return [(field, len(text)) for field, text in lines if len(text) > limit]


def spread(address: Address, limit: int) -> Address:
    """Move the end of a long line to a free line of the same kind; unchanged where none fits.

    A street is only broken where it is already two things (a comma, a bracket, a dash): half a
    street's name on the next line does not arrive.
    """
    result = address
    if len(address.name1) > limit and not address.name4:
        cut = _word_cut(address.name1, limit)
        if cut:
            result = replace(result, name1=cut[0], name4=cut[1])
    room = limit - len(address.address2) - 1
    if len(address.address1) > room and not (address.address3 and address.address4):
        parts = [p for p in _BREAK.split(address.address1.replace(")", "")) if p]
        if len(parts) > 1 and len(parts[0]) <= room:
            rest = ", ".join(parts[1:])
            free = "address4" if address.address3 else "address3"
            if len(rest) <= limit:
                moved: dict[str, Any] = {"address1": parts[0], free: rest}
                result = replace(result, **moved)
    if len(address.address3) > limit and not result.address4:
        cut = _word_cut(address.address3, limit)
        if cut:
            result = replace(result, address3=cut[0], address4=cut[1])
    return result


def _word_cut(text: str, limit: int) -> tuple[str, str] | None:
    """Cut between words so that both halves fit; None where that is impossible."""
    at = text.rfind(" ", 0, limit + 1)
    if at <= 0 or len(text) - at - 1 > limit:
        return None
    return text[:at], text[at + 1 :]
