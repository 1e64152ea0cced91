"""Documents: invoice and delivery note from plentymarkets to the order in wemalo, each once.

All orders whose documents are missing are looked up in one search; only a document that is ready
is read. wemalo cannot be asked which documents it has, so the ledger knows: a row is written ahead
of the call, and a call whose answer was lost is not repeated blindly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import as_trouble, each
from fulfilment.flow.open_cases import clear_case, raise_case
from fulfilment.flow.reading import read_orders
from fulfilment.flow.work import log
from include.core import documents as rules
from include.core.errors import AmbiguousWrite, FulfilmentError, NotFound, OrderRejected
from include.core.models import DELIVERY_ORDER
from include.core.states import ENDED, State
from include.core.values import need_id
from include.core.wemalo_order import WarehouseStatus, external_id
from include.ledger import documents as ledger
from include.ledger import exceptions, orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work
    from include.core.returns import Trouble

COUNTS = ("documents_attached", "documents_awaited", "documents_refused", "documents_unclear")
_DOCUMENT = "document:"
REFUSED_RETRY_S = 3600
FOR_GOOD_S = 365 * 86_400
_WAITING = tuple(f"DOCUMENT_{state.upper()}" for state in ledger.WAITING)


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of document that an order at wemalo lacks."""

    order_id: int
    source_id: int  # the order that has the document: a delivery order's is its main order
    kind: str
    rows: Sequence[Row[Any]]  # what the ledger knows of it

    @property
    def subject(self) -> str:
        """What its exceptions are about."""
        return f"{_DOCUMENT}{self.order_id}:{self.kind}"


def attach_documents(work: Work) -> dict[str, int]:
    """Attach what is ready, and say of what is not why it waits.

    :returns: counts: documents_attached, documents_awaited (missing, pending or faulty now),
        documents_refused, documents_unclear.
    :raises FulfilmentError: a system failed; what could be attached was attached.
    """
    counts = dict.fromkeys(COUNTS, 0)
    kinds = [kind for kind in rules.KINDS if rules.wish(work.merchant.documents, kind) != "off"]
    _close_left(work)
    if kinds:
        with as_trouble(work):
            _attach_all(work, kinds, counts)
    return work.end(counts)


def _attach_all(work: Work, kinds: Sequence[str], counts: dict[str, int]) -> None:
    needs = _needs(work, kinds, counts)
    if not needs:
        return
    read = read_orders(work, "document", {need.source_id for need in needs}, ["documents"])

    def attach(need: Need) -> None:
        state, document_id = rules.newest(read.found.get(need.source_id), need.kind)
        if state != rules.READY:
            _wait(work, need, state, counts)
        elif _is_wanted(work, need, document_id):
            _attach(work, need, counts)

    if read.usable:
        known = [need for need in needs if read.knows(need.source_id)]
        each(work, "document", known, attach, subject=_subject)


def _subject(need: Need) -> str:
    return need.subject


def _close_left(work: Work) -> None:
    """Stop waiting for documents of orders that have ended, and take back what nobody wants now."""
    settings = work.merchant.documents
    with work.engine.begin() as connection:
        for row in ledger.left_behind(connection, work.name):
            if row.order_state == State.SHIPPED:
                work.journal.add(
                    connection, row.order_id, "left_without_document", document=row.kind
                )
        for case in exceptions.open_exceptions(connection, work.name):
            if not case.subject.startswith(_DOCUMENT):
                continue
            _, number, kind = case.subject.split(":")
            order_id, wanted = int(number), rules.wish(settings, kind)
            waits = case.code in _WAITING
            if (
                wanted == "off"
                or (waits and wanted != "required")
                or orders.one(connection, work.name, order_id).state in ENDED
            ):
                clear_case(work, connection, order_id, case.subject, case.code)
                if waits:
                    ledger.forget(connection, work.name, order_id, kind)


def _needs(work: Work, kinds: Sequence[str], counts: dict[str, int]) -> list[Need]:
    with work.engine.begin() as connection:
        at_wemalo = work.mine(ledger.at_wemalo(connection, work.name))
        known = ledger.of_orders(connection, work.name, [row.order_id for row in at_wemalo])
    all_needs = []
    for row in at_wemalo:
        is_delivery = row.type_id == DELIVERY_ORDER and row.parent_id
        source_id = row.parent_id if is_delivery else row.order_id
        all_needs += [
            Need(row.order_id, source_id, kind, known.get((row.order_id, kind), []))
            for kind in kinds
        ]
    needs: list[Need] = []

    def look(need: Need) -> None:
        states = {document.state for document in need.rows}
        if states & {"attaching", "unclear"} and not _settle(work, need, counts):
            return
        if "attached" not in states or work.merchant.documents.attach_corrections:
            needs.append(need)

    usable = each(work, "look", all_needs, look, subject=_subject)
    return needs if usable else []


def _settle(work: Work, need: Need, counts: dict[str, int]) -> bool:
    """Decide on a document whose call was interrupted; True where it may be attached again."""
    row = next(row for row in need.rows if row.state in ("attaching", "unclear"))
    if not row.due:
        return False
    again = work.merchant.documents.repeat_unclear
    if not again and need.kind == "invoice":
        status = work.wemalo.status(external_id(need.order_id))
        again = (
            status is not None
            and status.name == WarehouseStatus.PARTIAL
            and status.reason == rules.BILL_REASON
        )
    with work.engine.begin() as connection:
        ledger.set_row(
            connection, work.name, need.order_id, need.kind, row.document_id,
            state="unclear", retry_s=None if again else REFUSED_RETRY_S,
        )  # fmt: skip
        if not again and row.told_at is None:
            counts["documents_unclear"] += 1
            _tell(work, connection, need, rules.unclear(need.kind, need.order_id), row.document_id)
    return again


def _is_wanted(work: Work, need: Need, document_id: int) -> bool:
    """Say whether this document is to be attached now: not yet there, and not refused for good."""
    attached = [row.document_id for row in need.rows if row.state == "attached"]
    if attached and (
        document_id <= max(attached) or not work.merchant.documents.attach_corrections
    ):
        return False
    same = [row for row in need.rows if row.document_id == document_id]
    return not any(row.state == "refused" and not row.due for row in same)


# -- waiting --------------------------------------------------------------------------------------


def _wait(work: Work, need: Need, state: str, counts: dict[str, int]) -> None:
    if any(row.state == "attached" for row in need.rows):
        return  # a correction is on its way
    counts["documents_awaited"] += 1
    settings = work.merchant.documents
    before = next((row for row in need.rows if row.document_id == 0), None)
    with work.engine.begin() as connection:
        impatient = ledger.wait_for(
            connection, work.name, need.order_id, need.kind, state, settings.patience_minutes * 60
        )
        if before is None or before.state != state:
            work.journal.add(
                connection, need.order_id, "document_awaited", document=need.kind, state=state
            )
            if before is not None and before.told_at is not None:
                clear_case(work, connection, need.order_id, need.subject, *_WAITING)
        told = before is not None and before.told_at is not None and before.state == state
        if impatient and not told and rules.wish(settings, need.kind) == "required":
            trouble = rules.waiting(need.kind, state, need.order_id)
            _tell(work, connection, need, trouble, 0)
            work.queue_note(
                connection, need.order_id, f"document:{need.kind}:{state}", trouble.de, trouble.en
            )


def _tell(
    work: Work, connection: Connection, need: Need, trouble: Trouble, document_id: int
) -> None:
    raise_case(
        work, connection, need.order_id, need.subject, trouble,
        document=need.kind, document_id=document_id,
    )  # fmt: skip
    ledger.set_told(connection, work.name, need.order_id, need.kind, document_id)


# -- attaching ------------------------------------------------------------------------------------


def _attach(work: Work, need: Need, counts: dict[str, int]) -> None:
    """Read one document and attach it."""
    document = work.plenty.recent_document(need.source_id, need.kind)
    status = str((document or {}).get("status") or "done")
    if document is None or status != "done":  # it changed since the search
        _wait(work, need, rules.newest({"documents": [document or {}]}, need.kind)[0], counts)
        return
    document_id = need_id(document, "id")
    code = rules.unusable(document.get("content"))
    with work.engine.begin() as connection:
        if not ledger.begin(
            connection, work.name, need.order_id, need.kind, document_id, work.lease_s
        ):
            return
    if code is not None:
        _refused(work, need, document_id, code, "it is not a PDF of at most 50 MB.", None, counts)
        return
    try:
        wemalo_id = work.wemalo.add_document(
            external_id(need.order_id),
            rules.KINDS[need.kind],
            rules.file_name(need.kind, need.order_id, document_id),
            document["content"],
        )
    except (OrderRejected, NotFound) as error:
        log.warning("%s order %s: %s", work.name, need.order_id, error.log)
        _refused(
            work, need, document_id, "DOCUMENT_REFUSED", error.operator, REFUSED_RETRY_S, counts
        )
        return
    except FulfilmentError as error:
        _failed(work, need, document_id, error)
        if isinstance(error, AmbiguousWrite):  # looked after, and told, by `_settle`
            log.warning("%s order %s: %s", work.name, need.order_id, error.log)
            return
        raise
    counts["documents_attached"] += 1
    _attached(work, need, document_id, wemalo_id)


def _attached(work: Work, need: Need, document_id: int, wemalo_id: int | None) -> None:
    with work.engine.begin() as connection:
        ledger.set_row(
            connection, work.name, need.order_id, need.kind, document_id,
            state="attached", wemalo_id=wemalo_id, attached_at=ledger.now(), error_code=None,
        )  # fmt: skip
        ledger.forget(connection, work.name, need.order_id, need.kind)
        clear_case(work, connection, need.order_id, need.subject)
        work.journal.add(
            connection,
            need.order_id,
            "document_attached",
            document=need.kind,
            document_id=document_id,
            of_order=need.source_id,
        )


def _refused(
    work: Work,
    need: Need,
    document_id: int,
    code: str,
    why: str,
    retry_s: float | None,
    counts: dict[str, int],
) -> None:
    """Keep a document that cannot be attached, with its reason; a newer one is tried."""
    counts["documents_refused"] += 1
    with work.engine.begin() as connection:
        ledger.set_row(
            connection, work.name, need.order_id, need.kind, document_id,
            state="refused", error_code=code, retry_s=retry_s or FOR_GOOD_S,
        )  # fmt: skip
        _tell(work, connection, need, rules.refused(need.kind, need.order_id, code, why),
              document_id)  # fmt: skip


def _failed(work: Work, need: Need, document_id: int, error: FulfilmentError) -> None:
    with work.engine.begin() as connection:
        if isinstance(error, AmbiguousWrite):
            ledger.set_row(
                connection, work.name, need.order_id, need.kind, document_id,
                state="unclear", error_code="DOCUMENT_UNCLEAR", retry_s=work.lookup_gap_s,
            )  # fmt: skip
        else:  # it certainly had no effect
            ledger.forget(connection, work.name, need.order_id, need.kind, document_id)
        work.journal.add(
            connection, need.order_id, "document_postponed", document=need.kind, code=error.code
        )
