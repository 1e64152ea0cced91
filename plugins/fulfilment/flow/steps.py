"""The tasks of a merchant's DAG by name, as functions of their work: for runs without Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.documents.attach import attach_documents
from fulfilment.flow.products.sync import products
from fulfilment.flow.replay.window import replay
from fulfilment.flow.returns.handle import handle_returns
from fulfilment.flow.stock.sync import stock
from fulfilment.flow.tasks.extract import extract
from fulfilment.flow.tasks.load import load
from fulfilment.flow.tasks.reconcile import reconcile
from fulfilment.flow.tasks.validate import validate
from fulfilment.flow.tasks.writeback import write_back
from include.core.systems.window import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fulfilment.flow.systems.work import Work
    from fulfilment.flow.tasks.validate import Examine
    from include.core.systems.window import Window

#: the tasks about orders; the others belong to groups that a merchant may switch off
ORDER_TASKS = (
    "extract_plenty_orders", "validate", "load_to_wemalo", "writeback_status", "reconcile_tracking",
)  # fmt: skip


def steps_of(
    examine: Examine, window: Window = EVERYTHING, order_ids: Sequence[int] = ()
) -> dict[str, Callable[[Work], dict[str, int]]]:
    """Return the steps of a run, by task: of one that looks at everything, or of a replay."""
    steps: dict[str, Callable[[Work], dict[str, int]]] = {
        "extract_plenty_orders": extract,
        "validate": lambda work: validate(work, examine=examine),
        "load_to_wemalo": load,
        "writeback_status": write_back,
        "reconcile_tracking": reconcile,
        "handle_returns": lambda work: handle_returns(work, window=window, order_ids=order_ids),
        "attach_documents": attach_documents,
    }
    if window == EVERYTHING and not order_ids:
        steps |= {"sync_products": products, "sync_stock": stock}
    else:
        steps["extract_plenty_orders"] = lambda work: replay(work, window, order_ids)
    return steps
