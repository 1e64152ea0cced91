"""What is looked for between the scheduled runs of a merchant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.merchants.merchant import Merchant, Plan


@dataclass(frozen=True, slots=True)
class Watch:
    """The settings of a look for released and cancelled orders, and for what is due.

    :param types: order types that ship.
    :param fetch: status of released orders.
    :param cancel: status of orders that the merchant cancelled.
    :param groups: task groups that the merchant uses.
    :param wemalo: the connection of its warehouse, and ``shop`` the shop's name there.
    """

    merchant: str
    connection: str
    plan: Plan
    plenty_id: int
    warehouse_id: int
    types: tuple[int, ...]
    fetch: Decimal
    cancel: Decimal
    groups: tuple[str, ...]
    wemalo: str
    shop: str

    @classmethod
    def of(cls, merchant: Merchant) -> Watch:
        """Return a merchant's."""
        plenty, statuses = merchant.plenty, merchant.statuses
        return cls(
            merchant=merchant.merchant,
            connection=plenty.connection,
            plan=plenty.plan,
            plenty_id=plenty.plenty_id,
            warehouse_id=plenty.warehouse_id,
            types=tuple(plenty.shippable_types),
            fetch=statuses.fetch,
            cancel=statuses.cancel_requested,
            groups=tuple(sorted(merchant.groups)),
            wemalo=merchant.wemalo.connection,
            shop=merchant.wemalo.shop,
        )

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; `from_json` makes the same again."""
        return asdict(self) | {
            "types": list(self.types),
            "groups": list(self.groups),
            "fetch": str(self.fetch),
            "cancel": str(self.cancel),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Watch:
        """Make it again from what `to_json` gave."""
        known = {
            "types": tuple(values["types"]),
            "groups": tuple(values["groups"]),
            "fetch": Decimal(values["fetch"]),
            "cancel": Decimal(values["cancel"]),
        }
        return cls(**{**values, **known})
