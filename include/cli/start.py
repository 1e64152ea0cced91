"""The command ``fulfil``: ``check-address`` needs nothing of the rest and starts at once."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command; only what it needs is imported."""
    if sys.argv[1:] == ["check-address"]:
        from include.cli.check_address import command

        command()
        return
    from include.cli.main import run as run_any

    run_any()
