"""DHL Packstation and Postfiliale, PO boxes and forces mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal

from include.core.address.text import key
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
_KINDS: tuple[Literal["Packstation"], Literal["Postfiliale"]] = ("Packstation", "Postfiliale")
_TYPING_ERRORS = 2
_WORD_AHEAD = re.compile(
    r"(?:dhl[\s\-]*)?([^\W\d_]{4,}(?:[\s\-][^\W\d_]{4,})?)[\s.:,#\-]*(?:(?:nr|nummer|no)[\s.:]*)?"
    r"(?=\d|$)",
    re.IGNORECASE,
)
# Spelled right, or other words of this kind that are read elsewhere.
_KNOWN = frozenset({"packstation", "paketstation", "postfiliale", "postfilialen", "postagentur"})
_BESIDE = re.compile(r"(?<!\d)(?:[1-9]\d\d|\d{6,10})(?!\d)")
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
    lines: tuple[str, str, str, str],
    post_number: str,
    names: tuple[str, ...],
    *,
    german: bool = True,
) -> Station | None:
    """Return the pick-up point that ``address1`` to ``address4`` name, None for a street address.

    :param german: in Germany a word that is nearly "Packstation" or "Postfiliale" is meant as one.

    The post number is looked for in its own field first, then in the lines, then in the names.
    """
    for place, line in enumerate(lines):
        kind: Literal["Packstation", "Postfiliale"] = "Packstation"
        meant = _meant(line, lines, post_number) if german else None
        if meant:
            others = [text for p, text in enumerate(lines) if p != place and text]
            return _read(meant[0], [meant[1], *others], post_number, names)
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


def _meant(
    line: str, lines: tuple[str, ...], post_number: str
) -> tuple[Literal["Packstation", "Postfiliale"], str] | None:
    """Return (kind, what follows) of a misspelt pick-up point: "Packstaion 118", "Filiale 512".

    No street begins with a word so near to these; "Filiale" needs a post number or three digits.
    """
    match = _WORD_AHEAD.match(line)
    if match is None:
        return None
    word, after = key(match[1]), line[match.end() :]
    if word in _KNOWN:
        return None
    for kind in _KINDS:
        if _distance(word, key(kind)) <= _TYPING_ERRORS:
            return kind, after
    beside = any(_BESIDE.search(text) for text in (after, *lines)) or post_number.strip()
    return ("Postfiliale", after) if word == "filiale" and beside else None


def _distance(one: str, two: str) -> int:
    """Return how many letters were mistyped, left out, doubled or swapped (Damerau)."""
    if abs(len(one) - len(two)) > _TYPING_ERRORS:
        return _TYPING_ERRORS + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(two, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (two[j - 2], one[i - 2]):
                least = min(least, older[j - 2] + 1)
            row.append(least)
    return row[-1]


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
    """Say whether any line, or two fields together ("APO", "AE"), belong to forces mail."""
    return any(MILITARY.search(line) for line in lines)
