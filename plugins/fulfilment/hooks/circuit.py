"""The circuit of one merchant's system, as one process looks at it before and after its calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.systems.errors import (
    Forbidden,
    FulfilmentError,
    LedgerError,
    NotFound,
    OrderRejected,
    UnclaimedWrite,
)
from include.ledger.systems import circuits

if TYPE_CHECKING:
    from airflow.sdk._shared.logging.types import Logger
    from sqlalchemy import Engine

    from fulfilment.hooks.transport import Request

TRUSTED_S = 1.0  # so long a circuit that was closed counts as closed
#: nothing was called: there is no system to spare, and what is put right counts at once
_UNCALLED = frozenset({
    "BUDGET", "NO_CONNECTION", "BAD_CONNECTION", "NO_SECRET", UnclaimedWrite.code,
})  # fmt: skip


@dataclass(slots=True)
class Circuit:
    """Whether a system may be called, and what its calls said of it.

    :param engine: of the ledger; None: nothing is shared, every call is let through.
    :param testing: somebody wants to know now, whatever the circuit says.
    :param probing: a failure says nothing new of the system.
    """

    engine: Engine | None
    merchant: str
    system: str
    log: Logger
    testing: bool = False
    probing: bool = False
    closed_at: float = -TRUSTED_S  # when it was last seen closed, without a failure

    def check(self, *, newest: bool = False) -> circuits.Pass:
        """Let a call through, or raise what the system's rest says.

        :param newest: look now, however lately it was seen closed.
        """
        if self.engine is None or self.testing:
            return circuits.Pass()
        now = time.monotonic()
        if newest or now - self.closed_at > TRUSTED_S:
            gate = circuits.check(self.engine, self.merchant, self.system)
            if gate != circuits.Pass():
                return gate
            self.closed_at = now
        return circuits.Pass()

    def failed(
        self, error: FulfilmentError, gate: circuits.Pass, request: Request | None = None
    ) -> None:
        """Note what a failed call says of the system."""
        # a clear no: the system is well
        if isinstance(error, (NotFound, OrderRejected, Forbidden)):
            self.succeeded(gate)
            return
        if error.code in _UNCALLED or error.noted or isinstance(error, LedgerError):
            return  # not this system's, or told already
        if self.probing:
            return  # it rests, and was told when it began to
        error.noted = True
        self.closed_at = -TRUSTED_S
        self.log.warning(
            "failed merchant=%s system=%s code=%s detail=%s",
            self.merchant,
            self.system,
            error.code,
            error.log,
        )
        if self.engine is not None:
            call = request.identity() if request else ""
            circuits.failed(self.engine, self.merchant, self.system, error, gate, call=call)

    def succeeded(self, gate: circuits.Pass) -> None:
        """Close the circuit where a call was tried over it or others had failed."""
        if self.engine is not None and (gate.trial or gate.failures):
            circuits.succeeded(self.engine, self.merchant, self.system)

    def close(self) -> None:
        """Close the circuit: the system was reached."""
        if self.engine is not None:
            circuits.succeeded(self.engine, self.merchant, self.system)
