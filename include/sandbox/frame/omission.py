"""Answers that are not as they should be: rows or fields are absent, or hold something else."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

ID_FIELDS = ("id", "orderId", "externalId", "variationId", "historyId", "externalGoodsOrderId")
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
    key, found = _rows(data)
    kept = found if fields else [row for row in found if not _is_meant(row, rows)]
    for field in fields:
        for row in kept:
            if not rows or _is_meant(row, rows):
                _each(row, field, lambda holder, name: holder.pop(name, None))
    if key is not None:
        data[key] = kept
        if isinstance(data.get(TOTAL), int):
            data[TOTAL] -= len(found) - len(kept)
    elif isinstance(data, list):
        data = kept
    return json.dumps(data, separators=(",", ":")).encode()


def put_in(body: bytes, puts: Sequence[tuple[object, str, str]]) -> bytes:
    """Return a JSON answer whose rows hold something else in some fields.

    :param puts: id of the row (None: all rows), field as in `leave_out`, and what stands there: any
        text, put in as it is.
    """
    try:
        data = json.loads(body)
    except ValueError:
        return body
    raws: dict[str, str] = {}
    for place, (row_id, field, raw) in enumerate(puts):
        sign = f"<put {place}>"
        for row in _rows(data)[1]:
            if row_id is None or _is_meant(row, {str(row_id)}):
                _each(row, field, partial(_put, sign))
                raws[json.dumps(sign)] = raw
    text = json.dumps(data, separators=(",", ":"))
    for sign, raw in raws.items():
        text = text.replace(sign, raw)
    # a lone surrogate stands for a byte that is no UTF-8
    return text.encode("utf-8", errors="surrogateescape")


def _put(value: str, holder: dict[str, Any], name: str) -> None:
    holder[name] = value


def _rows(data: Any) -> tuple[str | None, list[Any]]:
    """Return the rows of an answer, and the field that holds them (None: the answer itself)."""
    if isinstance(data, list):
        return None, data
    key = next((k for k, v in data.items() if isinstance(v, list) and _objects(v)), None)
    return key, data[key] if key is not None else [data]


def _objects(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) for row in rows)


def _is_meant(row: Any, rows: Collection[str]) -> bool:
    return isinstance(row, dict) and any(str(row.get(name)) in rows for name in ID_FIELDS)


def _each(row: Any, field: str, do: Callable[[dict[str, Any], str], object]) -> None:
    """Do something with a field wherever it may stand in a row."""
    if not isinstance(row, dict):
        return
    name, _, rest = field.partition(".")
    if not rest:
        do(row, name)
        return
    inner = row.get(name)
    for one in inner if isinstance(inner, list) else [inner]:
        _each(one, rest, do)
