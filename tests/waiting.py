"""Wait in tests of real processes: for what becomes true, not for a time."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first truthy answer; fail when there is none in time.

    A process or a file that is gone when it is looked at is no answer yet.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(psutil.Error, OSError):
            if answer := what():
                return answer
        time.sleep(0.2)
    pytest.fail(f"not within {seconds} s: {what}")
