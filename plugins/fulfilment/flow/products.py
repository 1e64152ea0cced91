"""Products: variations of the merchant's warehouse to wemalo, only what changed.

Both update filters are read, because one alone misses barcodes and warehouses (plentymarkets
contract 13). wemalo's route inserts or updates (wemalo contract 8), so a lost reply is repeated
without harm; a batch that one bad product refuses is halved until that one is found.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.work import Work, log
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.products import CODES, REFUSED, belongs, components, compose, is_bundle
from include.core.slices import slices
from include.ledger import batches, exceptions, sync_state
from include.ledger import products as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from include.core.exception_texts import ExceptionText

CONCERN = "products"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
#: the most that one call takes
BATCH = 100
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
        batches.add_counts(connection, work.batch_id, counts)
    work.raise_trouble()
    return counts


def _read(work: Work, since: datetime, until: datetime, counts: dict[str, int]) -> None:
    """Take changed variations into the ledger as wemalo is to know them."""
    found = work.plenty.changed_variations(since, until)
    if since > EVER:  # everything was ever updated: the second reading brings nothing new
        found |= work.plenty.changed_variations(since, until, related=True)
    counts["variations"] = len(found)
    warehouse = work.merchant.plenty.warehouse_id
    ours = {n: row for n, row in found.items() if belongs(row, warehouse)}
    parts = components(ours.values())
    with work.engine.begin() as connection:
        ours |= {n: found[n] for n in ledger.known(connection, work.name, found.keys() - ours)}
    missing = parts - ours.keys()
    ours |= {n: found[n] for n in missing & found.keys()}
    ours |= work.plenty.variations_by_id(missing - found.keys())
    goods = {n: row for n, row in ours.items() if not is_bundle(row)}
    if work.merchant.products.inactive == "leave_out":
        with work.engine.begin() as connection:
            told = ledger.known(connection, work.name, goods)
        goods = {n: row for n, row in goods.items() if row.get("isActive") or n in told}
    if not goods:
        return
    items = work.plenty.items_by_id({int(row["itemId"]) for row in goods.values()})
    countries = work.countries()
    composed = [
        compose(row, _item(row, items), work.merchant.products, countries) for row in goods.values()
    ]
    with work.engine.begin() as connection:
        counts["changed"] = ledger.keep(connection, work.name, composed)


def _forget_deleted(work: Work) -> None:
    """Forget products that could not be sent and that plentymarkets no longer has."""
    with work.engine.begin() as connection:
        stuck = {r.variation_id for r in ledger.in_state(connection, work.name, *STUCK)}
    if stuck:
        gone = stuck - work.plenty.variations_by_id(stuck).keys()
        with work.engine.begin() as connection:
            ledger.forget(connection, work.name, gone)


def _item(row: Mapping[str, Any], items: Mapping[int, Mapping[str, Any]]) -> Mapping[str, Any]:
    return items.get(int(row["itemId"])) or row.get("item") or {}


def _send(work: Work, counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        due = ledger.in_state(connection, work.name, "due")
        again = ledger.in_state(connection, work.name, "refused")  # wemalo may take them now
    for rows in (due, again):
        for batch in slices(rows, BATCH):
            if not _send_batch(work, batch, counts):
                return


def _send_batch(work: Work, rows: Sequence[Row[Any]], counts: dict[str, int]) -> bool:
    """Send a batch; False stops because wemalo cannot be used."""
    try:
        work.wemalo.add_products([row.body for row in rows])
    except (OrderRejected, NotFound) as error:
        if len(rows) > 1:
            half = len(rows) // 2
            return _send_batch(work, rows[:half], counts) and _send_batch(work, rows[half:], counts)
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
        return True
    except FulfilmentError as error:
        work.note_trouble(error)  # they stay due; telling wemalo twice changes nothing
        return isinstance(error, AmbiguousWrite)
    with work.engine.begin() as connection:
        ledger.sent(connection, work.name, rows)
    counts["sent"] += len(rows)
    return True


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
