"""``fulfil stock show <merchant>`` and ``fulfil stock approve <merchant>``."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.ledger import connect
from include.core.orders.in_words import event_text
from include.core.stock.stock_rules import pieces
from include.ledger.stock import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from decimal import Decimal

    from sqlalchemy import Row

#: so many confirmations are shown
_APPROVALS = 10


def show_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
) -> None:
    """Show what was booked per product, what differs and what waits for a person."""
    for line in show(merchant):
        typer.echo(line)


def approve_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    product: Annotated[
        list[int] | None, typer.Option(help="Only this variation; may be given several times.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who confirms; your login name by default.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show held changes of stock, ask, and confirm them; the next look books them."""
    for line in approve(merchant, product or (), by=by, sure=yes):
        typer.echo(line)


def show(merchant: str) -> Iterator[str]:
    """Yield one line per product: booked so far, what differs, what waits and why.

    :raises ConfigError: the ledger cannot be reached.
    """
    with connect() as connection:
        levels = ledger.levels(connection, merchant)
        bookings = ledger.open_bookings(connection, merchant)
        approvals = ledger.approvals(connection, merchant, _APPROVALS)
    if not levels:
        yield f"No stock of merchant {merchant} was ever compared. Is stock.enabled set?"
        return
    yield f"{'variation':>10}  {'SKU':<20} {'booked':>8} {'differs':>8}  waits for"
    for number, row in sorted(levels.items()):
        waits = [f"{row.held}: {pieces(row.held_delta)} to be confirmed"] if row.held else []
        if row.approved_delta is not None:
            waits.append(f"{pieces(row.approved_delta)} confirmed by {row.approved_by or '?'}")
        waits += [
            f"booking of {pieces(b.quantity)} ({b.kind}) is {b.state}"
            for b in bookings
            if b.variation_id == number
        ]
        yield (
            f"{number:>10}  {row.sku[:20]:<20} {_number(row.booked):>8} "
            f"{_number(row.seen_delta):>8}  {'; '.join(waits)}".rstrip()
        )
    for entry in reversed(approvals):
        yield f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {event_text(entry.kind, entry.data)}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else pieces(value)


def approve(
    merchant: str, products: Collection[int] = (), *, by: str = "", sure: bool = False
) -> Iterator[str]:
    """Show the held changes, ask, confirm what was shown, and yield what that means.

    :param products: only these variations; empty: all.
    :param by: who confirms; empty: the user of the operating system.
    :param sure: do not ask.
    :raises ConfigError: the ledger cannot be reached.
    :raises typer.Exit: a product is not among those that wait.
    :raises typer.Abort: the answer was no, or there is nobody to ask.
    """
    with connect() as connection:
        levels = ledger.levels(connection, merchant)
        refused = [r for r in ledger.open_bookings(connection, merchant) if r.state == "refused"]
    held = {n: row for n, row in sorted(levels.items()) if row.held}
    again = {row.variation_id for row in refused}
    if not held and not again:
        yield f"No change of stock of merchant {merchant} waits to be confirmed."
        return
    wrong = sorted(set(products) - held.keys() - again)
    if wrong:
        yield f"Nothing of {_list(wrong)} waits to be confirmed; nothing was confirmed."
        raise typer.Exit(1)
    if products:
        held = {n: row for n, row in held.items() if n in products}
        again &= set(products)
    yield from (_change(row) for row in held.values())
    yield from (
        f"{r.variation_id:>10}  refused: {pieces(r.quantity)} ({r.kind}) is sent once more"
        for r in refused
        if r.variation_id in again
    )
    if not sure:
        typer.confirm(f"Book this for {len(held.keys() | again)} products?", abort=True)
    shown = {n: row.held_delta for n, row in held.items()} | dict.fromkeys(again - held.keys(), 0)
    with connect() as connection:
        count = ledger.approve(connection, merchant, shown, by=by or _user())
    yield f"{count} products confirmed. The next run of sync_stock books them."
    if count < len(held):
        yield f"{len(held) - count} changed meanwhile and still wait: look at them once more."


def _change(row: Row[Any]) -> str:
    before = row.booked if row.booked is not None else row.available - row.held_delta
    return (
        f"{row.variation_id:>10}  {row.sku[:20]:<20} {row.held}: {pieces(before)} -> "
        f"{pieces(before + row.held_delta)} ({row.held_delta:+f} pieces)"
    )


def _list(numbers: Collection[int]) -> str:
    return ", ".join(map(str, numbers))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"
