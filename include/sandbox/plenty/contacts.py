"""Contacts: the ones of the scenario, and one for each customer that an order names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Tenant


def contact(tenant: Tenant, number: int) -> JsonObject:
    """Return a contact that an order names; what the scenario does not say of it is made up."""
    return tenant.contacts.get(number) or {
        "id": number,
        "typeId": 1,
        "number": str(number),
        "externalId": "",
        "firstName": "",
        "lastName": "",
        "fullName": "",
        "email": "",
        "lang": "de",
        "plentyId": tenant.plenty_id,
        "classId": 1,
        "blocked": 0,
    }


def contacts(tenant: Tenant) -> dict[int, JsonObject]:
    """Return all contacts by id, ascending."""
    named = {
        int(row["referenceId"])
        for order in tenant.orders.values()
        for row in order.relations
        if row["referenceType"] == "contact"
    }
    return {number: contact(tenant, number) for number in sorted(named | tenant.contacts.keys())}
