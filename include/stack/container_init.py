"""What the containers need before they start: databases, the UI's login, connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.engine import make_url

from include.core.systems.errors import ConfigError, FulfilmentError
from include.ledger import URL_VARIABLE
from include.ledger.engine import ledger_engine
from include.ledger.migrate import upgrade
from include.stack.layout import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
FERNET_KEY = "AIRFLOW__CORE__FERNET_KEY"
IN_ADDRESSES = ("FULFILMENT_POSTGRES_PASSWORD", "FULFILMENT_REDIS_PASSWORD")
CONNECTIONS = "FULFILMENT_CONNECTIONS"
CONNECTIONS_FOLDER = "FULFILMENT_CONNECTIONS_FOLDER"
_KINDS = (".env", ".json", ".yaml", ".yml")


def main() -> int:
    """Prepare everything; safe to repeat. Return 1 with one line if something is missing."""
    try:
        check_secrets()
        ledger = _need(URL_VARIABLE)
        write_login(Path(_need(PASSWORDS)), os.environ.get("FULFILMENT_UI_USER", "admin"))
        ensure_database(ledger)
        upgrade(ledger)
        _airflow("db", "migrate")
        with tempfile.TemporaryDirectory() as folder:
            for file in connection_files(Path(folder)):
                _airflow("connections", "import", "--overwrite", str(file))
    except FulfilmentError as error:
        sys.stderr.write(f"{error.operator}\n")
        return 1
    return 0


def _need(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        message = f"{name} is not set; see .env.example."
        raise ConfigError(message)
    return value


def _airflow(*arguments: str) -> None:
    done = subprocess.run(["airflow", *arguments], check=False)  # noqa: S603, S607
    if done.returncode != 0:
        message = f"`airflow {' '.join(arguments[:2])}` failed; the lines above say why."
        raise ConfigError(message)


def check_secrets() -> None:
    """Refuse what would fail later in a way that is hard to read.

    :raises ConfigError: a password does not fit into an address, or the key is no Fernet key.
    """
    for name in IN_ADDRESSES:
        if quote(os.environ.get(name, ""), safe="") != os.environ.get(name, ""):
            message = (
                f"{name} holds characters that have a meaning in addresses. Use letters, digits "
                "and - _ . ~ only."
            )
            raise ConfigError(message)
    try:
        Fernet(_need(FERNET_KEY).split(",")[0])
    except ValueError:
        message = "FULFILMENT_FERNET_KEY is no Fernet key; .env.example says how to make one."
        raise ConfigError(message) from None


def write_login(file: Path, user: str) -> None:
    """Write the UI's password where Airflow looks for it, readable for its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps({user: _need("FULFILMENT_UI_PASSWORD")}))


def ensure_database(url: str) -> None:
    """Create the database of ``url`` on its server unless it is there."""
    target = make_url(url)
    engine = ledger_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": target.database}
        ).scalar()
        if not there:
            name = str(target.database).replace('"', '""')
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()


def connection_files(scratch: Path) -> Iterator[Path]:
    """Yield the files that `airflow connections import` shall read.

    :param scratch: a private folder, for the connections that the environment holds.
    :raises ConfigError: `CONNECTIONS` is no JSON object, or a file cannot be read.
    """
    folder = os.environ.get(CONNECTIONS_FOLDER, "")
    for file in sorted(Path(folder).iterdir()) if folder and Path(folder).is_dir() else ():
        if file.suffix not in _KINDS or not file.stem:
            continue
        if not os.access(file, os.R_OK):
            message = f"{file.name} in deploy/connections cannot be read by the containers' group."
            raise ConfigError(message)
        yield file
    given = os.environ.get(CONNECTIONS, "")
    if given:
        try:
            connections = json.loads(given)
        except ValueError:
            connections = None
        if not isinstance(connections, dict):
            message = f"{CONNECTIONS} is no JSON object; see .env.example."
            raise ConfigError(message)
        file = scratch / "connections.json"
        write_private(file, json.dumps(connections))
        yield file


if __name__ == "__main__":
    sys.exit(main())
