"""``fulfil sandbox ...``: a merchant of one's own in the running sandbox of both systems."""

from __future__ import annotations

import secrets
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from include.core.systems.errors import ConfigError
from include.sandbox.client import ControlClient
from include.sandbox.scenarios.demo_orders import (
    CANCELLED,
    SHIPPED,
    StoryMerchant,
    orders,
    plenty_scenario,
    wemalo_scenario,
)
from include.stack import control
from include.stack.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

WAREHOUSE_DAY_S = 6 * 3600  # simulated: enough to pick, pack and hand over everything
FIRST_ID = 500_000
_FACTOR = 1000


def add_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    orders: Annotated[int, typer.Option(min=0, max=30, help="Released orders to begin with.")] = 10,
) -> None:
    """Open a merchant in the sandbox and print what `fulfil new` asks for."""
    for line in add_merchant(merchant, orders):
        typer.echo(line)


def day_command() -> None:
    """Let the sandbox's warehouse ship what it has."""
    for line in warehouse_day():
        typer.echo(line)


def _clients() -> tuple[ControlClient, ControlClient]:
    plenty, wemalo = map(ControlClient, control.sandbox_urls(Layout.current()))
    try:
        plenty.health(), wemalo.health()
    except (OSError, RuntimeError):
        start = control.typed("make sandbox", "--profile sandbox up -d")
        text = f"The sandbox does not run. Start it: {start}"
        raise ConfigError(text) from None
    return plenty, wemalo


def guest(name: str, number: int) -> StoryMerchant:
    """Return a merchant of one shipping profile on the default statuses."""
    return StoryMerchant(
        name=name,
        username=f"fulfilment_{name}",
        plenty_id=_FACTOR * number + number,
        warehouse_id=20 + number,
        storage_location_id=number,
        fetch="5",
        statuses=("6.2", "6.3", "8.8"),
        profiles=((31, "DHL Paket"),),
        match_ids=("dhl-paket",),
        first_variation=_FACTOR * number + 1,
        plan="classic",
    )


def add_merchant(name: str, count: int) -> Iterator[str]:
    """Open a tenant with released orders in both systems; yield what `fulfil new` asks for.

    :raises ConfigError: the sandbox does not run, or has that merchant.
    """
    plenty, wemalo = _clients()
    tenants = plenty.state()["tenants"]
    if name in tenants:
        text = f"The sandbox already has a merchant {name}."
        raise ConfigError(text)
    merchant = guest(name, len(tenants) + 3)
    story = [one for one in orders(merchant, FIRST_ID) if one.end in (SHIPPED, CANCELLED)][:count]
    password, token = secrets.token_urlsafe(12), secrets.token_urlsafe(18)
    wemalo.merge(wemalo_scenario(merchant, story, token))
    plenty.merge(plenty_scenario(merchant, story, password))
    # the new file belongs to whoever calls
    fulfil = control.typed(".venv/bin/fulfil", 'run --rm --user "$(id -u):0" cli fulfil')
    yield f"The sandbox has a merchant {name} with {len(story)} released orders."
    yield "Set it up with this command; it asks for the two secrets:"
    yield ""
    yield (
        f"{fulfil} new {shlex.quote(name)} --url {plenty.base_url} "
        f"--username {merchant.username} --plenty-id {merchant.plenty_id} "
        f"--warehouse-id {merchant.warehouse_id} "
        f"--storage-location-id {merchant.storage_location_id} "
        f"--wemalo-url {wemalo.base_url}/v1 --shop {name} "
        f"--plan {merchant.plan} --profile 31=dhl-paket --carrier DHL=DHL"
    )
    yield ""
    yield f"password: {password}"
    yield f"token:    {token}"


def warehouse_day() -> Iterator[str]:
    """Let the warehouse pick, pack and hand over what it has.

    :raises ConfigError: the sandbox does not run.
    """
    _, wemalo = _clients()
    wemalo.clock(advance=WAREHOUSE_DAY_S)
    yield "The warehouse worked for six hours (simulated): what it could ship has left."
