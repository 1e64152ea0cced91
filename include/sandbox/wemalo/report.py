"""The state of a tenant as JSON, for assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import stock

if TYPE_CHECKING:
    from include.sandbox.wemalo.model import Announcement, Order, Parcel, Product, Tenant


def tenant_state(tenant: Tenant) -> dict[str, Any]:
    """Return orders and stock by the merchant's ids, parcels, queues, webhooks and mails."""
    return {
        "shop": tenant.shop,
        "orders": {one.external_id: order_state(tenant, one) for one in tenant.orders.values()},
        "stock": {one.external_id: stock_state(tenant, one) for one in tenant.products.values()},
        "products": {
            one.external_id: {"id": one.id, "sku": one.sku, "active": one.active} | one.data
            for one in tenant.products.values()
        },
        "queues": {
            "sent": list(tenant.unsynched_sent),
            "returns": list(tenant.unsynched_returns),
            "postings": {reason: len(rows) for reason, rows in tenant.unflagged.items() if rows},
        },
        "returns": {str(one.id): _announcement(tenant, one) for one in tenant.returns.values()},
        "receipts": {str(one.id): _announcement(tenant, one) for one in tenant.receipts.values()},
        "booked_returns": len(tenant.returned),
        "webhooks": {
            one.event: {"payload": one.payload, "failures": one.failures}
            for one in tenant.webhooks.values()
        },
        "mails": tenant.mails,
    }


def order_state(tenant: Tenant, order: Order) -> dict[str, Any]:
    """Return one order with its positions and parcels."""
    return {
        "id": order.id,
        "externalId": order.external_id,
        "orderNumber": order.number,
        "status": order.state,
        "reason": order.reason,
        "blockReason": order.block_reason,
        "priority": order.priority,
        "submissions": order.submissions,
        "cancelReason": order.cancel_reason,
        "meta": order.meta.model_dump(mode="json"),
        "positions": [
            {
                "externalId": tenant.products[one.product_id].external_id,
                "externalPositionIdentifier": one.external_position,
                "quantity": one.quantity,
                "serialNumber": one.serial,
                "reserved": one.reserved,
                "picked": one.picked,
                "shipped": one.shipped,
            }
            for one in order.positions
        ],
        "parcels": [parcel_state(tenant, tenant.parcels[one]) for one in order.parcels],
        "documents": [{"id": one.id, "docType": one.kind} for one in order.documents],
        "notes": order.notes,
        "created": order.created.isoformat(),
        "history": [[moment.isoformat(), state] for moment, state in order.history],
    }


def parcel_state(tenant: Tenant, parcel: Parcel) -> dict[str, Any]:
    """Return one parcel."""
    return {
        "id": parcel.id,
        "barcode": parcel.barcode,
        "carrier": parcel.carrier,
        "profile": parcel.profile,
        "trackingNumber": parcel.tracking,
        "weight": parcel.weight,
        "errorMessage": parcel.error,
        "handedOver": parcel.handed_over.isoformat() if parcel.handed_over else None,
        "items": [
            {
                "externalId": tenant.products[one.product_id].external_id,
                "quantity": one.quantity,
                "serialNumber": one.serial,
            }
            for one in parcel.items
        ],
    }


def stock_state(tenant: Tenant, product: Product) -> dict[str, Any]:
    """Return all counters of a product, whose sums must agree (see `stock`)."""
    return {
        "physical": product.physical(),
        "shelf": dict(product.shelf),
        "reserved": product.reserved,
        "free": stock.free(tenant, product),
        "missing": product.missing,
        "picked": product.picked,
        "blocked": product.blocked,
        "initial": product.initial,
        "received": product.received,
        "returned": product.returned,
        "corrected": product.corrected,
        "shipped": product.shipped,
        "available": stock.available(tenant, product),
    }


def _announcement(tenant: Tenant, one: Announcement) -> dict[str, Any]:
    return {
        "id": one.id,
        "externalId": one.external_id,
        "deliveryNumber": one.delivery_number,
        "orderNumberCustomer": one.order_number,
        "goodsOrderExternalId": one.order_external_id,
        "times": one.times,
        "items": {
            tenant.products[product_id].external_id: count for product_id, count in one.items
        },
        "documents": len(one.documents),
    }
