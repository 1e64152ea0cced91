"""Where the stack keeps things and on which ports it listens."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from pathlib import Path

from include.core.systems.errors import ConfigError

PROJECT = Path(__file__).resolve().parents[2]

# A socket's path has at most 107 characters, and supervisord adds its process id to the name.
_LONGEST_SOCKET_FOLDER = 80
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True)
class Ports:
    """TCP ports, all on 127.0.0.1."""

    ui: int = 8780
    plenty: int = 8781
    wemalo: int = 8782

    @classmethod
    def from_environment(cls, others: Ports | None = None) -> Ports:
        """Read FULFILMENT_UI_PORT, FULFILMENT_PLENTY_PORT and FULFILMENT_WEMALO_PORT.

        :param others: the ports that are not set there.
        :raises ConfigError: one of them is no port number.
        """
        given = {}
        for field in ("ui", "plenty", "wemalo"):
            name = f"FULFILMENT_{field.upper()}_PORT"
            value = os.environ.get(name)
            if value is None:
                continue
            if not value.isdecimal() or not 0 < int(value) < 65536:
                text = f"{name}={value} is no port number (1 to 65535)."
                raise ConfigError(text, code="PORT")
            given[field] = int(value)
        return replace(others or cls(), **given)


@dataclass(frozen=True)
class Secrets:
    """What is generated once and kept in the state folder, readable for its owner only."""

    user: str
    password: str
    fernet_key: str
    api_secret_key: str
    jwt_secret: str

    @classmethod
    def generate(cls) -> Secrets:
        """Make new ones."""
        return cls(
            user="admin",
            password=secrets.token_urlsafe(15),
            fernet_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            api_secret_key=secrets.token_hex(32),
            jwt_secret=secrets.token_hex(32),
        )


@dataclass(frozen=True)
class Layout:
    """All paths of one stack: everything is below ``state``, sockets excepted if it is too long."""

    state: Path

    @classmethod
    def current(cls) -> Layout:
        """Return the layout of FULFILMENT_STATE, by default ``.state`` in the project."""
        return cls(Path(os.environ.get("FULFILMENT_STATE") or PROJECT / ".state").absolute())

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.state / "airflow"

    @property
    def logs(self) -> Path:
        """One file per component, and the task logs in ``tasks``."""
        return self.state / "logs"

    @property
    def postgres_data(self) -> Path:
        """Data folder of the embedded server."""
        return self.state / "postgres" / "data"

    @property
    def redis_data(self) -> Path:
        """Data folder of the Redis server, where Celery runs the tasks."""
        return self.state / "redis"

    @property
    def sandbox(self) -> Path:
        """Snapshots of the sandbox's two worlds."""
        return self.state / "sandbox"

    @property
    def passwords(self) -> Path:
        """The file in which Airflow's SimpleAuthManager looks up the password."""
        return self.state / "airflow-passwords.json"

    @property
    def session_file(self) -> Path:
        """Which processes belong to the stack that was started last."""
        return self.state / "session.json"

    @property
    def running_file(self) -> Path:
        """The ports of the stack that was started last."""
        return self.state / "ports.json"

    @property
    def sockets(self) -> Path:
        """Folder of the Unix sockets, in /tmp if the state folder's path is long or unusual."""
        folder = self.state / "run"
        if len(str(folder)) <= _LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(str(folder)):
            return folder
        digest = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
        return Path(f"/tmp/fulfilment-{os.geteuid()}-{digest}")  # noqa: S108 - checked in prepare

    def prepare(self) -> None:
        """Make the folders, closed to everybody else.

        :raises ConfigError: a folder cannot be made, or somebody else owns the sockets' folder.
        """
        folders = (self.state, self.airflow_home, self.logs, self.sandbox, self.sockets)
        for folder in (*folders, self.postgres_data.parent):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                text = f"The folder {folder} cannot be made: {error.strerror}."
                raise ConfigError(text, code="STATE_FOLDER") from error
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != os.geteuid():
            text = f"The folder {self.sockets} belongs to another user. Set FULFILMENT_STATE."
            raise ConfigError(text, code="STATE_FOLDER")
        for folder in (self.state, self.sockets):
            folder.chmod(0o700)

    def secrets(self) -> Secrets:
        """Return the stack's secrets; the first call makes and keeps them."""
        file = self.state / "secrets.json"
        if not file.exists():
            write_private(file, json.dumps(Secrets.generate().__dict__, indent=1))
        return Secrets(**json.loads(file.read_text()))

    def ports(self) -> Ports:
        """Return the ports the running stack was started with, else those of the environment."""
        if self.running_file.exists():
            return Ports(**json.loads(self.running_file.read_text()))
        return Ports.from_environment()


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    partial.replace(file)
