"""``fulfil schema``: the merchant file's JSON Schema."""

from __future__ import annotations

from typing import Annotated

import typer

from include.config import schema


def command(
    *,
    write: Annotated[
        bool, typer.Option(help="Renew the schema and docs/merchant-file.md in the project.")
    ] = False,
) -> None:
    """Print the JSON Schema of merchant files, for editors and other programs."""
    if not write:
        typer.echo(schema.json_schema(), nl=False)
        return
    schema.SCHEMA.write_text(schema.json_schema(), encoding="utf-8")
    schema.REFERENCE.write_text(schema.reference(), encoding="utf-8")
    typer.echo(f"Written: {schema.SCHEMA} and {schema.REFERENCE}")
