"""Judge a batch: the rules of the core, one pandas frame, Great Expectations, one verdict each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.core.address.check import AddressResult, check_address
from include.core.address.countries import crosses_customs
from include.core.errors import ContractError
from include.core.models import Verdict
from include.core.order_rules import check_order
from include.core.rules import Finding, found, loudest
from include.core.stock_rules import Demand, StockView, Taken, share_out

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from include.core.merchant import Merchant
    from include.core.models import Order
    from include.core.quality_settings import QualitySettings
    from include.quality.validation import Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts of a batch and what Great Expectations says of it (no personal data)."""

    verdicts: list[Verdict]
    outcome: Outcome | None  # None for an empty batch

    def codes(self) -> dict[int, set[str]]:
        """Return the codes of all rules that each order breaks, warnings included."""
        codes: dict[int, set[str]] = {verdict.order_id: set() for verdict in self.verdicts}
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
    :raises ContractError: a rule could not run, or an order is in the batch twice: nothing of the
        batch may pass.
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
    from include.quality.validation import validate, warm_up

    warm_up()  # imports pandas and Great Expectations
    settings = merchant.quality
    addresses = {o.order_id: check_address(o.delivery, settings) for o in orders}
    order_findings = {
        o.order_id: _without(
            settings.off,
            check_order(
                o,
                merchant,
                settings,
                known_products,
                customs=crosses_customs(addresses[o.order_id].address),
            ),
        )
        for o in orders
    }
    address_findings = {k: _without(settings.off, r.findings) for k, r in addresses.items()}
    sendable = [
        o
        for o in orders
        if loudest([*address_findings[o.order_id], *order_findings[o.order_id]]) is None
    ]
    demand = _stock(sendable, merchant, settings, stock, now, taken)
    outcome = validate(orders, address_findings, order_findings, demand, merchant=merchant)
    verdicts = []
    for order in orders:
        share = demand.get(order.order_id)
        findings = [
            *address_findings[order.order_id],
            *order_findings[order.order_id],
            *([share.finding] if share and share.finding else []),
        ]
        verdicts.append(_verdict(order, findings, addresses[order.order_id]))
    _agree(verdicts, outcome, merchant.merchant)
    return Judgement(verdicts, outcome)


def _without(off: Collection[str], findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.code not in off]


def _stock(
    orders: Sequence[Order],
    merchant: Merchant,
    settings: QualitySettings,
    stock: StockView,
    now: datetime | None,
    taken: Taken | None,
) -> dict[int, Demand]:
    if {"STOCK_SHORT", "STOCK_WAIT"} & set(settings.off):
        why = found("STOCK_NOT_CHECKED", why_de="abgeschaltet", why_en="switched off")
        return {o.order_id: Demand(o.order_id, finding=why) for o in orders}
    return share_out(
        orders,
        stock,
        by=merchant.wemalo.product_id,
        short_orders=settings.short_orders,
        now=now or datetime.now(UTC),
        taken=taken,
    )


def _verdict(order: Order, findings: list[Finding], address: AddressResult) -> Verdict:
    decides = loudest(findings)
    others = tuple(f.code for f in findings if f.rule.severity == "warn")
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


def _agree(verdicts: Sequence[Verdict], outcome: Outcome, merchant: str) -> None:
    """Refuse a batch where Great Expectations and the verdicts do not tell the same story."""
    stopped = {v.order_id for v in verdicts if v.outcome != "ok"}
    if stopped == outcome.stopped:
        return
    msg = (
        "The checks of this batch contradict each other; nothing of it was sent. "
        "This is a fault of the rules: report the codes named in the log."
    )
    raise ContractError(
        msg,
        log=f"{len(stopped ^ outcome.stopped)} orders judged differently: "
        f"{sorted(stopped ^ outcome.stopped)[:20]}",
        code="RULES_CONTRADICT",
        merchant=merchant,
    )
