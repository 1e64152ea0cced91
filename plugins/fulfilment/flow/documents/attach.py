"""Documents: invoice and delivery note from plentymarkets to the order in wemalo, each once.

All orders whose documents are missing are looked up in one search; only a document that is ready
is read. wemalo cannot be asked which documents it has (contract 4.5). A call whose answer was lost
is repeated only where wemalo still asks for the invoice when it cannot arrive any more, or where
the merchant wants it so; otherwise a person is asked to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.open_cases import clear_case, raise_case
from fulfilment.flow.systems.each import as_trouble, each
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from include.core.documents import choice as rules
from include.core.orders.models import DELIVERY_ORDER
from include.core.orders.states import ENDED, State
from include.core.orders.wemalo_order import WarehouseStatus, external_id
from include.core.systems.errors import FulfilmentError, InDoubt, NotFound, OrderRejected, WriteHeld
from include.core.systems.values import whole
from include.ledger.documents import documents as ledger
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders
from include.ledger.systems import writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from include.core.returns.returned_pieces import Trouble

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

    @property
    def begun(self) -> list[Row[Any]]:
        """Rows whose call was begun and has no outcome that is known."""
        return [row for row in self.rows if row.state in ("attaching", "unclear")]


class _Unclear(Exception):
    """An earlier call can no longer arrive, and wemalo does not tell whether it did."""


class _Unsent(Exception):
    """The document is not what it was a moment ago, or can never be attached (``code``)."""

    def __init__(self, code: str | None = None) -> None:
        super().__init__(code)
        self.code = code


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
    needs = _needs(work, kinds)
    if not needs:
        return
    read = read_orders(work, "document", {need.source_id for need in needs}, ["documents"])

    def attach(need: Need) -> None:
        state, document_id = rules.newest(read.found.get(need.source_id), need.kind)
        if state != rules.READY and need.begun and _may_be_there(work, need):
            _unclear(work, need, need.begun[-1].document_id, counts)
        elif state != rules.READY:
            _wait(work, need, state, counts)
        elif _is_wanted(work, need, document_id):
            _attach(work, need, document_id, counts)

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
        for doubt in writes.in_doubt(connection, work.name):
            if doubt.step == "document" and _has_ended(work, connection, doubt.subject):
                writes.forget_settled(connection, work.name, "document", doubt.subject)
        for case in exceptions.open_exceptions(connection, work.name):
            if not case.subject.startswith(_DOCUMENT):
                continue
            _, number, kind = case.subject.split(":")
            order_id, wanted = int(number), rules.wish(settings, kind)
            waits = case.code in _WAITING
            ended = _has_ended(work, connection, case.subject)
            if wanted == "off" or (waits and wanted != "required") or ended:
                clear_case(work, connection, order_id, case.subject, case.code)
                if waits:
                    ledger.forget(connection, work.name, order_id, kind)


def _has_ended(work: Work, connection: Connection, subject: str) -> bool:
    """Say whether the order of a document has: whether it came matters no longer."""
    return orders.one(connection, work.name, int(subject.split(":")[1])).state in ENDED


def _needs(work: Work, kinds: Sequence[str]) -> list[Need]:
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
    return [
        need
        for need in all_needs
        if all(row.due for row in need.begun)
        and (
            work.merchant.documents.attach_corrections
            or not any(row.state == "attached" for row in need.rows)
        )
    ]


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


def _attach(work: Work, need: Need, document_id: int, counts: dict[str, int]) -> None:
    """Attach one document by the write protocol; it is read once it is known to be sent."""

    def begin(connection: Connection) -> bool:
        return ledger.begin(
            connection, work.name, need.order_id, need.kind, document_id,
            corrections=work.merchant.documents.attach_corrections,
        )  # fmt: skip

    def send() -> int | None:
        document = work.plenty.recent_document(need.source_id, need.kind) or {}
        if (document.get("status") or "done") != "done" or whole(document.get("id")) != document_id:
            raise _Unsent
        code = rules.unusable(document.get("content"))
        if code is not None:
            raise _Unsent(code)
        return work.wemalo.add_document(
            external_id(need.order_id),
            rules.KINDS[need.kind],
            rules.file_name(need.kind, need.order_id, document_id),
            document["content"],
        )

    def end(connection: Connection, wemalo_id: int | None, _adopted: bool) -> None:
        _attached(work, connection, need, document_id, wemalo_id)

    what = f"the document {need.kind} of order {need.order_id}"
    try:
        write(
            work, work.wemalo, Write("document", (need.subject,), what), send,
            look=lambda: _look(work, need), begin=begin, end=end,
        )  # fmt: skip
    except _Unclear:
        _unclear(work, need, document_id, counts)
    except _Unsent as reason:
        if reason.code is None:  # it changed since the search: the next run reads it anew
            with work.engine.begin() as connection:
                ledger.forget(connection, work.name, need.order_id, need.kind, document_id)
            return
        why = "it is not a PDF of at most 50 MB."
        _refused(work, need, document_id, reason.code, why, None, counts)
    except (OrderRejected, NotFound) as error:
        log.warning("%s order %s: %s", work.name, need.order_id, error.log)
        _refused(
            work, need, document_id, "DOCUMENT_REFUSED", error.operator, REFUSED_RETRY_S, counts
        )
    except (WriteHeld, InDoubt):
        raise
    except FulfilmentError as error:
        with work.engine.begin() as connection:
            work.journal.add(
                connection, need.order_id, "document_postponed",
                document=need.kind, code=error.code,
            )  # fmt: skip
        raise
    else:
        counts["documents_attached"] += 1


def _look(work: Work, need: Need) -> None:
    """Return None where an earlier call may be repeated once it has settled.

    :raises _Unclear: it has settled, and nobody can tell whether it took effect.
    """
    again = work.merchant.documents.repeat_unclear
    if not again and need.kind == "invoice":
        status = work.wemalo.status(external_id(need.order_id))
        again = (
            status is not None
            and status.name == WarehouseStatus.PARTIAL
            and status.reason == rules.BILL_REASON
        )
    if not again:
        with work.engine.begin() as connection:
            again = writes.may_land(connection, work.name, "document", need.subject)
    if not again:
        raise _Unclear


def _may_be_there(work: Work, need: Need) -> bool:
    with work.engine.begin() as connection:
        return bool(writes.in_doubt(connection, work.name, [need.subject]))


def _unclear(work: Work, need: Need, document_id: int, counts: dict[str, int]) -> None:
    """Tell a person that nobody knows whether wemalo has a document; look again in an hour."""
    with work.engine.begin() as connection:
        ledger.set_unclear(connection, work.name, need.order_id, need.kind, REFUSED_RETRY_S)
        if not any(row.state == "unclear" and row.told_at for row in need.rows):
            counts["documents_unclear"] += 1
            _tell(work, connection, need, rules.unclear(need.kind, need.order_id), document_id)


def _attached(
    work: Work, connection: Connection, need: Need, document_id: int, wemalo_id: int | None
) -> None:
    ledger.set_attached(
        connection, work.name, need.order_id, need.kind, document_id, wemalo_id=wemalo_id
    )
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
