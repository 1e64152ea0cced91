"""Street and number in the customs of North America, Australia, New Zealand and Japan.

American lines are read by ``usaddress`` (a parser trained on them, see requirements.txt): ordinals
("450 21st St"), fractions ("1 1/3 Main St" is another house than "1 Main St"), grids and spelled
numbers are beyond rules that fit Europe.
"""

from __future__ import annotations

import re
from functools import lru_cache

from include.core.address.text import letters

Parts = tuple[str, str, tuple[str, ...]]  # street, number, further parts

AMERICAN = frozenset({"US", "CA"})
AUSTRALIAN = frozenset({"AU", "NZ"})
# Numbers as words, where addresses have them: "One Microsoft Way".
SPELLED = frozenset({
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "thirty", "forty", "fifty",
})  # fmt: skip
# Streets' types that Europe does not have; the others are in `words.STREET`.
TYPE = re.compile(
    r"(?<!\w)(?:blvd|boulevard|bvd|pkwy|parkway|hwy|highway|cir|circle|ct|ter|terr|trl|trail|loop|"
    r"pike|tpke|turnpike|plz|expy|expressway|fwy|freeway|xing|crossing|cv|cove|aly|alley|cswy|cres|"
    r"pde|tce|cct|circuit|esp|esplanade|broadway|bypass|ridge|run|path|bend|landing|point)\.?"
    r"(?=$|[\s,])",
    re.IGNORECASE,
)
# Mail routes and forces mail: a box on a route stands for the house.
ROUTE = re.compile(
    r"(?:r\.?\s?r\.?|rural\s+route|h\.?c\.?r?\.?|highway\s+contract(?:\s+route)?|star\s+route|s\.?s\.?|"
    r"psc|cmr|unit|site|comp)\s?#?\s?\d+[a-z]?(?:\s?,?\s?(?:box|bx|stn|station|comp|site|bag)\s?#?\s?\w+)*"
    r"(?:\s?,?\s?(?:stn|station)\s[\w ]+)?",
    re.IGNORECASE,
)
_BOXES = re.compile(r"^(?:unit)\s?\d+$", re.IGNORECASE)
_FRENCH = re.compile(
    r"(?:^|[\s,])(?:rue|boul\.?|boulevard|chemin|ch\.|rang|mont[ée]e|c[ôo]te|place|all[ée]e|impasse|"
    r"route|\d+e\s+(?:avenue|rue|rang))(?=[\s,])",
    re.IGNORECASE,
)
_NUMBER_LABELS = ("AddressNumberPrefix", "AddressNumber", "AddressNumberSuffix")

_AUSTRALIAN = re.compile(
    r"(?P<unit>(?>(?:(?:unit|flat|apartment|apt|shop|suite|ste|level|lvl|lv|office|villa|townhouse|"
    r"factory|room|studio|warehouse|building|bldg|tower)\.?\s?[\w\-]{1,5}(?:\s?[,/]\s*|\s+)|"
    r"[lg]\d{0,2}\s?[,/]\s*)*))"
    r"(?P<num>(?:(?:lot|rmb|rsd|cma)\s?\d{1,5}|[a-z]{0,2}\d{1,5}[a-z]?)"
    r"(?:\s?[/\-–]\s?\d{1,5}[a-z]?)*)(?:\s*,\s*|\s+)(?P<street>[^\W\d].*)",
    re.IGNORECASE,
)
# "3 Chome-12-5", "6丁目10-1", "1-2-3", "12番地5": block and house.
_JAPANESE = re.compile(
    r"(?<![\d\-–−ー])(?P<num>(?:(?:\d{1,4}|[一二三四五六七八九十]{1,3})\s?[\-–]?\s?(?:ch[oōô]u?me|丁目)"
    r"[\s\-–,]*)?\d{1,5}(?:\s?[\-–−ー]\s?\d{1,5}|番地?の?\s?\d{0,5}|号)*)(?!\s?(?:f|階|号室)\b)",
    re.IGNORECASE,
)
_TYPE_ALONE = re.compile(
    r"(?:[NSEW]\.?\s)?(?:st|street|rd|road|ave?|avenue|dr|drive|ln|lane|ct|court|blvd|hwy|highway|pkwy|"
    r"cir|pl|tce|cres|pde|way)\.?",
    re.IGNORECASE,
)
_ROADS = re.compile(r"(?:highway|hwy|route|rte|road|rd|fm|cr|sr|interstate|i|us)\.?", re.IGNORECASE)
_UNIT_AT_END = re.compile(
    r"(?<![\s,])[\s,]+(?:unit|flat|apt|level|suite|shop|office)\.?\s+(?:\d\w*|[a-z])$",
    re.IGNORECASE,
)
_GAPS = re.compile(r"\s+")
_EDGES = " ,;-–/"


def read(lines: tuple[str, str, str, str], country: str) -> Parts | None:
    """Return street, number and the rest of (clean) lines; None where Europe's rules may try.

    The number of a mail route is "": the route is the street.
    """
    for place, line in enumerate(lines):
        parts = _line(line, country) if line else None
        if parts:
            others = tuple(t for p, t in enumerate(lines) if t and p != place)
            return parts[0], parts[1], (*parts[2], *others)
    return None


def is_type_alone(street: str, country: str) -> bool:
    """Say whether a street is only a type without a name: "123 St"."""
    return country in AMERICAN | AUSTRALIAN and _TYPE_ALONE.fullmatch(street) is not None


def is_route(street: str, country: str) -> bool:
    """Say whether a text is a mail route with its box: "RR 2 Box 152", "HC 1"."""
    return country in AMERICAN and ROUTE.fullmatch(street) is not None


def has_type(street: str, country: str) -> bool:
    """Say whether a text ends in a type of street that only these countries have."""
    return country in AMERICAN | AUSTRALIAN and TYPE.search(street) is not None


@lru_cache(maxsize=20_000)
def _line(line: str, country: str) -> Parts | None:
    if country in AMERICAN:
        if ROUTE.fullmatch(line) and not _BOXES.match(line):
            return line, "", ()
        return None if country == "CA" and _FRENCH.search(line) else _american(line)
    if country in AUSTRALIAN:
        return _australian(line)
    return _japanese(line) if country == "JP" else None


def _american(line: str) -> Parts | None:
    """Read a line by its labels; None without a number and a street."""
    import usaddress  # a tenth of a second, for those who ship there

    number: list[str] = []
    street: list[int] = []  # places of its words
    tokens = usaddress.parse(line)
    for place, (token, label) in enumerate(tokens):
        road = bool(street) and street[-1] == place - 1 and _ROADS.fullmatch(tokens[place - 1][0])
        if label in _NUMBER_LABELS and not street:
            number.append(token.strip(_EDGES))
        elif label.startswith("StreetName") or (road and token[:1].isdigit()):
            street.append(place)  # "8483 Al Highway 157" as well
    between = range(street[0], street[-1] + 1) if street else range(0)
    others = [
        token
        for place, (token, label) in enumerate(tokens)
        if place not in between and (label not in _NUMBER_LABELS or (street and place > street[-1]))
    ]
    first, _, behind = line.partition(" ")
    if not number and first.casefold() in SPELLED and letters(behind) > 1:
        parts = _american(f"1 {behind}")
        return parts and (parts[0], first, parts[2])
    name = " ".join(tokens[place][0].strip(" ,;") for place in between)
    if not number or not name:
        return None
    rest = " ".join(others).strip(_EDGES)
    return name, " ".join(number), (rest.replace("# ", "#"),) if rest else ()


def _australian(line: str) -> Parts | None:
    match = _AUSTRALIAN.fullmatch(line)
    if match is None:
        return None
    behind = _UNIT_AT_END.search(match["street"])
    street = match["street"][: behind.start()] if behind else match["street"]
    street, *more = (part.strip() for part in street.split(","))
    unit = match["unit"].strip(_EDGES)
    rest = (unit, *more, behind[0].strip(_EDGES) if behind else "")
    number = _GAPS.sub("", match["num"]) if match["num"][:1].isdigit() else match["num"].strip()
    return street, number, tuple(filter(None, rest))


def _japanese(line: str) -> Parts | None:
    match = _JAPANESE.search(line)
    if match is None:
        return None
    before = line[: match.start()].strip(_EDGES)
    after = line[match.end() :].strip(_EDGES)
    names = [part.strip() for part in f"{before},{after}".split(",") if letters(part)]
    if not names:
        return None
    return names[0], match["num"].strip(_EDGES), tuple(names[1:])
