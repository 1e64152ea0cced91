from __future__ import annotations

import errno
from datetime import timedelta

import pytest

from include.core.systems import errors
from include.core.systems.failures import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Level,
    as_own,
    level_of,
    pause_after,
)


def _all(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(one for sub in base.__subclasses__() for one in _all(sub))]


SYSTEMS = {
    errors.ConfigError, errors.AuthError, errors.SessionLimit, errors.RateLimited,
    errors.CircuitOpen,
}  # fmt: skip
PLATFORMS = {
    errors.LedgerUnavailable, errors.LedgerBusy, errors.LedgerTooNew, errors.UnclaimedWrite,
    errors.MerchantPaused,
}  # fmt: skip


@pytest.mark.parametrize("kind", _all(errors.FulfilmentError), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_its_level(kind: type[Exception]) -> None:
    error = kind.__new__(kind)

    expected = (
        Level.PLATFORM
        if kind in PLATFORMS
        else Level.SYSTEM
        if kind in SYSTEMS or issubclass(kind, errors.ConfigError)
        else Level.ITEM
    )
    assert level_of(error) is expected


def test_a_system_that_cannot_be_reached_is_the_systems_and_a_bad_answer_is_the_items() -> None:
    assert level_of(errors.Unavailable("x", code="UNREACHABLE")) is Level.SYSTEM
    assert level_of(errors.Unavailable("x", code="UNAVAILABLE")) is Level.ITEM
    assert level_of(errors.ContractError("x", code="BLOCKED")) is Level.ITEM


def test_a_setting_that_only_one_order_lacks_is_the_orders() -> None:
    assert level_of(errors.ConfigError("x", code="CARRIER_UNMAPPED")) is Level.ITEM


@pytest.mark.parametrize(
    ("error", "level"),
    [(ValueError("x"), Level.ITEM), (OverflowError("x"), Level.ITEM), (KeyError("x"), Level.ITEM),
     (RecursionError("x"), Level.ITEM), (MemoryError(), Level.PLATFORM),
     (OSError(errno.ENOSPC, "full"), Level.PLATFORM), (KeyboardInterrupt(), Level.PLATFORM),
     (SystemExit(1), Level.PLATFORM)],
)  # fmt: skip
def test_foreign_exceptions_are_the_items_unless_the_machine_is_ill(
    error: BaseException, level: Level
) -> None:
    assert level_of(error) is level


def test_pauses_grow_from_one_minute_to_six_hours() -> None:
    assert pause_after(1) == FIRST_PAUSE
    assert pause_after(3) == 4 * FIRST_PAUSE
    assert pause_after(1_000) == LONGEST_PAUSE
    assert pause_after(5, timedelta(0)) == timedelta(0)


def test_a_foreign_exception_becomes_an_own_error_that_quotes_nothing_of_it() -> None:
    with pytest.raises(ValueError, match="Musterfrau") as caught:
        int("Musterfrau")

    own = as_own(caught.value, "alpha")

    assert (own.code, own.merchant) == ("UNEXPECTED", "alpha")
    assert "ValueError" in own.operator
    assert "Musterfrau" not in own.operator + own.log + str(own)


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = errors.NotFound("x")

    assert as_own(error) is error
