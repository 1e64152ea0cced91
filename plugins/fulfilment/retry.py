"""How a failed task is tried again: by what failed, and as late as the other system asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from include.core.systems.errors import (
    AuthError,
    CircuitOpen,
    ConfigError,
    ContractError,
    Forbidden,
    FulfilmentError,
    TransientError,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

#: beyond that the next scheduled run is the better retry
LONGEST = timedelta(minutes=10)
SHORTEST = timedelta(seconds=10)


class FulfilmentRetryPolicy(RetryPolicy):
    """Fail at once where nothing gets better by itself; otherwise wait as long as it takes."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Decide by the class of the error; its operator's text is the reason shown."""
        if isinstance(exception, (ConfigError, AuthError, Forbidden, ContractError, CircuitOpen)):
            return RetryDecision.fail(reason=str(exception))
        if isinstance(exception, TransientError) and exception.retry_after is not None:
            wait = max(timedelta(seconds=exception.retry_after), SHORTEST)
            if wait > LONGEST:
                return RetryDecision.fail(reason=f"{exception} The next run goes on.")
            return RetryDecision.retry(delay=wait, reason=str(exception))
        if isinstance(exception, FulfilmentError):
            return RetryDecision.retry(
                delay=timedelta(seconds=30 * 2 ** (try_number - 1)), reason=str(exception)
            )
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return nothing: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> FulfilmentRetryPolicy:
        """Make the policy again."""
        return cls()
