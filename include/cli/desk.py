"""``fulfil status`` and ``fulfil orders``: the board and where orders stand, in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.ledger import check_known, connect
from include.config.merchants import load_all
from include.core.merchants.file_exceptions import ALL
from include.core.orders.states import ENDED, State
from include.core.systems.errors import ConfigError
from include.ledger.desk import board, finding
from include.ledger.merchants.retention import merchants as with_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADS = (
    "merchant", "mode", "to do", "not handed over", "oldest", "warehouse", "for goods", "address",
    "no stock", "set aside", "shipped", "too late", "exceptions",
)  # fmt: skip
#: all but those that have ended
OPEN_STATES = sorted(set(State) - ENDED)


def status_command(
    merchant: Annotated[str | None, typer.Argument(help="Only this merchant.")] = None,
) -> None:
    """Show all merchants side by side, the one that needs a person first."""
    for line in status(merchant):
        typer.echo(line)


def orders_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    state: Annotated[
        list[State] | None,
        typer.Option(help="Where they stand; may be given several times. All that are open."),
    ] = None,
) -> None:
    """List a merchant's orders that have not ended, and why they are where they are."""
    for line in orders(merchant, state or [State(one) for one in OPEN_STATES]):
        typer.echo(line)


def status(merchant: str | None) -> Iterator[str]:
    """Yield the lines to print.

    :raises ConfigError: there is no such merchant, or the ledger cannot be reached.
    """
    with connect(read_only=True) as connection:
        if merchant is None:
            good, broken = load_all()
            files = {one.merchant for one in good} | {one.merchant for one in broken}
            names = files | set(with_orders(connection)) | {ALL}
        else:
            check_known(connection, merchant)
            names = {merchant}
        told = board.lines(connection, names)
    lines = [one for one in told if one.merchant != ALL or one.exceptions]
    lines.sort(key=lambda one: (-one.to_do - one.to_do_others, -len(one.circuits), one.merchant))
    yield from _table([_HEADS, *(_cells(line) for line in lines)])
    for line in lines:
        for one in line.circuits:
            yield (
                f"{line.merchant}: {one.system} is not called since {one.since:%Y-%m-%d %H:%M} UTC "
                f"({one.code}), next try {one.next_try:%H:%M}. {one.text}"
            )
    total = board.totals(lines)
    yield f"{total.to_do} order(s) need a person, {total.to_do_others} other exception(s) are open."


def orders(merchant: str, states: list[State]) -> Iterator[str]:
    """Yield the lines to print.

    :raises ConfigError: there is no such merchant, or a state is of orders that have ended.
    """
    if ended := sorted(set(states) & ENDED):
        text = f"{', '.join(ended)}: name states of orders that have not ended."
        raise ConfigError(text, code="STATE")
    page, after = 500, (merchant, 0)
    number = 0
    with connect(read_only=True) as connection:
        check_known(connection, merchant)
        while True:
            found = finding.standing_in(connection, [merchant], states, after=after, limit=page)
            for one in found:
                yield f"{one.order_id}  {one.state}  since {one.since:%Y-%m-%d %H:%M} UTC" + (
                    f"  {one.reason_code or ''} {one.reason_en}".rstrip()
                )
            number += len(found)
            if len(found) < page:
                break
            after = (merchant, found[-1].order_id)
    yield f"{number} order(s)."


def _cells(line: board.BoardLine) -> tuple[str, ...]:
    numbers = (
        line.at_warehouse, line.waiting_for_goods, line.bad_address, line.no_stock,
        line.set_aside, line.shipped_today, line.cancelled_too_late, sum(line.exceptions.values()),
    )  # fmt: skip
    oldest = "-"
    if line.oldest is not None:
        oldest = f"{(datetime.now(UTC) - line.oldest).total_seconds() // 60:.0f} min"
    return (
        "(all)" if line.merchant == ALL else line.merchant,
        line.mode,
        str(line.to_do + line.to_do_others),
        str(line.not_handed_over),
        oldest,
        *map(str, numbers),
    )


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
