"""Addresses: the four name and address lines, the read-only aliases, the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.dates import to_text, to_timestamp
from include.sandbox.plenty.defaults import country_id

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject

OPTION_PHONE, OPTION_EMAIL, OPTION_POST_NUMBER = 4, 5, 6
OPTION_KEYS = {"phone": OPTION_PHONE, "email": OPTION_EMAIL, "post_number": OPTION_POST_NUMBER}
LINES = (
    "name1", "name2", "name3", "name4", "address1", "address2", "address3", "address4",
    "postalCode", "town",
)  # fmt: skip
NULL_LINES = ("name4", "address2")  # contract 23: null where the description has empty text
STATIONS = {"PACKSTATION": "isPackstation", "POSTFILIALE": "isPostfiliale"}


def expand_address(source: JsonObject, address_id: int, now: float) -> JsonObject:
    """Return a full address from a compact or a full one.

    Compact: the plenty lines plus "country" ("DE") or "countryId" and "phone", "email",
    "post_number"; a line that is missing is empty. Full: `options` are taken as they are.
    """
    address: JsonObject = {"id": address_id, "gender": source.get("gender")}
    address |= {line: source.get(line, "") for line in LINES}
    if "countryId" in source:
        address["countryId"] = source["countryId"]
    else:
        address["countryId"] = country_id(str(source.get("country", "DE"))) or 0
    address |= {"stateId": source.get("stateId"), "readOnly": bool(source.get("readOnly", False))}
    options = [dict(row) for row in source.get("options", [])]
    for key, type_id in OPTION_KEYS.items():
        if source.get(key) and not any(row.get("typeId") == type_id for row in options):
            options.append({"typeId": type_id, "value": str(source[key])})
    address["options"] = [
        {"id": address_id * 100 + place, "addressId": address_id, **row, "position": place}
        for place, row in enumerate(options)
    ]
    address["checkedAt"] = source.get("checkedAt")
    for name in ("createdAt", "updatedAt"):
        address[name] = to_text(to_timestamp(source[name]) if source.get(name) else now)
    return address


def edit_address(address: JsonObject, changes: JsonObject, now: float) -> None:
    """Change lines, country and options in place."""
    for key, value in changes.items():
        if key in OPTION_KEYS:
            _set_option(address, OPTION_KEYS[key], value)
        elif key == "country":
            address["countryId"] = country_id(str(value)) or 0
        elif key == "options":
            address["options"] = [dict(row) for row in value]
        elif key != "id":
            address[key] = value
    address["updatedAt"] = to_text(now)


def render_address(
    address: JsonObject, pivot: JsonObject | None = None, *, live: bool = True
) -> JsonObject:
    """Return the address and the pivot that names its role (contract 6.10).

    :param live: as live systems show it (contract 23): options with dates, some empty lines null;
        otherwise with the read-only aliases and Unix seconds as text.
    """
    if live:
        dates = {"createdAt": address["createdAt"], "updatedAt": address["updatedAt"]}
        result = address | {"options": [dates | row for row in address["options"]]}
        for line in NULL_LINES:
            result[line] = result[line] or None
    else:
        result = _described(address)
    if pivot is not None:
        result["pivot"] = pivot
    return result


def _described(address: JsonObject) -> JsonObject:
    station = STATIONS.get(str(address["address1"]).strip().upper())
    return address | {
        "createdAt": _unix(address["createdAt"]),
        "updatedAt": _unix(address["updatedAt"]),
        "companyName": address["name1"],
        "firstName": address["name2"],
        "lastName": address["name3"],
        "careOf": address["name4"],
        "street": address["address1"],
        "houseNumber": address["address2"],
        "additional": address["address3"],
        "phone": _option(address, OPTION_PHONE),
        "email": _option(address, OPTION_EMAIL),
        "postident": _option(address, OPTION_POST_NUMBER),
        "packstationNo": address["address2"] if station else "",
        "isPackstation": station == "isPackstation",
        "isPostfiliale": station == "isPostfiliale",
    }


def _option(address: JsonObject, type_id: int) -> str:
    values = (row["value"] for row in address["options"] if int(row["typeId"]) == type_id)
    return str(next(values, ""))


def _set_option(address: JsonObject, type_id: int, value: Any) -> None:
    options = [row for row in address["options"] if int(row["typeId"]) != type_id]
    if value:
        options.append(
            {
                "id": address["id"] * 100 + type_id,
                "addressId": address["id"],
                "typeId": type_id,
                "value": str(value),
                "position": len(options),
            }
        )
    address["options"] = options


def _unix(value: str) -> str:
    """Addresses are described with Unix seconds, unlike orders (contract 6.10), as text."""
    return str(int(to_timestamp(value)))
