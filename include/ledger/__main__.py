"""`python -m include.ledger`: bring the ledger to this code's version."""

from __future__ import annotations

import os
import sys

from sqlalchemy.exc import OperationalError

from include.core.errors import FulfilmentError
from include.ledger.migrate import upgrade


def main() -> int:
    """Migrate; return 1 with one line if the variable or the database is missing."""
    url = os.environ.get("FULFILMENT_DATABASE_URL", "")
    if not url:
        sys.stderr.write("FULFILMENT_DATABASE_URL is not set.\n")
        return 1
    try:
        upgrade(url)
    except FulfilmentError as error:
        sys.stderr.write(f"{error.operator}\n")
        return 1
    except OperationalError:  # its text may hold the address with the password
        sys.stderr.write("The ledger's database does not answer: check FULFILMENT_DATABASE_URL.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
