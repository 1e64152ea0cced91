"""Judge a batch: the rules of the core, one pandas frame, Great Expectations, one verdict each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.core.address.check import AddressResult, check_address
from include.core.address.countries import crosses_customs
from include.core.orders.models import Verdict
from include.core.orders.order_rules import check_order
from include.core.orders.wemalo_order import for_carrier
from include.core.quality.rules import RULE_FAILED, Finding, found, loudest
from include.core.stock.stock_rules import Demand, StockView, Taken, share_out
from include.core.systems.errors import FulfilmentError
from include.core.systems.failures import Level, level_of

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping, Sequence

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order
    from include.quality.validation import Outcome, RuleFailed


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts of a batch and what Great Expectations says of it (no personal data)."""

    verdicts: list[Verdict]
    outcome: Outcome | None  # None where there was no order it could look at
    failed: Mapping[int, RuleFailed] = field(default_factory=dict)  # by order id

    def codes(self) -> dict[int, set[str]]:
        """Return the codes of all rules that each order breaks, warnings included."""
        codes = {v.order_id: {v.code} if v.code else set() for v in self.verdicts}
        for code, order_ids in (self.outcome.failing if self.outcome else {}).items():
            for order_id in order_ids:
                codes[order_id].add(code)
        return codes


def judge(
    orders: Sequence[Order],
    *,
    merchant: Merchant,
    stock: StockView,
    known_products: Container[str] | None,
    now: datetime | None = None,
) -> list[Verdict]:
    """Return exactly one verdict per order, in the order given.

    :param stock: see `StockView`; too old or never read means "not checked", never short.
    :param known_products: ids wemalo knows, as the merchant's ``wemalo.product_id``; None when
        that was not read.
    :param now: aware UTC, for the age of the stock; the clock by default.
    An order for which a rule cannot run is set aside (``RULE_FAILED``); the others are judged as
    if it was not there.

    :raises ContractError: an order is in the batch twice: nothing of the batch may pass.
    """
    return examine(
        orders, merchant=merchant, stock=stock, known_products=known_products, now=now
    ).verdicts


def examine(
    orders: Sequence[Order],
    *,
    merchant: Merchant,
    stock: StockView,
    known_products: Container[str] | None,
    now: datetime | None = None,
    taken: Taken | None = None,
) -> Judgement:
    """Do what `judge` does and keep the results of Great Expectations for Data Docs.

    :param taken: what slices before this one took of the stock; added to.
    """
    if not orders:
        return Judgement([], None)
    from include.quality.validation import warm_up

    warm_up()  # imports pandas and Great Expectations
    taken = taken or Taken()
    looks, failed = _look_at(orders, merchant, known_products, now)
    judged: dict[int, Verdict] = {}
    outcome = None
    while well := [o for o in orders if o.order_id not in failed]:
        used = taken.copy()  # an order that cannot be judged takes no stock
        demand, sick = _stock(well, looks, merchant, stock, now, used)
        if not sick:
            outcome, sick = _validated(well, looks, demand, merchant)
        if not sick and outcome:
            judged = {o.order_id: _verdict(o, looks[o.order_id], demand) for o in well}
            sick = _contradicted(judged, outcome)
        if not sick:
            taken.pieces, taken.orders = used.pieces, used.orders
            break
        failed |= sick
        outcome = None
    aside = {order_id: _failed(order_id, error) for order_id, error in failed.items()}
    return Judgement([aside.get(o.order_id) or judged[o.order_id] for o in orders], outcome, failed)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the pure rules say of one order."""

    address: AddressResult
    address_findings: list[Finding]
    order_findings: list[Finding]


def _look_at(
    orders: Sequence[Order],
    merchant: Merchant,
    known_products: Container[str] | None,
    now: datetime | None = None,
) -> tuple[dict[int, _Look], dict[int, RuleFailed]]:
    """Let the pure rules look at each order; one that breaks a rule's code harms only itself."""
    from include.quality.validation import RuleFailed

    looks, failed = {}, {}
    for order in orders:
        concern = "address"
        try:
            # judged as it is sent: perhaps without e-mail and phone
            read = order.delivery and for_carrier(order.delivery, order, merchant)
            address = check_address(read, merchant.quality, profile=order.shipping_profile_id)
            customs = crosses_customs(address.address)
            concern = "order"
            findings = check_order(
                replace(order, delivery=address.address),
                merchant,
                merchant.quality,
                known_products,
                customs=customs,
                now=now,
            )
        except Exception as error:
            if level_of(error) is not Level.ITEM:
                raise
            failed[order.order_id] = RuleFailed.by(concern, error)
            continue
        off = merchant.quality.off
        looks[order.order_id] = _Look(
            address, _without(off, address.findings), _without(off, findings)
        )
    return looks, failed


def _validated(
    orders: Sequence[Order],
    looks: Mapping[int, _Look],
    demand: Mapping[int, Demand],
    merchant: Merchant,
) -> tuple[Outcome, dict[int, RuleFailed]]:
    """Run Great Expectations; where a rule fails, in halves until the sick orders are alone."""
    from include.quality.validation import Outcome, RuleFailed, validate

    address = {order_id: look.address_findings for order_id, look in looks.items()}
    order = {order_id: look.order_findings for order_id, look in looks.items()}
    outcomes: list[Outcome] = []
    sick: dict[int, RuleFailed] = {}
    parts = [list(orders)]
    while parts:
        part = parts.pop()
        try:
            outcomes.append(validate(part, address, order, demand, merchant=merchant))
        except Exception as error:
            of_batch = isinstance(error, FulfilmentError) and not isinstance(error, RuleFailed)
            if of_batch or level_of(error) is not Level.ITEM:
                raise
            half = len(part) // 2
            if half:
                parts += [part[half:], part[:half]]
            elif isinstance(error, RuleFailed):
                sick[part[0].order_id] = error
            else:
                sick[part[0].order_id] = RuleFailed.by("order", error)
    return Outcome.of(outcomes), sick


def _contradicted(verdicts: Mapping[int, Verdict], outcome: Outcome) -> dict[int, RuleFailed]:
    """Return the orders of which Great Expectations and the verdicts tell different stories."""
    from include.quality.validation import RuleFailed

    stopped = {order_id for order_id, verdict in verdicts.items() if verdict.outcome != "ok"}
    error = RuleFailed("RULES_CONTRADICT", "verdict and expectations differ")
    return dict.fromkeys(stopped ^ outcome.stopped, error)


def _failed(order_id: int, error: RuleFailed) -> Verdict:
    finding = found(RULE_FAILED, rule=error.rule, error=error.error)
    return Verdict(
        order_id,
        finding.rule.outcome,
        code=finding.code,
        field=error.rule,
        reason_de=finding.reason_de,
        reason_en=finding.reason_en,
    )


def _without(off: Collection[str], findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.code not in off]


def _stock(
    orders: Sequence[Order],
    looks: Mapping[int, _Look],
    merchant: Merchant,
    stock: StockView,
    now: datetime | None,
    taken: Taken,
) -> tuple[dict[int, Demand], dict[int, RuleFailed]]:
    """Share the stock out among the orders that can be sent otherwise."""
    from include.quality.validation import RuleFailed

    sendable = [
        o
        for o in orders
        if loudest([*looks[o.order_id].address_findings, *looks[o.order_id].order_findings]) is None
    ]
    if {"STOCK_SHORT", "STOCK_WAIT"} & set(merchant.quality.off):
        why = found("STOCK_NOT_CHECKED", why_de="abgeschaltet", why_en="switched off")
        return {o.order_id: Demand(o.order_id, finding=why) for o in sendable}, {}

    def share(some: Sequence[Order], used: Taken) -> dict[int, Demand]:
        return share_out(
            some,
            stock,
            by=merchant.wemalo.product_id,
            short_orders=merchant.quality.short_orders,
            now=now or datetime.now(UTC),
            taken=used,
        )

    try:
        return share(sendable, taken), {}
    except Exception:
        sick = {}
        for order in sendable:
            try:
                share([order], Taken())
            except Exception as error:
                sick[order.order_id] = RuleFailed.by("stock", error)
        if not sick:
            raise
        return {}, sick


def _verdict(order: Order, look: _Look, demand: Mapping[int, Demand]) -> Verdict:
    share = demand.get(order.order_id)
    findings = [
        *look.address_findings,
        *look.order_findings,
        *([share.finding] if share and share.finding else []),
    ]
    address = look.address
    decides = loudest(findings)
    others = tuple(dict.fromkeys(f.code for f in findings if f.rule.severity == "warn"))
    repaired = address.address if address.changed else None
    if decides is None:
        return Verdict(order.order_id, "ok", warnings=others, repaired=repaired)
    return Verdict(
        order.order_id,
        decides.rule.outcome,
        code=decides.code,
        field=decides.field,
        reason_de=decides.reason_de,
        reason_en=decides.reason_en,
        warnings=others,
        repaired=repaired,
    )
