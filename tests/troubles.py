"""A test whose fault or hook never hits a call tests nothing: it fails, wherever it was set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.sandbox.client import ControlClient

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_set: list[tuple[ControlClient, str, int]] = []  # by the running test: where, kind, id
_idle: list[str] = []  # found when a server of the running test was left


def _noting(kind: str, add: Callable[..., int]) -> Callable[..., int]:
    def noted(client: ControlClient, **one: Any) -> int:
        number = add(client, **one)
        _set.append((client, kind, number))
        return number

    return noted


def _asking(close: Callable[[ControlClient], None]) -> Callable[[ControlClient], None]:
    def asked(client: ControlClient) -> None:
        _ask(client)
        close(client)

    return asked


def _ask(client: ControlClient) -> None:
    """Note which of the test's faults and hooks at this server did nothing; forget them."""
    ours = {(kind, number) for at, kind, number in _set if at is client}
    _set[:] = [one for one in _set if one[0] is not client]
    if not ours:
        return
    for kind, rows in client.idle().items():
        _idle.extend(
            f"{kind[:-1]} at {row['route']}, match {row['match']!r}: "
            + (row.get("error") or f"hit none of {row['seen']} calls")
            for row in rows
            if (kind, row["id"]) in ours
        )


ControlClient.fault = _noting("faults", ControlClient.fault)  # type: ignore[method-assign]
ControlClient.hook = _noting("hooks", ControlClient.hook)  # type: ignore[method-assign]
ControlClient.close = _asking(ControlClient.close)  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Fail a test that has passed when one of its faults or hooks did nothing.

    Where that is right the test says why: ``may_not_fire="..."``.
    """
    try:
        yield
        for client in {id(client): client for client, _, _ in _set}.values():
            _ask(client)
        if _idle:
            pytest.fail("never did anything: " + "; ".join(_idle), pytrace=False)
    finally:
        _set.clear()
        _idle.clear()
