"""`validate`: one verdict per order, by Great Expectations over one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.tasks.validate import validate
from fulfilment.operators.base import FulfilmentOperator
from fulfilment.operators.links import DataDocsLink
from include.quality.batch import examine

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class ValidateOrdersOperator(FulfilmentOperator):
    """Judge fetched orders; faulty ones get their status, reason and note."""

    operator_extra_links = (DataDocsLink(),)

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.tasks.validate`."""
        return validate(work, examine=examine)
