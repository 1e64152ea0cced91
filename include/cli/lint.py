"""``fulfil lint [files...]``: every mistake of every merchant file, without database or network."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

from include.config.lint import lint

if TYPE_CHECKING:
    from collections.abc import Iterable


def command(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Merchant files; all of the folder without one.")
    ] = None,
) -> None:
    """Check merchant files: no database, no network; exit code 1 if anything is wrong."""
    raise typer.Exit(_report(files or []))


def _report(files: Iterable[Path]) -> int:
    report = lint(files)
    for problem in report.problems:
        typer.echo(str(problem), err=True)
    for line in report.going_on:
        typer.echo(line, err=True)
    count = f"{report.files} file{'' if report.files == 1 else 's'}"
    if report.problems:
        typer.echo(f"{count} checked, {len(report.problems)} to correct.", err=True)
        return 1
    typer.echo(f"{count} checked, nothing to correct.")
    return 0
