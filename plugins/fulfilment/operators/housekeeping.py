"""`tidy_up`: the privacy promise kept, once a day for all merchants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from fulfilment.flow.merchants.housekeeping import remove_old_files, tidy
from fulfilment.hooks.ledger import LedgerHook
from include.config.merchants import load_all

if TYPE_CHECKING:
    from airflow.sdk import Context


class HousekeepingOperator(BaseOperator):
    """Forget addresses, drop old paperwork, remove old task logs.

    :param log_days: task logs that nothing was written to for so many days are removed.
    """

    template_fields = ("log_days",)

    def __init__(self, *, log_days: str | int = "{{ params.log_days }}", **kwargs: Any) -> None:
        """Keep the setting."""
        super().__init__(**kwargs)
        self.log_days = log_days

    def execute(self, context: Context) -> dict[str, int]:
        """Tidy up and return the counts; see `fulfilment.flow.merchants.housekeeping`."""
        merchants, _ = load_all()
        named = {merchant.merchant: merchant for merchant in merchants}
        counts = tidy(LedgerHook().engine, named, context["dag_run"].run_id)
        logs = Path(conf.get("logging", "base_log_folder"))
        counts["log_files"] = remove_old_files(logs, int(self.log_days))
        self.log.info("%s", ", ".join(f"{key} {value}" for key, value in counts.items()))
        return counts
