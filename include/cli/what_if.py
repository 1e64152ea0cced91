"""``fulfil what-if <merchant> --rules <file>``: changed rules over the ledger's last days."""

from __future__ import annotations

from collections import Counter
from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.ledger import connect
from include.config.check import merchant_of
from include.config.merchants import find
from include.config.source import Source, read
from include.core.orders.models import order_as_read
from include.core.systems.errors import ConfigError
from include.ledger.quality import quality
from include.ledger.stock import stock
from include.quality.what_if import compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.merchants.merchant import Merchant
    from include.quality.what_if import Difference


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    rules: Annotated[
        Path,
        typer.Option(help="YAML with a `quality:` section or more, laid over the merchant's file."),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="Orders first read since then.")] = 14,
) -> None:
    """Tell what changed rules would have decided differently; nothing is written."""
    for line in describe(merchant, rules, days):
        typer.echo(line)


def describe(name: str, file: Path, days: int) -> Iterator[str]:
    """Yield the lines to print: how many orders, what differs by code, then order by order.

    :raises ConfigError: the ledger cannot be reached, or a file has a mistake.
    """
    merchant = find(name)
    changed = changed_by(merchant, file)
    looked_at = gone = 0
    found: list[Difference] = []
    with connect(read_only=True) as connection:
        known = set(stock.mirror(connection, name)) or None
        for rows in quality.read_lately(connection, name, days):
            kept = {
                row.order_id: (order_as_read(row.content), row.reason_code or "")
                for row in rows
                if row.content is not None
            }
            gone += len(rows) - len(kept)
            looked_at += len(kept)
            found += compare(kept, merchant, changed, known)
    yield (
        f"{name}, the last {days} days: {looked_at} orders judged by the rules of now and by those "
        f"of {file.name}; {gone} not kept any more. Nothing was written."
    )
    if not found:
        yield "No order would have been decided differently."
        return
    yield f"{len(found)} would have been decided differently:"
    for (before, after), count in Counter((d.before, d.after) for d in found).most_common():
        yield f"{count:>7}  {before} -> {after}"
    yield ""
    for difference in found:
        yield f"{difference.order_id}  {difference.before} -> {difference.after}"


def changed_by(merchant: Merchant, file: Path) -> Merchant:
    """Return the merchant with what a file says laid over its settings.

    :param file: only a ``quality`` section, or a whole merchant file.
    :raises ConfigError: it cannot be read, has mistakes (the text names place, field and reason),
        or is another merchant's.
    """
    now = Source(
        f"the settings of {merchant.merchant}", None, merchant.model_dump(exclude_unset=True)
    )
    changed = merchant_of(read(file), now)
    if changed.merchant != merchant.merchant:
        text = f"{file.name} is of merchant {changed.merchant}, not of {merchant.merchant}."
        raise ConfigError(text)
    return changed
