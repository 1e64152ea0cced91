"""The ground on which everything stands: tenants, ids, timers, the time it is."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from include.sandbox.frame.world import SandboxError, World
from include.sandbox.wemalo.settings import Settings

if TYPE_CHECKING:
    from collections import OrderedDict
    from datetime import datetime

    from include.sandbox.frame.clock import SimClock
    from include.sandbox.wemalo.model import Order, Tenant
    from include.sandbox.wemalo.webhooks import Delivery

# First ids per kind. They rise, and are far apart: a mixed-up id does not fit by chance.
FIRST_IDS = {
    "order": 991_000,
    "position": 5_500_000,
    "product": 15_000,
    "parcel": 1_214_000,
    "history": 2_806_000,
    "document": 70_000,
    "return": 471_000,
    "receipt": 52_500,
    "unit": 574,
    "refurbishment": 8_800,
    "article": 81_238,
}


class Ground(World):
    """What the parts of the server share. `now` is the time at which something happens."""

    name = "wemalo"

    def __init__(self, *, seed: int = 1, clock: SimClock | None = None) -> None:
        super().__init__(seed=seed, clock=clock)
        self.settings = Settings()
        self.tenants: dict[str, Tenant] = {}
        self.tokens: dict[str, str] = {}
        self.now: datetime = self.clock.now()
        self.deliveries: list[Delivery] = []
        self.ids = dict(FIRST_IDS)
        self.timers: list[tuple[float, int, str, str, int, str]] = []
        self.timer_number = 0

    def tick(self) -> None:
        """Do all that was due until now, each thing at its own time."""
        raise NotImplementedError

    def at(self, moment: float, tenant: Tenant, kind: str, order: Order) -> None:
        """Set a timer (Unix seconds); it is void if the order's state has changed by then."""
        self.timer_number += 1
        timer = (moment, self.timer_number, tenant.name, kind, order.id, order.state)
        heapq.heappush(self.timers, timer)

    def new_id(self, kind: str) -> int:
        """Return the next id of this kind: integers, rising."""
        self.ids[kind] += 1
        return self.ids[kind]

    def tenant(self, name: str) -> Tenant:
        """Return a tenant; SandboxError if there is none of that name."""
        try:
            return self.tenants[name]
        except KeyError:
            msg = f"there is no tenant {name!r} in the wemalo sandbox"
            raise SandboxError(msg) from None

    def touch_stock(self, tenant: Tenant, product_id: int) -> None:
        """Note that what is available of a product has changed."""
        tenant.products[product_id].stock_changed = self.now
        move_last(tenant.changed_stock, product_id)

    def touch_product(self, tenant: Tenant, product_id: int) -> None:
        """Note that master data have changed."""
        tenant.products[product_id].changed = self.now
        move_last(tenant.changed_products, product_id)


def move_last(rows: OrderedDict[int, None], key: int) -> None:
    """Append a key, or move it to the end."""
    rows[key] = None
    rows.move_to_end(key)


def by_turn(order: Order) -> tuple[int, int]:
    """Sort key of reservation: priority (0 first), then age."""
    return (order.priority, order.id)
