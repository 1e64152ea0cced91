"""Who may see and do what at the desk, by Airflow's own login and rights.

A merchant is seen by those who may read its DAG; whoever may edit the DAG may act. The right is
asked for at each request, and before each write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI looks at it
from fastapi import Depends, HTTPException, Request, status
from fastapi.responses import JSONResponse

from include.config.merchants import PREFIX
from include.core.merchants.file_exceptions import ALL
from include.core.systems.errors import FulfilmentError, LedgerRefused

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from fastapi import FastAPI

#: no page of another site can send it along: its browser would ask us first, and we do not agree
OWN_HEADER = "X-Fulfilment-Desk"

#: nothing may be loaded by an answer, and none is kept
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
_LOGIN, _REFUSED = "Log in to Airflow.", "Your Airflow user has no right to do this."


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks.

    :param name: in Airflow.
    :param sees: the merchants that may be shown; `ALL` among them for who may read every DAG.
    """

    name: str
    sees: frozenset[str]
    _user: BaseUser = field(repr=False)

    def may_change(self) -> frozenset[str]:
        """Return the merchants that this person may act for."""
        return _merchants(self._user, "PUT")

    def chosen(self, merchant: str | None) -> list[str]:
        """Return the merchants to show: all that may be seen, or the one that was named.

        :raises HTTPException: 404 if it may not be seen, or is not there.
        """
        if merchant is None:
            return sorted(self.sees)
        if merchant not in self.sees:
            raise missing()
        return [merchant]

    def require(self, merchant: str) -> None:
        """Make sure that this person may act for a merchant.

        :raises HTTPException: 404 if it may not be seen, 403 if it may not be changed.
        """
        self.chosen(merchant)
        if merchant not in self.may_change():
            raise HTTPException(status.HTTP_403_FORBIDDEN, _REFUSED)


def viewer(user: GetUserDep) -> Viewer:
    """Return who asks, with the merchants that may be seen.

    :raises HTTPException: 401 without a login.
    """
    return Viewer(user.get_name(), _merchants(user, "GET"), user)


def same_site(request: Request) -> None:
    """Refuse a write that another site's page may have caused: Airflow's login is a cookie.

    :raises HTTPException: 403.
    """
    origin = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not request.headers.get(OWN_HEADER) or origin != "same-origin":
        text = f"Refused: writes need the header {OWN_HEADER} and come from Airflow's own pages."
        raise HTTPException(status.HTTP_403_FORBIDDEN, text)


ViewerDep = Annotated[Viewer, Depends(viewer)]


def missing() -> HTTPException:
    """Return the answer for what is not there, or not for this person; both look alike."""
    return HTTPException(status.HTTP_404_NOT_FOUND, "Not there, or not for your Airflow user.")


def _merchants(user: BaseUser, method: Literal["GET", "PUT"]) -> frozenset[str]:
    manager = get_auth_manager()
    dags = manager.get_authorized_dag_ids(user=user, method=method)
    names = {dag.removeprefix(PREFIX) for dag in dags if dag.startswith(PREFIX)}
    # what is told of all merchants names them all
    return frozenset(
        names | {ALL} if manager.is_authorized_dag(method=method, user=user) else names
    )


def problem(status_code: int, detail: str, **more: object) -> JSONResponse:
    """Return an error as problem details (RFC 9457)."""
    title = {401: "Not logged in", 403: "Forbidden", 404: "Not found"}.get(status_code, "Refused")
    body = {"type": "about:blank", "title": title, "status": status_code, "detail": detail, **more}
    return JSONResponse(body, status_code, HEADERS, media_type="application/problem+json")


def tell_problems(app: FastAPI) -> None:
    """Let an app answer every error as problem details; none of them quotes what was sent."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException as AnyHTTPException

    @app.exception_handler(AnyHTTPException)
    def _refused(_: Request, error: AnyHTTPException) -> JSONResponse:
        detail = _LOGIN if error.status_code == status.HTTP_401_UNAUTHORIZED else error.detail
        return problem(error.status_code, str(detail))

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(map(str, one["loc"])), "reason": str(one["type"])}
            for one in error.errors()
        ]
        return problem(422, "A value is missing or not allowed.", fields=fields)

    @app.exception_handler(FulfilmentError)
    def _ours(_: Request, error: FulfilmentError) -> JSONResponse:
        refused = isinstance(error, LedgerRefused)  # what was sent cannot be stored
        return problem(422 if refused else 503, error.operator, code=error.code)
