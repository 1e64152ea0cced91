"""``fulfil order <merchant> <id>``: one sentence, then the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import exceptions
from include.cli.ledger import connect
from include.core.orders.in_words import event_text
from include.ledger.exceptions.exceptions import of_order
from include.ledger.merchants.pauses import open_pauses
from include.ledger.orders import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.ledger.orders.timeline import Timeline


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    order_id: Annotated[int, typer.Argument(help="plentymarkets order id.")],
) -> None:
    """Tell where one order stands, and everything that happened to it."""
    for line in describe(merchant, order_id):
        typer.echo(line)


def describe(merchant: str, order_id: int) -> Iterator[str]:
    """Yield the lines to print.

    :raises typer.Exit: the order is unknown, or there is no ledger; the reason was printed.
    """
    with connect() as connection:
        found = timeline.read(connection, merchant, order_id)
        cases = of_order(connection, merchant, order_id, found.variations if found else [])
        stands = [
            *exceptions.of_file(connection, merchant), *open_pauses(connection, merchant)
        ]  # fmt: skip
    if found is None:
        yield (
            f"Order {order_id} of merchant {merchant} was never fetched: it is not in the ledger. "
            "Is it in the fetch status, of the right plentyID and warehouse?"
        )
        yield from exceptions.of_order(stands)
        return
    first, *rest = _lines(found)
    yield first
    yield from exceptions.of_order([*stands, *cases])
    yield from rest


def _lines(found: Timeline) -> Iterator[str]:
    yield found.sentence()
    yield ""
    for event in found.events:
        at = f"{event.at:%Y-%m-%d %H:%M:%S}"
        yield f"{at} UTC  {event.task:<22} {event_text(event.kind, event.data)}"
    for parcel in found.parcels:
        written = "in plentymarkets" if parcel.written_number else "not yet in plentymarkets"
        yield f"parcel {parcel.parcel_id}: {parcel.carrier} {parcel.tracking_number} ({written})"
