"""Finds orders: both forms of the search and the old list (contract 6.2, 6.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.dates import to_timestamp
from include.sandbox.plenty.errors import invalid
from include.sandbox.plenty.filters import field_spec
from include.sandbox.plenty.model import (
    DATE_BOOKED,
    DATE_PAID,
    PROPERTY_EXTERNAL_ID,
    PROPERTY_PAYMENT_STATUS,
    PROPERTY_PROFILE,
    PROPERTY_WAREHOUSE,
)
from include.sandbox.plenty.query import (
    Condition,
    all_of,
    compile_condition,
    from_query,
    one_of,
)
from include.sandbox.plenty.values import decimal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from include.sandbox.plenty.model import JsonObject, Order, Tenant
    from include.sandbox.plenty.request import Query, Request

PAGING_KEYS = frozenset(
    {"page", "itemsPerPage", "sortBy", "sortOrder", "with", "lazyLoaded", "withDeleted"}
)
SORT_KEYS: dict[str, Callable[[Order], Any]] = {
    "orderId": lambda order: order.id,
    "id": lambda order: order.id,
    "statusId": lambda order: (order.status, order.id),
    "createdAt": lambda order: (order.created, order.id),
    "updatedAt": lambda order: (order.updated, order.id),
    "plentyId": lambda order: (order.plenty_id, order.id),
    "orderTypeId": lambda order: (order.type_id, order.id),
}


def search(request: Request, *, body: JsonObject | None) -> list[Order]:
    """Return the orders that match, sorted: `orderId` descending unless asked otherwise.

    A body without `conditionType` filters nothing (contract, fact 2). An unknown filter is ignored.
    """
    tenant, query = request.tenant, request.query
    conditions = _query_conditions(tenant, query)
    if body:
        conditions += _body_conditions(tenant, body)
    deleted = query.flag("withDeleted", default=False)
    found = _matching(request, conditions, deleted=deleted)
    descending = (query.get("sortOrder") or "desc").lower() != "asc"
    key = SORT_KEYS.get(query.get("sortBy") or "orderId", SORT_KEYS["orderId"])
    return sorted(found, key=key, reverse=descending)


def old_list(request: Request) -> list[Order]:
    """Return the orders of the deprecated list, ascending by id unless asked otherwise."""
    query = request.query
    tests = [test for name, value in query.pairs if (test := _old_test(name, value))]
    ids = [int(value) for value in query.all("orderIds") if value.isdigit()]
    if ids:
        wanted = frozenset(ids)
        tests.append(lambda order: order.id in wanted)
    conditions = [Condition(test) for test in tests]
    found = _matching(request, conditions, deleted=False)
    key = SORT_KEYS.get(query.get("sortBy") or "id", SORT_KEYS["id"])
    return sorted(found, key=key, reverse=(query.get("sortOrder") or "asc").lower() == "desc")


def _matching(request: Request, conditions: list[Condition], *, deleted: bool) -> list[Order]:
    tenant = request.tenant
    rows = _candidates(tenant, all_of(conditions) if conditions else None)
    if deleted:
        rows = [*rows, *tenant.deleted.values()]
    if request.user.statuses is not None or request.user.plenty_ids is not None:
        rows = (order for order in rows if request.may_see(order))
    for condition in conditions:
        rows = filter(condition.test, rows)
    return list(rows)


def _candidates(tenant: Tenant, joined: Condition | None) -> Iterable[Order]:
    orders = tenant.orders
    if joined is None or joined.exact is None:
        return orders.values()
    if joined.index == "id":
        return [orders[number] for number in joined.exact if number in orders]
    if joined.index == "parent":
        parts = {number for parent in joined.exact for number in tenant.by_parent.get(parent, ())}
        return [orders[number] for number in parts if number in orders]
    ids = [number for status in joined.exact for number in tenant.by_status.get(status, ())]
    return [orders[number] for number in ids]


def _query_conditions(tenant: Tenant, query: Query) -> list[Condition]:
    conditions = []
    for name, value in query.pairs:
        plain = re.sub(r"\[\d*\]$", "", name)
        if plain in PAGING_KEYS:
            continue
        spec = field_spec(tenant, plain)
        if spec is not None:
            conditions.append(from_query(plain, spec, value))
    return conditions


def _body_conditions(tenant: Tenant, body: JsonObject) -> list[Condition]:
    if "conditionType" not in body:
        return []
    condition = _group(tenant, body)
    return [condition] if condition is not None else []


def _group(tenant: Tenant, group: JsonObject) -> Condition | None:
    parts = []
    for row in group.get("fields") or []:
        name = str(row.get("field", ""))
        spec = field_spec(tenant, name)
        if spec is not None:
            operator = str(row.get("operator", "eq"))
            parts.append(compile_condition(name, spec, operator, row.get("value")))
    for inner in group.get("groups") or []:
        part = _group(tenant, inner)
        if part is not None:
            parts.append(part)
    if not parts:
        return None
    kind = str(group.get("conditionType", "and")).lower()
    return one_of(parts) if kind == "or" else all_of(parts)


def _old_test(name: str, value: str) -> Callable[[Order], bool] | None:
    """Return the test of one filter of the old list; None if it is unknown and so ignored."""
    build = _OLD_FILTERS.get(name)
    if build is None:
        return None
    try:
        return build(value)
    except ValueError as error:
        raise invalid(name, "The value does not fit the field.") from error


def _since(read: Callable[[Order], float | None]) -> Callable[[str], Callable[[Order], bool]]:
    def build(value: str) -> Callable[[Order], bool]:
        bound = to_timestamp(value)
        return lambda order: (at := read(order)) is not None and at >= bound

    return build


def _until(read: Callable[[Order], float | None]) -> Callable[[str], Callable[[Order], bool]]:
    def build(value: str) -> Callable[[Order], bool]:
        bound = to_timestamp(value)
        return lambda order: (at := read(order)) is not None and at <= bound

    return build


def _property(type_id: int) -> Callable[[str], Callable[[Order], bool]]:
    return lambda value: lambda order: order.property_value(type_id) == value


def _related(kind: str, role: str) -> Callable[[str], Callable[[Order], bool]]:
    return lambda value: lambda order: str(order.relation(kind, role)) == value


def _types(value: str) -> Callable[[Order], bool]:
    wanted = {int(part) for part in value.split(",") if part.strip()}
    return lambda order: order.type_id in wanted


def _status_from(value: str) -> Callable[[Order], bool]:
    bound = decimal_of(value)
    return lambda order: order.status >= bound


def _status_to(value: str) -> Callable[[Order], bool]:
    bound = decimal_of(value)
    return lambda order: order.status <= bound


def _parent(value: str) -> Callable[[Order], bool]:
    return lambda order: any(str(row["originOrderId"]) == value for row in order.references)


def _package(value: str) -> Callable[[Order], bool]:
    return lambda order: any(row["packageNumber"] == value for row in order.packages)


_OLD_FILTERS: dict[str, Callable[[str], Callable[[Order], bool]]] = {
    "orderType": _types,
    "statusFrom": _status_from,
    "statusTo": _status_to,
    "updatedAtFrom": _since(lambda order: order.updated),
    "updatedAtTo": _until(lambda order: order.updated),
    "createdAtFrom": _since(lambda order: order.created),
    "createdAtTo": _until(lambda order: order.created),
    "paidAtFrom": _since(lambda order: order.dates.get(DATE_PAID)),
    "paidAtTo": _until(lambda order: order.dates.get(DATE_PAID)),
    "outgoingItemsBookedAtFrom": _since(lambda order: order.dates.get(DATE_BOOKED)),
    "outgoingItemsBookedAtTo": _until(lambda order: order.dates.get(DATE_BOOKED)),
    "shippingProfileId": _property(PROPERTY_PROFILE),
    "warehouseId": _property(PROPERTY_WAREHOUSE),
    "externalOrderId": _property(PROPERTY_EXTERNAL_ID),
    "paymentStatus": _property(PROPERTY_PAYMENT_STATUS),
    "contactId": _related("contact", "receiver"),
    "sender.contact": _related("contact", "sender"),
    "receiver.contact": _related("contact", "receiver"),
    "sender.warehouse": _related("warehouse", "sender"),
    "receiver.warehouse": _related("warehouse", "receiver"),
    "clientId": lambda value: lambda order: str(order.plenty_id) == value,
    "referrerId": lambda value: lambda order: order.referrer == decimal_of(value),
    "parentOrderId": _parent,
    "packageNumber": _package,
}
