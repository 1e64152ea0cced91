"""The exceptions about merchant files: what the ledger calls them, and whose they are."""

from __future__ import annotations

BROKEN, GONE, SHARED = "MERCHANT_FILE_BROKEN", "MERCHANT_FILE_MISSING", "MERCHANT_DEFAULTS_BROKEN"
CODES = frozenset({BROKEN, GONE, SHARED})
#: what concerns all merchants is told under this name
ALL = "_defaults"
