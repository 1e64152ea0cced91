"""Refusals in the vendor's body shapes (plentymarkets contract 5)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refused call: HTTP status and body as the vendor sends them. Nothing has changed."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"answered with {status}")
        self.status = status
        self.body = body


def not_found(what: str = "Resource not found.") -> ApiError:
    """Return the 404 of most routes."""
    return ApiError(404, {"error": {"code": 404, "message": what}})


def no_row(model: str) -> ApiError:
    """Return the 404 of a missing row, with the text that clients look for."""
    return not_found(f"No query results for model [{model}].")


def wrong_method() -> ApiError:
    """Return the 405 of a path that exists with other methods."""
    return ApiError(405, {"error": {"code": 405, "message": "Method Not Allowed"}})


def invalid(field: str, text: str) -> ApiError:
    """Return a 422 with `validation_errors`."""
    error = {"code": 422, "message": "validation error found"}
    return ApiError(422, {"error": error, "validation_errors": {field: [text]}})


def refused(text: str) -> ApiError:
    """Return a 422 without a field: the order is in no state for this."""
    return ApiError(422, {"error": {"code": 422, "message": text}})


def forbidden(*permissions: str) -> ApiError:
    """Return the 403 for missing rights, which it names (contract 23)."""
    message = "This action is unauthorized."
    return ApiError(403, {"error": {"message": message, "missing_permissions": [*permissions]}})


def unauthorized() -> ApiError:
    """Return the 401 for a missing, bad or expired token."""
    body = {"error": {"code": 401, "message": "The access token is invalid or expired."}}
    return ApiError(401, body)


def wrong_shape(text: str = "$data must be array") -> ApiError:
    """Return the 500 that a body of the wrong shape gets."""
    return ApiError(500, {"error": {"code": 500, "message": text}})
