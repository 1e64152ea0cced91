"""``fulfil quality <merchant>``: how many orders broke which rule, and how that changes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from include.cli.ledger import connect
from include.core.quality.rules import RULES
from include.ledger.quality.quality import ALL, NOT_SENT
from include.ledger.quality.quality import days as read_days
from include.quality.report import report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.quality.report import RuleShare

Language = Literal["de", "en"]

_WORDS = {
    "de": {
        "none": "Für {merchant} wurde vom {first} bis {last} kein Auftrag geprüft.",
        "head": "{merchant}, {first} bis {last} (UTC): {orders} Aufträge geprüft, {stopped} davon "
        "({share}) nicht versandfähig.",
        "rules": ("Regel", "Stufe", "Aufträge", "Anteil", "Trend", "Bedeutung"),
        "days": ("Tag", "geprüft", "nicht versandfähig", "Anteil"),
        "trend": "Trend: Prozentpunkte gegen die {days} Tage davor.",
    },
    "en": {
        "none": "No order of {merchant} was checked from {first} to {last}.",
        "head": "{merchant}, {first} to {last} (UTC): {orders} orders checked, {stopped} of them "
        "({share}) not sendable.",
        "rules": ("rule", "severity", "orders", "share", "trend", "meaning"),
        "days": ("day", "checked", "not sendable", "share"),
        "trend": "Trend: percentage points against the {days} days before.",
    },
}


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="Days up to today (UTC).")] = 7,
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Tell how many orders broke which rule, and how that changes."""
    for line in describe(merchant, days, language):
        typer.echo(line)


def describe(
    merchant: str, days: int, language: Language, today: date | None = None
) -> Iterator[str]:
    """Yield the lines to print: a sentence, a table of rules, a table of days.

    :param days: how many days up to ``today`` (UTC) are told; as many before give the trend.
    :raises ConfigError: the ledger cannot be reached.
    """
    last = today or datetime.now(UTC).date()
    first = last - timedelta(days=days - 1)
    with connect() as connection:
        counts = read_days(connection, merchant, first - timedelta(days=days), last)
    told = {day: count for day, count in counts.items() if day >= first}
    total = sum(told.values(), Counter())
    earlier = sum((count for day, count in counts.items() if day < first), Counter())
    words = _WORDS[language]
    where = {"merchant": merchant, "first": first, "last": last}
    if not total[ALL]:
        yield str(words["none"]).format(**where)
        return
    share = _percent(total[NOT_SENT] / total[ALL])
    numbers = {"orders": total[ALL], "stopped": total[NOT_SENT], "share": share}
    yield str(words["head"]).format(**where, **numbers)
    if rows := report(total, earlier):
        yield ""
        yield from _table([tuple(words["rules"]), *(_rule(row, language) for row in rows)])
        yield str(words["trend"]).format(days=days)
    yield ""
    yield from _table([tuple(words["days"]), *_days(told)])


def _rule(row: RuleShare, language: Language) -> tuple[str, ...]:
    rule = RULES[row.code]
    trend = "-" if row.trend is None else f"{row.trend * 100:+.1f}"
    text = rule.de if language == "de" else rule.en
    return (row.code, rule.severity, str(row.orders), _percent(row.share), trend, text)


def _days(counts: Mapping[date, Counter[str]]) -> Iterator[tuple[str, ...]]:
    for day, count in sorted(counts.items(), reverse=True):
        share = count[NOT_SENT] / count[ALL]
        yield (str(day), str(count[ALL]), str(count[NOT_SENT]), _percent(share))


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield aligned lines; columns of numbers are those whose cells start with a digit or sign."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    right = [rows[1][n][:1] in "0123456789+-" for n in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        )
        yield "  ".join(cells).rstrip()
