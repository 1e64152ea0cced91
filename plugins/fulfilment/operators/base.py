"""What the operators share: the merchant's systems, the ledger, the lock, the counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException

from fulfilment.flow.systems.opening import open_work
from fulfilment.hooks.ledger import LedgerHook
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError, FulfilmentError, MerchantPaused
from include.core.systems.values import identifier
from include.core.systems.window import EVERYTHING, Window, window_of
from include.ledger.merchants import modes
from include.ledger.merchants.merchant_files import note_good
from include.ledger.orders.batches import open_batch, scope_of
from include.ledger.orders.journal import Journal
from include.ledger.systems.locks import StandBack, exclusive

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine

    from fulfilment.flow.systems.work import Work
    from include.core.merchants.merchant import Merchant

BACKFILL = "backfill"
#: a backfill that waits gives its worker back for so long
STEP_ASIDE = timedelta(seconds=20)


class FulfilmentOperator(BaseOperator):
    """One step of one merchant's flow.

    XCom and rendered fields hold ids and counts only, never an order.

    :param merchant: the merchant's settings.
    :param order_ids: only these plentymarkets orders (templated; a list or a text like ``[1, 2]``).
    :param window_from: start of a window to replay, ISO 8601 with zone (templated).
    :param window_to: its end, not included (templated).
    :param plan_only: a dry run: decide everything, write nothing (templated; bool or text).
    """

    template_fields = ("order_ids", "window_from", "window_to", "plan_only")
    priority = "orders"
    knows_orders = True  # stock and products do not: a replay of orders is not theirs

    def __init__(
        self,
        *,
        merchant: Merchant,
        order_ids: str | list[int] = "{{ params.order_ids }}",
        window_from: str | None = "{{ params.window_from or '' }}",
        window_to: str | None = "{{ params.window_to or '' }}",
        plan_only: str | bool = "{{ params.dry_run }}",
        **kwargs: Any,
    ) -> None:
        """Keep the settings; nothing is read or connected before `execute`."""
        super().__init__(**kwargs)
        self.merchant = merchant
        self.order_ids = order_ids
        self.window_from = window_from
        self.window_to = window_to
        self.plan_only = plan_only

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """Do the step and return its counts."""
        raise NotImplementedError

    def rehearse(self, engine: Engine, run_id: str, window: Window, order_ids: list[int]) -> None:
        """Do this step's part of a dry run: nothing, the first step rehearses them all."""
        text = "A dry run: its plan is in the log of extract_plenty_orders."
        raise AirflowSkipException(text)

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step under the merchant's lock for this task; return batch id and counts."""
        engine = LedgerHook().engine
        name = self.merchant.merchant
        run = context["dag_run"]
        backfill = run.run_type == BACKFILL
        try:
            window = window_of(
                (self.window_from or None, self.window_to or None),
                (context.get("data_interval_start"), context.get("data_interval_end")),
                replay=backfill,
            )
            order_ids = self._ids()
            if self.merchant.mode == "shadow" or str(self.plan_only).lower() == "true":
                with engine.begin() as connection:
                    note_good(connection, self.merchant)
                self.rehearse(engine, run.run_id, window, order_ids)
                return {}
            if not self.knows_orders and (order_ids or window != EVERYTHING):
                text = "A replay of orders: there is nothing to do here."
                raise AirflowSkipException(text)
            with engine.begin() as connection:
                standing = modes.of(connection, name)
                if standing.since is None:  # a DAG that comes back paused is put right from now on
                    modes.note_live(connection, name, by="fulfilment", reason="its runs")
            if standing.mode is Mode.PAUSED:
                raise AirflowSkipException(standing.left_undone)
            if standing.mode is Mode.FINISH:
                self.log.warning("%s", standing.left_undone)
            with exclusive(engine, name, self.task_id, yields=backfill):
                with engine.begin() as connection:
                    note_good(connection, self.merchant)
                    batch_id = open_batch(connection, name, run.run_id, window)
                    scope = scope_of(connection, batch_id)
                work = open_work(
                    self.merchant,
                    engine,
                    Journal(name, self.task_id, run.run_id, context["ti"].try_number),
                    batch_id,
                    priority="backfill" if backfill else self.priority,
                    scope=scope,
                )
                try:
                    counts = self.work(work, window, order_ids)
                finally:
                    work.plenty.close()
                    work.wemalo.close()
        except MerchantPaused as error:  # while it worked
            raise AirflowSkipException(error.operator) from None
        except FulfilmentError as error:
            if backfill and error.code in {StandBack.code, "BUDGET"}:
                self.log.info("%s", error.operator)
                later = datetime.now(UTC) + STEP_ASIDE
                raise AirflowRescheduleException(later) from None  # type: ignore[no-untyped-call]
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
        """Return the order ids asked for, whether they were rendered as a list or as text.

        :raises ConfigError: one of them is no order id.
        """
        asked: list[Any] = (
            self.order_ids
            if isinstance(self.order_ids, list)
            else [part for part in str(self.order_ids).strip("[] ").split(",") if part.strip()]
        )
        ids = [identifier(value) for value in asked]
        if None in ids:
            text = "order_ids holds what is no order id. Write them like [100012, 100013]."
            raise ConfigError(text, code="ORDER_IDS")
        return [number for number in ids if number is not None]
