"""The door for what the other systems send: JSON in, values that can be stored out.

JSON may hold what PostgreSQL cannot: NUL, half a character (a lone surrogate), numbers beyond all
bounds; it may not be UTF-8, and may be nested a hundred thousand levels deep. Each such piece is
replaced by U+FFFD, the sign for what could not be read, and the rest of the answer stays good:
whoever reads that field judges the sign like any other value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json import detect_encoding
from math import isfinite
from typing import Any

REPLACED = "\ufffd"
DEEPEST = 40  # levels; an order has seven
_LONGEST_NUMBER = 40  # characters; a bigint has nineteen
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer's body holds.

    :param replaced: pieces that could not be kept; at least so many, for the log.
    """

    data: Any
    replaced: int


def read_json(body: bytes) -> Answer:
    """Read a body; what cannot be stored is replaced, and counted.

    :raises ValueError: it is no JSON.
    """
    counter = _Counter()
    text = body.decode(detect_encoding(body), errors="replace")
    counter.count = max(text.count(REPLACED) - body.count("\ufffd".encode()), 0)
    try:
        data = _loads(text, counter)
    except RecursionError:
        data = _loads(_flattened(text, counter), counter)
    return Answer(_cleaned(data, counter), counter.count)


class _Counter:
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def sign(self) -> str:
        self.count += 1
        return REPLACED


def _loads(text: str, counter: _Counter) -> Any:
    def whole(digits: str) -> Any:
        return int(digits) if len(digits) <= _LONGEST_NUMBER else counter.sign()

    def fraction(digits: str) -> Any:
        number = float(digits)
        return number if isfinite(number) else counter.sign()

    return json.loads(
        text.removeprefix("\ufeff"),
        strict=False,  # control characters in a text are no reason to lose a whole page
        parse_int=whole,
        parse_float=fraction,
        parse_constant=lambda _: counter.sign(),
    )


def _flattened(text: str, counter: _Counter) -> str:
    """Return the text with everything below `DEEPEST` levels replaced; linear in its length."""
    parts: list[str] = []
    depth = start = 0
    for piece in _PIECE.finditer(text):
        sign = piece[0]
        if sign in ("[", "{"):
            depth += 1
            if depth == DEEPEST + 1:
                parts.append(text[start : piece.start()])
        elif sign in ("]", "}"):
            if depth == DEEPEST + 1:
                parts.append(f'"{counter.sign()}"')
                start = piece.end()
            depth -= 1
    if depth > DEEPEST:  # cut off inside: no JSON
        return ""
    return "".join([*parts, text[start:]])


def _cleaned(data: Any, counter: _Counter) -> Any:
    """Replace in place what cannot be stored; without recursion, so that no depth can harm."""
    outer = [data]
    rest: list[tuple[Any, int]] = [(outer, 0)]
    while rest:
        holder, depth = rest.pop()
        if isinstance(holder, dict):
            if not all(map(_storable, holder)):
                _clean_names(holder, counter)
            places: Any = list(holder.items())
        else:
            places = enumerate(holder)
        for place, value in places:
            if isinstance(value, str):
                if not value.isprintable() and not _storable(value):
                    holder[place] = _UNSTORABLE.sub(lambda _: counter.sign(), value)
            elif isinstance(value, (dict, list)):
                if depth > DEEPEST:
                    holder[place] = counter.sign()
                else:
                    rest.append((value, depth + 1))
    return outer[0]


def _storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def _clean_names(holder: dict[str, Any], counter: _Counter) -> None:
    clean = {_UNSTORABLE.sub(lambda _: counter.sign(), name): v for name, v in holder.items()}
    holder.clear()
    holder.update(clean)
