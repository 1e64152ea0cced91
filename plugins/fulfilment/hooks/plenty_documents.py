"""plentymarkets: documents of orders (plentymarkets contract 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks.plenty_calls import PlentyCalls
from include.core.systems.errors import NotFound

if TYPE_CHECKING:
    from fulfilment.hooks.paging import Row

# contract 15: the path spells in camel case what the model spells in snake case
_PATHS = {"invoice": "invoice", "delivery_note": "deliveryNote"}


class PlentyDocuments(PlentyCalls):
    """Reads documents with their content."""

    def recent_document(self, order_id: int, kind: str) -> Row | None:
        """Return the newest document of a kind with base64 ``content``, None if there is none.

        :param kind: ``invoice`` or ``delivery_note``.
        """
        route = "/rest/orders/{order_id}/documents/" + _PATHS[kind] + "/recent"
        try:
            data = self._get(route, params=[("withContent", "true")], order_id=order_id)
        except NotFound:
            return None
        if isinstance(data, list):  # whether it is one document or a list of one is not proven
            data = data[0] if data else None
        if data is not None and not isinstance(data, dict):
            what = f"GET {route}"
            raise self._odd(what)
        return data or None
