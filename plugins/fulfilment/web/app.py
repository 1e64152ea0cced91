"""Pages of this project inside Airflow's API server, for people who are logged in there.

Airflow's login does not protect a plugin's app by itself: every route here depends on `allowed`.
Routes are plain functions, so FastAPI runs them in its thread pool and no query to the ledger holds
up the API server.
"""

from __future__ import annotations

from typing import Annotated, Literal

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, Path, Request
from fastapi.responses import HTMLResponse

from fulfilment.web import data_docs, plans

# nothing but the page itself: no scripts, and nothing from other servers
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}

MerchantName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


def allowed(merchant: MerchantName, request: Request, user: GetUserDep) -> None:
    """Let in who is logged in to Airflow and may see the task instances of the merchant's DAG.

    :raises HTTPException: 401 without a login, 403 without the right.
    """
    dag = f"fulfilment__{merchant}"
    requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE, dag)(request, user)


app = FastAPI(title="Fulfilment", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/data-docs/{merchant}", dependencies=[Depends(allowed)])
def pages(merchant: MerchantName, run: str | None = None) -> HTMLResponse:
    """List a merchant's pages of Data Docs, or show the newest one of a run."""
    status, html = data_docs.overview(merchant, run)
    return HTMLResponse(html, int(status), HEADERS)


@app.get("/plan/{merchant}", dependencies=[Depends(allowed)])
def plan(
    merchant: MerchantName, run: str | None = None, language: Literal["de", "en"] | None = None
) -> HTMLResponse:
    """Show the plan of a run, or a merchant's newest one."""
    status, html = plans.show(merchant, run, language)
    return HTMLResponse(html, status, HEADERS)


@app.get("/data-docs/{merchant}/{page_id}", dependencies=[Depends(allowed)])
def page(merchant: MerchantName, page_id: int) -> HTMLResponse:
    """Show one page of Data Docs."""
    status, html = data_docs.one(merchant, page_id)
    return HTMLResponse(html, int(status), HEADERS)
