from __future__ import annotations

from tests.troubles import pytest_runtest_call  # noqa: F401 - a fault that hits nothing fails its test
