"""Text of address fields: cleaning that keeps the meaning, keys to compare, lost characters."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

_SPACES = re.compile(r"\s+")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")
# UTF-8 bytes read as Windows-1252: "StraÃŸe", "MÃ¼nchen", "OÅ¾bolt".
_MISREAD = re.compile(r"[\u00c2-\u00c5\u00cc-\u00d1\u00e2][\u0080-\u00bf\u0152-\u2122]")
# Emojis and other pictures, with the marks that join and colour them: no label prints them.
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d\u20e3]+")
_NOT_TEXT = {"Cc", "Cf", "Co", "Cn", "Cs"}
_EDGES = " ,;"
_PLAIN = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss",
})  # fmt: skip
_ACCENTS = re.compile("[\u0300-\u036f]+")
_NOT_ALNUM = re.compile(r"[\W_]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")

_MARK_IN_WORD = re.compile(r"[^\W\d_]\?+[^\W\d_]")
_WESTERN = re.compile("[\u00c0-\u00ff]")
REPLACEMENT = "\ufffd"


@lru_cache(maxsize=20_000)
def clean(value: str) -> str:
    """Return ``value`` with composed characters, single spaces and nothing invisible.

    HTML entities become characters, emojis go; UTF-8 that was read as Windows-1252 is read again
    where that works out exactly. Separators at the edges go. What is lost stays lost
    (`REPLACEMENT`).
    """
    text = value
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if _MISREAD.search(text):
        text = _read_again(text)
    if not text.isascii():
        text = _PICTURES.sub(" ", unicodedata.normalize("NFC", text))
        text = "".join(
            " " if unicodedata.category(c) == "Zs"
            else "" if unicodedata.category(c) in _NOT_TEXT and not c.isspace()
            else c
            for c in text
        )  # fmt: skip
    elif not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return _SPACES.sub(" ", text).strip(_EDGES)


def _read_again(text: str) -> str:
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


@lru_cache(maxsize=20_000)
def key(value: str) -> str:
    """Return ``value`` for comparison: letters and digits only, no case, no accents."""
    text = value.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.translate(_PLAIN))
        text = _ACCENTS.sub("", text)
    return _NOT_ALNUM.sub("", text)


def letters(value: str) -> int:
    """Return the number of letters of any script."""
    return len(value) if value.isalpha() else len(_NOT_LETTERS.sub("", value))


def is_lost(value: str) -> bool:
    """Say whether characters were lost on the way.

    The replacement character, ``?`` in a word, Greek or Cyrillic read as Western: "Ìàðèÿ".
    """
    if value.isascii():
        return "?" in value and _MARK_IN_WORD.search(value) is not None
    return (
        REPLACEMENT in value
        or _MARK_IN_WORD.search(value) is not None
        or 2 * len(_WESTERN.findall(value)) > max(letters(value), 8)
    )


def is_latin(value: str) -> bool:
    """Say whether every letter is Latin: what a carrier's label can print."""
    if value.isascii():
        return True
    return all(
        not c.isalpha() or c in "ªº" or unicodedata.name(c, "").startswith("LATIN") for c in value
    )
