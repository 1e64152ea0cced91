"""The error tree: what went wrong, whose turn it is, and what the operator reads.

Every error carries three things: a stable ``code``, a text for the operator (what is wrong, where,
what to do) and a text for the log. Neither text ever holds personal data. The classes say what the
pipeline does next:

========================  =====================================================================
`ConfigError`             stop until somebody changes a setting
`AuthError`               stop this merchant and system until the login is right again
`ContractError`           the other system answered something its contract does not allow
`TransientError`          try again later: `RateLimited`, `Unavailable`, `Timeout`
`AmbiguousWrite`          a write may or may not have happened: look, never repeat blindly
`InDoubt`                 an earlier write may still take effect: wait, then look
`WriteHeld`               another process has this write in its hands
`UnclaimedWrite`          a write that this code has not claimed: never sent
`OrderRejected`           the other system refused this one order
`OrderInvalid`            this one order breaks a rule of ours
`Forbidden`               the login holds, but has no right for this one call
`UnexpectedError`         a fault of this code, met at one item
`CircuitOpen`             not tried: this merchant and system failed just now
`LedgerRefused`           a value cannot be stored: set its record aside
`LedgerUnavailable`       the ledger does not work: stop everything until it does
========================  =====================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class FulfilmentError(Exception):
    """Base of all errors of this project.

    :param operator: one or two sentences for the operator: what is wrong, where, what to do.
    :param log: more for the log (status codes, routes); defaults to the operator's text.
    :param code: stable and searchable, UPPER_SNAKE_CASE; defaults to the class's own.
    :param merchant: whose order or connection it is, where known.
    """

    code = "ERROR"
    noted = False  # the circuit of its system knows of it already

    def __init__(
        self,
        operator: str,
        *,
        log: str | None = None,
        code: str | None = None,
        merchant: str | None = None,
    ) -> None:
        """Keep the two texts apart."""
        super().__init__(operator)
        self.operator = operator
        self.log = log or operator
        self.merchant = merchant
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        where = f"[{self.merchant}] " if self.merchant else ""
        return f"{where}{self.code}: {self.operator}"


class ConfigError(FulfilmentError):
    """A setting is missing or wrong; nothing gets better by trying again."""

    code = "CONFIG"


class AuthError(FulfilmentError):
    """The login or the token was refused."""

    code = "AUTH"


class SessionLimit(AuthError):
    """Too many sessions of this user (plentymarkets contract 2.3): a short wait does not help."""

    code = "SESSION_LIMIT"


class ContractError(FulfilmentError):
    """An answer that the contract does not allow: HTML, missing fields, rows not asked for."""

    code = "CONTRACT"


class Malformed(ContractError):
    """One record of an answer holds a value that cannot be read: it belongs to that record."""

    code = "MALFORMED"

    @classmethod
    def field(cls, name: str, what: str) -> Malformed:
        """Return the error of a field; its value is never quoted."""
        return cls(f"The field {name} holds {what}. Correct it where it comes from.")


class NotFound(FulfilmentError):
    """The thing asked for does not exist on the other side."""

    code = "NOT_FOUND"


class TransientError(FulfilmentError):
    """Nothing happened on the other side; the same call may go through later.

    :param retry_after: seconds to wait, where the other side named them.
    """

    code = "TRANSIENT"

    def __init__(
        self,
        operator: str,
        *,
        log: str | None = None,
        code: str | None = None,
        merchant: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Remember how long the other side asked us to wait."""
        super().__init__(operator, log=log, code=code, merchant=merchant)
        self.retry_after = retry_after


class RateLimited(TransientError):
    """A call limit is used up (plentymarkets contract 4, wemalo contract 13)."""

    code = "RATE_LIMITED"


class Unavailable(TransientError):
    """The other side cannot be reached or answers 5xx to a read."""

    code = "UNAVAILABLE"


class Timeout(TransientError):
    """No answer in time to a read."""

    code = "TIMEOUT"


class AmbiguousWrite(FulfilmentError):
    """A write was sent, its outcome is unknown: timeout, 5xx, cut connection, unreadable yes."""

    code = "AMBIGUOUS_WRITE"


class InDoubt(FulfilmentError):
    """A write whose outcome is not known yet and that may still take effect: it is not repeated.

    :param until: when a look at the other system decides (UTC).
    """

    code = "IN_DOUBT"

    def __init__(self, operator: str, *, until: datetime, merchant: str | None = None) -> None:
        """Remember when it is decided."""
        super().__init__(operator, merchant=merchant)
        self.until = until


class WriteHeld(FulfilmentError):
    """Another process makes this write, or has taken it over: nothing was sent by this one.

    :param until: when the other's turn is over at the latest (UTC), where known.
    """

    code = "WRITE_HELD"

    def __init__(
        self, operator: str, *, until: datetime | None = None, merchant: str | None = None
    ) -> None:
        """Remember whose turn it is until when."""
        super().__init__(operator, merchant=merchant)
        self.until = until


class UnclaimedWrite(FulfilmentError):
    """A fault of this code: a write was to be made without a claim; nothing was sent."""

    code = "UNCLAIMED_WRITE"


class OrderRejected(FulfilmentError):
    """The other system clearly refused this one write; it had no effect there."""

    code = "REJECTED"


class Forbidden(FulfilmentError):
    """The user may not make this one call; nothing happened, and other calls may go through."""

    code = "FORBIDDEN"


class UnexpectedError(FulfilmentError):
    """A foreign exception met at one item; see `include.core.systems.failures.as_own`."""

    code = "UNEXPECTED"


class OrderInvalid(FulfilmentError):
    """An order that cannot be read or breaks a rule.

    :param rule: code of the rule, for example ``ADDRESS_NO_HOUSE_NUMBER``.
    :param field: the field in plentymarkets' own name, for example ``address2``.
    """

    code = "ORDER_INVALID"

    def __init__(self, operator: str, *, rule: str, field: str, log: str | None = None) -> None:
        """Keep the rule and the field beside the text."""
        super().__init__(operator, log=log, code=rule)
        self.rule = rule
        self.field = field


class CircuitOpen(TransientError):
    """Not tried: this merchant and system failed a moment ago and rests until ``until`` (UTC)."""

    code = "CIRCUIT_OPEN"

    def __init__(self, operator: str, *, until: datetime, merchant: str | None = None) -> None:
        """Remember when the next try is due."""
        super().__init__(operator, merchant=merchant)
        self.until = until


class MerchantPaused(FulfilmentError):
    """Somebody paused the merchant's work: nothing is done from now on, and nothing is wrong."""

    code = "PAUSED"


class IllegalMove(FulfilmentError):
    """A change of state that the state machine does not know (see ``core.states``)."""

    code = "ILLEGAL_MOVE"


class LedgerError(FulfilmentError):
    """The ledger's database refused; its own text, which quotes values, is never in here."""


class LedgerRefused(LedgerError):
    """A value cannot be stored: it belongs to the one whose value it is."""

    code = "LEDGER_REFUSED_VALUE"


class LedgerUnavailable(LedgerError):
    """The ledger cannot be reached or cannot work: nothing goes on, for nobody."""

    code = "LEDGER_UNAVAILABLE"


class LedgerBusy(LedgerUnavailable):
    """A lock of the ledger was not given in time."""

    code = "LEDGER_BUSY"


class LedgerTooNew(ConfigError):
    """The database was migrated by newer code than this."""

    code = "LEDGER_TOO_NEW"
