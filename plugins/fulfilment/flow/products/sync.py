"""Products: variations of the merchant's warehouse to wemalo, only what changed.

Both update filters are read, because one alone misses barcodes and warehouses (plentymarkets
contract 13). wemalo's route inserts or updates (wemalo contract 8): telling it twice is the same as
once, so a lost reply is repeated at once and needs no look. Only a call that lands late could undo
a newer one; so what changed since is told once more when that call cannot come any more. A batch
that fails because of one product is halved until that one is found. A variation that cannot be read
or kept is set aside, and read by its id at each look until it can.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.work import Work, log
from include.core.products.wemalo_products import (
    CODES,
    REFUSED,
    belongs,
    components,
    compose,
    is_bundle,
)
from include.core.systems.errors import AmbiguousWrite, NotFound, OrderRejected
from include.core.systems.slices import slices
from include.core.systems.values import whole
from include.ledger.exceptions import exceptions
from include.ledger.products import products as ledger
from include.ledger.systems import failures, sync_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from include.core.exceptions.exception_texts import ExceptionText
    from include.core.products.wemalo_products import Product

CONCERN = "products"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
#: the most that one call takes
BATCH = 100
#: what fails while a variation is read; sending it has a step of its own
READ, SEND = "product_read", "product"
STUCK = ("invalid", "refused")
COUNTS = ("variations", "changed", "sent", "invalid", "product_refused")


def products(work: Work) -> dict[str, int]:
    """Tell wemalo of new and changed variations; does nothing when off or not due.

    :returns: counts: variations (read), changed, sent, invalid (a field is missing),
        product_refused (by wemalo).
    :raises FulfilmentError: a system failed; what could be sent was sent.
    """
    settings = work.merchant.products
    counts = dict.fromkeys(COUNTS, 0)
    if not settings.enabled:
        return counts
    with work.engine.begin() as connection:
        if not sync_state.is_due(
            connection, work.name, CONCERN, timedelta(minutes=settings.every_minutes)
        ):
            return counts
        state = sync_state.state_of(connection, work.name, CONCERN)
    rules = settings.model_dump_json()
    same = state is not None and state.data.get("rules") == rules and state.read_until is not None
    since = EVER
    if same and state is not None:
        since = state.read_until - timedelta(minutes=settings.overlap_minutes)
    until = datetime.now(UTC)
    _read(work, since, until, counts)
    _forget_deleted(work)
    _send(work, counts)
    _tell(work, counts)
    with work.engine.begin() as connection:
        if not work.trouble:
            sync_state.looked(connection, work.name, CONCERN, until, rules=rules)
    return work.end(counts)


def _read(work: Work, since: datetime, until: datetime, counts: dict[str, int]) -> None:
    """Take changed variations into the ledger as wemalo is to know them."""
    found = work.plenty.changed_variations(since, until)
    if since > EVER:  # everything was ever updated: the second reading brings nothing new
        found |= work.plenty.changed_variations(since, until, related=True)
    counts["variations"] = len(found)
    with work.engine.begin() as connection:
        again = _variations(failures.subjects(connection, work.name, READ)) - found.keys()
    found |= work.plenty.variations_by_id(again)
    warehouse = work.merchant.plenty.warehouse_id
    belonging: dict[int, Mapping[str, Any]] = {}
    parts: set[int] = set()
    sick: dict[int, Exception] = {}
    for number, row in found.items():
        try:
            if belongs(row, warehouse):
                parts |= components([row])
                belonging[number] = row
        except Exception as error:
            sick[number] = error
    with work.engine.begin() as connection:
        told = ledger.known(connection, work.name, found.keys() - belonging.keys())
    ours = belonging | {n: found[n] for n in told}
    missing = parts - ours.keys()
    ours |= {n: found[n] for n in missing & found.keys()}
    ours |= work.plenty.variations_by_id(missing - found.keys())
    goods = {n: row for n, row in ours.items() if not is_bundle(row)}
    if work.merchant.products.inactive == "leave_out":
        with work.engine.begin() as connection:
            told = ledger.known(connection, work.name, goods)
        goods = {n: row for n, row in goods.items() if row.get("isActive") or n in told}
    if goods or sick:
        _keep(work, goods, sick, counts)


def _keep(
    work: Work,
    goods: Mapping[int, Mapping[str, Any]],
    sick: Mapping[int, Exception],
    counts: dict[str, int],
) -> None:
    """Compose products and keep them; note those that cannot be read.

    :param sick: variations that could not be judged, and why.
    """
    item_ids = {whole(row.get("itemId")) for row in goods.values()} - {None}
    items = work.plenty.items_by_id(n for n in item_ids if n is not None)
    countries = work.countries()
    composed: list[Product] = []

    def one(number: int) -> None:
        if number in sick:
            raise sick[number]
        row = goods[number]
        item = items.get(whole(row.get("itemId")) or 0) or row.get("item") or {}
        composed.append(compose(row, item, work.merchant.products, countries))

    def keep(some: Sequence[Product]) -> None:
        with work.engine.begin() as connection:
            changed = ledger.keep(connection, work.name, some)
        counts["changed"] += changed

    each(work, READ, sorted({*goods, *sick}), one, subject=exceptions.item_subject)
    for some in slices(composed, ledger.CHUNK):
        halved(work, READ, some, keep, subject=_by_variation)


def _by_variation(row: Any) -> str:
    return exceptions.item_subject(row.variation_id)


def _variations(subjects: Iterable[str]) -> set[int]:
    return {int(subject.rpartition(":")[2]) for subject in subjects}


def _forget_deleted(work: Work) -> None:
    """Forget products that could not be sent and that plentymarkets no longer has."""
    with work.engine.begin() as connection:
        stuck = {r.variation_id for r in ledger.in_state(connection, work.name, *STUCK)}
    if stuck:
        gone = stuck - work.plenty.variations_by_id(stuck).keys()
        with work.engine.begin() as connection:
            ledger.forget(connection, work.name, gone)


def _send(work: Work, counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        ledger.due_again(connection, work.name)
        due = ledger.in_state(connection, work.name, "due")
        again = ledger.in_state(connection, work.name, "refused")  # wemalo may take them now
    send = partial(_send_batch, work, counts)
    for rows in (due, again):
        for batch in slices(rows, BATCH):
            if not halved(work, SEND, batch, send, subject=_by_variation):
                return


def _send_batch(work: Work, counts: dict[str, int], rows: Sequence[Row[Any]]) -> None:
    """Send a batch; telling wemalo twice changes nothing."""
    try:
        work.wemalo.add_products([row.body for row in rows])
    except AmbiguousWrite:
        with work.engine.begin() as connection:
            ledger.tell_again(connection, work.name, rows, work.settle_s)
        raise
    except (OrderRejected, NotFound) as error:
        if len(rows) > 1:
            raise
        counts["product_refused"] += 1
        problem = {
            "code": REFUSED,
            "field": "number",
            "de": f"nimmt wemalo nicht an ({error.code}); die SKU kann vergeben sein",
            "en": f"is refused by wemalo ({error.code}); its SKU may be taken",
        }
        with work.engine.begin() as connection:
            ledger.refused(connection, work.name, rows[0], problem)
        log.warning("%s variation %s: %s", work.name, rows[0].variation_id, error.log)
        return
    with work.engine.begin() as connection:
        ledger.sent(connection, work.name, rows)
    counts["sent"] += len(rows)


def _tell(work: Work, counts: dict[str, int]) -> None:
    """Raise an exception per product that cannot be sent, and clear those that can."""
    wanted: dict[str, list[ExceptionText]] = {}
    with work.engine.begin() as connection:
        for row in ledger.in_state(connection, work.name, *STUCK):
            counts["invalid"] += row.state == "invalid"
            wanted[exceptions.item_subject(row.variation_id)] = [_text(row)]
        exceptions.keep(connection, work.journal, CODES, wanted)


def _text(row: Row[Any]) -> ExceptionText:
    problem = row.problem
    return {
        "code": problem["code"],
        "de": f"Variante {row.variation_id} {problem['de']}.",
        "en": f"Variation {row.variation_id} {problem['en']}.",
        "action_de": f"In plentymarkets das Feld {problem['field']} ergänzen oder berichtigen. "
        "Aufträge mit dieser Variante warten so lange.",
        "action_en": f"Fill in or correct the field {problem['field']} in plentymarkets. Orders "
        "with this variation wait until then.",
    }
