"""`python -m include.stack`: start, stop and look at the stack (see `make help`)."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Annotated

import typer

from include.core.systems.errors import FulfilmentError
from include.stack import airflow_env, control
from include.stack.layout import Layout, Ports

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _say(line: str) -> None:
    typer.echo(f"  {line}")


@app.command()
def up(
    *,
    with_sandbox: Annotated[bool, typer.Option(help="both remote systems as well")] = False,
) -> None:
    """Start everything, wait until it is healthy, print the UI's address and the login."""
    layout = Layout.current()
    control.up(layout, Ports.from_environment(), with_sandbox=with_sandbox, say=_say)
    for error in control.api(layout).import_errors():
        typer.echo(f"A DAG file cannot be read: {error['filename']}", err=True)
    typer.echo(f"Airflow is ready: {control.base_url(layout.ports())}")
    _say_addresses(layout)


def _say_addresses(layout: Layout) -> None:
    secrets, ports = layout.secrets(), layout.ports()
    typer.echo(f"  user {secrets.user}, password {secrets.password}")
    if control.status(layout).get(control.SANDBOX) == "RUNNING":
        typer.echo(f"  sandbox: plentymarkets http://127.0.0.1:{ports.plenty}")
        typer.echo(f"           wemalo        http://127.0.0.1:{ports.wemalo}")


@app.command()
def down() -> None:
    """Stop everything."""
    left_over = control.down(Layout.current())
    typer.echo("The stack is down." + (f" ({left_over} leftovers ended)" if left_over else ""))


@app.command()
def status() -> None:
    """Print each component's state, address and login; exit 1 if the stack is not healthy."""
    layout = Layout.current()
    states = control.status(layout)
    if not states:
        typer.echo("The stack does not run.")
        raise typer.Exit(1)
    for name, state in sorted(states.items()):
        typer.echo(f"{name:<15} {state}")
    typer.echo(f"\nAirflow: {control.base_url(layout.ports())}")
    _say_addresses(layout)
    missing = control.missing(layout, control.api(layout))
    if missing:
        typer.echo(f"Not healthy: {', '.join(missing)}. See {layout.logs}.")
        raise typer.Exit(1)


@app.command()
def wait(seconds: Annotated[float, typer.Argument()] = control.HEALTHY_S) -> None:
    """Return when the stack is healthy."""
    control.wait(Layout.current(), seconds)


@app.command()
def env() -> None:
    """Print the stack's variables for a shell: eval "$(.venv/bin/python -m include.stack env)"."""
    layout = Layout.current()
    layout.prepare()
    variables = airflow_env.environment(layout, layout.ports())
    for name, value in sorted(variables.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def logs(component: Annotated[str, typer.Argument()] = "*") -> None:
    """Follow the logs of one component, or of all."""
    files = sorted(str(file) for file in Layout.current().logs.glob(f"{component}.log"))
    if not files:
        typer.echo(f"There is no log of {component} yet.", err=True)
        raise typer.Exit(1)
    subprocess.run(["tail", "-n", "40", "-F", *files], check=False)  # noqa: S603, S607


def main() -> None:
    """Run one command; what is wrong is said in one line."""
    os.umask(0o077)  # logs and data are for the owner only
    try:
        app()
    except FulfilmentError as error:
        typer.echo(f"Error: {error.operator}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
