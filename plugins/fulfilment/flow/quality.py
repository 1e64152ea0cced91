"""What a judged batch leaves behind: the day's counts and its page of Data Docs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.ledger import data_docs, quality
from include.quality import docs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from fulfilment.flow.work import Work
    from include.quality.batch import Judgement

log = logging.getLogger("fulfilment.flow")


def page_of(work: Work, judgement: Judgement) -> str | None:
    """Return the batch's page of Data Docs; None where there is to be none.

    A page that cannot be made is told in the log and holds up no order.
    """
    if judgement.outcome is None or not work.merchant.quality.data_docs:
        return None
    title = f"{work.name}, {work.journal.run_id}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    try:
        return docs.page(judgement.outcome, title=title)
    except Exception as error:  # it is Great Expectations' code that renders
        log.warning("%s: Data Docs could not be written: %s", work.name, type(error).__name__)
        return None


def record(
    work: Work,
    connection: Connection,
    judgement: Judgement,
    page: str | None,
    episodes: Mapping[int, int],
) -> None:
    """Count the batch and keep its page, in the transaction of its verdicts.

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
    if page is not None:
        settings = work.merchant.quality
        data_docs.keep(
            connection,
            work.name,
            work.journal.run_id,
            page,
            orders=len(codes),
            not_sent=len(not_sent),
            max_age=timedelta(days=settings.data_docs_days),
            max_pages=settings.data_docs_batches,
        )
