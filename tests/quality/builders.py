from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from include.core.merchants.merchant import Merchant
from include.core.orders.models import Address, Order, OrderItem
from include.core.stock.stock_rules import StockView

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

GOOD = Address(
    name2="Erika",
    name3="Lindner",
    address1="Rathausplatz",
    address2="1",
    postal_code="50667",
    town="Köln",
    country_id=1,
    country="DE",
)


def a_merchant(**changes: Any) -> Merchant:
    values: dict[str, Any] = {
        "merchant": "alpha",
        "plenty": {
            "connection": "plenty_alpha",
            "plenty_id": 4711,
            "warehouse_id": 3,
            "storage_location_id": 0,
        },
        "wemalo": {"connection": "wemalo_alpha"},
        "shipping_profiles": {6: "DHL"},
    }
    return Merchant.model_validate({**values, **changes})


def an_item(variation_id: int = 2044, quantity: Any = 1, **changes: Any) -> OrderItem:
    values: dict[str, Any] = {
        "item_id": 70000 + variation_id,
        "type_id": 1,
        "variation_id": variation_id,
        "sku": f"SKU-{variation_id}",
        "quantity": Decimal(quantity),
        "warehouse_id": 3,
        "total_cents": 990,
        "name": "Becher",
    }
    return OrderItem(**{**values, **changes})


def an_order(order_id: int = 1, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": order_id,
        "type_id": 1,
        "plenty_id": 4711,
        "status": Decimal(5),
        "created_at": NOW - timedelta(days=2) + timedelta(minutes=order_id),
        "updated_at": NOW - timedelta(hours=1),
        "warehouse_id": 3,
        "shipping_profile_id": 6,
        "items": (an_item(),),
        "delivery": GOOD,
        "payment_status": "fullyPaid",
    }
    return Order(**{**values, **changes})


def a_stock(measured_at: datetime | None = NOW, **available: int) -> StockView:
    """Stock by variation id: ``a_stock(v2044=3)``; 100 of the usual variation without arguments."""
    amounts = {k.removeprefix("v"): v for k, v in available.items()} or {"2044": 100}
    return StockView(amounts, measured_at=measured_at)
