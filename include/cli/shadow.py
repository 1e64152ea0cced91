"""``fulfil shadow <merchant>``: the go/no-go sheet of a merchant beside another connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.ledger import connect
from include.config.merchants import find
from include.core.dry_run.plan import Language  # noqa: TC001 - typer looks at it
from include.core.shadow.comparison import GOOD, VERDICTS, may_go_live
from include.ledger.shadow import shadow

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {
    "de": ("{merchant}: {days} Tag(e) verglichen, {first} bis {last} (UTC)",
           "Noch kein Tag verglichen. Der Vergleich entsteht, wenn `mode: shadow` gesetzt ist und "
           "ein Tag vorbei ist.",
           "ERGEBNIS: kann live gehen", "ERGEBNIS: noch nicht"),
    "en": ("{merchant}: {days} day(s) compared, {first} to {last} (UTC)",
           "No day was compared yet. The comparison is made with `mode: shadow`, once a day is "
           "over.",
           "RESULT: go", "RESULT: no-go"),
}  # fmt: skip


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="Days up to today (UTC).")] = 7,
    language: Annotated[Language, typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Tell what we would have done beside another connection, and whether to go live."""
    find(merchant)
    for line in describe(merchant, days, language):
        typer.echo(line)


def describe(merchant: str, days: int, language: Language) -> Iterator[str]:
    """Yield the sheet: days, verdicts, every order that was not decided alike, the result.

    :raises ConfigError: the ledger cannot be reached.
    """
    since = datetime.now(UTC).date() - timedelta(days=days)
    with connect() as connection:
        rows = shadow.results(connection, merchant, since)
        compared = shadow.compared_days(connection, merchant, since)
        incomplete = shadow.incomplete_plans(connection, merchant, since)
    head, none, go, no_go = _WORDS[language]
    index = 0 if language == "de" else 1
    if not compared:
        yield none
        return
    yield head.format(
        merchant=merchant, days=len(compared), first=min(compared), last=max(compared)
    )
    yield ""
    verdicts: dict[str, int] = {}
    for row in rows:
        verdicts[row.verdict] = verdicts.get(row.verdict, 0) + 1
    for verdict, texts in VERDICTS.items():
        yield f"{verdicts.get(verdict, 0):>6}  {texts[index]}"
    unlike = [row for row in rows if row.verdict not in GOOD]
    if unlike:
        yield ""
    for row in unlike:
        why = row.de if language == "de" else row.en
        what = VERDICTS[row.verdict][index]
        yield f"{row.day}  {row.order_id}  {what}  {row.code} {why}".rstrip()
    yield ""
    against = may_go_live(verdicts, incomplete)
    yield no_go if against else go
    yield from (f"  {texts[index]}" for texts in against)
