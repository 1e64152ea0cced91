"""DHL Packstation and Postfiliale, PO boxes and forces mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal

from include.core.address.words import MILITARY, PO_BOX

_STATION = re.compile(
    r"(?:dhl[\s\-]*)?(?:pack|paket|pac|pck)[\s\-]*stat(?:ion|\.)?(?![^\W\d_])|(?:dhl[\s\-]+)?packst\.",
    re.IGNORECASE,
)
_BRANCH = re.compile(
    r"(?:dhl[\s\-]*)?(?:post[\s\-]*filiale|postfil\.|(?:dhl|post)[\s\-]+filiale|paket[\s\-]*shop|"
    r"post[\s\-]*shop)(?![^\W\d_])",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d(?:[\s]?\d)*")
LOCKER_DIGITS = 3
POST_NUMBER = re.compile(r"\d{6,10}")  # DHL's post number
_TEN = 10
_STREET_BEHIND = re.compile(r"\s*(?:str|weg|platz|gasse)", re.IGNORECASE)
_POST_NUMBER_ONLY = re.compile(
    r"[\s,\-]*+(?:post\s?-?(?:nummer|nr\.?|nu\.?))?[\s:.]*+\d{6,10}[\s,\-]*", re.IGNORECASE
)
_MARKS = re.compile(r"[\s.\-]")
_ABOUT_NUMBERS = re.compile(
    r"post\s?-?(?:nummer|nr\.?)|nr\.?|nummer|dhl|[\d\s.,:;#/\-]", re.IGNORECASE
)
_IN_NAME = re.compile(r"\b\d{6,10}\b")
_LOCKER = re.compile(r"[1-9]\d\d")


@dataclass(frozen=True, slots=True)
class Station:
    """A DHL pick-up point as read from an address; numbers are "" where they are missing."""

    kind: Literal["Packstation", "Postfiliale"]
    number: str
    post_number: str = attribute(repr=False)
    rest: tuple[str, ...] = attribute(default=(), repr=False)


def station(
    lines: tuple[str, str, str, str], post_number: str, names: tuple[str, ...]
) -> Station | None:
    """Return the pick-up point that ``address1`` to ``address4`` name, None for a street address.

    The post number is looked for in its own field first, then in the lines, then in the names.
    """
    for place, line in enumerate(lines):
        kind: Literal["Packstation", "Postfiliale"] = "Packstation"
        match = _STATION.search(line)
        if match is None:
            match, kind = _BRANCH.search(line), "Postfiliale"
        if match is None or (place > 1 and match.start() > 0):
            continue
        if line[: match.start()].strip(" ,-") and not _only_post_number(line[: match.start()]):
            continue  # "An der Packstation 5" is a street
        if _STREET_BEHIND.match(line[match.end() :]):
            continue
        before, after = line[: match.start()], line[match.end() :]
        others = [text for p, text in enumerate(lines) if p != place and text]
        return _read(kind, [after, before, *others], post_number, names)
    return None


def _only_post_number(text: str) -> bool:
    return _POST_NUMBER_ONLY.fullmatch(text) is not None


def _read(
    kind: Literal["Packstation", "Postfiliale"],
    texts: list[str],
    post_number: str,
    names: tuple[str, ...],
) -> Station:
    own = _MARKS.sub("", post_number)
    number, found_post, rest = "", "", []
    for text in texts:
        groups = ["".join(g.split()) for g in _DIGITS.findall(text)]
        used = False
        for group in groups:
            if not number and 1 <= len(group) <= LOCKER_DIGITS + 1:
                number, used = group, True
            elif not found_post and len(group) > LOCKER_DIGITS + 1 and len(group) <= _TEN:
                found_post, used = group, True
        plain = _ABOUT_NUMBERS.sub("", text)
        if plain or (groups and not used):
            rest.append(text.strip())
    if not own and not found_post:
        for name in names:
            inside = _IN_NAME.search(name)
            if inside:
                found_post = inside[0]
                break
    return Station(kind, number, own or found_post, tuple(t for t in rest if t))


def post_number_ok(number: str) -> bool:
    """Say whether a text can be a DHL post number: 6 to 10 digits, not all the same."""
    return POST_NUMBER.fullmatch(number) is not None and len(set(number)) > 1


def locker_ok(number: str) -> bool:
    """Say whether a text can be the number of a locker or branch: three digits, from 101 on."""
    return _LOCKER.fullmatch(number) is not None


def is_po_box(line: str) -> bool:
    """Say whether a line names a PO box and nothing in front of it."""
    return PO_BOX.match(line) is not None


def is_military(*lines: str) -> bool:
    """Say whether any line belongs to forces mail."""
    return any(MILITARY.search(line) for line in lines)
