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


class _PageOfRunLink(BaseOperatorLink):
    """To a page about one run of one merchant; Airflow keeps the address when the task ends."""

    page: str

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page's address below that of the Airflow UI."""
        merchant = cast("FulfilmentOperator", operator).merchant.merchant
        base = str(conf.get("api", "base_url", fallback="/")).rstrip("/")
        run = urlencode({"run": ti_key.run_id})
        return f"{base}/fulfilment/{self.page}/{merchant}?{run}"


class DataDocsLink(_PageOfRunLink):
    """To the Data Docs of the run's batch."""

    name = "Data Docs"
    page = "data-docs"


class PlanLink(_PageOfRunLink):
    """To the plan of a dry run; a run that wrote something has none, and the page says so."""

    name = "Plan"
    page = "plan"
