"""What the five operators share: the merchant's systems, the ledger, the lock, the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from fulfilment.flow.work import Work
from fulfilment.hooks.ledger import LedgerHook
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from include.core.errors import FulfilmentError
from include.core.window import Window, window_of
from include.ledger.batches import open_batch
from include.ledger.journal import Journal
from include.ledger.locks import exclusive

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.core.merchant import Merchant

BACKFILL = "backfill"


class FulfilmentOperator(BaseOperator):
    """One step of one merchant's flow.

    XCom and rendered fields hold ids and counts only, never an order.

    :param merchant: the merchant's settings.
    :param order_ids: only these plentymarkets orders (templated; a list or a text like ``[1, 2]``).
    :param window_from: start of a window to replay, ISO 8601 with zone (templated).
    :param window_to: its end, not included (templated).
    """

    template_fields = ("order_ids", "window_from", "window_to")
    priority = "orders"

    def __init__(
        self,
        *,
        merchant: Merchant,
        order_ids: str | list[int] = "{{ params.order_ids }}",
        window_from: str | None = "{{ params.window_from or '' }}",
        window_to: str | None = "{{ params.window_to or '' }}",
        **kwargs: Any,
    ) -> None:
        """Keep the settings; nothing is read or connected before `execute`."""
        super().__init__(**kwargs)
        self.merchant = merchant
        self.order_ids = order_ids
        self.window_from = window_from
        self.window_to = window_to

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """Do the step and return its counts."""
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step under the merchant's lock for this task; return batch id and counts."""
        engine = LedgerHook().engine
        name = self.merchant.merchant
        run = context["dag_run"]
        replay = str(run.run_type) == BACKFILL
        window = window_of(
            (self.window_from or None, self.window_to or None),
            (context.get("data_interval_start"), context.get("data_interval_end")),
            replay=replay,
        )
        priority = "backfill" if replay else self.priority
        with exclusive(engine, name, self.task_id):
            with engine.begin() as connection:
                batch_id = open_batch(connection, name, run.run_id, window)
            work = Work(
                merchant=self.merchant,
                engine=engine,
                journal=Journal(name, self.task_id, run.run_id, context["ti"].try_number),
                batch_id=batch_id,
                lease_s=self.merchant.wemalo.lease_seconds,
                plenty=PlentyHook(
                    name,
                    self.merchant.plenty.connection,
                    engine,
                    plan=self.merchant.plenty.plan,
                    priority=priority,
                ),
                wemalo=WemaloHook(
                    name,
                    self.merchant.wemalo.connection,
                    engine,
                    shop=self.merchant.wemalo.shop,
                    priority=priority,
                ),
            )
            try:
                counts = self.work(work, window, self._ids())
            except FulfilmentError as error:
                error.merchant = error.merchant or name
                self.log.error("%s", error)  # noqa: TRY400 - one line for the operator
                raise
        self.log.info(
            "%s %s: %s",
            name,
            self.task_id,
            ", ".join(f"{key} {value}" for key, value in counts.items() if value) or "nothing",
        )
        return {"batch_id": batch_id, **counts}

    def _ids(self) -> list[int]:
        """Return the order ids asked for, whether they were rendered as a list or as text."""
        if isinstance(self.order_ids, list):
            return [int(value) for value in self.order_ids]
        return [int(part) for part in str(self.order_ids).strip("[] ").split(",") if part.strip()]
