"""Starts a merchant's run as soon as there is something for it to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from fulfilment.triggers.poll_loop import polls
from include.core.orders.between_runs import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


class OrdersWaitingTrigger(BaseEventTrigger):
    """Fires with counts, never with an order: see `fulfilment.flow.orders.between_runs.Look`.

    All that it needs is in its arguments, so that a changed merchant file makes a new trigger.

    :param poll_seconds: from one look to the next.
    :param watch: what is looked for, as `Watch.to_json` gives it.
    """

    def __init__(self, *, poll_seconds: int, **watch: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds
        self.watch = Watch.from_json(watch)
        self._poll: Callable[[], Mapping[str, int] | None] | None = None

    def __repr__(self) -> str:
        # Airflow's own one serializes, and each edge of a DAG asks for it several times
        return f"<{type(self).__name__} {self.watch.merchant} {self.poll_seconds}>"

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes this trigger again in the triggerer."""
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return name, {"poll_seconds": self.poll_seconds, **self.watch.to_json()}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire whenever something new waits, for ever."""
        async for counts in polls.found(self._look, self.poll_seconds):
            payload = {"merchant": self.watch.merchant, **counts}
            yield TriggerEvent(payload)  # type: ignore[no-untyped-call]

    def _look(self) -> Mapping[str, int] | None:
        """Look once, in a thread."""
        if self._poll is None:
            # hooks and SQL are for the triggerer alone: a DAG file that is parsed needs none
            from fulfilment.flow.orders.between_runs import Look

            self._poll = Look(self.watch)
        return self._poll()
