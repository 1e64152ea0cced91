from __future__ import annotations

from tests.flow.conftest import stage

__all__ = ["stage"]
