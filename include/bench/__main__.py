"""`python -m include.bench [names...]`: run benchmarks and print one table (`make bench`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from include.bench.registry import BENCHMARKS, benchmark
from include.bench.rows import number, table

if TYPE_CHECKING:
    from include.bench.rows import Row

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="which; all without a name")] = None,
    *,
    quick: Annotated[bool, typer.Option(help="smaller, to see that it runs")] = False,
) -> None:
    """Run the named benchmarks, or all, one after the other; exit 1 if one cannot run."""
    unknown = set(names or ()) - set(BENCHMARKS)
    if unknown:
        known = ", ".join(BENCHMARKS)
        typer.echo(
            f"No such benchmark: {', '.join(sorted(unknown))}. There are: {known}.", err=True
        )
        raise typer.Exit(2)
    # the libraries' news are no part of a report
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    results: dict[str, list[Row]] = {}
    failed = False
    for name in names or BENCHMARKS:
        typer.echo(f"{name} ...", err=True)
        try:
            results[name] = benchmark(name)(quick=quick)
            for row in results[name]:  # all of them take more than an hour
                typer.echo(f"  {row.label}: {number(row.value)} {row.unit}", err=True)
        except Exception as error:  # the others still run
            failed = True
            typer.echo(f"{name} could not run: {type(error).__name__}: {error}", err=True)
    for line in table(results):
        typer.echo(line)
    raise typer.Exit(failed)


if __name__ == "__main__":
    app()
