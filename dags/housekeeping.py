"""One Airflow DAG for all merchants: what the ledger and the logs no longer need is removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param
from fulfilment.operators.housekeeping import HousekeepingOperator

with DAG(
    "fulfilment_housekeeping",
    schedule="17 3 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,  # forgetting is a promise, not an option
    tags=["fulfilment"],
    doc_md=(
        "Once a day: delivery addresses of orders that ended are removed after "
        "`retention.address_days` of the merchant's file, finished paperwork after "
        "`retention.history_days`, task logs after `log_days`. See docs/privacy.md."
    ),
    params={"log_days": Param(30, type="integer", minimum=1, description="Age of task logs.")},
    default_args={
        "owner": "fulfilment",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
    },
) as dag:
    HousekeepingOperator(task_id="tidy_up")
