"""`python -m include.ledger`: bring the ledger to this code's version."""

from __future__ import annotations

import os
import sys

from include.core.systems.errors import FulfilmentError, LedgerUnavailable
from include.ledger import URL_VARIABLE
from include.ledger.migrate import upgrade


def main() -> int:
    """Migrate; return 1 with one line if the variable or the database is missing."""
    url = os.environ.get(URL_VARIABLE, "")
    if not url:
        sys.stderr.write(f"{URL_VARIABLE} is not set.\n")
        return 1
    try:
        upgrade(url)
    except LedgerUnavailable as error:
        sys.stderr.write(f"{error.operator} Check {URL_VARIABLE}.\n")
        return 1
    except FulfilmentError as error:
        sys.stderr.write(f"{error.operator}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
