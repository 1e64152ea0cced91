"""One look for a merchant between its runs: plentymarkets, the ledger, and systems that rest."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fulfilment.flow.exceptions.unattended import Unattended
from fulfilment.flow.orders.waiting import Poll
from fulfilment.flow.systems.probe import Probe
from fulfilment.hooks.ledger import LedgerHook
from include.core.merchants.modes import Mode
from include.core.systems.failures import as_own
from include.ledger.merchants import modes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.orders.between_runs import Watch
    from include.core.systems.errors import FulfilmentError

log = logging.getLogger("fulfilment.waiting")


class Look:
    """Says what a run should be started for, in counts: released, cancelled, due, back.

    ``due`` is what the ledger has to do and nobody does, ``back`` are systems that answer again.
    Those two are named only where there is one.
    """

    def __init__(self, watch: Watch) -> None:
        """Connect nothing yet."""
        self._watch = watch
        self._poll, self._unattended, self._probe = Poll(watch), Unattended(watch), Probe(watch)
        self._mode = Mode.LIVE
        self._trouble = ""

    def __call__(self) -> Mapping[str, int] | None:
        """Look once; None where there is nothing to start a run for. Never raises."""
        mode, more = self._own()
        if mode is not self._mode:  # what was not taken then is news now
            self._poll.forget()
            self._mode = mode
        if mode is Mode.PAUSED:
            return None
        counts = self._poll() or {}
        if mode is Mode.FINISH and not counts.get("cancelled"):
            counts = {}  # released orders wait
        if not (counts or more):
            return None
        return {"released": 0, "cancelled": 0, **counts, **more}

    def _own(self) -> tuple[Mode, dict[str, int]]:
        """Return the merchant's mode, and what needs no look at plentymarkets' orders."""
        merchant = self._watch.merchant
        try:
            engine = LedgerHook().engine
            with engine.connect() as connection:
                mode = modes.of(connection, merchant).mode
            if mode is Mode.PAUSED:
                return mode, {}
            back = self._probe(engine)
            found = {"back": back, "due": self._unattended(engine, mode)}
        except Exception as error:  # nothing may end the trigger
            return Mode.LIVE, self._failed(as_own(error, merchant))
        self._trouble = ""
        return mode, {name: count for name, count in found.items() if count}

    def _failed(self, error: FulfilmentError) -> dict[str, int]:
        """Say so once per trouble; the look at plentymarkets says the same of the ledger."""
        if error.code != self._trouble:
            log.warning("%s: the ledger cannot be looked at: %s", self._watch.merchant, error)
            self._trouble = error.code
        return {}
