"""Answers that omit something: rows that a search does not show yet, fields that are absent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

ID_FIELDS = ("id", "orderId", "externalId", "variationId")
TOTAL = "totalsCount"


def leave_out(body: bytes, rows: Collection[str], fields: Collection[str]) -> bytes:
    """Return a JSON answer without some rows of its list, or without some fields of its rows.

    The list is the answer itself or the first list of objects in it; its count follows. An answer
    that is no JSON stays as it is.

    :param rows: ids as text, of `ID_FIELDS`: without `fields` these rows are left out, with them
        only these rows lack the fields.
    :param fields: names, or "orderItems.variation" for a field of the objects in a field.
    """
    try:
        data = json.loads(body)
    except ValueError:
        return body
    key = None
    if isinstance(data, dict):
        key = next((k for k, v in data.items() if isinstance(v, list) and _objects(v)), None)
    found = data[key] if key is not None else data if isinstance(data, list) else [data]
    kept = found if fields else [row for row in found if not _is_meant(row, rows)]
    for field in fields:
        for row in kept:
            if not rows or _is_meant(row, rows):
                _strip(row, field)
    if key is not None:
        data[key] = kept
        if isinstance(data.get(TOTAL), int):
            data[TOTAL] -= len(found) - len(kept)
    elif isinstance(data, list):
        data = kept
    return json.dumps(data, separators=(",", ":")).encode()


def _objects(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) for row in rows)


def _is_meant(row: Any, rows: Collection[str]) -> bool:
    return isinstance(row, dict) and any(str(row.get(name)) in rows for name in ID_FIELDS)


def _strip(row: Any, field: str) -> None:
    if not isinstance(row, dict):
        return
    name, _, rest = field.partition(".")
    if not rest:
        row.pop(name, None)
        return
    inner = row.get(name)
    for one in inner if isinstance(inner, list) else [inner]:
        _strip(one, rest)
