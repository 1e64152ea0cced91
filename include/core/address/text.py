"""Text of address fields: cleaning that keeps the meaning, and texts that mean nothing."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

_SPACES = re.compile(r"\s+")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")
# UTF-8 bytes read as Windows-1252: "StraÃŸe", "MÃ¼nchen", "OÅ¾bolt".
_MISREAD = re.compile(r"[\u00c2-\u00c5\u00cc-\u00d1\u00e2][\u0080-\u00bf\u0152-\u2122]")
_NOT_TEXT = {"Cc", "Cf", "Co", "Cn", "Cs"}
_EDGES = " ,;"
_PLAIN = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss",
})  # fmt: skip
_ACCENTS = re.compile("[\u0300-\u036f]+")
_NOT_ALNUM = re.compile(r"[\W_]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")

REPLACEMENT = "\ufffd"

_TEST_WORDS = frozenset({
    "test", "tests", "teststrasse", "teststr", "testweg", "teststadt", "testort", "testhausen",
    "testkunde", "testuser", "testing", "tester", "testadresse", "testbestellung", "teststreet",
    "testtest", "testcity", "dummy", "fake", "foo", "bar", "foobar", "lorem", "loremipsum",
    "musterstrasse", "musterstr", "musterweg", "musterplatz", "musterstadt", "musterort",
    "musterhausen", "mustermann", "maxmustermann", "erikamustermann", "musterfirma",
    "beispielstrasse", "beispielstr", "beispielweg", "beispielstadt", "beispielort",
    "asdf", "asdfg", "asdfgh", "asdfasdf", "asdfghjkl", "asd", "asdasd", "sdf", "dfg", "fgh",
    "qwer", "qwert", "qwertz", "qwerty", "qwertzuiop", "qwertyuiop", "yxcv", "zxcv", "hjkl", "jkl",
    "abc", "abcd", "abcde", "xyz", "blabla", "bla", "blub", "tba", "tbd", "tbc", "todo",
    "unbekannt", "unknown", "inconnu", "onbekend", "sconosciuto", "desconocido", "nieznany",
    "keine", "keiner", "keineangabe", "keinestrasse", "ka", "na", "notavailable", "notapplicable",
    "none", "null", "nil", "nan", "undefined", "nichts", "leer", "empty", "nope", "void",
    "sieheoben", "so", "wieoben", "sieherechnungsadresse", "wierechnungsadresse", "gleiche",
    "sameasabove", "sameasbilling", "same", "asabove", "seeabove", "dito", "ditto", "idem",
    "strasse", "str", "street", "address", "adresse", "anschrift", "hausnummer",
    "strassehausnummer",
    "strasseundhausnummer", "strassename", "strassenname", "streetname", "yourstreet",
    "ort", "stadt", "city", "town", "plz", "postleitzahl", "zip", "zipcode", "postcode", "wohnort",
    "vorname", "nachname", "name", "firstname", "lastname", "firma", "company", "land",
    "anystreet", "anytown", "somestreet", "somewhere", "nowhere", "irgendwo", "nirgendwo",
    "string", "value", "sample", "example", "beispiel", "muster", "platzhalter", "placeholder",
    "teststrase", "prueba", "prova", "essai", "exemple", "esempio", "ejemplo", "voorbeeld",
    "rien", "aucun", "aucune", "niente", "nessuno", "nessuna", "nada", "ninguno", "ninguna",
    "nenhum", "nenhuma", "niets", "geen", "ingen", "inget", "intet", "brak", "nic", "zadny",
    "zadna", "nincs", "semmi", "puuttuu", "kein", "fehlt", "missing", "keinehausnummer",
    "neznama", "neznamy", "ismeretlen", "tuntematon", "okand", "ukjent", "ukendt", "nepoznato",
    "neznano", "necunoscut",
    "tobeconfirmed", "tobeannounced", "tobeadvised", "wirdnachgereicht", "folgt", "folgtnoch",
    "aconfirmer", "aconfirmar", "porconfirmar", "daconfermare", "dopotwierdzenia", "notknown",
    "noaddress", "nostreet", "keineadresse", "sansadresse", "sindireccion", "senzaindirizzo",
    "telefon", "tel", "mobil", "handy", "fax", "phone", "mobile",
    "doejohn", "johndoe", "janedoe", "maxmuster", "nomedellavia", "ruetest",
})  # fmt: skip

_SAMPLES = frozenset({"test", "dummy", "fake", "muster", "beispiel", "sample", "example", "foo"})
_KEY_ROWS = re.compile("asdf|sdfg|dfgh|fghj|ghjk|hjkl|qwer|yxcv|zxcv|xcvb|cvbn")
# Words for the driver where a street should be: "bitte vor Lieferung anrufen".
_CALL = frozenset({
    "anrufen", "call", "ring", "phone", "appeler", "telephoner", "llamar", "avisar", "chiamare",
    "telefonare", "ligar", "bellen", "dzwonic", "zadzwonic", "ringa", "soita",
})  # fmt: skip
_FIRST = frozenset({
    "vor", "vorher", "before", "avant", "antes", "prima", "voor", "vooraf", "przed", "innan", "for",
    "ennen", "first", "zuerst",
})  # fmt: skip
_VOWELS = frozenset("aeiouy")
# Real towns that would read as a placeholder (None in Piedmont, Test in Hungary's Vas, ...).
_REAL_TOWNS = frozenset({"none", "bar", "land", "so", "na", "asd", "str", "zip"})


@lru_cache(maxsize=20_000)
def clean(value: str) -> str:
    """Return ``value`` with composed characters, single spaces and nothing invisible.

    HTML entities become characters; UTF-8 that was read as Windows-1252 is read again where that
    works out exactly. Separators at the edges go. What is lost stays lost (`REPLACEMENT`).
    """
    text = value
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if _MISREAD.search(text):
        text = _read_again(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
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


@lru_cache(maxsize=20_000)
def is_placeholder(value: str, *, town: bool = False) -> bool:
    """Say whether a filled field says nothing: test words, key rows, one letter over and over."""
    if not value:
        return False
    short = key(value)
    if not short:
        return True  # "-", "...", "???"
    if town and short in _REAL_TOWNS and value.isalpha():
        return False
    if short in _TEST_WORDS:
        return True
    words = short.rstrip("0123456789")
    if words != short and words in _TEST_WORDS and words not in {"strasse", "str", "street", "ort"}:
        return True
    if len(short) >= 2 and len(set(short)) == 1 and not short.isdigit():
        return len(short) > 2 or short[0] not in _VOWELS  # "Aa" and "Ee" are places
    if _KEY_ROWS.search(short):
        return True
    first, *others = spoken = [key(word) for word in value.split()]
    if not _CALL.isdisjoint(spoken) and not _FIRST.isdisjoint(spoken):
        return True
    if not others or first not in _SAMPLES:
        return False
    plain = {w for w in others if w and not w.isdigit()}
    return bool(plain) and plain <= _TEST_WORDS


def is_mashed(value: str) -> bool:
    """Say whether a text has a long word and not one vowel: "sdfsdf", "hjkhjk"."""
    short = key(value)
    return (
        short.isascii()
        and not _VOWELS.intersection(short)
        and any(letters(word) > 4 for word in value.split())
    )


def is_lost(value: str) -> bool:
    """Say whether characters were lost on the way: the replacement character, ``?`` in a word."""
    return REPLACEMENT in value or re.search(r"[^\W\d_]\?+[^\W\d_]", value) is not None


def is_latin(value: str) -> bool:
    """Say whether every letter is Latin: what a carrier's label can print."""
    if value.isascii():
        return True
    return all(
        not c.isalpha() or c in "ªº" or unicodedata.name(c, "").startswith("LATIN") for c in value
    )
