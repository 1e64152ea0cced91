"""``fulfil stock show <merchant>`` and ``fulfil stock approve <merchant>``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.cli.ledger import connect
from include.core.stock_rules import pieces
from include.ledger import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal


def show(merchant: str) -> Iterator[str]:
    """Yield one line per product: booked so far, what differs, what waits and why.

    :raises ConfigError: the ledger cannot be reached.
    """
    with connect() as connection:
        levels = ledger.levels(connection, merchant)
        bookings = ledger.open_bookings(connection, merchant)
    if not levels:
        yield f"No stock of merchant {merchant} was ever compared. Is stock.enabled set?"
        return
    yield f"{'variation':>10}  {'SKU':<20} {'booked':>8} {'differs':>8}  waits for"
    for number, row in sorted(levels.items()):
        waits = [f"{row.held}: {pieces(row.held_delta)} to be confirmed"] if row.held else []
        waits += [
            f"booking of {pieces(b.quantity)} ({b.kind}) is {b.state}"
            for b in bookings
            if b.variation_id == number
        ]
        yield (
            f"{number:>10}  {row.sku[:20]:<20} {_number(row.booked):>8} "
            f"{_number(row.seen_delta):>8}  {'; '.join(waits)}".rstrip()
        )


def _number(value: Decimal | None) -> str:
    return "-" if value is None else pieces(value)


def approve(merchant: str) -> Iterator[str]:
    """Confirm all held changes and yield what that means.

    :raises ConfigError: the ledger cannot be reached.
    """
    with connect() as connection:
        count = ledger.approve(connection, merchant)
    if not count:
        yield f"No change of stock of merchant {merchant} waits to be confirmed."
        return
    yield f"{count} products confirmed. The next run of sync_stock books them."
