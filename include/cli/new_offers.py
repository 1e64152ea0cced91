"""What both systems offer a new merchant: tried with the secrets at hand, then asked from lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from include.cli.doctor import use_stack
from include.core.doctor.plenty_checks import PLAN_READS
from include.core.systems.errors import AuthError, ConfigError, FulfilmentError, SessionLimit
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fulfilment.hooks.paging import Row
    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.wemalo import WemaloHook

Told = dict[int, str]  # id -> name


@dataclass(frozen=True, slots=True)
class Access:
    """Where a system is and what opens it."""

    name: str
    connection: str
    url: str
    login: str
    password: str = field(repr=False)


@dataclass(slots=True)
class Offers:
    """What there is to choose from; empty where a system could not be looked at."""

    stores: Told = field(default_factory=dict)
    warehouses: Told = field(default_factory=dict)
    profiles: Told = field(default_factory=dict)
    providers: list[str] = field(default_factory=list)
    locations: Callable[[int], Told] = lambda _: {}
    plan: str = ""
    shop: str = ""
    carriers: dict[str, list[str]] = field(default_factory=dict)  # wemalo's -> its matchIds

    @property
    def match_ids(self) -> list[str]:
        """Return wemalo's shipping profiles."""
        return sorted({one for ids in self.carriers.values() for one in ids})


def look(merchant: str, plenty: Access, wemalo: Access, *, anyway: bool) -> Offers:
    """Try both accesses and return what is behind them.

    :param anyway: say what is wrong and go on with what the other system has.
    :raises ConfigError: a login is refused, or a system does not answer.
    """
    use_stack()
    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.settings import Settings
    from fulfilment.hooks.wemalo import WemaloHook

    def settings(of: Access) -> Settings:
        return Settings(of.connection, of.url, of.login, of.password, connect_s=10, read_s=20)

    offers = Offers()
    shop = PlentyHook(merchant, plenty.connection, None, settings=settings(plenty), read_tries=1)
    warehouse = WemaloHook(
        merchant, wemalo.connection, None, settings=settings(wemalo), read_tries=1
    )
    try:
        shop.reach()
        _read_plenty(shop, offers)
    except FulfilmentError as error:
        _tell(plenty, error, anyway=anyway)
    try:
        warehouse.reach()
        _read_wemalo(warehouse, offers)
    except FulfilmentError as error:
        _tell(wemalo, error, anyway=anyway)
    return offers


def _tell(access: Access, error: FulfilmentError, *, anyway: bool) -> None:
    text = error.operator
    if isinstance(error, AuthError) and not isinstance(error, SessionLimit):
        what = f"user name {access.login} with this password" if access.login else "this token"
        text = f"{access.name} refuses the {what}."
    if not anyway:
        text += " (--anyway keeps it; the doctor then lists it.)"
        raise ConfigError(text, code="NEW_TRY")
    typer.echo(f"Kept although it does not work yet: {text}")


def _read_plenty(hook: PlentyHook, offers: Offers) -> None:
    def locations(warehouse_id: int) -> Told:
        try:
            return _named(hook.storage_locations(warehouse_id), "id", "name")
        except FulfilmentError:
            return {}

    offers.locations = locations
    reads: dict[str, Callable[[], object]] = {
        "stores": lambda: _named(hook.webstores(), "storeIdentifier", "name"),
        "warehouses": lambda: _named(hook.warehouses(), "id", "name"),
        "profiles": lambda: _named(hook.shipping_profiles(), "id", "backendName"),
        "providers": lambda: sorted({str(row.get("name") or "") for row in hook.providers()}),
    }
    for name, read in reads.items():
        try:
            setattr(offers, name, read())
        except FulfilmentError as error:  # a right that is missing; the doctor names it
            typer.echo(f"plentymarkets shows no {name}: {error.operator}")
    minute = whole(hook.last_headers.get("X-Plenty-Global-Short-Period-Limit"))
    offers.plan = next((name for name, reads in PLAN_READS.items() if reads[0] == minute), "")


def _read_wemalo(hook: WemaloHook, offers: Offers) -> None:
    offers.shop = hook.shop_name()
    offers.carriers = {
        str(row.get("name")): [
            str(one["matchId"]) for one in row.get("profiles") or [] if one.get("matchId")
        ]
        for row in hook.profiles()
    }


def _named(rows: Iterable[Row], key: str, name: str) -> Told:
    return {
        number: str(row.get(name) or "")
        for row in rows
        if (number := whole(row.get(key))) is not None
    }


# -- questions ------------------------------------------------------------------------------------


def number(value: int | None, asked: str, offered: Told) -> int:
    """Return the number that was given, or that a person chooses.

    :raises ConfigError: it is none of those that there are.
    """
    if value is not None:
        if offered and value not in offered:
            text = f"There is no {value} ({asked}). There are: {_listed(offered)}."
            raise ConfigError(text, code="NEW_CHOICE")
        return value
    if offered:
        typer.echo(f"{asked}, one of: {_listed(offered)}")
    usual = next(iter(offered)) if len(offered) == 1 or 0 in offered else None
    while True:
        chosen = int(typer.prompt(asked, type=int, default=usual))
        if not offered or chosen in offered:
            return chosen
        typer.echo(f"There is no {chosen}.")


def word(asked: str, offered: Iterable[str], default: str) -> str:
    """Let a person choose one word of those offered, or ``default``."""
    choices = [one for one in offered if one]
    while True:
        chosen = str(typer.prompt(f"{asked} [{', '.join(choices)}]", default=default)).strip()
        if chosen in choices or chosen == default:
            return chosen
        typer.echo(f"There is no {chosen}.")


def profiles(given: Mapping[int, str] | None, offers: Offers, *, ask: bool) -> dict[int, str]:
    """Return shipping profile -> wemalo matchId: as given, or as a person chooses; "-" is none.

    :raises ConfigError: one of them does not exist.
    """
    if given is not None:
        _check("shipping profile", given, offers.profiles)
        _check("wemalo matchId", given.values(), offers.match_ids)
        return dict(given)
    if not (ask and offers.profiles and offers.match_ids):
        return {}
    typer.echo("wemalo profile of each shipping profile (- for one that is not used):")
    chosen = {
        key: word(f"  {key} {name}", offers.match_ids, "-")
        for key, name in offers.profiles.items()
    }  # fmt: skip
    return {key: value for key, value in chosen.items() if value != "-"}


def carriers(
    given: Mapping[str, str] | None, match_ids: Iterable[str], offers: Offers, *, ask: bool
) -> dict[str, str]:
    """Return wemalo carrier -> shipping service provider: as given, or as a person chooses.

    :param match_ids: the profiles in use; only their carriers are asked for.
    :raises ConfigError: one of them does not exist.
    """
    if given is not None:
        _check("wemalo carrier", given, offers.carriers)
        _check("shipping service provider", given.values(), offers.providers)
        return dict(given)
    used = [name for name, ids in offers.carriers.items() if set(ids) & set(match_ids)]
    if not (ask and used and offers.providers):
        return {}
    typer.echo("Shipping service provider of each carrier of wemalo's (- for none):")
    chosen = {
        name: word(f"  {name}", offers.providers, name if name in offers.providers else "-")
        for name in used
    }
    return {name: value for name, value in chosen.items() if value != "-"}


def _check(what: str, given: Iterable[object], offered: Mapping[int, str] | Iterable[str]) -> None:
    there = list(offered)
    wrong = sorted({str(one) for one in given if there and one not in there})
    if wrong:
        names = _listed(offered) if isinstance(offered, dict) else ", ".join(map(str, there))
        text = f"There is no {what} {', '.join(wrong)}. There are: {names}."
        raise ConfigError(text, code="NEW_CHOICE")


def _listed(offered: Mapping[int, object]) -> str:
    return ", ".join(
        f"{key} {name}".strip() if isinstance(name, str) else str(key)
        for key, name in offered.items()
    )
