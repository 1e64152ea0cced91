"""The task of a merchant file that cannot be used: it fails with what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from fulfilment.hooks.ledger import LedgerHook
from include.ledger.merchants.merchant_files import turns_red

if TYPE_CHECKING:
    from airflow.sdk import Context


class MisconfiguredOperator(BaseOperator):
    """Fail with the message of the merchant file's error.

    :param message: what is wrong, and what becomes of the merchant.
    :param merchant: one that goes on by its last good version: only the first run that meets a
        mistake is red for it, whosever run that is; "" = fail always.
    :param mistake: the mistake's digest.
    """

    def __init__(
        self, *, message: str, merchant: str = "", mistake: str = "", **kwargs: Any
    ) -> None:
        """Keep what to say."""
        super().__init__(**kwargs)
        self.message = message
        self.merchant = merchant
        self.mistake = mistake

    def execute(self, context: Context) -> None:
        """Fail, or skip where the mistake was told before: only a corrected file helps."""
        if self.merchant:
            with LedgerHook().engine.begin() as connection:
                first = turns_red(connection, self.merchant, self.mistake)
            if not first:
                raise AirflowSkipException(self.message)
        raise AirflowFailException(self.message)
