"""The doctor's judgement of the plentymarkets side (plentymarkets contract 2, 4, 8, 10, 12, 16)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.doctor.facts import Check, Facts, unknown, unreached
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.core.merchants.merchant import Merchant

#: reads per user and minute, per system and day (contract 4)
PLAN_READS = {
    "basic": (80, 59_760),
    "classic": (200, 166_000),
    "flex": (240, 282_000),
    "plus": (280, 282_000),
}
_TYPES = {0: "sales", 1: "repair", 4: "storage", 5: "transit", 6: "distribution", 7: "other"}


def login(facts: Facts, merchant: Merchant) -> Check:
    """Check URL, user and password (contract 2)."""
    connection = merchant.plenty.connection
    if "user" in facts.down:
        return unreached("PLENTY_LOGIN", facts, "user", "plentymarkets", connection)
    if facts.user is None:
        return Check(
            "PLENTY_LOGIN",
            "fail",
            f"Die Anmeldung bei plentymarkets gelingt nicht. {facts.why.get('user', '')}",
            f"The login to plentymarkets fails. {facts.why.get('user', '')}",
            f"In Airflow die Verbindung {connection} berichtigen: die endgültige https-Adresse, "
            "Benutzername und Passwort eines Benutzers mit dem Zugang 'REST-API'.",
            f"Correct the connection {connection} in Airflow: the final https address, user name "
            "and password of a user with the access 'REST-API'.",
            weight=3,
        )
    number = facts.user.get("id", "?")
    return Check(
        "PLENTY_LOGIN",
        "ok",
        f"Angemeldet als Benutzer {number}.",
        f"Logged in as user {number}.",
        weight=3,
    )


def statuses(facts: Facts, merchant: Merchant) -> Check:
    """Check that every configured status exists and is visible to the user (contract 8)."""
    if facts.statuses is None:
        return unknown("STATUSES", facts, "statuses", weight=3)
    missing: dict[Decimal, list[str]] = {}
    for name, number in configured_statuses(merchant):
        if number not in facts.statuses:
            missing.setdefault(number, []).append(name)
    if not missing:
        count = len({number for _, number in configured_statuses(merchant)})
        return Check(
            "STATUSES",
            "ok",
            f"Alle {count} eingestellten Status gibt es.",
            f"All {count} configured statuses exist.",
            weight=3,
        )
    listed = ", ".join(f"{number} ({', '.join(names)})" for number, names in missing.items())
    numbers = ", ".join(map(str, missing))
    return Check(
        "STATUSES",
        "fail",
        f"Diese Status gibt es nicht, oder der Benutzer darf sie nicht sehen: {listed}.",
        f"These statuses do not exist, or the user may not see them: {listed}.",
        f"In plentymarkets unter Einrichtung » Aufträge » Auftragsstatus die Status {numbers} "
        "anlegen; gibt es sie schon, in den Rechten des REST-Benutzers oder seiner Rolle die "
        "sichtbaren und änderbaren Status freigeben.",
        f"Create the statuses {numbers} in plentymarkets under Setup » Orders » Order statuses; "
        "if they exist, give the REST user or its role the right to see and set them.",
        weight=3,
    )


def configured_statuses(merchant: Merchant) -> Iterable[tuple[str, Decimal]]:
    """Yield name and id of every status this merchant's flow reads or sets."""
    for name, value in merchant.statuses:
        if isinstance(value, Decimal):
            yield f"statuses.{name}", value
    if merchant.returns.create:
        yield "returns.status", merchant.returns.status
    for value in merchant.returns.announce.statuses:
        yield "returns.announce.statuses", value


def client(facts: Facts, merchant: Merchant) -> Check:
    """Check that the plentyID is a client that the user may see (contract 16)."""
    if facts.webstores is None:
        return unknown("PLENTY_ID", facts, "webstores", weight=3)
    wanted = merchant.plenty.plenty_id
    there = sorted(_numbers(facts.webstores, "storeIdentifier"))
    if wanted in there:
        return Check(
            "PLENTY_ID",
            "ok",
            f"Den Mandanten {wanted} gibt es.",
            f"The client {wanted} exists.",
            weight=3,
        )
    known = ", ".join(map(str, there)) or "-"
    return Check(
        "PLENTY_ID",
        "fail",
        f"Einen Mandanten mit der plentyID {wanted} gibt es nicht. Es gibt: {known}.",
        f"There is no client with the plentyID {wanted}. There are: {known}.",
        "plenty.plenty_id in der Händlerdatei berichtigen oder dem Benutzer den Mandanten "
        "freigeben.",
        "Correct plenty.plenty_id in the merchant's file, or give the user the right to the "
        "client.",
        weight=3,
    )


def warehouse(facts: Facts, merchant: Merchant) -> Check:
    """Check that the warehouse exists, is for sales and is the merchant's own (contract 12.3)."""
    if facts.warehouses is None:
        return unknown("WAREHOUSE", facts, "warehouses", weight=3)
    wanted = merchant.plenty.warehouse_id
    row = next((one for one in facts.warehouses if whole(one.get("id")) == wanted), None)
    if row is None:
        known = ", ".join(
            f"{one.get('id')} {one.get('name', '')}".strip() for one in facts.warehouses
        )
        return Check(
            "WAREHOUSE",
            "fail",
            f"Ein Lager {wanted} gibt es nicht. Es gibt: {known or '-'}.",
            f"There is no warehouse {wanted}. There are: {known or '-'}.",
            "plenty.warehouse_id in der Händlerdatei berichtigen.",
            "Correct plenty.warehouse_id in the merchant's file.",
            weight=3,
        )
    kind, logistics = whole(row.get("typeId")), str(row.get("logisticsType", ""))
    if kind == 0 and logistics == "own":
        return Check(
            "WAREHOUSE",
            "ok",
            f"Lager {wanted}: Vertrieb, eigenes Lager.",
            f"Warehouse {wanted}: sales, own logistics.",
            weight=3,
        )
    name = _TYPES.get(-1 if kind is None else kind, "?")
    return Check(
        "WAREHOUSE",
        "fail",
        f"Lager {wanted} hat den Typ '{name}' und die Logistik '{logistics}'.",
        f"Warehouse {wanted} has the type '{name}' and the logistics '{logistics}'.",
        f"In plentymarkets unter Einrichtung » Waren » Lager das Lager {wanted} auf Typ 'Vertrieb' "
        "und Logistiktyp 'Eigenes Lager' stellen.",
        f"Set warehouse {wanted} to type 'Sales' and logistics type 'Own warehouse' in "
        "plentymarkets under Setup » Stock » Warehouse.",
        weight=3,
    )


def location(facts: Facts, merchant: Merchant) -> Check:
    """Check that the storage location lies in the warehouse; 0 is the default (contract 12.3)."""
    wanted = merchant.plenty.storage_location_id
    if wanted == 0:
        return Check(
            "STORAGE_LOCATION",
            "ok",
            "Der Standard-Lagerort wird benutzt.",
            "The default storage location is used.",
        )
    if facts.locations is None:
        return unknown("STORAGE_LOCATION", facts, "locations")
    there = _numbers(facts.locations, "id")
    if wanted in there:
        return Check(
            "STORAGE_LOCATION",
            "ok",
            f"Den Lagerort {wanted} gibt es.",
            f"The storage location {wanted} exists.",
        )
    some = ", ".join(map(str, sorted(there)[:10])) or "-"
    return Check(
        "STORAGE_LOCATION",
        "fail",
        f"Den Lagerort {wanted} gibt es in Lager {merchant.plenty.warehouse_id} nicht. Es gibt: "
        f"{some}.",
        f"There is no storage location {wanted} in warehouse {merchant.plenty.warehouse_id}. "
        f"There are: {some}.",
        "plenty.storage_location_id in der Händlerdatei berichtigen.",
        "Correct plenty.storage_location_id in the merchant's file.",
    )


def package_type(facts: Facts, merchant: Merchant) -> Check:
    """Check that the package type for the packages we create exists (contract 10.1)."""
    if facts.package_types is None:
        return unknown("PACKAGE_TYPE", facts, "package_types")
    wanted = merchant.plenty.package_type_id
    if wanted in _numbers(facts.package_types, "id"):
        return Check(
            "PACKAGE_TYPE",
            "ok",
            f"Den Pakettyp {wanted} gibt es.",
            f"The package type {wanted} exists.",
        )
    known = ", ".join(f"{row.get('id')} {row.get('name', '')}" for row in facts.package_types)
    return Check(
        "PACKAGE_TYPE",
        "fail",
        f"Einen Pakettyp {wanted} gibt es nicht. Es gibt: {known or '-'}.",
        f"There is no package type {wanted}. There are: {known or '-'}.",
        "plenty.package_type_id in der Händlerdatei setzen: ohne ihn wird keine Paketnummer "
        "geschrieben.",
        "Set plenty.package_type_id in the merchant's file: without it no tracking number is "
        "written.",
    )


def plan(facts: Facts, merchant: Merchant) -> Check:
    """Check that the limits plentymarkets sends are those of the configured plan (contract 4)."""
    minute = (facts.limits or {}).get("read")
    if facts.limits is None or minute is None:
        return unknown("PLAN", facts, "limits", weight=1)
    wanted = merchant.plenty.plan
    if minute == PLAN_READS[wanted][0]:
        return Check(
            "PLAN",
            "ok",
            f"Die Grenzen sind die des Tarifs {wanted}: {minute} Lesezugriffe je Minute.",
            f"The limits are those of the plan {wanted}: {minute} reads a minute.",
            weight=1,
        )
    fitting = next((name for name, reads in PLAN_READS.items() if reads[0] == minute), None)
    should = f"'{fitting}'" if fitting else "?"
    return Check(
        "PLAN",
        "warn",
        f"plentymarkets erlaubt {minute} Lesezugriffe je Minute; eingestellt ist der Tarif "
        f"{wanted} mit {PLAN_READS[wanted][0]}.",
        f"plentymarkets allows {minute} reads a minute; the plan {wanted} is set, which has "
        f"{PLAN_READS[wanted][0]}.",
        f"plenty.plan in der Händlerdatei auf {should} setzen.",
        f"Set plenty.plan in the merchant's file to {should}.",
        weight=1,
    )


def _numbers(rows: Iterable[Mapping[str, Any]], name: str) -> set[int]:
    return {number for row in rows if (number := whole(row.get(name))) is not None}
