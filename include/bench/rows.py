"""What a benchmark reports, and the one table it is printed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``ratio`` compares it with what ``against`` names, measured in the same run.

    Seconds and megabytes depend on the machine and on who else uses it; a ratio hardly does.
    """

    label: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""


_HEAD = ("benchmark", "figure", "value", "unit", "ratio", "against")


def table(results: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Yield the lines of one table with the rows of all benchmarks, by the benchmark's name."""
    cells = [_HEAD]
    for name, rows in results.items():
        for place, row in enumerate(rows):
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            cells.append(
                (name if place == 0 else "", row.label, number(row.value), row.unit, ratio,
                 row.against)
            )  # fmt: skip
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    for line in cells:
        yield "  ".join(
            cell.rjust(width) if column in (2, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()


def number(value: float) -> str:
    """Return a figure with three significant digits at least: ``0.0123``, ``4.56``, ``12,345``."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
