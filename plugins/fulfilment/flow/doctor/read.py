"""Read what the doctor judges, from both systems; nothing is written to either of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.search import order_filters
from fulfilment.flow.tasks.validate import EVER, product_keys, sellable
from fulfilment.hooks.plenty import Filter
from include.core.doctor.facts import Check, Facts, Sample
from include.core.doctor.report import Report, changes, examine
from include.core.orders.plenty_order import parse_order, row_status
from include.core.products.skus import clean_sku
from include.core.products.wemalo_products import belongs, is_bundle
from include.core.stock.stock_rules import StockView
from include.core.systems.errors import (
    ContractError,
    FulfilmentError,
    OrderInvalid,
    SessionLimit,
    TransientError,
)
from include.core.systems.values import whole
from include.ledger.doctor import doctor as ledger
from include.ledger.merchants.pauses import open_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from fulfilment.hooks.plenty import PlentyHook
    from fulfilment.hooks.wemalo import WemaloHook
    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order

SAMPLE_ORDERS = 25
VARIATION_PAGES = 4  # of 250: enough for a rate, cheap for a catalogue of a hundred thousand


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at one merchant.

    :param changed: checks whose level is another than last time.
    :param worse: orders of this merchant could travel once, and cannot now.
    """

    report: Report
    changed: list[Check]
    worse: bool


def visit(
    merchant: Merchant, plenty: PlentyHook, wemalo: WemaloHook, engine: Engine | None
) -> Visit:
    """Look at one merchant, judge, and keep the report in the ledger.

    :param engine: the ledger; without it nothing is compared or kept.
    """
    facts = gather(merchant, plenty, wemalo)
    if engine is None:
        facts.why["ledger_log"] = facts.why["pauses"] = "The ledger does not answer."
        return Visit(examine(merchant, facts), [], worse=False)
    with engine.begin() as connection:
        facts.ledger_log = ledger.log_settings(connection)
        facts.pauses = [
            (row.code, row.de, row.en, row.action_de, row.action_en)
            for row in open_pauses(connection, merchant.merchant)
        ]
        report = examine(merchant, facts)
        before, was_ready = ledger.kept(connection, merchant.merchant)
        ledger.keep(connection, merchant.merchant, report.to_json())
    return Visit(report, changes(before, report), worse=was_ready and not report.ready)


def gather(merchant: Merchant, plenty: PlentyHook, wemalo: WemaloHook) -> Facts:
    """Return the facts of both systems; one that cannot be read leaves the others alone."""
    facts = Facts()
    if _reached(facts, "user", plenty):
        _read(facts, "user", plenty.who_am_i)
    _clock(facts, "plentymarkets", plenty.last_headers)
    if facts.user is not None:
        _read_plenty(facts, merchant, plenty)
    if _reached(facts, "shop", wemalo):
        _read(facts, "shop", wemalo.shop_name)
    _clock(facts, "wemalo", wemalo.last_headers)
    articles: list[dict[str, Any]] = []
    if facts.shop is not None:
        _read(facts, "dispatchers", wemalo.profiles)
        _read(facts, "interfaces", wemalo.generic_interfaces)
        _read(facts, "products", lambda: _products(merchant, wemalo, articles))
    if facts.user is not None:
        _read(facts, "sample", lambda: _sample(merchant, plenty, facts, articles))
    return facts


def _reached(facts: Facts, name: str, hook: PlentyHook | WemaloHook) -> bool:
    """Try the login whatever the circuit says: somebody has just corrected it and wants to know."""
    try:
        hook.reach()
    except FulfilmentError as error:
        facts.why[name] = error.operator
        if isinstance(error, (TransientError, SessionLimit)):
            facts.down.add(name)
        return False
    return True


def _read_plenty(facts: Facts, merchant: Merchant, plenty: PlentyHook) -> None:
    warehouse_id = merchant.plenty.warehouse_id
    _read(facts, "statuses", lambda: _statuses(plenty))
    _read(facts, "webstores", plenty.webstores)
    _read(facts, "warehouses", plenty.warehouses)
    _read(facts, "locations", lambda: plenty.storage_locations(warehouse_id))
    _read(facts, "profiles", plenty.shipping_profiles)
    _read(facts, "providers", plenty.providers)
    _read(facts, "package_types", plenty.package_types)
    facts.limits = _limits(plenty.last_headers)
    _read(facts, "skus", lambda: _skus(merchant, plenty))


def _read(facts: Facts, name: str, load: Callable[[], Any]) -> None:
    """Set one fact; an error of ours becomes the reason why it is missing."""
    try:
        setattr(facts, name, load())
    except FulfilmentError as error:
        facts.why[name] = error.operator


def _clock(facts: Facts, system: str, headers: Mapping[str, str]) -> None:
    """Note how far a system's clock is ahead of ours; its header has whole seconds."""
    try:
        there = parsedate_to_datetime(headers.get("Date") or "")
    except ValueError:
        return
    ahead = (there - datetime.now(UTC)).total_seconds()
    facts.skew_s = {**(facts.skew_s or {}), system: ahead}


def _limits(headers: Mapping[str, str]) -> dict[str, int] | None:
    found = {
        "read": whole(headers.get("X-Plenty-Global-Short-Period-Limit")),
        "read_day": whole(headers.get("X-Plenty-Global-Long-Period-Limit")),
    }
    return {name: value for name, value in found.items() if value is not None} or None


def _statuses(plenty: PlentyHook) -> dict[Any, str]:
    return {row_status(row): str(row.get("names") or "") for row in plenty.statuses()}


def _skus(merchant: Merchant, plenty: PlentyHook) -> frozenset[str]:
    key = "number" if merchant.wemalo.product_id == "sku" else "id"
    rows = plenty.some_variations(VARIATION_PAGES)
    ours = [row for row in rows if belongs(row, merchant.plenty.warehouse_id)]
    return frozenset(clean_sku(row[key]) for row in ours if row.get(key) and not is_bundle(row))


def _products(
    merchant: Merchant, wemalo: WemaloHook, articles: list[dict[str, Any]]
) -> frozenset[str]:
    """Return what wemalo knows; what it has in stock goes to ``articles``."""
    known = product_keys(wemalo.changed_products(EVER), merchant)
    articles += wemalo.available_stock(EVER)
    return frozenset([*known, *product_keys(articles, merchant)])


def _sample(
    merchant: Merchant, plenty: PlentyHook, facts: Facts, articles: list[dict[str, Any]]
) -> Sample:
    """Judge some released orders by all rules, and forget them."""
    from include.quality.batch import examine as judge  # imports Great Expectations

    fetch = merchant.statuses.fetch
    ids = plenty.search_ids(
        order_filters(merchant, Filter("statusId", "eq", fetch), main_orders=False),
        expect=lambda row: row_status(row) == fetch,
    )[:SAMPLE_ORDERS]
    countries = plenty.countries() if ids else {}
    codes: Counter[str] = Counter()
    orders: list[Order] = []
    for row in plenty.order_contents(ids).values():
        try:
            orders.append(parse_order(row, countries))
        except OrderInvalid as error:
            codes[error.rule] += 1
        except ContractError:  # it lacks a part
            codes["ORDER_MALFORMED"] += 1
    known = facts.products
    stock = StockView(
        available=sellable(articles, merchant),
        measured_at=datetime.now(UTC) if known is not None else None,
        complete=True,
    )
    judgement = judge(orders, merchant=merchant, stock=stock, known_products=known)
    good = 0
    for verdict in judgement.verdicts:
        if verdict.outcome == "ok":
            good += 1
        else:
            codes[verdict.code] += 1
    profiles = {order.shipping_profile_id for order in orders if order.shipping_profile_id}
    return Sample(len(orders) + codes["ORDER_MALFORMED"], good, dict(codes), frozenset(profiles))
