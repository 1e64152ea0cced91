"""Documents: generated in the background, uploaded, read with their content (contract 15)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from include.sandbox.frame.world import Reply
from include.sandbox.plenty import effects
from include.sandbox.plenty.dates import to_text, to_timestamp
from include.sandbox.plenty.errors import invalid, not_found, refused
from include.sandbox.plenty.model import DELIVERY_ORDER
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.render import render_document
from include.sandbox.plenty.routing import Routes

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order
    from include.sandbox.plenty.request import Request

routes = Routes()

ORDER_DOCUMENTS = "/rest/orders/{order_id}/documents"
DOCUMENTS_PER_PAGE = 6000
# What `DocumentGeneration.status` says as a number; the numbers themselves are a guess.
STATES = {"pending": 1, "done": 2, "faulty": 3}


@routes.add("GET", ORDER_DOCUMENTS + "/{type}", query=("with", "withContent"))
def get_documents(request: Request) -> JsonObject:
    """Return the documents of one type, with base64 `content` where asked for."""
    rows = _of_type(request)
    content = request.query.flag("withContent", default=False)
    return paged(
        rows,
        request.query,
        request.tenant.switches,
        lambda row: render_document(row, request.now, with_content=content),
    )


@routes.add("GET", ORDER_DOCUMENTS + "/{type}/recent", query=("withContent",))
@routes.add("GET", ORDER_DOCUMENTS + "/{type}/current", query=("withContent",))
def get_recent(request: Request) -> JsonObject:
    """Return the newest document of one type."""
    rows = _of_type(request)
    if not rows:
        raise not_found()
    content = request.query.flag("withContent", default=False)
    return render_document(rows[-1], request.now, with_content=content)


@routes.add("GET", "/rest/orders/documents/find", query=("orderId", "type", "page", "itemsPerPage"))
def find_documents(request: Request) -> JsonObject:
    """Return documents of all orders."""
    order_id, kind = request.query.get("orderId"), request.query.get("type")
    rows = [
        row
        for order in request.tenant.orders.values()
        if order_id in (None, str(order.id))
        for row in order.documents
        if kind is None or row["type"] == snake(kind)
    ]
    return paged(
        rows,
        request.query,
        request.tenant.switches,
        lambda row: render_document(row, request.now, with_content=False),
        highest=DOCUMENTS_PER_PAGE,
    )


@routes.add(
    "POST",
    ORDER_DOCUMENTS + "/delivery_note/generate",
    query=("documentDate", "comment", "storehouseId"),
)
def generate_delivery_note(request: Request) -> bool:
    """Start a delivery note."""
    add_document(request, request.order(), "delivery_note")
    return True


@routes.add("POST", ORDER_DOCUMENTS + "/invoice/generate", query=("documentDate", "comment"))
def generate_invoice(request: Request) -> bool:
    """Start an invoice: it locks the order; a delivery order cannot have one (contract 9.1)."""
    order = request.order()
    if order.type_id == DELIVERY_ORDER:
        raise refused("A delivery order has no invoice of its own.")
    add_document(request, order, "invoice")
    order.lock_status = "reversibleLocked"
    return True


@routes.add("POST", ORDER_DOCUMENTS + "/return_note/generate")
def generate_return_note(request: Request) -> bool:
    """Start a return note."""
    add_document(request, request.order(), "return_note")
    return True


@routes.add("POST", ORDER_DOCUMENTS + "/{type}", body=("documents",))
def upload(request: Request) -> list[JsonObject]:
    """Store documents made elsewhere: {"documents": [{"content", "numberWithPrefix"}]}."""
    order, kind = request.order(), snake(request.params["type"])
    rows = request.rows("documents")
    for row in rows:
        try:
            base64.b64decode(str(row.get("content", "")), validate=True)
        except binascii.Error as error:
            raise invalid("content", "The content must be base64.") from error
    made = []
    for row in rows:
        document = add_document(request, order, kind)
        document |= {
            "content": row.get("content", ""),
            "numberWithPrefix": row.get("numberWithPrefix", document["numberWithPrefix"]),
            "source": "user",
            "_ready": request.now,
            "_final": "done",
        }
        made.append(render_document(document, request.now, with_content=False))
    return made


@routes.add("GET", "/rest/documents/{document_id}")
def get_file(request: Request) -> Reply:
    """Return the file itself; 404 until it is done."""
    document = _document(request)
    if render_document(document, request.now, with_content=False)["status"] != "done":
        raise not_found()
    content = base64.b64decode(document["content"])
    return Reply(200, content, {"Content-Type": "application/pdf"})


@routes.add("GET", "/rest/documents/{document_id}/status")
def get_document_status(request: Request) -> JsonObject:
    """Return how far the generation is; `status` is a number here."""
    document = _document(request)
    state = render_document(document, request.now, with_content=False)["status"]
    return {"id": document["id"], "status": STATES[state]}


@routes.add("POST", "/rest/documents/{document_id}/regenerate")
def regenerate(request: Request) -> bool:
    """Start over: pending again, then done."""
    document = _document(request)
    document["_ready"] = request.now + request.tenant.switches.document_seconds
    document["_final"] = "done"
    return True


def snake(kind: str) -> str:
    """Return the model's spelling of a type: the path says deliveryNote, the model delivery_note.

    >>> snake("deliveryNote")
    'delivery_note'
    """
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", kind).lower()


def add_document(request: Request, order: Order, kind: str) -> JsonObject:
    """Add a document in generation and fire the event; whether it fails is drawn from the seed."""
    tenant, now = request.tenant, request.now
    number = tenant.next_id(f"document-number-{kind}", 1001)
    faulty = tenant.random.random() < tenant.switches.faulty_documents
    name = f"{kind.upper()[:2]}{number}"
    document: JsonObject = {
        "id": tenant.next_id("document", 1),
        "type": kind,
        "number": number,
        "numberWithPrefix": name,
        "path": f"{kind}/{name}.pdf",
        "userId": request.user.id,
        "source": "soap" if kind == "uploaded" else "orders",
        "displayDate": to_text(now),
        "createdAt": to_text(now),
        "updatedAt": to_text(now),
        "references": [{"type": "order", "value": order.id}],
        "content": base64.b64encode(f"%PDF-1.4 {name} of order {order.id}".encode()).decode(),
        "_ready": now + tenant.switches.document_seconds,
        "_final": "faulty" if faulty else "done",
    }
    order.documents.append(document)
    tenant.document_orders[document["id"]] = order.id
    effects.touch(order, now)
    effects.fire(tenant, order, "document_generated", now)
    return document


def _of_type(request: Request) -> list[JsonObject]:
    kind = snake(request.params["type"])
    rows = [row for row in request.order().documents if row["type"] == kind]
    start = request.query.get("createdAtFrom")
    if start:
        bound = to_timestamp(start)
        rows = [row for row in rows if to_timestamp(row["createdAt"]) >= bound]
    return rows


def _document(request: Request) -> JsonObject:
    wanted = request.integer("document_id")
    order = request.tenant.orders.get(request.tenant.document_orders.get(wanted, 0))
    for row in order.documents if order is not None else ():
        if row["id"] == wanted:
            return row
    raise not_found()
