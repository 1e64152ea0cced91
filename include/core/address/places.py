"""Which postal codes exist and which towns they belong to, from a data package, read offline.

The package ``countrystatecity-postal-codes`` carries one JSON file per country. A file is read when
the first address of its country comes by and kept as two small maps. Only countries whose list is
complete enough to judge by are used; the others are never doubted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from include.core.address.text import key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Lists that name every code in use for parcels (checked against the national posts' counts).
COMPLETE = frozenset({
    "DE", "AT", "CH", "LI", "NL", "BE", "DK", "NO", "FI", "SE", "PL", "CZ", "HU", "SI", "HR",
})  # fmt: skip
# Lists whose towns are other names than people write (city districts): no doubts from them.
_OTHER_NAMES = frozenset({"CZ"})
# Lists with one name per code, not always the town's: a town that is not named is not doubted.
_ONE_NAME = frozenset({"BE", "SE", "FI", "NO", "PL", "HU", "SI", "HR"})
# Lists of main towns: good for confirming a town, not for doubting a code.
PARTIAL = frozenset({"FR", "IT", "SK", "RO"})
# How many characters of a code name a region; one where a capital has codes of its own all over.
_REGION = {"AT": 1, "HU": 1, "SI": 1}
_ISLANDS = {"FI": ("AX",), "NO": ("SJ",)}  # lists of their own inside a country's codes
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))
# Towns with a second name, as `_name` spells them.
_ALIASES = {
    "brussel": "bruxelles", "brussels": "bruxelles", "anvers": "antwerpen", "antwerp": "antwerpen",
    "gand": "gent", "ghent": "gent", "luik": "liege", "bruges": "brugge", "louvain": "leuven",
    "malines": "mechelen", "namen": "namur", "bergen": "mons", "doornik": "tournai",
    "courtrai": "kortrijk", "ostende": "oostende", "ostend": "oostende", "elsene": "ixelles",
    "denhaag": "sgravenhage", "thehague": "sgravenhage", "denbosch": "shertogenbosch",
    "munich": "munchen", "cologne": "koln", "vienna": "wien", "nuremberg": "nurnberg",
    "hanover": "hannover", "zurich": "zurich", "geneva": "geneve", "genf": "geneve",
    "lucerne": "luzern", "basle": "basel", "berne": "bern", "copenhagen": "kobenhavn",
    "kopenhagen": "kobenhavn", "kbh": "kobenhavn", "gothenburg": "goteborg", "warsaw": "warszawa",
    "warschau": "warszawa", "cracow": "krakow", "krakau": "krakow", "helsingfors": "helsinki",
    "laibach": "ljubljana", "agram": "zagreb",
}  # fmt: skip
_GAPS, _NAME_PARTS = re.compile(r"[\s\-]"), re.compile(r"[,(/\-]")
_QUALIFIER = re.compile(r"[(/,]\s*([^()/,]+)")
_CITY, _BIG_CITY, _TOGETHER = 4, 12, 0.7
_WORDS = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Places:
    """The postal codes of one country."""

    towns: Mapping[str, Sequence[str]]  # code (no spaces, upper case) -> names for comparison
    prefixes: Mapping[str, Collection[str]]  # name -> regions of its codes
    regions: frozenset[str]
    cities: frozenset[str]  # names with several codes that lie together
    qualifiers: frozenset[str]  # what stands behind a town's name to tell it: "(Baden)", "/Saale"


def _plain(code: str) -> str:
    return _GAPS.sub("", code).upper()


def _name(text: str) -> str:
    short = key(text)
    for two, one in _UMLAUTS:
        short = short.replace(two, one)
    return short


@lru_cache(maxsize=64)
def places(country: str) -> Places | None:
    """Return the postal codes of a country (ISO code), None where no good list exists."""
    if country not in COMPLETE | PARTIAL:
        return None
    folder = files("countrystatecity_postal_codes") / "data" / "by-country"
    rows = [
        row
        for part in (country, *_ISLANDS.get(country, ()))
        for row in json.loads((folder / part / "postcodes.json").read_text(encoding="utf-8"))
    ]
    towns: dict[str, list[str]] = {}
    prefixes: dict[str, set[str]] = {}
    qualifiers: set[str] = set()
    for row in rows:
        code, locality = _plain(row["code"]), row.get("localityName") or ""
        names = towns.setdefault(code, [])
        for text in {locality, *_NAME_PARTS.split(locality)}:
            name = _name(text)
            if name and name not in names:
                names.append(name)
                prefixes.setdefault(name, set()).add(_region(country, code))
        qualifiers.update(map(_name, _QUALIFIER.findall(locality)))
        first = _WORDS.match(locality)  # "Freiburg im Breisgau" is "Freiburg" on most parcels
        if first:
            prefixes.setdefault(_name(first[0]), set()).add(_region(country, code))
    return Places(
        towns,
        prefixes,
        frozenset(_region(country, code) for code in towns),
        _cities(towns),
        frozenset(qualifiers),
    )


def _cities(towns: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the names with several codes that begin alike: no village name that is common."""
    starts: dict[str, Counter[str]] = {}
    for code, names in towns.items():
        for name in {name.rstrip("0123456789") for name in names}:
            starts.setdefault(name, Counter()).update((code[:1], code[:2]))
    return frozenset(name for name, counted in starts.items() if _lie_together(counted))


def _lie_together(starts: Counter[str]) -> bool:
    """Say whether codes, counted by their first one and two characters, are one town's."""
    codes = starts.total() // 2
    near = max(count for start, count in starts.items() if len(start) == 2)
    far = max(count for start, count in starts.items() if len(start) == 1)
    return (codes >= _CITY and near >= _TOGETHER * codes) or (
        codes >= _BIG_CITY and far >= _TOGETHER * codes
    )


def _region(country: str, code: str) -> str:
    return _lookup(country, code)[: _REGION.get(country, 2)]


def _lookup(country: str, code: str) -> str:
    short = _plain(code)
    return short[:4] if country == "NL" else short


def exists(country: str, code: str) -> bool | None:
    """Say whether a well-formed code is in use; None where no complete list exists."""
    known = places(country) if country in COMPLETE else None
    return None if known is None else _lookup(country, code) in known.towns


def region_exists(country: str, code: str) -> bool:
    """Say whether any code of the country starts like this one; True where no list exists."""
    known = places(country) if country in COMPLETE else None
    return known is None or _region(country, code) in known.regions


def is_city(country: str, town: str) -> bool:
    """Say whether a town has several codes: no village whose houses are only numbered."""
    known = places(country)
    return known is not None and not known.cities.isdisjoint(_names(town))


def _like(one: str, two: str) -> bool:
    return one == two or (min(len(one), len(two)) > 3 and (one in two or two in one))


def _names(town: str) -> set[str]:
    """Return the ways a town may be listed: whole, each word of it, and its other names."""
    names = {_name(town), *(_name(w) for w in _WORDS.findall(town))} - {""}
    return names | {_ALIASES[n] for n in names if n in _ALIASES}


@lru_cache(maxsize=20_000)
def belongs(country: str, code: str, town: str) -> bool | None:
    """Say whether a town's name fits a code; None where that cannot be told."""
    known = places(country)
    listed = known.towns.get(_lookup(country, code)) if known else None
    if not listed:
        return None
    names = _names(town)
    return any(_like(name, entry) for name in names for entry in listed)


@lru_cache(maxsize=20_000)
def town_in_region(country: str, code: str, town: str) -> bool | None:
    """Say whether the town has codes that start like this one; None for an unknown town."""
    known = places(country)
    if known is None:
        return None
    found = [known.prefixes[n] for n in _names(town) if n in known.prefixes]
    if not found:
        return None
    return any(_region(country, code) in regions for regions in found)


def are_two(country: str, town: str) -> bool:
    """Say whether "Köln / Hamburg" names two towns; "Biel/Bienne" and "Halle/Saale" are one."""
    known = places(country) if "/" in town else None
    if known is None:
        return False
    if _name(town.split("/", 1)[1]) in known.qualifiers:  # "Walldorf/Baden"
        return False
    one, two = (set(known.prefixes.get(_name(part), ())) for part in town.split("/", 1))
    return bool(one) and bool(two) and one.isdisjoint(two)


def mismatch(country: str, code: str, town: str) -> bool:
    """Say whether a code in use belongs to another part of the country than the town."""
    if country not in COMPLETE - _OTHER_NAMES or belongs(country, code, town) is not False:
        return False
    here = town_in_region(country, code, town)
    return here is False or (here is None and country not in _ONE_NAME)
