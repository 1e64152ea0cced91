"""/v1/webhook, /v1/user, /v1/client, /v1/refurbishment (wemalo contract 1, 10 and 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import bookings, webhooks
from include.sandbox.wemalo.errors import ApiError

if TYPE_CHECKING:
    from include.sandbox.wemalo.api.call import Call


def get_webhooks(call: Call) -> dict[str, Any]:
    """GET webhook."""
    return {
        "hooks": [
            {"payload": one.payload, "token": one.token, "event": one.event}
            for one in call.tenant.webhooks.values()
        ]
    }


def register_webhook(call: Call) -> dict[str, Any]:
    """POST webhook; the address for mails is accepted under either name."""
    body = call.body
    mail = str(body.get("mail") or body.get("email") or "")
    hook = webhooks.register(
        call.tenant, call.path["event"], str(body.get("payload") or ""),
        str(body.get("token") or ""), mail,
    )  # fmt: skip
    return {
        "mode": "create",
        "event": hook.event,
        "payload": hook.payload,
        "token": hook.token,
        call.tenant.settings.webhook_mail_field: hook.mail,
    }


def delete_webhook(call: Call) -> dict[str, Any]:
    """DELETE webhook."""
    webhooks.unregister(call.tenant, call.path["event"])
    return {}


def generic_interfaces(call: Call) -> dict[str, Any]:
    """GET user/genericInterfaces: what the vendor itself runs for this user."""
    return {"genericInterfaces": call.tenant.interfaces}


def new_client(call: Call) -> dict[str, Any]:
    """POST client/new: for the vendor's own users only, so every token here is refused."""
    del call
    raise ApiError(403, "admin users only")


def refurbishments(call: Call) -> dict[str, Any]:
    """GET refurbishment/get; one of product, SKU, serial number or id must be given."""
    external_id, sku = call.text("externalId"), call.text("sku")
    serial, number = call.text("serialNumber"), call.text("refurbishmentId")
    if not (external_id or sku or serial or number):
        raise ApiError(400, "missingParameter: externalId, sku or serialNumber")
    explicit = call.flag("explicitSerialNumber")
    found = [
        row
        for row in call.tenant.refurbishments
        if (not number or str(row["id"]) == number)
        and (not external_id or row["product"].get("externalId") == external_id)
        and (not sku or row["product"].get("sku") == sku)
        and (not serial or _fits(str(row.get("serialNumber", "")), serial, explicit=explicit))
    ]
    page, more = bookings.page_of(range(len(found)), call.page(), call.tenant.settings.page_size)
    history = [
        {name: value for name, value in found[index].items() if name != "id"} for index in page
    ]
    return {"page": call.page(), "additionalPage": more, "history": history}


def _fits(shown: str, wanted: str, *, explicit: bool) -> bool:
    """Tell whether a row is about a serial number; a change is shown as `old=>new`."""
    return shown == wanted if explicit else wanted in shown.split("=>")
