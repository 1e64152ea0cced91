"""``fulfil new <merchant>``: the merchant's file and both Airflow connections, or nothing."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import requests
import typer

from include.cli.address_check import clean, final_address
from include.cli.new_offers import Access, Offers, carriers, look, number, profiles, word
from include.config.merchants import FOLDER, folder, load_beside, name_of_file
from include.config.new_file import NewMerchant, render
from include.core.doctor.plenty_checks import PLAN_READS
from include.core.systems.errors import ConfigError, FulfilmentError
from include.stack import control
from include.stack.api import new_connection
from include.stack.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.stack.api import AirflowApi

PASSWORD, TOKEN = "FULFILMENT_NEW_PASSWORD", "FULFILMENT_NEW_TOKEN"
WEMALO = "https://connect.wemalo.com/v1"  # wemalo contract 1
Number = Annotated[int | None, typer.Option(min=0)]


def command(
    merchant: Annotated[str, typer.Argument(help="Short name: small letters, digits and _.")],
    url: Annotated[str, typer.Option(help="Final https address of plentymarkets.")] = "",
    username: Annotated[str, typer.Option(help="Its REST user.")] = "",
    plenty_id: Number = None,
    warehouse_id: Number = None,
    storage_location_id: Number = None,
    wemalo_url: Annotated[str, typer.Option(help="Address of wemalo-connect.")] = WEMALO,
    shop: Annotated[str, typer.Option(help="Shop name in wemalo-connect.")] = "",
    language: Annotated[Literal["de", "en"], typer.Option()] = "de",
    plan: Annotated[Literal["basic", "classic", "flex", "plus"] | None, typer.Option()] = None,
    profile: Annotated[
        list[str] | None, typer.Option(help="Shipping profile=wemalo matchId; repeat it.")
    ] = None,
    carrier: Annotated[
        list[str] | None, typer.Option(help="wemalo carrier=shipping provider; repeat it.")
    ] = None,
    *,
    secrets_stdin: Annotated[
        bool,
        typer.Option(help="Password and token: two lines of standard input; asks nothing."),
    ] = False,
    connections: Annotated[
        bool, typer.Option(help="Create the Airflow connections of the running stack.")
    ] = True,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Keep addresses and secrets that do not work yet.")
    ] = False,
) -> None:
    """Set a merchant up: tries both systems, asks for what is missing, writes file and connections.

    Secrets are never arguments: they are asked for, or come from standard input or from
    FULFILMENT_NEW_PASSWORD and FULFILMENT_NEW_TOKEN.
    """
    path = _free_path(merchant)
    mapped = None if profile is None else {_profile_id(key): to for key, to in _pairs(profile)}
    carried = None if carrier is None else dict(_pairs(carrier))
    url = url or typer.prompt("plentymarkets: final https address")
    address = _address("plentymarkets", url, "/rest/users/me", anyway=anyway)
    wemalo = _address("wemalo", wemalo_url, "/product/shop", anyway=anyway)
    username = username or typer.prompt("plentymarkets: user name of the REST user")
    offers = Offers()
    password = token = ""
    plenty_connection, wemalo_connection = f"plenty_{merchant}", f"wemalo_{merchant}"
    if connections:
        password, token = _secrets(stdin=secrets_stdin)
        offers = look(
            merchant,
            Access("plentymarkets", plenty_connection, address, username, password),
            Access("wemalo", wemalo_connection, wemalo, "", token),
            anyway=anyway,
        )
    ask = connections and not secrets_stdin
    plenty_id = number(plenty_id, "plentyID of the client (store)", offers.stores)
    warehouse_id = number(
        warehouse_id, "warehouseID of the fulfiller's warehouse", offers.warehouses
    )
    places = {0: "(default)", **offers.locations(warehouse_id)} if connections else {}
    storage_location_id = number(
        storage_location_id, "storageLocationID of its default storage location",
        places if len(places) > 1 else {},
    )  # fmt: skip
    mapped = profiles(mapped, offers, ask=ask)
    facts = NewMerchant(
        merchant,
        plenty_id,
        warehouse_id,
        storage_location_id,
        shop=_shop(shop, offers.shop),
        language=language,
        plan=plan or _plan(offers.plan, ask=ask),
        profiles=mapped,
        carriers=carriers(carried, mapped.values(), offers, ask=ask),
    )
    text = checked_text(path, facts)
    undo: list[Callable[[], object]] = []
    try:
        if connections:
            api = control.api(Layout.current())
            values = {
                plenty_connection: {
                    "conn_type": "plenty", "host": address, "login": username,
                    "password": password,
                },
                wemalo_connection: {
                    "conn_type": "wemalo", "host": wemalo, "password": token
                },
            }  # fmt: skip
            create_connections(api, values, undo)
        with path.open("x", encoding="utf-8") as file:  # "x": never over a file that is there
            undo.append(path.unlink)
            file.write(text)
    except (FulfilmentError, OSError) as error:
        for step in reversed(undo):
            with suppress(FulfilmentError, OSError):
                step()
        reason = (
            error.operator
            if isinstance(error, FulfilmentError)
            else f"{path} cannot be written: {error.strerror}."
        )
        text = f"{reason} Nothing was kept: no file, no connection."
        raise ConfigError(text) from None
    _say_next(path, facts, connections=connections)


def _free_path(merchant: str) -> Path:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", merchant):
        text = "A merchant's short name has 2 to 40 small letters, digits and _, a letter first."
        raise ConfigError(text)
    taken = [one.name for one in folder().glob("*.y*ml") if name_of_file(one) == merchant]
    if taken:
        text = f"{merchant} is already set up in {taken[0]}; it stays as it is."
        raise ConfigError(text)
    return folder() / f"{merchant}.yaml"


def checked_text(path: Path, facts: NewMerchant) -> str:
    """Return the file's text, once it has been read back and found good.

    :raises BadFile: the facts make no good file.
    """
    text = render(facts, os.path.relpath(FOLDER / "merchant.schema.json", path.parent))
    with tempfile.TemporaryDirectory() as temporary:
        trial = Path(temporary) / path.name
        trial.write_text(text, encoding="utf-8")
        load_beside(trial)
    return text


def create_connections(
    api: AirflowApi, values: Mapping[str, Mapping[str, str]], undo: list[Callable[[], object]]
) -> None:
    """Create connections that are not there yet; what removes them again is added to ``undo``.

    :raises ConfigError: Airflow does not answer, or has a connection of that name.
    """
    try:
        rows = api.call("GET", "connections", params={"limit": 1000})["connections"]
    except requests.RequestException:
        text = (
            "Airflow does not answer, so the connections cannot be made. Start it (make up), or "
            "use --no-connections and add them in its UI."
        )
        raise ConfigError(text) from None
    there = {row["connection_id"] for row in rows}
    for name in values:
        if name in there:
            text = f"Airflow already has a connection {name}; it stays as it is."
            raise ConfigError(text)
    for name, fields in values.items():
        api.call("POST", "connections", json=new_connection(name, fields))
        undo.append(partial(api.call, "DELETE", f"connections/{name}"))


def _secrets(*, stdin: bool) -> tuple[str, str]:
    if stdin:
        lines = [sys.stdin.readline().rstrip("\n") for _ in range(2)]
    else:
        lines = [
            os.environ.get(PASSWORD) or typer.prompt("plentymarkets: password", hide_input=True),
            os.environ.get(TOKEN) or typer.prompt("wemalo: token", hide_input=True),
        ]
    if not all(lines):
        text = "The password and the token must not be empty."
        raise ConfigError(text)
    return lines[0], lines[1]


def _address(name: str, url: str, route: str, *, anyway: bool) -> str:
    """Return a system's final address, or with ``anyway`` one that does not answer yet."""
    try:
        return final_address(name, url, route)
    except ConfigError as error:
        if error.code != "UNREACHABLE":
            raise
        if not anyway:
            text = f"{error.operator} (--anyway keeps it; the doctor then lists it.)"
            raise ConfigError(text, code=error.code) from None
    return clean(name, url)


def _shop(given: str, told: str) -> str:
    """Return the shop's name; the token says which it is.

    :raises ConfigError: the token belongs to another shop.
    """
    if given and told and given != told:
        text = f"The token belongs to the shop '{told}', not to '{given}'."
        raise ConfigError(text, code="NEW_CHOICE")
    return given or told


def _plan(told: str, *, ask: bool) -> str:
    """Return the plan: plentymarkets' limits tell it; asked for where they do not."""
    if told or not ask:
        return told or "classic"
    return word("plentymarkets plan", PLAN_READS, "classic")


def _pairs(values: list[str] | None) -> list[tuple[str, str]]:
    pairs = []
    for value in values or []:
        left, sign, right = value.partition("=")
        if not (left.strip() and sign and right.strip()):
            text = f"{value} is no pair such as 6=dhl-paket."
            raise ConfigError(text)
        pairs.append((left.strip(), right.strip()))
    return pairs


def _profile_id(value: str) -> int:
    if not value.isdecimal():
        text = f"{value} is no id of a shipping profile in plentymarkets."
        raise ConfigError(text)
    return int(value)


def _say_next(path: Path, facts: NewMerchant, *, connections: bool) -> None:
    typer.echo(f"Written: {path}")
    names = f"{facts.plenty_connection} and {facts.wemalo_connection}"
    if connections:
        typer.echo(f"Created in Airflow: the connections {names}")
    else:
        typer.echo(f"Still to add in Airflow under Admin, Connections: {names}")
    typer.echo(f"Next: fulfil doctor {facts.name}, correct what it names, then")
    typer.echo(f"      fulfil unpause {facts.name}")
