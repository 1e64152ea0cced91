"""The ``cash_on_delivery`` section of a merchant file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from include.core.orders.models import Order


class CashOnDelivery(BaseModel):
    """Which orders are paid on delivery, and the wemalo profiles that collect the money."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payment_methods: list[int] = Field(
        [1],
        description="plentymarkets payment method ids that are paid on delivery; 1 is its own "
        "(order property 3). Such an order stops unless its profile collects the money.",
        examples=[[1, 6010]],
    )
    profiles: dict[int, str] = Field(
        default_factory=dict,
        description="plentymarkets shipping profile id -> wemalo matchId that collects the money.",
        examples=[{6: "dhl-nachnahme"}],
    )
    suffix: str = Field(
        "",
        description="For profiles that are not listed: added to the usual matchId, as wemalo's own "
        "shop plugin does with '_cod' (wemalo contract 5); empty: such an order stops.",
        examples=["_cod"],
    )

    def is_meant(self, order: Order) -> bool:
        """Say whether the order is paid on delivery."""
        return order.payment_method is not None and order.payment_method in self.payment_methods

    def profile(self, order: Order, usual: str) -> str | None:
        """Return the matchId that collects the money, None where there is none.

        :param usual: the order's matchId without it.
        """
        listed = self.profiles.get(order.shipping_profile_id or 0)
        return listed or (f"{usual}{self.suffix}" if self.suffix else None)
