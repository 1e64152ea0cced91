"""The doctor's judgement of the wemalo side and of what must fit on both (wemalo contract 1, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.doctor.facts import Check, Facts, unknown, unreached

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from include.core.merchants.merchant import Merchant

GOOD_SHARE, POOR_SHARE = 0.98, 0.5
LARGEST_SKEW_S = 60.0
_SHOWN = 10


def token(facts: Facts, merchant: Merchant) -> Check:
    """Check that the token is good and belongs to the shop in the file (wemalo contract 1)."""
    connection = merchant.wemalo.connection
    if "shop" in facts.down:
        return unreached("WEMALO_TOKEN", facts, "shop", "wemalo", connection)
    if facts.shop is None:
        why = facts.why.get("shop", "")
        return Check(
            "WEMALO_TOKEN",
            "fail",
            f"Der Zugang zu wemalo gelingt nicht. {why}",
            f"The access to wemalo fails. {why}",
            f"In Airflow die Verbindung {connection} berichtigen: das Token (Feld Passwort) gibt "
            "das Lager heraus.",
            f"Correct the connection {connection} in Airflow: the warehouse hands out the token "
            "(field Password).",
            weight=3,
        )
    wanted = merchant.wemalo.shop
    if wanted and facts.shop != wanted:
        return Check(
            "WEMALO_TOKEN",
            "fail",
            f"Das Token gehört zum Shop '{facts.shop}', in der Händlerdatei steht '{wanted}'.",
            f"The token belongs to the shop '{facts.shop}', the merchant's file says '{wanted}'.",
            "wemalo.shop oder das Token berichtigen: sonst gehen Aufträge an einen fremden Shop.",
            "Correct wemalo.shop or the token: otherwise orders go to somebody else's shop.",
            weight=3,
        )
    return Check(
        "WEMALO_TOKEN",
        "ok",
        f"Das Token gehört zum Shop '{facts.shop}'.",
        f"The token belongs to the shop '{facts.shop}'.",
        weight=3,
    )


def interfaces(facts: Facts, merchant: Merchant) -> Check:
    """Check that no other connection to plentymarkets is active (wemalo contract 14, 16.15)."""
    del merchant
    if facts.interfaces is None:
        return unknown("OTHER_CONNECTION", facts, "interfaces", weight=3)
    active = [row for row in facts.interfaces if _active(row)]
    if not active:
        return Check(
            "OTHER_CONNECTION",
            "ok",
            "Keine andere Anbindung ist aktiv.",
            "No other connection is active.",
            weight=3,
        )
    names = ", ".join(
        str(row.get("interfaceName") or row.get("systemName") or "?") for row in active
    )
    return Check(
        "OTHER_CONNECTION",
        "fail",
        f"In wemalo läuft noch eine andere Anbindung: {names}. Beide würden dieselben Aufträge "
        "übergeben.",
        f"Another connection is still active in wemalo: {names}. Both would hand over the same "
        "orders.",
        "Das Synchronisationsintervall dieser Anbindung in wemalo-connect auf 0 setzen lassen, "
        "bevor der DAG läuft; bis dahin `mode: shadow` benutzen.",
        "Have its synchronisation interval in wemalo-connect set to 0 before the DAG runs; use "
        "`mode: shadow` until then.",
        weight=3,
    )


def _active(row: Mapping[str, Any]) -> bool:
    """Say whether an interface runs: 0 minutes is off, one that says nothing counts as on."""
    if str(row.get("syncInterval", 1)) == "0":
        return False
    services = {str(one.get("service")) for one in row.get("services") or []}
    return "plenty" in str(row.get("systemName", "")).lower() or "getOrders" in services


def shipping_profiles(facts: Facts, merchant: Merchant) -> Check:
    """Check that each shipping profile in use exists and is mapped to a profile that wemalo has."""
    if facts.dispatchers is None or facts.profiles is None:
        return unknown("SHIPPING_PROFILES", facts, "dispatchers", "profiles", weight=3)
    there = {str(row.get("id")): str(row.get("backendName", "")) for row in facts.profiles}
    known = {
        str(one.get("matchId"))
        for row in facts.dispatchers
        for one in row.get("profiles") or []
        if one.get("matchId")
    }
    mapped = {str(key): value for key, value in merchant.shipping_profiles.items()}
    used = {str(number) for number in facts.sample.profiles} if facts.sample else set()
    gone = sorted(key for key in mapped if key not in there)
    wrong = sorted({f"{key}: {value}" for key, value in mapped.items() if value not in known})
    if merchant.default_profile and merchant.default_profile not in known:
        wrong.append(f"default_profile: {merchant.default_profile}")
    unmapped = sorted(used - set(mapped)) if not merchant.default_profile else []
    if not mapped and not merchant.default_profile:
        unmapped = unmapped or sorted(there)
    if not (gone or wrong or unmapped):
        return Check(
            "SHIPPING_PROFILES",
            "ok",
            f"Alle Versandprofile sind zugeordnet ({len(mapped)}).",
            f"All shipping profiles are mapped ({len(mapped)}).",
            weight=3,
        )
    de, en = [], []
    if unmapped:
        listed = ", ".join(f"{key} {there.get(key, '')}".strip() for key in unmapped[:_SHOWN])
        de.append(f"Nicht zugeordnet: {listed}.")
        en.append(f"Not mapped: {listed}.")
    if wrong:
        de.append(f"wemalo kennt diese matchId nicht: {', '.join(wrong)}.")
        en.append(f"wemalo does not know these matchIds: {', '.join(wrong)}.")
    if gone:
        de.append(f"Diese Profile gibt es in plentymarkets nicht: {', '.join(gone)}.")
        en.append(f"These profiles do not exist in plentymarkets: {', '.join(gone)}.")
    options = ", ".join(sorted(known)) or "-"
    return Check(
        "SHIPPING_PROFILES",
        "fail" if unmapped or wrong else "warn",
        " ".join(de),
        " ".join(en),
        f"shipping_profiles in der Händlerdatei berichtigen. wemalo hat: {options}.",
        f"Correct shipping_profiles in the merchant's file. wemalo has: {options}.",
        weight=3,
    )


def carriers(facts: Facts, merchant: Merchant) -> Check:
    """Check that each carrier of this merchant is mapped to a provider that exists."""
    if facts.dispatchers is None or facts.providers is None:
        return unknown("CARRIERS", facts, "dispatchers", "providers")
    providers = {str(row.get("name", "")) for row in facts.providers}
    wanted = set(merchant.shipping_profiles.values()) | {merchant.default_profile}
    shipping = {
        str(row.get("name"))
        for row in facts.dispatchers
        if any(one.get("matchId") in wanted for one in row.get("profiles") or [])
    }
    unmapped = sorted(shipping - set(merchant.carriers))
    wrong = sorted(
        {f"{key}: {value}" for key, value in merchant.carriers.items() if value not in providers}
    )
    if not (unmapped or wrong):
        return Check(
            "CARRIERS",
            "ok",
            f"Alle Versender sind zugeordnet ({len(merchant.carriers)}).",
            f"All carriers are mapped ({len(merchant.carriers)}).",
        )
    listed = ", ".join(unmapped + wrong)
    return Check(
        "CARRIERS",
        "fail",
        f"Versender ohne Versanddienstleister in plentymarkets: {listed}.",
        f"Carriers without a shipping service provider in plentymarkets: {listed}.",
        f"carriers in der Händlerdatei berichtigen. plentymarkets hat: "
        f"{', '.join(sorted(providers)) or '-'}.",
        f"Correct carriers in the merchant's file. plentymarkets has: "
        f"{', '.join(sorted(providers)) or '-'}.",
    )


def products(facts: Facts, merchant: Merchant) -> Check:
    """Measure the share of the warehouse's variations that wemalo knows (wemalo contract 8)."""
    if facts.skus is None or facts.products is None:
        return unknown("PRODUCTS", facts, "skus", "products")
    if not facts.skus:
        return Check(
            "PRODUCTS",
            "warn",
            "Dem Lager ist keine Variante zugeordnet.",
            "No variation is assigned to the warehouse.",
            f"In plentymarkets den Artikeln das Lager {merchant.plenty.warehouse_id} als "
            "Hauptlager geben.",
            f"Make warehouse {merchant.plenty.warehouse_id} the main warehouse of the items in "
            "plentymarkets.",
        )
    missing = sorted(facts.skus - facts.products)
    share = 1 - len(missing) / len(facts.skus)
    de = f"wemalo kennt {share:.0%} der {len(facts.skus)} geprüften Varianten."
    en = f"wemalo knows {share:.0%} of the {len(facts.skus)} variations looked at."
    if share >= GOOD_SHARE:
        return Check("PRODUCTS", "ok", de, en)
    some = ", ".join(missing[:_SHOWN])
    return Check(
        "PRODUCTS",
        "warn" if share >= POOR_SHARE else "fail",
        f"{de} Es fehlen zum Beispiel: {some}.",
        f"{en} Missing are for example: {some}.",
        "products.enabled: true setzen, damit sie übertragen werden, oder wemalo.product_id "
        "prüfen.",
        "Set products.enabled: true so that they are transferred, or check wemalo.product_id.",
    )


def clocks(facts: Facts, merchant: Merchant) -> Check:
    """Check that the clocks of both systems and ours agree."""
    del merchant
    if not facts.skew_s:
        return unknown("CLOCKS", facts, "skew_s", weight=1)
    off = {name: s for name, s in facts.skew_s.items() if abs(s) > LARGEST_SKEW_S}
    if not off:
        most = max(abs(s) for s in facts.skew_s.values())
        return Check(
            "CLOCKS",
            "ok",
            f"Die Uhren stimmen überein (größter Abstand {most:.0f} s).",
            f"The clocks agree (largest difference {most:.0f} s).",
            weight=1,
        )
    listed = ", ".join(f"{name} {s:+.0f} s" for name, s in sorted(off.items()))
    return Check(
        "CLOCKS",
        "warn",
        f"Die Uhren weichen ab: {listed}.",
        f"The clocks differ: {listed}.",
        "Die Uhr dieses Rechners mit NTP abgleichen.",
        "Synchronise this machine's clock with NTP.",
        weight=1,
    )


def sample(facts: Facts, merchant: Merchant) -> Check:
    """Check that released orders pass all rules; nothing of them was written anywhere."""
    del merchant
    found = facts.sample
    if found is None:
        return unknown("SAMPLE", facts, "sample")
    if not found.orders:
        return Check(
            "SAMPLE",
            "ok",
            "Zurzeit ist kein Auftrag freigegeben.",
            "No order is released at the moment.",
        )
    de = f"{found.good} von {found.orders} freigegebenen Aufträgen bestehen alle Prüfungen."
    en = f"{found.good} of {found.orders} released orders pass all checks."
    if found.good == found.orders:
        return Check("SAMPLE", "ok", de, en)
    listed = ", ".join(f"{code} {count}" for code, count in sorted(found.codes.items()))
    return Check(
        "SAMPLE",
        "warn" if found.good else "fail",
        f"{de} Gründe: {listed}.",
        f"{en} Reasons: {listed}.",
        "Die Aufträge in plentymarkets berichtigen; sie würden als fehlerhaft gemeldet.",
        "Correct these orders in plentymarkets; they would be marked as faulty.",
    )
