"""Refusals of the wemalo API, as they appear in the body of an answer."""

from __future__ import annotations


class ApiError(Exception):
    """Answered as `{"status": ..., "Success": false, "message": ...}`.

    The shape of the vendor's errors is not documented; `message` is where the plugin looks.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(key: object, what: str) -> ApiError:
    """Return the 404 for a record that is not there."""
    return ApiError(404, f"{what} NOT_FOUND: {key}")
