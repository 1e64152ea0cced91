"""Read what a warehouse enters as tracking number and weight of a parcel.

People and label printers fill these fields: a number with spaces, a dash for "none", two numbers in
one field, the address of a tracking page, a weight in kilograms. Every rule here is linear in the
length of the text.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import unquote, urlsplit

LONGEST = 2000  # characters that are looked at; no number and no address is longer
SHORTEST = 4  # characters of a number: shorter ones are "0", "-1", "n/a"
LIGHTEST_G, HEAVIEST_G = 3, 1_000_000  # a letter with its label, and a loaded pallet

#: white space, controls, and characters without width, which copying brings along
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_SEPARATOR = re.compile(r"[,;|/\\\r\n]| \+ | & | und | and ", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|www\.|\.[a-z]{2,10}/", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"[A-Za-z0-9-]+")
#: "no number" in words, whatever date or word stands beside it
_NOTHING = re.compile(
    r"kein|ohne|nicht|none|null|without|unbekannt|unknown|missing|folgt", re.IGNORECASE
)
_LONG = re.compile(r"[0-9]{8}")
#: what is written before a number, not part of it
_LABEL = re.compile(
    r"^(?:(?:dhl|dpd|gls|ups|hermes|fedex|tnt|post|paket|parcel|sendung|tracking|track|id|nr|no|"
    r"nummer|number|sendungsnummer|paketnummer|trackingnummer|trackingnumber)\b[\s.:#-]*)+",
    re.IGNORECASE,
)
_WEIGHT = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,9})?) ?(kg|g|gr|gramm|gram)?", re.IGNORECASE)


def tracking_numbers(value: object) -> tuple[str, ...]:
    """Return the tracking numbers in a field, each once, in their order; empty: there is none.

    :param value: text as the warehouse sends it; anything else holds no number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value < 10**40 else ""
    if not isinstance(value, str):
        return ()
    text = value.strip()[:LONGEST]
    if _NOTHING.search(text) and not _LONG.search(text):
        return ()
    if _ADDRESS.search(text):
        found = [number for word in text.split() for number in _from_word(word)]
    else:
        found = [number for part in _SEPARATOR.split(text) for number in _from_part(part)]
    return tuple(dict.fromkeys(found))


def _from_part(part: str) -> list[str]:
    """Return the numbers of a part without separators: one, unless each word is one by itself."""
    words = _LABEL.sub("", part.strip()).split()
    if len(words) > 1 and all(_is_whole(word) for word in words):
        return [number for word in words if (number := _clean(word))]
    number = _clean(" ".join(words))
    return [number] if number else []


def _is_whole(word: str) -> bool:
    """Say whether a word is a number by itself and no group of one: groups are short."""
    return sum(c.isdigit() for c in word) >= 10


def _clean(text: str) -> str:
    """Return a number without white space, "" where the text says that there is none."""
    number = _BLANK.sub("", text)
    digits = [c for c in number if c.isdigit()]
    if len(number) < SHORTEST or not any(c != "0" for c in digits) or _NOTHING.search(number):
        return ""
    return number


def _from_word(word: str) -> list[str]:
    """Return the number that a web address holds: in its query before its path."""
    if not _ADDRESS.search(word):
        return _from_part(word.strip(",;|"))
    parts = urlsplit(word if "://" in word else f"https://{word}")
    for place in (parts.query, parts.fragment, parts.path):
        words = _IN_ADDRESS.findall(unquote(place))
        likely = [w for w in words if _clean(w) and sum(c.isdigit() for c in w) >= 6]
        if likely:
            return [max(likely, key=lambda w: sum(c.isdigit() for c in w))]
    return []


def weight_g(value: object) -> int | None:
    """Return a parcel's weight in whole grams, None where it cannot be one.

    The field has grams (wemalo contract 2); a unit that is written with it counts.

    :param value: number or text; a comma may stand for the point.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, int) and abs(value) > HEAVIEST_G:
        return None  # before it becomes a text
    found = _WEIGHT.fullmatch(str(value).strip()[:30])
    if found is None:
        return None
    number = Decimal(found[1].replace(",", "."))
    if (found[2] or "").lower() == "kg":
        number *= 1000
    if not LIGHTEST_G <= number <= HEAVIEST_G:
        return None
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))
