"""``fulfil exceptions [merchant]``: what a person should look at, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from include.cli.ledger import connect
from include.ledger.exceptions import open_exceptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row

Language = Literal["de", "en"]

_WORDS = {
    "de": ("Keine offenen Ausnahmen.", "offene Ausnahmen", "seit", "zuletzt", "Zu tun"),
    "en": ("No open exceptions.", "open exceptions", "since", "last seen", "To do"),
}


def describe(merchant: str | None, language: Language) -> Iterator[str]:
    """Yield the lines to print.

    :raises ConfigError: the ledger cannot be reached.
    """
    with connect() as connection:
        rows = open_exceptions(connection, merchant)
    yield from listing(rows, language)


def listing(rows: Sequence[Row[Any]], language: Language) -> Iterator[str]:
    """Yield three lines per exception, after a line with their number."""
    none, some, since, last, to_do = _WORDS[language]
    if not rows:
        yield none
        return
    yield f"{len(rows)} {some}"
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
    yield f"  {row.de if language == 'de' else row.en}"
    yield f"  {to_do}: {row.action_de if language == 'de' else row.action_en}"


def of_order(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Yield an order's open exceptions in English, for its timeline."""
    for row in rows:
        yield from lines(row, "en", _WORDS["en"][2:5], merchant=False)
