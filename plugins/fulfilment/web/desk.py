"""The desk: what needs a person, over all merchants, as JSON under ``/fulfilment/api/v1``.

Every route asks who it is (`fulfilment.web.access`), reads the ledger only, and answers without
personal data. Routes are plain functions, so FastAPI runs them in its thread pool.
"""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003 - FastAPI looks at it
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI looks at it
from fastapi import Body, Depends, FastAPI, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import AwareDatetime  # noqa: TC002 - FastAPI looks at it

from fulfilment.hooks.ledger import LedgerHook
from fulfilment.web.access import HEADERS, Viewer, ViewerDep, missing, same_site, tell_problems
from include.config.merchants import dag_id
from include.core.merchants.file_exceptions import ALL
from include.core.orders.in_words import event_text
from include.core.orders.states import ENDED, State
from include.ledger.desk import board, finding, inbox
from include.ledger.exceptions import exceptions
from include.ledger.merchants.pauses import open_pauses
from include.ledger.orders import timeline
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGES = Path(__file__).parent / "pages"
_TYPES = {".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_LARGEST = 2**63 - 1
_LONGEST_DAY = timedelta(hours=26)

Id = Annotated[int, InPath(ge=1, le=_LARGEST)]
Name = Annotated[str, Query(pattern=r"^[a-z_][a-z0-9_]{0,40}$")]
Code = Annotated[str, Query(pattern=r"^[A-Z][A-Z0-9_]{0,60}$")]

api = FastAPI(title="Fulfilment desk", version="1", docs_url=None, redoc_url=None, openapi_url=None)
tell_problems(api)
pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
tell_problems(pages)


@api.middleware("http")
async def _kept_by_nobody(request: Any, call_next: Any) -> Response:
    answer: Response = await call_next(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


@api.get("/openapi.json", include_in_schema=False)
def describe(_: ViewerDep) -> dict[str, Any]:
    """Describe these routes."""
    return api.openapi()


@api.get("/summary")
def summary(who: ViewerDep) -> board.Totals:
    """Tell in numbers whether anything needs a person."""
    with LedgerHook().engine.connect() as connection:
        return board.totals(_lines(connection, who))


@api.get("/board")
def show_board(who: ViewerDep, since: AwareDatetime | None = None) -> dict[str, Any]:
    """Show all merchants side by side.

    :param since: what counts as shipped today; at most 26 hours ago, by default midnight UTC.
    """
    if since is not None and not timedelta(0) <= datetime.now(UTC) - since <= _LONGEST_DAY:
        raise HTTPException(422, "since: at most 26 hours ago.")
    with LedgerHook().engine.connect() as connection:
        told = _lines(connection, who, since)
    return {"at": datetime.now(UTC), "totals": board.totals(told), "merchants": told}


@api.get("/exceptions")
def list_exceptions(
    who: ViewerDep,
    merchant: Name | None = None,
    code: Code | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = inbox.SHOWN,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """List open exceptions by cause: all causes, and ``limit`` cases of each from ``offset`` on."""
    names = who.chosen(merchant)
    with LedgerHook().engine.connect() as connection:
        groups = inbox.groups(connection, names, code)
        cases = inbox.cases(connection, names, code, limit=limit, offset=offset)
    return {"at": datetime.now(UTC), "groups": groups, "cases": _with_right(who, cases)}


@api.post("/exceptions/{exception_id}/acknowledge", dependencies=[Depends(same_site)])
def acknowledge(
    who: ViewerDep,
    exception_id: Id,
    note: Annotated[str, Body(embed=True, max_length=500, pattern=r"^[^\x00]*$")] = "",
) -> dict[str, Any]:
    """Note that the viewer has seen an open exception."""
    with LedgerHook().engine.begin() as connection:
        case = _to_change(connection, who, exception_id)
        journal = _journal(who, case.merchant)
        done = exceptions.acknowledge(
            connection, journal, case.subject, case.code, who.name, note.strip()
        )
        if not done:  # cleared since it was read
            raise missing()
        return {"case": inbox.one(connection, exception_id)}


@api.post("/exceptions/{exception_id}/retry", dependencies=[Depends(same_site)])
def retry(who: ViewerDep, exception_id: Id) -> dict[str, Any]:
    """End the rest of what an exception is about: the next run tries it again."""
    with LedgerHook().engine.begin() as connection:
        case = _to_change(connection, who, exception_id)
        ended = inbox.try_now(connection, _journal(who, case.merchant), case, who.name)
        if not ended:
            raise HTTPException(409, "Nothing rests here: the next run tries it anyhow.")
        return {"ended": ended, "case": inbox.one(connection, exception_id)}


@api.get("/orders")
def list_orders(
    who: ViewerDep,
    state: Annotated[list[State], Query(min_length=1, max_length=len(State))],
    merchant: Name | None = None,
    after: Annotated[str, Query(pattern=r"^([a-z_][a-z0-9_]{0,40}:[0-9]{1,18})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = finding.MANY,
) -> dict[str, Any]:
    """List orders that stand in some states and have not ended.

    ``next`` is the ``after`` of the next page.
    """
    if set(state) & ENDED:
        raise HTTPException(422, "state: only those of orders that have not ended.")
    last, _, number = after.partition(":")
    with LedgerHook().engine.connect() as connection:
        found = finding.standing_in(
            connection, who.chosen(merchant), state, after=(last, int(number or 0)), limit=limit
        )
    more = f"{found[-1].merchant}:{found[-1].order_id}" if len(found) == limit else None
    return {"orders": found, "next": more}


@api.get("/orders/search")
def search(
    who: ViewerDep, q: Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
) -> dict[str, Any]:
    """Find orders by their number, the shop's number, a tracking number or a parcel.

    ``more``: only the first are listed.
    """
    with LedgerHook().engine.connect() as connection:
        found = finding.search(connection, who.chosen(None), q)
    return {"orders": found, "more": len(found) == finding.MANY}


@api.get("/orders/{merchant}/{order_id}")
def order(who: ViewerDep, merchant: str, order_id: Id) -> dict[str, Any]:
    """Tell where one order stands and what happened to it."""
    who.chosen(merchant)
    with LedgerHook().engine.connect() as connection:
        found = timeline.read(connection, merchant, order_id)
        if found is None:
            raise missing()
        told = exceptions.of_order(connection, merchant, order_id, found.variations)
        numbers = [row.exception_id for row in (*open_pauses(connection, merchant), *told)]
        cases = inbox.by_number(connection, numbers)
    row = found.order
    return {
        "merchant": merchant,
        "order_id": order_id,
        "dag_id": dag_id(merchant),
        "state": row.state,
        "since": row.stands_since,
        "sentence_de": found.sentence("de"),
        "sentence_en": found.sentence("en"),
        "warehouse_status": row.wemalo_status,
        "looked_at": row.looked_at,
        "positions": finding.positions(row),
        "parcels": [
            {
                "parcel_id": parcel.parcel_id,
                "carrier": parcel.carrier,
                "tracking_number": parcel.tracking_number,
                "in_plentymarkets": bool(parcel.written_number),
            }
            for parcel in found.parcels
        ],
        "cases": _with_right(who, cases),
        "diary": [
            {
                "at": event.at,
                "task": event.task,
                "run_id": event.run_id,
                "de": event_text(event.kind, event.data, "de"),
                "en": event_text(event.kind, event.data, "en"),
            }
            for event in found.events
        ],
    }


@pages.get("/{file}")
def page(_: GetUserDep, file: Annotated[str, InPath(pattern=r"^[a-z_]+\.(js|svg)$")]) -> Response:
    """Return a module of the pages, or their icon."""
    path = PAGES / file
    if not path.is_file():
        raise missing()
    headers = {**HEADERS, "Cache-Control": "private, no-cache"}
    return FileResponse(path, headers=headers, media_type=_TYPES[path.suffix])


def _lines(
    connection: Connection, who: Viewer, since: datetime | None = None
) -> list[board.BoardLine]:
    """Return the board; what is told of all merchants is a line of it only while there is any."""
    told = board.lines(connection, who.chosen(None), since)
    return [line for line in told if line.merchant != ALL or line.exceptions]


def _with_right(who: Viewer, cases: Iterable[inbox.Case]) -> list[dict[str, Any]]:
    """Return cases with whether the viewer may act on them."""
    may = who.may_change()
    return [{**case.as_dict(), "may_act": case.merchant in may} for case in cases]


def _to_change(connection: Connection, who: Viewer, exception_id: int) -> inbox.Case:
    case = inbox.one(connection, exception_id)
    if case is None:
        raise missing()
    who.require(case.merchant)
    return case


def _journal(who: Viewer, merchant: str) -> Journal:
    return Journal(merchant, "desk", f"by {who.name}", 1)
