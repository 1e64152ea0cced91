"""``fulfil check-address``: try addresses against the rules without sending anything.

One JSON object per line in, with plentymarkets' address fields (plentymarkets contract 6.10); one
verdict per line out. Nothing is stored, nothing is asked of any server.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from include.core.address.check import AddressResult
from include.core.address.check import check_address as check
from include.core.orders.models import Address
from include.core.quality.rules import Finding, loudest
from include.core.quality.settings import QualitySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FIELDS = {
    "name1": "name1", "name2": "name2", "name3": "name3", "name4": "name4",
    "address1": "address1", "address2": "address2", "address3": "address3", "address4": "address4",
    "postalCode": "postal_code", "postal_code": "postal_code", "town": "town", "state": "state",
    "country": "country", "email": "email", "phone": "phone",
    "postNumber": "post_number", "post_number": "post_number",
}  # fmt: skip

_SENT = ("address1", "address2", "address3", "address4")


def check_address(lines: Iterable[str], settings: QualitySettings | None = None) -> Iterator[str]:
    """Yield one JSON verdict per line of ``lines``; a line that is no JSON object is one as well.

    ``verdict`` is ``ok``, ``repaired``, ``warn``, ``bad`` or ``error``; never raises.
    """
    rules = settings or QualitySettings()
    for line in lines:
        answer = _answer(line, rules)
        text = json.dumps(answer, ensure_ascii=False)
        yield text.encode("utf-8", "replace").decode("utf-8")


def _answer(line: str, settings: QualitySettings) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return _error("Die Zeile ist kein JSON.", "The line is not JSON.")
    if not isinstance(data, dict):
        return _error("Die Zeile ist kein JSON-Objekt.", "The line is not a JSON object.")
    address = _address(data)
    profile = _id(_text(data.get("shippingProfileId")))
    return _verdict(address, check(address, settings, profile=profile))


def _error(de: str, en: str) -> dict[str, Any]:
    return {"verdict": "error", "code": "NOT_JSON", "field": "", "reason_de": de, "reason_en": en}


def _address(data: dict[str, Any]) -> Address:
    values: dict[str, Any] = {}
    for name, ours in _FIELDS.items():
        text = _text(data.get(name))
        if text:
            values[ours] = text
    if values.get("country", "").strip().isdigit():  # an id in the wrong field
        values["country_id"] = _id(values.pop("country"))
    else:
        values["country_id"] = _id(_text(data.get("countryId")))
    return Address(**values)


def _id(text: str) -> int:
    number = text.strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0


def _text(value: object) -> str:
    """Return a JSON value as text: ``null`` and structures are nothing, ``50667.0`` is 50667."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return str(value)
    except ValueError:  # more digits than Python prints
        return ""


def _verdict(address: Address, result: AddressResult) -> dict[str, Any]:
    sent = result.address if result.changed else address  # as it goes to the warehouse
    decides = loudest(list(result.findings))
    notes = [f for f in result.findings if f.rule.severity == "warn"]
    repairs = [f for f in notes if f.code in result.repairs]
    warnings = [f for f in notes if f.code not in result.repairs]
    kind, said = "ok", None
    if decides is not None:
        kind, said = "bad", decides
    elif repairs:
        kind, said = "repaired", repairs[0]
    elif warnings:
        kind, said = "warn", warnings[0]
    return {
        "verdict": kind,
        **_said(said),
        "street": result.street,
        "house_number": result.house_number,
        **{name: getattr(sent, name) for name in _SENT},
        "postal_code": result.address.postal_code,
        "town": result.address.town,
        "country": result.address.country,
        "post_number": result.address.post_number,
        "repairs": [f.code for f in repairs],
        "warnings": [f.code for f in warnings],
    }


def _said(finding: Finding | None) -> dict[str, str]:
    return {
        "code": finding.code if finding else "",
        "field": finding.field if finding else "",
        "reason_de": finding.reason_de if finding else "",
        "reason_en": finding.reason_en if finding else "",
    }


def command() -> None:
    """Check addresses from standard input, one JSON object per line."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        for verdict in check_address(sys.stdin):
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()  # whoever asks line by line gets an answer line by line
    except BrokenPipeError:  # the reader has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
