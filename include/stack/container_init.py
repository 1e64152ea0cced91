"""What the containers need before they start: both databases migrated, the UI's login written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from include.core.errors import ConfigError, FulfilmentError
from include.ledger.migrate import upgrade
from include.stack.airflow_env import LEDGER_DATABASE
from include.stack.layout import write_private

PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def main() -> int:
    """Prepare everything; safe to repeat. Return 1 with one line if something is missing."""
    try:
        ledger = _need(LEDGER_DATABASE)
        write_login(Path(_need(PASSWORDS)), os.environ.get("FULFILMENT_UI_USER", "admin"))
        ensure_database(ledger)
        upgrade(ledger)
    except FulfilmentError as error:
        sys.stderr.write(f"{error.operator}\n")
        return 1
    return subprocess.run(["airflow", "db", "migrate"], check=False).returncode  # noqa: S607


def _need(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        message = f"{name} is not set; see .env.example."
        raise ConfigError(message)
    return value


def write_login(file: Path, user: str) -> None:
    """Write the UI's password where Airflow looks for it, readable for its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps({user: _need("FULFILMENT_UI_PASSWORD")}))


def ensure_database(url: str) -> None:
    """Create the database of ``url`` on its server unless it is there."""
    target = make_url(url)
    engine = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": target.database}
        ).scalar()
        if not there:
            name = str(target.database).replace('"', '""')
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
