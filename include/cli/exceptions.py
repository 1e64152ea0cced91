"""``fulfil exceptions [merchant]``: what a person should look at, and what to do."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from include.cli.ledger import check_known, connect
from include.core.merchants.file_exceptions import ALL, CODES
from include.core.systems.errors import ConfigError
from include.ledger.exceptions import exceptions as ledger
from include.ledger.exceptions.exceptions import of_codes, open_exceptions
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

Language = Literal["de", "en"]

_SEEN = {"de": "gesehen von", "en": "seen by"}
_WORDS = {
    "de": ("Keine offenen Ausnahmen.", "seit", "zuletzt", "Zu tun"),
    "en": ("No open exceptions.", "since", "last seen", "To do"),
}
#: one, and several
_OPEN = {
    "de": ("1 offene Ausnahme", "{} offene Ausnahmen"),
    "en": ("1 open exception", "{} open exceptions"),
}


def command(
    merchant: Annotated[str | None, typer.Argument(help="Only this merchant.")] = None,
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """List what a person should look at, and what to do about it."""
    for line in describe(merchant, language):
        typer.echo(line)


def acknowledge_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    subject: Annotated[str, typer.Argument(help="As `fulfil exceptions` shows it: order:123.")],
    code: Annotated[str, typer.Argument(help="Code of the exception.")],
    note: Annotated[str, typer.Option(help="What was done about it.")] = "",
    by: Annotated[str, typer.Option(help="Who; by default the user of this machine.")] = "",
) -> None:
    """Note that an exception was seen; what tells of something past is closed by that."""
    for line in acknowledge(merchant, subject, code, note, by):
        typer.echo(line)


def describe(merchant: str | None, language: Language) -> Iterator[str]:
    """Yield the lines to print.

    :raises ConfigError: there is no such merchant, or the ledger cannot be reached.
    """
    with connect() as connection:
        rows = open_exceptions(connection, merchant)
        if merchant is not None:
            check_known(connection, merchant)
            rows = [*open_exceptions(connection, ALL), *rows]
    yield from listing(rows, language)


def acknowledge(merchant: str, subject: str, code: str, note: str, by: str) -> Iterator[str]:
    """Note that somebody has seen an exception, and yield what that means.

    :param by: who; "" = the user of this machine.
    :raises ConfigError: there is no such open exception, or the ledger cannot be reached.
    """
    who = by or getpass.getuser()
    journal = Journal(merchant, "fulfil acknowledge", f"by {who}", 1)
    with connect() as connection:
        if not ledger.acknowledge(connection, journal, subject, code, who, note):
            text = (
                f"There is no open exception {code} of {subject} of merchant {merchant}. "
                f"`fulfil exceptions {merchant}` lists them."
            )
            raise ConfigError(text, code="NO_EXCEPTION", merchant=merchant)
    yield f"{subject} {code}: acknowledged by {who}."


def listing(rows: Sequence[Row[Any]], language: Language) -> Iterator[str]:
    """Yield three lines per exception, after a line with their number."""
    none, since, last, to_do = _WORDS[language]
    if not rows:
        yield none
        return
    yield _OPEN[language][len(rows) > 1].format(len(rows))
    for row in rows:
        yield ""
        yield from lines(row, language, (since, last, to_do), merchant=True)


def lines(
    row: Row[Any], language: Language, words: tuple[str, str, str], *, merchant: bool
) -> Iterator[str]:
    """Yield one exception: what and since when, why, what to do."""
    since, last, to_do = words
    where = f"{row.merchant}  " if merchant else ""
    yield (
        f"{where}{row.subject}  {row.code}  {since} {row.first_seen_at:%Y-%m-%d %H:%M} UTC, "
        f"{last} {row.last_seen_at:%Y-%m-%d %H:%M} UTC"
    )
    if row.acknowledged_at is not None:
        seen = _SEEN[language]
        note = f": {row.acknowledged_note}" if row.acknowledged_note else ""
        yield f"  {seen} {row.acknowledged_by}, {row.acknowledged_at:%Y-%m-%d %H:%M} UTC{note}"
    yield f"  {row.de if language == 'de' else row.en}"
    yield f"  {to_do}: {row.action_de if language == 'de' else row.action_en}"


def of_file(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return the open exceptions about a merchant's file, and the one that all merchants share."""
    return [
        row
        for name in (ALL, merchant)
        for row in open_exceptions(connection, name, of_codes(CODES))
    ]


def of_order(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Yield an order's open exceptions in English, for its timeline."""
    for row in rows:
        yield from lines(row, "en", _WORDS["en"][1:], merchant=False)
