"""The doctor between two real sandbox servers: one fault at a time, found and told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.doctor.read import Visit, gather, visit
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import text

from include.core.doctor.facts import Check, Facts
from include.core.doctor.report import changes, examine, lines
from include.core.merchants.merchant import Merchant
from include.ledger.doctor import doctor as ledger
from include.sandbox.scenarios.demo_orders import ALPHA
from tests.flow.stage import (
    PASSWORD,
    TOKEN,
    Stage,
    drop_connection,
    good_order,
    set_connection,
)


def look(stage: Stage, **changed: Any) -> Visit:
    """Let the doctor look at the merchant, some of its settings changed."""
    merchant = with_settings(stage.merchant, **changed)
    plenty = PlentyHook(stage.name, merchant.plenty.connection, stage.engine)
    wemalo = WemaloHook(stage.name, merchant.wemalo.connection, stage.engine)
    return visit(merchant, plenty, wemalo, stage.engine)


def with_settings(merchant: Merchant, **changed: Any) -> Merchant:
    data = merchant.model_dump()
    for name, value in changed.items():
        section, _, field = name.partition("__")
        if field:
            data[section][field] = value
        else:
            data[section] = value
    return Merchant.model_validate(data)


def check(stage: Stage, code: str, **changed: Any) -> Check:
    return next(one for one in look(stage, **changed).report.checks if one.code == code)


def merge(stage: Stage, side: str, **rows: Any) -> None:
    client = getattr(stage.sandbox, side)
    client.merge({"tenants": [{"tenant": stage.name, **rows}]})


def test_a_merchant_in_order_is_ready_with_full_score_and_nothing_is_written(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    stage.sandbox.plenty.reset_calls()
    stage.sandbox.wemalo.reset_calls()
    report = look(stage).report
    assert [one.code for one in report.checks if one.level != "ok"] == []
    assert (report.score, report.ready, report.to_fix) == (100, True, [])
    assert "2 of 2 released orders pass" in report.checks[-1].en
    for side in (stage.sandbox.plenty, stage.sandbox.wemalo):
        routes = side.calls(stage.name)["counts"][stage.name]
        assert [r for r in routes if not r.startswith("GET ") and "login" not in r] == []
    assert stage.wemalo_orders() == {}
    assert stage.plenty_status(1) == Decimal(5)


@pytest.mark.parametrize(
    ("code", "level", "changed", "said"),
    [
        ("PLENTY_ID", "fail", {"plenty__plenty_id": 77}, "There are: 1001"),
        ("WAREHOUSE", "fail", {"plenty__warehouse_id": 77}, "There are: "),
        ("STORAGE_LOCATION", "fail", {"plenty__storage_location_id": 77}, "There are: 7"),
        ("STORAGE_LOCATION", "ok", {"plenty__storage_location_id": 0}, "default"),
        ("PACKAGE_TYPE", "fail", {"plenty__package_type_id": 77}, "1 Brief"),
        ("PLAN", "warn", {"plenty__plan": "plus"}, "allows 200 reads a minute"),
        ("STATUSES", "fail", {"returns__status": "9.0.2"}, "9.02 (returns.status)"),
        ("WEMALO_TOKEN", "fail", {"wemalo__shop": "beta"}, "belongs to the shop 'alpha'"),
        ("SHIPPING_PROFILES", "fail", {"shipping_profiles": {6: "ups"}}, "6: ups"),
        ("SHIPPING_PROFILES", "fail", {"shipping_profiles": {}}, "Not mapped: 6 DHL Paket"),
        ("CARRIERS", "fail", {"carriers": {}}, "provider in plentymarkets: DHL"),
        ("CARRIERS", "fail", {"carriers": {"DHL": "Dachser"}}, "DHL: Dachser"),
    ],
)
def test_a_setting_that_does_not_fit_is_found_and_what_there_is_is_named(
    stage: Stage, code: str, level: str, changed: dict[str, Any], said: str
) -> None:
    found = check(stage, code, **changed)
    assert (found.level, said in found.en) == (level, True), found
    if level != "ok":
        assert found.fix_de
        assert found.fix_en


def test_statuses_that_plentymarkets_lacks_are_named_with_where_to_create_them(
    stage: Stage,
) -> None:
    found = check(stage, "STATUSES", statuses__no_stock="6.35", statuses__address_error="6.25")
    assert found.level == "fail"
    assert "6.25 (statuses.address_error), 6.35 (statuses.no_stock)" in found.en
    assert "Einrichtung » Aufträge » Auftragsstatus" in found.fix_de
    assert "Setup » Orders » Order statuses" in found.fix_en


def test_a_status_without_the_right_to_see_it_counts_as_missing(stage: Stage) -> None:
    user = {"username": "few", "password": "few", "statuses": ["5", "5.1", "6.2", "8", "8.8", "9"]}
    merge(stage, "plenty", users=[user])
    connection = stage.merchant.plenty.connection
    set_connection(connection, "plenty", stage.sandbox.plenty_url, "few", "few")
    found = check(stage, "STATUSES")
    assert (found.level, "6.3 (statuses.no_stock)" in found.en) == ("fail", True)
    assert "right to see and set" in found.fix_en


def test_a_wrong_password_is_the_first_thing_to_fix_and_the_other_side_is_still_looked_at(
    stage: Stage,
) -> None:
    connection = stage.merchant.plenty.connection
    set_connection(connection, "plenty", stage.sandbox.plenty_url, ALPHA.username, "wrong-word")
    report = look(stage).report
    assert report.to_fix[0].code == "PLENTY_LOGIN"
    levels = {one.code: one.level for one in report.checks}
    assert (levels["WEMALO_TOKEN"], levels["OTHER_CONNECTION"]) == ("ok", "ok")
    assert levels["STATUSES"] == "unknown"
    assert "wrong-word" not in "\n".join(lines(report, "en"))
    set_connection(connection, "plenty", stage.sandbox.plenty_url, ALPHA.username, PASSWORD)


def test_a_missing_connection_and_a_wrong_token_are_told_with_the_connections_name(
    stage: Stage,
) -> None:
    assert (
        "plenty_gone does not exist"
        in check(stage, "PLENTY_LOGIN", plenty__connection="plenty_gone").en
    )
    connection = stage.merchant.wemalo.connection
    set_connection(connection, "wemalo", stage.sandbox.wemalo_url, "", TOKEN + "x")
    set_connection("plenty_away", "plenty", "http://127.0.0.1:1", ALPHA.username, PASSWORD)
    report = look(stage, plenty__connection="plenty_away").report
    found = {one.code: one for one in report.checks}
    token, login = found["WEMALO_TOKEN"], found["PLENTY_LOGIN"]
    assert (token.level, connection in token.fix_en) == ("fail", True)
    assert (login.level, report.ready) == ("unknown", False)  # an outage, no wrong password
    assert "The secrets are not the reason" in login.fix_en
    assert "An den Zugangsdaten liegt es nicht" in login.fix_de
    drop_connection("plenty_away")


def test_another_active_connection_is_a_stop_and_one_that_is_off_is_not(stage: Stage) -> None:
    row = {"interfaceName": "plenty live", "systemName": "plentymarkets", "syncInterval": 0}
    merge(stage, "wemalo", interfaces=[row])
    assert check(stage, "OTHER_CONNECTION").level == "ok"
    merge(stage, "wemalo", interfaces=[row | {"syncInterval": 60, "attributes": [{"v": "s3cret"}]}])
    found = check(stage, "OTHER_CONNECTION")
    assert (found.level, "plenty live" in found.en) == ("fail", True)
    assert "s3cret" not in str(found)


def test_a_warehouse_of_the_wrong_kind_is_told_with_where_to_change_it(stage: Stage) -> None:
    row = {"id": ALPHA.warehouse_id, "typeId": 1, "logisticsType": "amazon"}
    merge(stage, "plenty", warehouses=[row])
    found = check(stage, "WAREHOUSE")
    assert (found.level, "'repair' and the logistics 'amazon'" in found.en) == ("fail", True)


def test_the_share_of_variations_that_wemalo_knows_is_measured(stage: Stage) -> None:
    new = [{"id": 9000 + n, "number": f"NEW-{n}", "name": "x"} for n in range(3)]
    merge(stage, "plenty", variations=[row | {"mainWarehouseId": 3} for row in new])
    found = check(stage, "PRODUCTS")
    assert found.level in ("warn", "fail")
    assert "9000, 9001, 9002" in found.en


def test_the_sample_tells_rules_and_counts_and_no_person(stage: Stage) -> None:
    bad = good_order(2)
    bad["delivery"]["address2"] = ""
    stage.add(good_order(1), bad, good_order(3, profile=99))
    report = look(stage).report
    found = report.checks[-1]
    assert "1 of 3 released orders" in found.en
    assert found.level == "warn"
    assert "ADDRESS_" in found.en
    assert "PROFILE_UNMAPPED 1" in found.en
    profiles = next(one for one in report.checks if one.code == "SHIPPING_PROFILES")
    assert (profiles.level, "99" in profiles.en) == ("fail", True)
    told = "\n".join([*lines(report, "de"), *lines(report, "en"), str(report.to_json())])
    assert "Musterfrau" not in told
    assert "Hauptstraße" not in told


def test_the_report_ends_with_score_verdict_and_what_to_do_in_both_languages(stage: Stage) -> None:
    report = look(stage, plenty__plan="plus", plenty__plenty_id=77).report
    for language, verdict, head in (
        ("en", "not ready yet", "To do, the most important first:"),
        ("de", "noch nicht bereit", "Zu tun, das Wichtigste zuerst:"),
    ):
        told = list(lines(report, language))
        assert f"alpha: {report.score} / 100, {verdict}" in told
        after = told[told.index(head) + 1 :]
        assert [line.rsplit("(", 1)[1] for line in after] == ["PLENTY_ID)", "PLAN)"]
    assert 0 < report.score < 100


def test_the_ledger_keeps_the_newest_report_so_that_changes_are_told(stage: Stage) -> None:
    assert look(stage, plenty__plenty_id=77).worse is False  # never ready yet: being set up
    healed = look(stage)
    assert [one.code for one in healed.changed] == ["PLENTY_ID"]
    broken = look(stage, plenty__warehouse_id=77)
    assert "WAREHOUSE" in [one.code for one in broken.changed]
    assert broken.worse is True
    assert look(stage, plenty__warehouse_id=77).worse is True  # until it is right again
    with stage.engine.begin() as connection:
        report, was_ready = ledger.kept(connection, stage.name)
    assert report is not None
    assert (was_ready, report["ready"]) == (True, False)
    assert changes(report, healed.report) != []


def test_clocks_that_differ_are_told(stage: Stage) -> None:
    hook = PlentyHook(stage.name, stage.merchant.plenty.connection, stage.engine)
    wemalo = WemaloHook(stage.name, stage.merchant.wemalo.connection, stage.engine)
    facts = gather(stage.merchant, hook, wemalo)
    assert facts.skew_s is not None
    assert set(facts.skew_s) == {"plentymarkets", "wemalo"}
    assert max(map(abs, facts.skew_s.values())) < 30
    facts.skew_s = {"plentymarkets": -400.0, "wemalo": 1.0}
    report = examine(stage.merchant, facts)
    told = next(one for one in report.checks if one.code == "CLOCKS")
    assert (told.level, "plentymarkets -400 s" in told.en) == ("warn", True)


def test_nothing_known_is_never_ready() -> None:
    from include.config.merchants import find

    report = examine(find("alpha"), Facts())
    assert (report.score, report.ready) == (0, False)


def test_a_server_that_may_write_people_to_its_log_is_told_with_the_settings(
    stage: Stage,
) -> None:
    database = stage.engine.url.database
    with stage.engine.begin() as connection:
        for setting in ("log_min_error_statement = 'error'", "log_min_duration_statement = 0"):
            connection.execute(text(f'ALTER DATABASE "{database}" SET {setting}'))
    stage.engine.dispose()  # the settings are those of new sessions

    found = check(stage, "LEDGER_LOG")

    assert found.level == "warn"
    assert "log_min_error_statement = error, log_min_duration_statement = 0" in found.en
    assert "log_min_error_statement = panic, log_min_duration_statement = -1" in found.fix_en
