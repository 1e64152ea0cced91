"""One call as a handler sees it: tenant, user, query and body."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from include.sandbox.plenty.errors import invalid, no_row, not_found, wrong_shape

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order, Tenant, User
    from include.sandbox.plenty.world import PlentyWorld


class Query:
    """Query parameters: repeated keys, `key[]`, `key[0]` and comma lists all mean a list."""

    def __init__(self, raw: str) -> None:
        self.pairs = parse_qsl(raw, keep_blank_values=True)

    def get(self, name: str) -> str | None:
        """Return the last value, None if it is not given."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a list parameter."""
        return [
            part.strip()
            for key, value in self.pairs
            if key == name or (key.startswith(f"{name}[") and key.endswith("]"))
            for part in value.split(",")
            if part.strip()
        ]

    def integer(self, name: str, default: int) -> int:
        """Return a whole number; what is none counts as not given."""
        value = self.get(name)
        try:
            return int(value) if value is not None else default
        except ValueError:
            return default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a flag."""
        value = self.get(name)
        return default if value is None else value.strip().lower() in ("1", "true", "yes")


@dataclass(slots=True)
class Request:
    """What a handler gets. `user` may see and set only what its rights allow."""

    world: PlentyWorld
    tenant: Tenant
    user: User
    params: dict[str, str]
    query: Query
    body: Any
    now: float

    def integer(self, name: str) -> int:
        """Return a path parameter as a number; 404 if it is none."""
        try:
            return int(self.params[name])
        except ValueError as error:
            raise not_found() from error

    def order(self, name: str = "order_id") -> Order:
        """Return the order of the path; 404 if the user has none of this id."""
        order = self.tenant.orders.get(self.integer(name))
        if order is None or not self.may_see(order):
            raise no_row("Order")
        return order

    def may_see(self, order: Order) -> bool:
        """Tell whether status and client rights let the user see the order."""
        user = self.user
        return (user.statuses is None or order.status in user.statuses) and (
            user.plenty_ids is None or order.plenty_id in user.plenty_ids
        )

    def object(self) -> JsonObject:
        """Return the body as an object; a missing one is empty, any other shape a 500."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise wrong_shape()
        return self.body

    def rows(self, key: str) -> list[JsonObject]:
        """Return the rows under a key, or the flat body as the only row (contract 12.2)."""
        body = self.object()
        rows = body.get(key, [body])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise wrong_shape()
        return rows

    def required(self, key: str) -> Any:
        """Return a value of the body; 422 if it is missing."""
        value = self.object().get(key)
        if value is None:
            raise invalid(key, f"The {key} field is required.")
        return value


def parse_body(body: bytes, content_type: str) -> Any:
    """Return the body as JSON, also of form fields. None if empty; 500 if it cannot be read."""
    if not body.strip():
        return None
    if "application/x-www-form-urlencoded" in content_type:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "multipart/form-data" in content_type:
        return _multipart(body, content_type)
    try:
        return json.loads(body)
    except ValueError as error:
        raise wrong_shape("Syntax error") from error


def _multipart(body: bytes, content_type: str) -> dict[str, str]:
    boundary = content_type.partition("boundary=")[2].strip().strip('"')
    fields = {}
    for part in body.split(b"--" + boundary.encode()):
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        if name:
            fields[name.decode()] = value.removesuffix(b"\r\n").decode("utf-8", "replace")
    return fields
