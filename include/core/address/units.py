"""A unit is no house number: "Ringstr. Whg. 4" names a door of a house that is not named."""

from __future__ import annotations

import re

from include.core.address.text import letters
from include.core.address.words import ARTICLE_END, STREET, TYPE_ONLY

# Never the last word of a street's name, wherever the number behind it stands.
_ANYWHERE = frozenset({
    "whg", "wohnung", "whng", "app", "apt", "appt", "appart", "apartment", "apartman", "apartament",
    "apartamento", "appartement", "appartamento", "apto", "flat", "suite", "zimmer", "room", "raum",
    "floor", "stockwerk", "etage", "étage", "obergeschoss",
})  # fmt: skip
# Short words that are a unit in one language and part of a name in another.
_GERMAN = frozenset({"top", "stiege", "stg", "stock", "og", "zi", "tür", "wohneinheit", "we"})
_DUTCH = frozenset({"bus", "verdieping", "verd", "kamer", "unit"})
_FRENCH = frozenset({"bte", "boîte", "boite", "porte", "bât", "bat", "bâtiment", "esc", "escalier"})
_ITALIAN = frozenset({"int", "interno", "scala", "piano", "palazzina"})
_SPANISH = frozenset({"piso", "puerta", "pta", "portal", "planta", "esc", "escalera", "bloque"})
_CZECH = frozenset({"byt", "bytu", "patro", "poschodí", "poschodie", "podlaží", "vchod"})
_SLAVIC = frozenset({"stan", "stanovanje", "kat", "ulaz", "nadstropje"})
_ROMANIAN = frozenset({"ap", "apart", "sc", "scara", "et", "etaj"})
_BULGARIAN = frozenset({"ап", "вх", "ет", "ap", "vh", "et"})
_OWN = {
    "DE": _GERMAN, "AT": _GERMAN, "LI": _GERMAN, "CH": _GERMAN | _FRENCH | _ITALIAN,
    "NL": _DUTCH, "BE": _DUTCH | _FRENCH, "FR": _FRENCH, "LU": _FRENCH, "MC": _FRENCH,
    "IT": _ITALIAN, "SM": _ITALIAN, "ES": _SPANISH, "PT": frozenset({"piso", "andar", "porta"}),
    "PL": frozenset({"m", "lok", "lokal", "mieszkanie", "mieszk", "klatka", "pokój"}),
    "CZ": _CZECH, "SK": _CZECH, "HU": frozenset({"em", "emelet", "ajtó", "lakás", "lépcsőház"}),
    "HR": _SLAVIC, "SI": _SLAVIC, "RS": _SLAVIC, "BA": _SLAVIC, "ME": _SLAVIC,
    "RO": _ROMANIAN, "BG": _BULGARIAN, "GR": frozenset({"διαμ", "διαμέρισμα", "όροφος"}),
    "SE": frozenset({"lgh", "lägenhet", "lgh.nr", "tr", "vån", "våning"}),
    "NO": frozenset({"leil", "leilighet", "h"}), "DK": frozenset({"lejl", "lejlighed", "dør"}),
    "FI": frozenset({"as", "asunto", "rappu", "krs", "kerros"}),
    "EE": frozenset({"krt", "korter", "korrus"}), "LV": frozenset({"dz", "dzīvoklis", "stāvs"}),
    "LT": frozenset({"butas", "bt", "aukštas"}), "TR": frozenset({"daire", "kat", "blok"}),
}  # fmt: skip
# Parts of a plant or a clinic; also the last word of names ("An der Halle 4"), so only behind a
# street or in front of one.
_PARTS = frozenset({
    "halle", "werk", "lager", "station", "campus", "gebäude", "geb", "tor", "rampe", "büro", "hof",
    "aufgang", "eingang", "block", "abteilung", "hall", "building", "bldg", "warehouse", "gate",
    "nave", "local", "service", "bâtiment", "magazyn", "hala", "brama", "haus",
})  # fmt: skip
# Where a line is only these and a number, it is no place ("Werk 2"), other than "Hof 2".
_SOLE = re.compile(
    r"(?:halle|werk|station|zimmer|lager|gebäude|geb|whg|wohnung|tor|rampe|campus|büro|service|salle|"
    r"bureau|pavillon|hangar|capannone|reparto|padiglione|hala|magazyn|oddział|afdeling|ward|gate|dock|"
    r"avdelning|avdeling|afdeling|osasto|pavilon)\.?\s?"
    r"(?:nr\.?\s?)?(?:\d{1,3}[a-z]?|[a-z])",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"(?P<unit>(?:.*[\s,])?(?:halle|werk|lager|station|campus|gebäude|geb|tor|rampe|büro|zimmer|"
    r"haus|whg|wohnung|aufgang|eingang|hala|nave|local|building|bldg|hall|unit)\.?\s?\d{1,4}[a-z]?)"
    r"[\s,]+(?P<street>[^\W\d_][^\d]{3,})",
    re.IGNORECASE,
)
_ORDINAL_DOOR = re.compile(r"\s?[ºª]")
_NORDIC_FLOOR = re.compile(r"\s?(?:tr|trappor|etg|etasje|sal|krs|kerros)\.?$", re.IGNORECASE)
_NORDIC = frozenset({"SE", "NO", "DK", "FI"})
_PREPOSITION = re.compile(
    r"\s(?:in|a|al|da|di|an|auf|bei|sur|sous|en|na|nad|pri|pod)$", re.IGNORECASE
)
_AT_END = re.compile(r"(?P<before>.*\S)\s+(?:\d\w{0,4}|[a-z]|[IVX]{1,4})", re.IGNORECASE)
_DANISH_DOOR = re.compile(r"\.\s?(?:tv|th|mf)(?!\w)", re.IGNORECASE)


def is_door(before: str, number: str, rest: str, country: str) -> bool:
    """Say whether a number is a unit's, by the words in front of it and the marks behind it."""
    if country in {"ES", "PT"} and _ORDINAL_DOOR.match(rest):
        return True  # "Calle Mayor 3º B"
    if country == "DK" and len(number) == 1 and _DANISH_DOOR.match(rest):
        return True  # "Vesterbrogade 3. tv."
    if country in _NORDIC and len(number) < 3 and _NORDIC_FLOOR.match(rest):
        return True  # "Drottninggatan 3 tr"
    return ends_in_unit(before, country)


def cut_behind(text: str, country: str) -> tuple[str, str] | None:
    """Split "Gedimino pr. butas 45" into the street and the unit; None where no unit ends it."""
    match = _AT_END.fullmatch(text)
    if match is None or not ends_in_unit(match["before"], country):
        return None
    street = match["before"].rstrip(" .:,").rpartition(" ")[0].rstrip(" ,;-–(")
    return street, text[len(street) :].strip(" ,;-–(")


def ends_in_unit(before: str, country: str) -> bool:
    """Say whether a text is a street and the word for a unit of a house on it."""
    street, _, word = before.rstrip(" .:,").rpartition(" ")
    word = word.strip("(,.-").casefold()
    street = street.rstrip(" ,;-–(")
    if (
        letters(street) < 3
        or _PREPOSITION.search(street)
        or ARTICLE_END.search(street)
        or TYPE_ONLY.fullmatch(street)
    ):
        return False
    if word == "as" and not STREET.search(street):
        return False  # "Kalanti as 12" is a station's village in Finland
    if word in _ANYWHERE or word in _OWN.get(country, ()):
        return True
    return word in _PARTS - {"haus"} and STREET.search(street) is not None


def is_sole_part(text: str) -> bool:
    """Say whether a text is nothing but a part of a plant or a clinic: "Werk 2", "Station 4"."""
    return _SOLE.fullmatch(text) is not None


def cut_ahead(street: str) -> tuple[str, str] | None:
    """Split "Firma Meier Halle 4 Industriestr." into what stands in front of the street and it."""
    match = _AHEAD.fullmatch(street)
    if match is None or not STREET.search(match["street"]):
        return None
    return match["unit"], match["street"]
