"""What a judged batch leaves behind: the day's counts and its page of Data Docs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.ledger.quality import data_docs, quality
from include.quality import docs
from include.quality.summing import Summed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from include.quality.batch import Judgement

log = logging.getLogger("fulfilment.flow")


@dataclass(slots=True)
class Pages:
    """The page of Data Docs of one batch, however many slices it is judged in."""

    found: Summed = field(default_factory=Summed)
    not_sent: int = 0

    def add(self, work: Work, judgement: Judgement) -> None:
        """Take in what was found in one slice."""
        if judgement.outcome is None or not work.merchant.quality.data_docs:
            return
        self.found.add(judgement.outcome)
        self.not_sent += sum(verdict.outcome != "ok" for verdict in judgement.verdicts)

    def keep(self, work: Work) -> None:
        """Keep the page; one that cannot be made is told in the log and holds up no order."""
        if not self.found.orders:
            return
        title = f"{work.name}, {work.journal.run_id}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        try:
            page = docs.page(self.found.results, title=title)
        except Exception as error:  # it is Great Expectations' code that renders
            log.warning("%s: Data Docs could not be written: %s", work.name, type(error).__name__)
            return
        settings = work.merchant.quality
        with work.engine.begin() as connection:
            data_docs.keep(
                connection,
                work.name,
                work.journal.run_id,
                page,
                orders=self.found.orders,
                not_sent=self.not_sent,
                max_age=timedelta(days=settings.data_docs_days),
                max_pages=settings.data_docs_batches,
            )


def tell_failed(work: Work, judgement: Judgement) -> None:
    """Tell in the log for which orders a rule could not run; their verdicts set them aside."""
    for order_id, error in judgement.failed.items():
        log.warning("%s order %s: %s", work.name, order_id, error.log)


def record(
    work: Work, connection: Connection, judgement: Judgement, episodes: Mapping[int, int]
) -> None:
    """Count judged orders, in the transaction of their verdicts.

    :param episodes: by order id.
    """
    codes = judgement.codes()
    not_sent = {v.order_id for v in judgement.verdicts if v.outcome != "ok"}
    quality.count(
        connection,
        work.name,
        datetime.now(UTC).date(),
        [
            (
                order_id,
                episodes[order_id],
                {quality.ALL, *found, *([quality.NOT_SENT] if order_id in not_sent else [])},
            )
            for order_id, found in codes.items()
        ],
    )
