from __future__ import annotations

import pytest

from tests.sandbox.plenty.conftest import ERIKA, PACKSTATION, order
