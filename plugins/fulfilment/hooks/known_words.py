"""The only words of the other systems that our texts and logs repeat: their codes and field names.

Whatever else they write may name a person: ``Customer Musterfrau has no address`` as a message, a
surname where an error's name belongs, a street as the name of a refused field. So a word passes if
it stands here, and nothing passes for looking like one.
"""

from __future__ import annotations

import re

#: names of errors (plentymarkets contract 2.3 and 5, wemalo contract 2 and 4.1)
ERRORS = frozenset(
    [
        "access_denied",
        "bad_request",
        "conflict",
        "error",
        "forbidden",
        "internal_server_error",
        "invalid_credentials",
        "invalid_grant",
        "invalid_request",
        "invalid_token",
        "not_found",
        "rate_limit_exceeded",
        "server_error",
        "too_many_concurrent_sessions",
        "too_many_requests",
        "unauthorized",
        "validation_error",
        "validation_failed",
    ]
)
#: fields of what we send and of the records it is about (plentymarkets contract 6 to 15)
FIELDS = frozenset(
    [
        "accessToken",
        "additionalData",
        "address1",
        "address2",
        "address3",
        "address4",
        "addressId",
        "addressRelations",
        "addresses",
        "amounts",
        "bookingDate",
        "comments",
        "conditions",
        "corrections",
        "countryId",
        "createdAt",
        "createdAtFrom",
        "createdAtTo",
        "currency",
        "data",
        "dates",
        "deliveryDate",
        "documents",
        "expiryDate",
        "id",
        "incomingItems",
        "isVisibleForContact",
        "itemVariationId",
        "items",
        "itemsPerPage",
        "lazyLoaded",
        "lockStatus",
        "message",
        "name1",
        "name2",
        "name3",
        "name4",
        "options",
        "orderId",
        "orderItemId",
        "orderItemName",
        "orderItemWarehouseId",
        "orderItems",
        "orderReferences",
        "orderTypeId",
        "outgoingItems",
        "ownerId",
        "packageId",
        "packageNumber",
        "packageType",
        "page",
        "password",
        "plentyId",
        "postalCode",
        "properties",
        "quantities",
        "quantity",
        "reasonId",
        "reference",
        "referenceOrderId",
        "referenceOrderItemId",
        "referenceType",
        "referenceValue",
        "referrerId",
        "registrationAt",
        "relatedUpdatedBetween",
        "relations",
        "returnPackageNumber",
        "returnQuantity",
        "shipmentAt",
        "shippingCosts",
        "shippingPackages",
        "shippingProfileId",
        "shippingServiceProvider",
        "shippingStatus",
        "sortBy",
        "sortOrder",
        "statusId",
        "storageLocationId",
        "text",
        "town",
        "transactionId",
        "type",
        "typeId",
        "updatedAt",
        "updatedAtFrom",
        "updatedBetween",
        "username",
        "value",
        "variationId",
        "variations",
        "visibleForContact",
        "volume",
        "warehouseId",
        "weight",
        "with",
    ]
)
#: words of the names of rights (plentymarkets contract 23); the merchant's roles show the rest
RIGHTS = frozenset(
    [
        "access",
        "account",
        "accounting",
        "address",
        "all",
        "articles",
        "authorization",
        "bank",
        "book",
        "booking",
        "bundle",
        "cancel",
        "catalog",
        "category",
        "change",
        "client",
        "comment",
        "comments",
        "contact",
        "contacts",
        "correction",
        "correspondence",
        "country",
        "create",
        "credit",
        "customer",
        "data",
        "delete",
        "delivery",
        "document",
        "documents",
        "edit",
        "execute",
        "export",
        "fulfilment",
        "group",
        "history",
        "import",
        "incoming",
        "information",
        "invoice",
        "item",
        "items",
        "list",
        "location",
        "locations",
        "login",
        "management",
        "method",
        "methods",
        "note",
        "notes",
        "order",
        "orders",
        "outgoing",
        "package",
        "packages",
        "payment",
        "permission",
        "permissions",
        "preset",
        "presets",
        "price",
        "prices",
        "process",
        "product",
        "profile",
        "profiles",
        "property",
        "properties",
        "provider",
        "read",
        "redistribution",
        "relation",
        "reorder",
        "return",
        "returns",
        "role",
        "roles",
        "sales",
        "search",
        "service",
        "setup",
        "shipment",
        "shipping",
        "show",
        "status",
        "stock",
        "storage",
        "store",
        "stores",
        "system",
        "tag",
        "tags",
        "template",
        "type",
        "types",
        "update",
        "user",
        "users",
        "variation",
        "variations",
        "view",
        "warehouse",
        "warehouses",
        "webstore",
        "webstores",
        "write",
    ]
)
_PLACE = re.compile(r"[0-9]{1,3}")
_MOST = 10


def known_words(data: object) -> str:
    """Return an error's name, the refused fields and the missing rights, as far as they are known.

    :param data: an answer: ``error`` is a name or an object with ``missing_permissions``,
        ``validation_errors`` an object of paths, for example ``orderItems.0.quantity``.
    """
    if not isinstance(data, dict):
        return ""
    error, fields = data.get("error"), data.get("validation_errors")
    found = [error] if isinstance(error, str) and error.lower() in ERRORS else []
    if isinstance(fields, dict):
        found += sorted(path for path in fields if isinstance(path, str) and is_field(path))
    return " ".join([*found[:_MOST], *missing_rights(data)])


def missing_rights(data: object) -> list[str]:
    """Return the rights that a 403 of plentymarkets calls missing (contract 23)."""
    error = data.get("error") if isinstance(data, dict) else None
    rights = error.get("missing_permissions") if isinstance(error, dict) else None
    rights = rights[:_MOST] if isinstance(rights, list) else []
    return [right for right in rights if isinstance(right, str) and is_right(right)]


def is_field(path: str) -> bool:
    """Say whether a path is made of known field names and places in lists only."""
    parts = path.split(".") if len(path) <= 100 else [""]
    return parts[0] in FIELDS and all(p in FIELDS or _PLACE.fullmatch(p) for p in parts)


def is_right(name: str) -> bool:
    """Say whether a name is made of words of rights only, for example ``orders.order.read``."""
    parts = name.split(".") if len(name) <= 100 else [""]
    return len(parts) > 1 and RIGHTS.issuperset(word for p in parts for word in p.split("_"))
