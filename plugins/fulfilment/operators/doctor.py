"""`examine_merchants`: the doctor's daily round over all merchants, or on demand over some."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from fulfilment.flow.doctor.read import Visit, visit
from fulfilment.hooks.ledger import LedgerHook
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from include.config.merchants import load_all
from include.core.doctor.report import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.core.merchants.merchant import Merchant

AT_ONCE = 4  # merchants; each has call limits of its own, and most of a visit is waiting


def call_on(merchant: Merchant, engine: Engine | None) -> Visit:
    """Look at one merchant with hooks of the doctor's own; live work goes first in the budget."""
    name = merchant.merchant
    plenty = PlentyHook(
        name, merchant.plenty.connection, engine, plan=merchant.plenty.plan, priority="backfill"
    )
    wemalo = WemaloHook(name, merchant.wemalo.connection, engine, priority="backfill")
    try:
        return visit(merchant, plenty, wemalo, engine)
    finally:
        plenty.close()
        wemalo.close()


class DoctorOperator(BaseOperator):
    """Look at every merchant in one task: a task per merchant would cost a process each.

    Red when a merchant whose orders could travel once is not ready any more; a merchant still being
    set up is only reported.

    :param merchants: short names, all if empty (templated).
    :param language: of the report, de or en (templated).
    """

    template_fields = ("merchants", "language")

    def __init__(
        self,
        *,
        merchants: str | list[str] = "{{ params.merchants }}",
        language: str = "{{ params.language }}",
        **kwargs: Any,
    ) -> None:
        """Keep the settings."""
        super().__init__(**kwargs)
        self.merchants = merchants
        self.language = language

    def execute(self, context: Context) -> dict[str, int]:
        """Visit the merchants, log each report, return counts."""
        engine = LedgerHook().engine
        wanted = self._wanted()
        good, broken = load_all()
        known = {merchant.merchant for merchant in good} | {file.merchant for file in broken}
        if unknown := sorted(wanted - known):
            text = f"There is no merchant {', '.join(unknown)}."
            raise AirflowFailException(text)
        chosen = [merchant for merchant in good if not wanted or merchant.merchant in wanted]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            visits = list(pool.map(lambda merchant: call_on(merchant, engine), chosen))
        worse = [one.report.merchant for one in visits if self._log_visit(one)]
        for file in broken:
            if not wanted or file.merchant in wanted:
                self.log.error("%s\n%s", file.message, file.going_on())
                worse.append(file.merchant)
        if worse:
            text = f"Not ready any more: {', '.join(sorted(set(worse)))}. The log says what to do."
            raise AirflowFailException(text)
        ready = sum(one.report.ready for one in visits)
        return {"merchants": len(visits), "ready": ready}

    def _log_visit(self, one: Visit) -> bool:
        """Log the report; return whether this merchant has got worse."""
        for line in lines(one.report, self.language):
            self.log.info("%s", line)
        for check in one.changed:
            self.log.warning(
                "%s: changed: %s %s", one.report.merchant, check.code, check.text(self.language)
            )
        return one.worse

    def _wanted(self) -> set[str]:
        """Return the names asked for, whether they were rendered as a list or as text."""
        given: Iterable[str] = self.merchants
        if isinstance(given, str):
            given = given.strip("[] ").replace("'", "").replace('"', "").split(",")
        return {name.strip() for name in given if name.strip()}
