"""What every fresh plentymarkets system has: statuses, plans, countries, package types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple


class Plan(NamedTuple):
    """Calls allowed: per user and minute, per system and day (plentymarkets contract 4)."""

    reads_minute: int
    reads_day: int
    writes_minute: int
    writes_day: int


PLANS = {
    "basic": Plan(80, 59_760, 40, 17_280),
    "classic": Plan(200, 166_000, 80, 48_000),
    "flex": Plan(240, 282_000, 100, 72_000),
    "plus": Plan(280, 282_000, 120, 72_000),
    "unlimited": Plan(10**7, 10**9, 10**7, 10**9),  # not on sale: for measuring
}

# plentymarkets contract 8. 6.2, 6.3 and 8.8 are not among them: each merchant creates them.
STATUSES: dict[Decimal, str] = {
    Decimal(number): name
    for number, name in {
        "1": "Unvollständige Daten",
        "1.1": "Warten auf Freischaltung",
        "1.2": "Warten auf Zahlung (offen)",
        "2": "Warten auf Freischaltung",
        "3": "Warten auf Zahlung",
        "3.2": "Warten auf Zahlung (angehalten)",
        "3.3": "Bereit, wartet auf Restzahlung",
        "3.4": "Mahnung versendet",
        "4": "In Versandvorbereitung",
        "5": "Freigabe Versand",
        "5.1": "Externe Versandabwicklung",
        "6": "Gerade im Versand",
        "7": "Warenausgang gebucht",
        "7.1": "Auftrag exportiert",
        "8": "Storniert",
        "8.1": "Storniert durch Kunden",
        "9": "Retoure",
        "9.1": "Ware wird geprüft",
        "9.2": "Warten auf Rückmeldung vom Händler",
        "9.3": "Garantie",
        "9.4": "Umtausch",
        "9.5": "Gutschrift erstellt",
        "10": "Gewährleistung",
        "11": "Gutschrift",
        "11.1": "Gutschrift ausgezahlt",
        "12": "Reparatur",
        "13": "Sammelauftrag",
        "14": "Sammelgutschrift",
    }.items()
}

# id: (name, two letters, three letters, in the EU); plentymarkets contract 16. Several ids share
# one ISO code, so the first id of a code is the one a compact order means by it.
COUNTRIES: dict[int, tuple[str, str, str, bool]] = {
    1: ("Germany", "DE", "DEU", True),
    2: ("Austria", "AT", "AUT", True),
    3: ("Belgium", "BE", "BEL", True),
    4: ("Switzerland", "CH", "CHE", False),
    5: ("Cyprus", "CY", "CYP", True),
    6: ("Czech Republic", "CZ", "CZE", True),
    7: ("Denmark", "DK", "DNK", True),
    8: ("Spain", "ES", "ESP", True),
    9: ("Estonia", "EE", "EST", True),
    10: ("France", "FR", "FRA", True),
    11: ("Finland", "FI", "FIN", True),
    12: ("United Kingdom", "GB", "GBR", False),
    13: ("Greece", "GR", "GRC", True),
    14: ("Hungary", "HU", "HUN", True),
    15: ("Italy", "IT", "ITA", True),
    16: ("Ireland", "IE", "IRL", True),
    17: ("Luxembourg", "LU", "LUX", True),
    18: ("Latvia", "LV", "LVA", True),
    19: ("Malta", "MT", "MLT", True),
    20: ("Norway", "NO", "NOR", False),
    21: ("Netherlands", "NL", "NLD", True),
    22: ("Portugal", "PT", "PRT", True),
    23: ("Poland", "PL", "POL", True),
    24: ("Sweden", "SE", "SWE", True),
    26: ("Slovakia", "SK", "SVK", True),
    27: ("Slovenia", "SI", "SVN", True),
    28: ("USA", "US", "USA", False),
    29: ("Australia", "AU", "AUS", False),
    30: ("Canada", "CA", "CAN", False),
    31: ("China", "CN", "CHN", False),
    32: ("Japan", "JP", "JPN", False),
    33: ("Lithuania", "LT", "LTU", True),
    34: ("Liechtenstein", "LI", "LIE", False),
    35: ("Monaco", "MC", "MCO", True),
    37: ("Canary Islands", "IC", "ESP", False),
    41: ("Romania", "RO", "ROU", True),
    42: ("Ceuta", "EA", "ESP", False),
    43: ("Melilla", "EA", "ESP", False),
    44: ("Bulgaria", "BG", "BGR", True),
    54: ("Croatia", "HR", "HRV", True),
    63: ("Turkey", "TR", "TUR", False),
    64: ("Greek islands", "GR", "GRC", True),
    65: ("Balearic Islands", "ES", "ESP", True),
    142: ("Vatican", "VA", "VAT", False),
    144: ("Iceland", "IS", "ISL", False),
    212: ("San Marino", "SM", "SMR", False),
    216: ("Serbia", "RS", "SRB", False),
    241: ("Ukraine", "UA", "UKR", False),
    255: ("Helgoland", "DE", "DEU", False),
    256: ("Büsingen", "DE", "DEU", False),
    262: ("Livigno", "IT", "ITA", False),
    263: ("Campione d'Italia", "IT", "ITA", False),
    264: ("Italian waters of Lake Lugano", "IT", "ITA", False),
    265: ("Northern Ireland", "XI", "GBR", False),
}


def country_id(code: str) -> int | None:
    """Return the first country id of a two-letter code."""
    wanted = code.upper()
    return next((number for number, row in COUNTRIES.items() if row[1] == wanted), None)


PACKAGE_TYPES: list[dict[str, Any]] = [
    {"id": 1, "name": "Brief", "length": 240, "width": 165, "height": 20, "maxWeight": 1000},
    {"id": 2, "name": "Karton S", "length": 300, "width": 200, "height": 150, "maxWeight": 10000},
    {"id": 3, "name": "Karton M", "length": 400, "width": 300, "height": 200, "maxWeight": 20000},
    {"id": 4, "name": "Karton L", "length": 600, "width": 400, "height": 400, "maxWeight": 31500},
]

PROVIDERS: list[dict[str, Any]] = [
    {"id": 1, "name": "DHL"},
    {"id": 2, "name": "DPD"},
    {"id": 3, "name": "GLS"},
    {"id": 4, "name": "UPS"},
    {"id": 5, "name": "Selbstabholung"},
]

PROFILES: list[dict[str, Any]] = [
    {"id": 6, "backendName": "DHL Paket", "parcelServiceId": 1},
    {"id": 7, "backendName": "DHL Express", "parcelServiceId": 1, "isExpress": 1},
    {"id": 8, "backendName": "DPD Classic", "parcelServiceId": 2},
    {"id": 9, "backendName": "GLS Business", "parcelServiceId": 3},
]

RETURN_REASONS = ["Gefällt nicht", "Falscher Artikel", "Defekt", "Falsche Größe"]
RETURN_STATES = ["Neuwertig", "B-Ware", "Defekt"]
BARCODE_TYPES: list[dict[str, Any]] = [
    {"id": 1, "name": "GTIN 13", "type": "GTIN_13"},
    {"id": 2, "name": "GTIN 128", "type": "GTIN_128"},
    {"id": 3, "name": "UPC", "type": "UPC"},
    {"id": 4, "name": "ISBN", "type": "ISBN"},
]
