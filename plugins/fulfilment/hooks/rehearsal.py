"""Writes that are noted instead of made: what a dry run puts in the place of both systems' answers.

The hooks read as ever. A write is noted here and answered as the other system would most likely
answer it, so the same code goes on to decide the rest. `transport.exchange` refuses a write of a
dry run in any case: a route that is forgotten here cannot slip through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fulfilment.hooks.write_calls import ACTIONS
from include.core.dry_run.plan import PlanLine
from include.core.orders.wemalo_order import WarehouseStatus
from include.core.systems.errors import ConfigError, NotFound, OrderRejected

if TYPE_CHECKING:
    from fulfilment.hooks.base import ApiHook
    from fulfilment.hooks.transport import Request
    from fulfilment.hooks.wemalo import WemaloStatus

#: wemalo still cancels these (wemalo contract 4.8)
_CANCELLABLE = {WarehouseStatus.PARTIAL, WarehouseStatus.OPEN, WarehouseStatus.CANCELLED}


@dataclass(slots=True)
class Rehearsal:
    """Notes the writes of one dry run, in their order.

    :param cancelled: wemalo's order ids that would be cancelled: their status is read behind it.
    """

    lines: list[PlanLine] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)

    def answer(self, hook: ApiHook, request: Request) -> Any:
        """Note a write and return what the other system would say.

        :raises ConfigError: nobody has said what this write means.
        :raises OrderRejected: the other system would refuse it.
        """
        action = ACTIONS.get(request.name)
        if action is None:
            text = f"A dry run does not know what {request.name} does; it was not called."
            raise ConfigError(text, code="DRY_RUN", merchant=hook.merchant)
        if action == "cancel":
            self.cancelled.add(_try_cancel(hook, request))
        if action:
            self._note(request, action)
        # an id that no system gives away; wemalo's yes
        number = -len(self.lines) - 1
        return {"id": number, "Success": True, "status": 200, "statusName": WarehouseStatus.OPEN}

    def _note(self, request: Request, action: str) -> None:
        body = request.body if isinstance(request.body, dict) else {}
        order_id = _order_id(request, body)
        if action == "stock":
            rows = next(value for value in body.values() if isinstance(value, list))
            self.lines += [PlanLine(None, action, f"variation {row['variationId']}",
                                    f"{row['quantity']}", f"{row['quantity']}")
                           for row in rows]  # fmt: skip
        elif action == "product":
            self.lines += [PlanLine(None, action, str(row.get("externalId") or ""))
                           for row in body["products"]]  # fmt: skip
        else:
            code = f"{Decimal(str(body['statusId'])):f}" if action == "status" else ""
            self.lines.append(PlanLine(order_id, action, code))


def _try_cancel(hook: Any, request: Request) -> str:
    """Look how far the warehouse is: that decides what it would answer. Return the order's id.

    :raises OrderRejected: it has begun.
    :raises NotFound: it does not know the order.
    """
    external_id = request.path.rpartition("/")[2]
    found: WemaloStatus | None = hook.status(external_id)
    if found is None:
        text = f"wemalo does not know order {external_id}."
        raise NotFound(text, merchant=hook.merchant)
    if found.name not in _CANCELLABLE:
        text = f"wemalo would not cancel order {external_id}: it is {found.name}."
        raise OrderRejected(text, code="CONFLICT", merchant=hook.merchant)
    return external_id


def _order_id(request: Request, body: dict[str, Any]) -> int | None:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(request.route))
    match = re.fullmatch(pattern, request.path)
    ids = match.groupdict() if match else {}
    named = (
        ids.get("order_id")
        or ids.get("id")
        or body.get("referenceValue")
        or body.get("orderId")
        or (body.get("meta") or {}).get("externalId")
        or body.get("orderNumberCustomer")
    )
    return int(named) if named is not None and str(named).isdecimal() else None
