"""The one task of a merchant whose file is broken: it fails with what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context


class MisconfiguredOperator(BaseOperator):
    """Fail with the message of the merchant file's error."""

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        """Keep the message."""
        super().__init__(**kwargs)
        self.message = message

    def execute(self, context: Context) -> None:
        """Fail, always: only a corrected file helps."""
        raise AirflowFailException(self.message)
