"""Validate: every fetched order gets one verdict; what cannot be sent says why and what to do."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.find import judge_changes
from fulfilment.flow.orders.parts import hold_back
from fulfilment.flow.quality import report
from fulfilment.flow.systems.each import halved
from fulfilment.flow.systems.work import Work, log
from include.core.orders.models import repaired_json
from include.core.orders.states import State
from include.core.orders.wemalo_order import product_key
from include.core.products.skus import clean_sku
from include.core.quality.rules import LEFT_ALONE
from include.core.stock.stock_rules import StockView, Taken
from include.core.stock.stock_sync import available_of
from include.core.systems.errors import FulfilmentError, Malformed
from include.core.systems.slices import packed
from include.ledger.orders import hand_overs, orders, outbox, outbox_sets, to_look_at
from include.ledger.stock import stock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection, Row

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order, Verdict
    from include.quality.batch import Judgement

    Examine = Callable[..., Judgement]

EVER = datetime(2000, 1, 1, tzinfo=UTC)
#: wemalo has not reserved goods for these yet
ON_THEIR_WAY = (State.READY, State.SUBMITTING, State.RETRY_WAIT)
JUDGED = (State.FETCHED, State.QUARANTINED)
#: orders judged together: ten megabytes, and what Great Expectations costs per validation is small
AT_A_TIME = 1_000
WAIT = timedelta(minutes=5)
PERSON_WAIT = timedelta(minutes=15)
COUNTS = ("valid", "address", "stock", "wait", "stop", "repaired", "stock_unchecked")


def validate(work: Work, *, examine: Examine) -> dict[str, int]:
    """Judge all fetched orders, and once more those that a setting or a product may have healed.

    :param examine: `include.quality.batch.examine`.
    :returns: counts: valid, address (6.2), stock (6.3), wait, stop, repaired, stock_unchecked.
    """
    counts = dict.fromkeys(COUNTS, 0)
    states = (*JUDGED, *((State.NO_STOCK,) if work.merchant.resume_no_stock else ()))
    with work.engine.begin() as connection:
        ids = to_look_at.due_ids(connection, work.name, states) if work.takes_new else packed(())
    slicer = _Slices(work, examine, counts)
    try:
        for some in work.slices(ids, AT_A_TIME):
            slicer.judge(states, some)
    finally:
        slicer.pages.keep(work)
    counts["changes"] = judge_changes(work, examine)
    return work.end(counts)


@dataclass(slots=True)
class _Slices:
    """Judges orders slice by slice, as if they were judged in one piece.

    The slices come in the merchant's order of priority and share one reading of the stock and what
    was taken of it: an order gets its goods before every less urgent one, in whichever slice.
    """

    work: Work
    examine: Examine
    counts: dict[str, int]
    view: StockView | None = None  # read once somebody needs it
    taken: Taken = field(default_factory=Taken)
    pages: report.Pages = field(default_factory=report.Pages)

    def judge(self, states: Collection[State], ids: Sequence[int]) -> None:
        """Judge those of ``ids`` that are still due."""
        work = self.work
        with work.engine.begin() as connection:
            rows = to_look_at.due(connection, work.name, states, ids)
        halved(work, "check", rows, self._judge_some)

    def _judge_some(self, due_rows: Sequence[Row[Any]]) -> None:
        work = self.work
        with work.engine.begin() as connection:
            short = [row for row in due_rows if row.state == State.NO_STOCK]
            rows = hold_back(work, connection, [r for r in due_rows if r.state != State.NO_STOCK])
        if not rows and not short:
            return
        view = self.view = self.view or _stock(work, self.counts)
        rows += [row for row in short if _enough(work, row, view)]
        for merchant, some in work.by_merchant(rows):
            self._judge(merchant, some, view)

    def _judge(self, merchant: Merchant, rows: Sequence[Row[Any]], view: StockView) -> None:
        work = self.work
        fetched = [orders.content(row) for row in rows]
        known = set(view.available) if view.measured_at else None
        taken = deepcopy(self.taken)  # what fails takes nothing
        judgement = self.examine(
            fetched, merchant=merchant, stock=view, known_products=known, taken=taken
        )
        report.tell_failed(work, judgement)
        lacking = {row.order_id for row in rows if row.state == State.NO_STOCK}
        episodes = {row.order_id: row.episode for row in rows}
        versions = {row.order_id: row.version for row in rows}
        by_id = {order.order_id: order for order in fetched}
        found: Counter[str] = Counter()
        plain = [v for v in judgement.verdicts if _is_plain(v) and v.order_id not in lacking]
        judged = {verdict.order_id for verdict in plain}
        valid = [_valid(v, by_id[v.order_id], versions[v.order_id]) for v in plain]
        with work.engine.begin() as connection:
            ready = hand_overs.ready(connection, work.journal, valid)
            outbox_sets.drop_statuses(connection, work.name, ready)
            found["valid"] += len(ready)
            found["wait"] += len(valid) - len(ready)
            found["repaired"] += sum(v.repaired is not None for v in plain)
            for verdict in judgement.verdicts:
                if verdict.order_id in judged:
                    continue
                order = by_id[verdict.order_id]
                outcome = _apply(
                    work,
                    connection,
                    order,
                    verdict,
                    episodes[order.order_id],
                    versions[order.order_id],
                    waiting=order.order_id in lacking,
                )
                found[outcome] += 1
                found["repaired"] += verdict.repaired is not None
            report.record(work, connection, judgement, episodes)
        self.taken = taken
        for name, count in found.items():
            self.counts[name] += count
        self.pages.add(work, judgement)


def _is_plain(verdict: Verdict) -> bool:
    """Say whether nothing but its readiness is to be noted of an order."""
    return verdict.outcome == "ok" and not verdict.code


def _valid(verdict: Verdict, order: Order, version: int) -> hand_overs.Valid:
    # the fingerprint stays that of what was read: a repair is no change by the merchant
    fixed = None if verdict.repaired is None else repaired_json(order, verdict.repaired)
    return hand_overs.Valid(order.order_id, version, fixed, _data(verdict))


def _data(verdict: Verdict) -> dict[str, Any]:
    return {"code": verdict.code, "field": verdict.field, "warnings": list(verdict.warnings)}


def _enough(work: Work, row: Row[Any], view: StockView) -> bool:
    """Say whether the warehouse seems to have the goods that an order lacked; the rules decide."""
    needed: Counter[str] = Counter()
    for item in orders.content(row).items:
        needed[product_key(item, work.merchant)] += int(item.quantity)
    return all((view.left(product) or 0) >= count for product, count in needed.items())


def _stock(work: Work, counts: dict[str, int]) -> StockView:
    """Refresh the mirror with what changed; a failed read means "not checked", never "short"."""
    with work.engine.begin() as connection:
        last = stock.last_change(connection, work.name)
        # another run may hand these over while the stock is read: measured free, and gone
        leaving = to_look_at.ids_in(connection, work.name, ON_THEIR_WAY)
    # the lists have hours for their resolution: ask for the hour of the last change once more
    since = last - timedelta(hours=1) if last else EVER
    measured_at = datetime.now(UTC)
    try:
        products = work.wemalo.changed_products(since)
        articles = work.wemalo.available_stock(since)
    except FulfilmentError as error:
        counts["stock_unchecked"] = 1
        log.warning("%s %s: %s", work.name, error.code, error.log)
        return StockView(available={})
    with work.engine.begin() as connection:
        stock.keep(connection, work.name, sellable(articles, work.merchant), measured_at)
        # a product that never had stock is known, with nothing available; one that is only named
        # or weighed anew is in this list as well, and has what it had
        stock.introduce(connection, work.name, product_keys(products, work.merchant), measured_at)
        available = stock.mirror(connection, work.name)
        promised, takers = stock.promised(
            connection,
            work.name,
            ON_THEIR_WAY,
            work.merchant.wemalo.product_id,
            also=leaving,
        )
    return StockView(
        available=available,
        reserved_on_way=promised,
        orders_on_way=takers,
        measured_at=measured_at,
        max_age=timedelta(minutes=work.merchant.quality.stock_max_age_minutes),
        complete=True,
    )


def product_keys(products: Sequence[dict[str, Any]], merchant: Merchant) -> list[str]:
    """Return what wemalo knows the products by (setting ``wemalo.product_id``)."""
    key = "sku" if merchant.wemalo.product_id == "sku" else "externalId"
    return [name for product in products if (name := clean_sku(product.get(key)))]


def sellable(articles: Sequence[dict[str, Any]], merchant: Merchant) -> dict[str, Decimal]:
    """Return pieces of the default quality per product (wemalo contract 7: others are B goods).

    A product whose figures cannot be read is left out: what was known of it before stands.
    """
    found: dict[str, Decimal] = {}
    for article in articles:
        with suppress(Malformed, AttributeError, TypeError):
            pieces = available_of(article)
            found |= dict.fromkeys(product_keys([article], merchant), pieces)
    return found


def _apply(
    work: Work,
    connection: Connection,
    order: Order,
    verdict: Verdict,
    episode: int,
    version: int,
    *,
    waiting: bool,
) -> str:
    """Move one order by its verdict and return which count it belongs to.

    :param version: of the row that was judged: content that came meanwhile is judged anew.
    :param waiting: it lacked stock before; only good news counts.
    """
    sets: dict[str, Any] = {
        "reason_code": verdict.code or None,
        "reason": _reason(verdict) if verdict.code else None,
        "next_attempt_at": None,
    }
    resumed = waiting and verdict.outcome == "ok"
    if waiting and not resumed:
        return "wait"  # told before; nothing new
    if verdict.repaired is not None:
        # the fingerprint stays that of what was read: a repair is no change by the merchant
        sets["content"] = repaired_json(order, verdict.repaired)
    state = {"ok": State.READY, "bad": State.INVALID, "short": State.NO_STOCK}.get(verdict.outcome)
    if state is None:
        pause = WAIT if verdict.outcome == "wait" else PERSON_WAIT
        sets["next_attempt_at"] = datetime.now(UTC) + pause
        state = State.FETCHED if verdict.outcome == "wait" else State.QUARANTINED
    moved = orders.move(
        connection,
        work.journal,
        order.order_id,
        state,
        only_from=[State.FETCHED, State.QUARANTINED, State.NO_STOCK],
        expect_version=version,
        sets=sets,
        event="resumed" if resumed else f"validated_{verdict.outcome}",
        **_data(verdict),
    )
    if not moved:
        return "wait"
    if state is State.READY:
        outbox.drop_pending(connection, work.name, order.order_id, ["status"])
        return "valid"
    _tell(work, connection, order, verdict, state, episode)
    return {"bad": "address", "short": "stock", "wait": "wait"}.get(verdict.outcome, "stop")


def _tell(
    work: Work,
    connection: Connection,
    order: Order,
    verdict: Verdict,
    state: State,
    episode: int,
) -> None:
    """Queue the status and the note of a verdict, once per release and content.

    Our own note touches an order, and one whose status could not be set stays released: it is
    read again and says the same.
    """
    if verdict.code in LEFT_ALONE:
        return
    statuses = work.merchant_of(connection, verdict.order_id).statuses
    target = {State.INVALID: statuses.address_error, State.NO_STOCK: statuses.no_stock}.get(state)
    occasion = order.fingerprint()
    if target is not None:
        stands = outbox.standing_occasion(
            connection, work.name, order.order_id, f"status:{target}:verdict:"
        )
        release = stands or str(episode)
        work.queue_status(
            connection, order.order_id, target, (statuses.fetch,), f"verdict:{release}"
        )
        occasion = f"{release}:{occasion[:12]}"
    work.queue_note(
        connection,
        verdict.order_id,
        f"{verdict.code}:{occasion}",
        verdict.reason_de,
        verdict.reason_en,
    )


def _reason(verdict: Verdict) -> dict[str, str]:
    return {"field": verdict.field, "de": verdict.reason_de, "en": verdict.reason_en}
