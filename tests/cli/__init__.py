"""Tests of the `fulfil` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

if TYPE_CHECKING:
    import typer
    from click.testing import Result


def invoke(app: typer.Typer, *arguments: str, given: str = "") -> Result:
    """Run a command as a terminal would, with ``given`` on standard input."""
    return CliRunner().invoke(app, list(arguments), input=given)
