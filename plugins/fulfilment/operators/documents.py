"""`documents.attach_documents`: invoices and delivery notes to the orders in wemalo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.documents.attach import attach_documents
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class AttachDocumentsOperator(FulfilmentOperator):
    """Attach the documents that the merchant wants in the parcel, each once."""

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.documents.attach`."""
        return attach_documents(work)
