"""Values that no field should hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


SEARCH = "GET /rest/orders/search"


#: name -> what stands in the answer, as it is sent
HOSTILE = {
    "NUL": r'"Muster\u0000mann"',
    "half a character": r'"Muster\ud83d"',
    "no UTF-8": '"M\udcfcller"',
    "year 1": '"0001-01-01T00:00:00+14:00"',
    "year 9999": '"9999-12-31T23:59:59-12:00"',
    "a zero date": '"-0001-11-30T00:00:00+00:00"',
    "another zero date": '"0000-00-00T00:00:00"',
    "beyond a float": "1e9999",
    "4,400 digits": "9" * 4400,
    "4,400 digits as text": '"' + "9" * 4400 + '"',
    "a million zeros": '"1e1000000"',
    "a millionth place": '"1e-1000000"',
    "NaN": "NaN",
    "NaN as text": '"NaN"',
    "Infinity": "-Infinity",
    "a list": "[1]",
    "an object": '{"id": 1}',
    "lists in lists": "[" * 50 + "]" * 50,
    "true": "true",
    "null": "null",
    "a fraction": "1.5",
    "below zero": "-1",
    "zero": "0",
    "one above a bigint": str(2**63),
    "the last bigint": str(2**63 - 1),
    "nothing": '""',
    "a surname": '"Mustermann"',
    "other digits": '"١٢"',
}
