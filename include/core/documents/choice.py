"""Documents of an order: which one counts, and whether wemalo can take it (wemalo contract 4.5)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from include.core.returns.returned_pieces import Trouble
from include.core.systems.values import need_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.documents.settings import Documents, Wish

#: plentymarkets' type in the model (contract 15) -> wemalo's docType
KINDS = {"invoice": "BILL", "delivery_note": "GOODSORDERDELIVERYNOTE"}
LARGEST = 50 * 1024 * 1024  # bytes, wemalo contract 4.5
MISSING, PENDING, FAULTY, READY = "missing", "pending", "faulty", "ready"
BILL_REASON = "BILL"  # wemalo contract 4.6: PARTIAL until the invoice has come

_NAMES = {"invoice": ("Die Rechnung", "The invoice"), "delivery_note": ("Der Lieferschein",
          "The delivery note")}  # fmt: skip
_WAITS = {
    MISSING: ("fehlt noch", "is missing"),
    PENDING: ("wird noch erzeugt", "is still being generated"),
    FAULTY: ("ist fehlerhaft", "is faulty"),
}


def wish(settings: Documents, kind: str) -> Wish:
    """Return what the merchant wants of a kind of document."""
    found: Wish = getattr(settings, kind)
    return found


def newest(order: Mapping[str, Any] | None, kind: str) -> tuple[str, int]:
    """Return how far the newest document of a kind is, and its id (0: there is none).

    A newer one that is faulty or pending counts more than an older one that is done: the merchant
    has replaced that one.
    """
    rows = [
        row
        for row in (order or {}).get("documents") or []
        if row.get("type") == kind and row.get("status") != "deleted"
    ]
    if not rows:
        return MISSING, 0
    row = max(rows, key=lambda row: need_whole(row, "id"))
    status = str(row.get("status") or "done")
    state = {"done": READY, "faulty": FAULTY}.get(status, PENDING)
    return state, need_whole(row, "id")


def unusable(content: object) -> str | None:
    """Return why base64 content cannot be attached, None if it can: PDF, 50 MB at most."""
    if not isinstance(content, str) or not content:
        return "DOCUMENT_EMPTY"
    if len(content) > LARGEST * 4 // 3 + 4:
        return "DOCUMENT_TOO_LARGE"
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return "DOCUMENT_UNREADABLE"
    if not data.startswith(b"%PDF"):
        return "DOCUMENT_NOT_PDF"
    return "DOCUMENT_TOO_LARGE" if len(data) > LARGEST else None


def file_name(kind: str, order_id: int, document_id: int) -> str:
    """Return the name under which wemalo keeps a document; the same for ever."""
    return f"{kind}-{order_id}-{document_id}.pdf"


def waiting(kind: str, state: str, order_id: int) -> Trouble:
    """Return the case of a required document that does not come."""
    (name_de, name_en), (what_de, what_en) = _NAMES[kind], _WAITS[state]
    return Trouble(
        f"DOCUMENT_{state.upper()}",
        f"{name_de} zu Auftrag {order_id} {what_de}; das Lager hat sie nicht."
        if kind == "invoice"
        else f"{name_de} zu Auftrag {order_id} {what_de}; das Lager hat ihn nicht.",
        f"{name_en} of order {order_id} {what_en}; the warehouse does not have it.",
        "Das Dokument in plentymarkets erzeugen; es wird von selbst angehängt.",
        "Generate the document in plentymarkets; it is attached by itself.",
    )


def refused(kind: str, order_id: int, code: str, why: str) -> Trouble:
    """Return the case of a document that cannot be attached."""
    name_de, name_en = _NAMES[kind]
    return Trouble(
        code,
        f"{name_de} zu Auftrag {order_id} kann nicht an wemalo gehen: {why}",
        f"{name_en} of order {order_id} cannot go to wemalo: {why}",
        "Das Dokument in plentymarkets neu erzeugen; ein neueres wird von selbst angehängt.",
        "Generate the document again in plentymarkets; a newer one is attached by itself.",
    )


def unclear(kind: str, order_id: int) -> Trouble:
    """Return the case of a document of which nobody knows whether wemalo has it."""
    name_de, name_en = _NAMES[kind]
    return Trouble(
        "DOCUMENT_UNCLEAR",
        f"{name_de} zu Auftrag {order_id} ging an wemalo, die Antwort ging verloren. Es wird nicht "
        "wiederholt, damit das Lager nicht doppelt druckt.",
        f"{name_en} of order {order_id} was sent to wemalo and the answer was lost. It is not "
        "repeated, so that the warehouse does not print it twice.",
        "In wemalo nachsehen und das Dokument dort anhängen, falls es fehlt.",
        "Look in wemalo and attach the document there if it is missing.",
    )
