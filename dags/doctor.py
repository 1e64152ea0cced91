"""One Airflow DAG for all merchants: compare both systems with the merchant's file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param
from fulfilment.operators.doctor import DoctorOperator

with DAG(
    "fulfilment_doctor",
    schedule="41 4 * * *",  # after plentymarkets' night work (contract 19.17)
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["fulfilment"],
    doc_md=(
        "Once a day, and on demand for some merchants: reads both systems and compares them with "
        "the merchant's file: login, rights, statuses, warehouse, shipping profiles, carriers, "
        "products, limits, clocks, and some released orders through all rules. Nothing is written "
        "to either system.\n\n**Red?** A merchant whose orders could travel is not ready any more; "
        "the log lists what to do, the most important first. `fulfil doctor <merchant>` tells the "
        "same at a terminal."
    ),
    params={
        "merchants": Param(
            [],
            type=["array", "null"],
            items={"type": "string"},
            title="Only these merchants",
            description="Short names; empty means all.",
        ),
        "language": Param("en", enum=["de", "en"], description="Language of the report."),
    },
    default_args={
        "owner": "fulfilment",
        "retries": 0,
        "execution_timeout": timedelta(hours=2),
    },
) as dag:
    DoctorOperator(task_id="examine_merchants")
