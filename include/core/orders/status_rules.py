"""Status settings that contradict each other: the flow would answer itself, in every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.orders.statuses import is_cancelled

if TYPE_CHECKING:
    from include.core.merchants.merchant import Statuses

#: settings that must differ -> what would happen
_APART: dict[tuple[str, tuple[str, ...]], str] = {
    ("fetch", ("handed_over", "address_error", "no_stock", "shipped", "cancel_done",
               "cancel_too_late")):
        "what we set there would count as released, and be fetched again in every run",
    ("cancel_requested", ("cancel_done", "cancel_too_late")):
        "what we set there would count as cancelled by the merchant once more in every run",
    ("cancel_done", ("handed_over", "shipped")):
        "a cancelled order could not be told from one that ships",
    ("shipped", ("address_error", "no_stock")):
        "an order that left could not be told from one that is faulty",
}  # fmt: skip
#: settings that say that an order goes on: never in plentymarkets' range for cancelled orders
_GOES_ON = ("fetch", "handed_over", "address_error", "no_stock", "shipped")


def contradictions(statuses: Statuses) -> list[tuple[str, str]]:
    """Return each setting that contradicts another, with what an operator reads about it."""
    values = dict(statuses)
    found = []
    for (one, others), why in _APART.items():
        found += [
            (name, f"must differ from statuses.{one} ({values[one]}): {why}")
            for name in others
            if values[name] == values[one] is not None
        ]
    for name in _GOES_ON:
        value = values[name]
        if value is not None and is_cancelled(value):
            text = (
                f"must not lie from 8 to 8.9999 ({value}), where plentymarkets keeps cancelled "
                "orders: everything there would be cancelled"
            )
            found.append((name, text))
    return found
