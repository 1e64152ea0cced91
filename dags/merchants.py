"""One Airflow DAG per merchant file in include/merchants: fulfilment__<merchant>."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, TaskGroup, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict
from fulfilment import texts
from fulfilment.operators.documents import AttachDocumentsOperator
from fulfilment.operators.extract import ExtractPlentyOrdersOperator
from fulfilment.operators.load import LoadToWemaloOperator
from fulfilment.operators.misconfigured import MisconfiguredOperator
from fulfilment.operators.products import ProductsOperator
from fulfilment.operators.reconcile import ReconcileTrackingOperator
from fulfilment.operators.returns import HandleReturnsOperator
from fulfilment.operators.stock import StockOperator
from fulfilment.operators.validate import ValidateOrdersOperator
from fulfilment.operators.watcher import WatcherOperator
from fulfilment.operators.writeback import WritebackStatusOperator
from fulfilment.retry import FulfilmentRetryPolicy
from fulfilment.schedule import schedule_of

from include.config.merchants import BrokenFile, dag_id, load_all
from include.config.telling import tell

if TYPE_CHECKING:
    from fulfilment.operators.base import FulfilmentOperator

    from include.core.merchants.merchant import Merchant

RETRY_POLICY = FulfilmentRetryPolicy()
READ_FILE = "read_merchant_file"
STEPS = (
    ("extract_plenty_orders", ExtractPlentyOrdersOperator, "all_success"),
    ("validate", ValidateOrdersOperator, "all_done"),
    ("load_to_wemalo", LoadToWemaloOperator, "all_done"),
    ("writeback_status", WritebackStatusOperator, "all_done"),
    ("reconcile_tracking", ReconcileTrackingOperator, "all_done"),
)
#: beside the chain, where switched on: group, task, operator, and the step they follow
GROUPS = (
    ("returns", "handle_returns", HandleReturnsOperator, "load_to_wemalo"),
    ("documents", "attach_documents", AttachDocumentsOperator, "load_to_wemalo"),
    ("stock", "sync_stock", StockOperator, "reconcile_tracking"),  # it counts what has left
    ("products", "sync_products", ProductsOperator, "extract_plenty_orders"),
)


def build(merchant: Merchant, broken: BrokenFile | None = None) -> DAG:
    """Return the DAG of one merchant: five steps in a chain, the groups in use, and a watcher.

    :param broken: its file cannot be used: it goes on by its last good version, and says so.
    """
    # Given to each task: `default_args` and the DAG's own params are copied deeply per task, which
    # takes longer than all the rest when a thousand merchants are parsed.
    common: dict[str, Any] = {
        "owner": merchant.owner,
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(minutes=20),
    }
    with DAG(
        dag_id(merchant.merchant),
        schedule=None,
        start_date=datetime(2024, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=2),
        tags=["fulfilment", f"merchant:{merchant.merchant}", *(["config-error"] if broken else [])],
        doc_md=(texts.going_on_doc(broken) if broken else "") + texts.dag_doc(merchant),
    ) as dag:
        tasks: list[FulfilmentOperator] = [
            operator(
                task_id=name,
                merchant=merchant,
                trigger_rule=rule,
                doc_md=texts.TASKS[name],
                **common,
            )
            for name, operator, rule in STEPS
        ]
        for before, after in pairwise(tasks):
            before >> after
        for group, name, operator, follows in GROUPS:
            if group not in merchant.groups:
                continue
            with TaskGroup(group):
                task = operator(
                    task_id=name,
                    merchant=merchant,
                    trigger_rule="all_done",
                    doc_md=texts.TASKS[name],
                    **common,
                )
            dag.get_task(follows) >> task
            tasks.append(task)
        if broken:
            MisconfiguredOperator(
                task_id=READ_FILE,
                message=f"{broken.message}\n{broken.going_on()}",
                merchant=merchant.merchant,
                mistake=broken.mistake,
                doc_md=texts.TASKS[READ_FILE],
                owner=merchant.owner,
                execution_timeout=common["execution_timeout"],
            )
        list(dag.tasks) >> WatcherOperator(
            task_id="watcher",
            doc_md=texts.TASKS["watcher"],
            owner=merchant.owner,
            execution_timeout=common["execution_timeout"],
        )
    # Set last, as `DAG` itself sets them. Each `>>` hashes its DAG, which spells the schedule out;
    # and `dag.params = ...` would check one schema a thousand times.
    schedule = schedule_of(merchant)
    params = {name: Param(**spec) for name, spec in texts.PARAMS.items()}
    for name, value in {
        "schedule": schedule, "timetable": schedule, "params": ParamsDict(params),
    }.items():  # fmt: skip
        object.__setattr__(dag, name, value)
    return dag


def build_broken(broken: BrokenFile) -> DAG:
    """Return the DAG of a merchant file that cannot be used: visible, and red when run."""
    with DAG(
        dag_id(broken.merchant),
        schedule=None,
        tags=["fulfilment", "config-error"],
        doc_md=f"**This merchant's file cannot be used:**\n\n```text\n{broken.message}\n```",
    ) as dag:
        MisconfiguredOperator(task_id=READ_FILE, message=broken.message)
    return dag


# A task's start asks for one DAG: then no other merchant's file is opened, and nobody is told.
only = get_parsing_context().dag_id
good, bad = load_all(only)
if only is None:
    tell(bad)
mistakes = {broken.merchant: broken for broken in bad}
gc.disable()  # nothing built here is garbage: looking for it takes a fifth of a thousand merchants
try:
    for merchant in good:
        globals()[dag_id(merchant.merchant)] = build(
            merchant, mistakes.pop(merchant.merchant, None)
        )
finally:
    gc.enable()
for broken in mistakes.values():
    globals()[dag_id(broken.merchant)] = build_broken(broken)
