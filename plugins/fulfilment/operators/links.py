"""Links from a task instance in the Airflow UI to pages of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from fulfilment.operators.base import FulfilmentOperator


class DataDocsLink(BaseOperatorLink):
    """To the Data Docs of the run's batch; Airflow keeps the address when the task ends."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page's address below that of the Airflow UI."""
        merchant = cast("FulfilmentOperator", operator).merchant.merchant
        base = str(conf.get("api", "base_url", fallback="/")).rstrip("/")
        run = urlencode({"run": ti_key.run_id})
        return f"{base}/fulfilment/data-docs/{merchant}?{run}"


class PlanLink(BaseOperatorLink):
    """To the plan of a dry run; a run that wrote something has none, and the page says so."""

    name = "Plan"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page's address below that of the Airflow UI."""
        merchant = cast("FulfilmentOperator", operator).merchant.merchant
        base = str(conf.get("api", "base_url", fallback="/")).rstrip("/")
        run = urlencode({"run": ti_key.run_id})
        return f"{base}/fulfilment/plan/{merchant}?{run}"
