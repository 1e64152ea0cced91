"""Rows of a keyboard in any direction and layout: "asdf", "poiuz", "azerty", "1q2w3e", "qaywsx"."""

from __future__ import annotations

import re
from functools import lru_cache

from include.core.address.text import key

# Rows of QWERTZ, QWERTY, AZERTY, the Cyrillic and the Greek layout, and columns one by one.
_ROWS = (
    "qwertzuiopu", "qwertyuiop", "azertyuiop", "asdfghjkloa", "qsdfghjklm", "yxcvbnm", "zxcvbnm",
    "wxcvbn", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "явертъуиоп", "асдфгхйкл",
    "ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ", "qaywsxedcrfvtgbzhnujmikol", "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6z7u8i9o0p", "1q2w3e4r5t6y7u8i9o0p", "1qay2wsx3edc4rfv", "1qaz2wsx3edc4rfv",
    "qweasdyxc", "qweasdzxc", "qazxsw", "qayxsw",
)  # fmt: skip
_SHORTEST = 4
#: beginnings of real names that happen to lie in a row
_NAMES = frozenset({
    "wert", "reza", "azer", "zert", "trez", "ertz", "oiko", "opol", "lopo", "апро", "крав", "вера",
    "γηξκ", "polo", "loki", "milo", "аро", "лорд", "ytre",
})  # fmt: skip
_WINDOWS = frozenset(
    piece
    for row in map(key, _ROWS)
    for way in (row, row[::-1])
    for piece in (way[at : at + _SHORTEST] for at in range(len(way) - _SHORTEST + 1))
)
_KEPT = frozenset(map(key, _NAMES))
# Two to four consonants said twice: "dfgdfg".
_TWICE = re.compile(r"([bcdfghjklmnpqrstvwxz]{2,4})\1$")
_IN_ROW = re.compile(
    r"asdf|sdfg|dfgh|fghj|ghjk|hjkl|qwer|yxcv|zxcv|xcvb|cvbn|poiu|lkjh|kjhg|jhgf|hgfd|gfds|fdsa|"
    r"mnbv|nbvc|bvcx|vcxy|vcxz"
)
_THREE_AND_DIGITS = re.compile(r"\d{2,}(?:qwe|asd|yxc|zxc)|(?:qwe|asd|yxc|zxc)\d{3,}")


@lru_cache(maxsize=20_000)
def is_key_row(value: str) -> bool:
    """Say whether a text holds a word that is only a walk over the keyboard."""
    words = [word for word in map(key, value.split()) if word]
    if any(map(_is_walk, words)):
        return True
    whole = "".join(words)
    return whole.isalpha() and _TWICE.search(whole) is not None


def _is_walk(word: str) -> bool:
    if word in _KEPT:
        return False
    if _IN_ROW.search(word) or _THREE_AND_DIGITS.fullmatch(word):
        return True
    if word.isalpha() and _TWICE.search(word):
        return True
    windows = {word[at : at + _SHORTEST] for at in range(len(word) - _SHORTEST + 1)}
    return bool(windows) and not word.isdigit() and windows <= _WINDOWS
